"""Reading by cursor, for a query with an order of its own: the server keeps the place, for ten minutes a page."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.connectors.kintone.answers import CursorGone, strange
from migrator.connectors.kintone.query import Wanted
from migrator.connectors.kintone.reading import Opened, Reading
from migrator.contract import Page
from migrator.errors import SystemFailed, Unreachable


class CursorWalk:
    """One walk through a query's records. The cursor is deleted at its end, however that comes."""

    def __init__(self, reading: Reading, app: str, wanted: Wanted) -> None:
        self._reading = reading
        self._app = app
        self._wanted = wanted
        self._query = f"{wanted.condition} order by {wanted.order or '$id asc'}".strip()
        self._cursor: Opened | None = None
        self._seen: dict[int, None] = {}
        """A fingerprint of each page given out, in order."""

    def pages(self) -> Iterator[Page]:
        """Every record once. Raises BadAnswer where pages repeat or fall short of the announced total."""
        read, total, more = 0, 0, True
        try:
            while more:
                page, ids, more = self._next()
                read, total = read + page.size, page.total or 0
                self._must(len(set(ids)) == len(ids) and hash(tuple(ids)) not in self._seen, "the pages repeat")
                self._seen[hash(tuple(ids))] = None
                if not more:
                    self._cursor = None  # reading the last page deletes it
                if page.size:
                    yield page
            self._must(read <= total, f"{read} records came, {total} were announced")
            self._reading.whole(read, total, self._wanted.condition)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of what the server holds; safe to repeat, never raises over another error."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            try:
                self._reading.close_cursor(cursor)
            except SystemFailed:
                return  # it goes by itself after ten minutes

    def _next(self) -> tuple[Page, list[int], bool]:
        if self._cursor is None:
            self._cursor = self._reading.open_cursor(self._query)
        try:
            return self._reading.turn(self._cursor)
        except (CursorGone, Unreachable):
            self._again()
            return self._reading.turn(self._cursor)

    def _again(self) -> None:
        """A new cursor, walked to where the old one was lost: safe only if every page is as it was before."""
        self.close()
        self._cursor = self._reading.open_cursor(self._query)
        for fingerprint in self._seen:
            _, ids, _ = self._reading.turn(self._cursor)
            self._must(
                hash(tuple(ids)) == fingerprint,
                "the cursor expired, and the records changed meanwhile: read again, or with `reading: id`",
            )

    def _must(self, holds: bool, why: str) -> None:
        if not holds:
            raise strange(self._app, why)
