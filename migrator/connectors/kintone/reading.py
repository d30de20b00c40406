"""Reading an app: by record id, by cursor, by keys or ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any
from urllib.parse import quote

import msgspec
import orjson

from migrator.connectors.kintone.answers import body_of, strange
from migrator.connectors.kintone.query import Wanted, any_of
from migrator.connectors.kintone.sheets import Cut, Shaped, Sheet, Sheets
from migrator.contract import Answer, Call, Page, Wire
from migrator.errors import CountDrift

PAGE = 500
"""Records an answer holds at most, values of one `in` condition that we ask for."""

SIDE_BY_SIDE = 5 * PAGE
"""Records from which on ranges of ids are read side by side: the two more requests that this costs are won back."""

JSON = {"Content-Type": "application/json"}
_AS_GET = {**JSON, "X-HTTP-Method-Override": "GET"}
"""A GET that may be long: the server refuses addresses over 8 KB."""


class Opened(msgspec.Struct):
    """A cursor."""

    id: str
    totalCount: str  # noqa: N815  the vendor's name


_opened = msgspec.json.Decoder(Opened)


class Reading:
    """Reads of one app, with the fields wanted (None: all)."""

    def __init__(self, wire: Wire, root: str, app: str, fields: tuple[str, ...] | None, system: str) -> None:
        self._wire = wire
        self._root = root
        self._app = app
        self._sheets = Sheets(app, system)
        self._fields = {} if fields is None else {"fields": ["$id", "$revision", *sorted(set(fields))]}

    def count(self, condition: str) -> int:
        """How many records fit. Raises BadAnswer where the total is missing."""
        params = {"app": self._app, "query": f"{condition} limit 1".strip(), "fields": ["$id"], "totalCount": True}
        return self._total(self._asked(self._call(params)).total)

    def by_id(self, wanted: Wanted) -> Iterator[Page]:
        """Pages upwards by id: the first alone, the bulk of a large app in ranges side by side, the end one by one.

        A record that is added meanwhile comes at the end, one that is deleted meanwhile may be missing.
        """
        condition, last, read = wanted.condition, 0, 0
        sheet = self._asked(self._after(condition, 0, total=True))
        total = self._total(sheet.total)
        while sheet.records:
            page, last = self._page(sheet.records, last, None, total)
            read += page.size
            yield page
            if read == PAGE and total > SIDE_BY_SIDE:
                top = self._top(condition)
                for page in self._ranges(condition, cut(last, top, total - read), total):
                    read += page.size
                    yield page
                last = max(last, top)
            elif page.size < PAGE:
                break
            sheet = self._asked(self._after(condition, last))
        self.whole(read, total, condition)

    def _ranges(self, condition: str, ranges: Sequence[tuple[int, int]], total: int) -> Iterator[Page]:
        """The records of each range of ids, asked side by side; where one holds more than a page, read on in it."""
        with _dropped(self._wire.stream(self._after(condition, *each) for each in ranges)) as answers:
            for (low, high), answer in zip(ranges, answers, strict=True):
                records, last = self._sheet(answer).records, low
                while records:
                    page, last = self._page(records, last, high, total)
                    yield page
                    if page.size < PAGE or last == high:
                        break
                    records = self._asked(self._after(condition, last, high)).records

    def _page(self, records: Cut | Shaped, after: int, high: int | None, total: int | None) -> tuple[Page, int]:
        """A page of rising ids behind `after`, and its last id."""
        last, size = records.last(), len(records)
        fits = last >= after + size and (high is None or last <= high)
        self._must(fits, "the pages repeat or are out of order")
        return Page(records=records.rising(after), size=size, total=total), last

    def _top(self, condition: str) -> int:
        """The highest id that fits by now; 0 for none."""
        params = {"app": self._app, "query": f"{condition} order by $id desc limit 1".strip(), "fields": ["$id"]}
        records = self._asked(self._call(params)).records
        return records.last() if records else 0

    def looked_up(self, conditions: Iterable[str], *, unique: bool) -> Iterator[Page]:
        """One Page per condition, in order, several asked ahead. An empty condition brings nothing and costs nothing.

        More than 500 hits (of a key that is not `unique`) are read on by id.
        """
        kept: list[str] = []

        def calls() -> Iterator[Call]:
            for condition in conditions:
                kept.append(condition)
                if condition:
                    yield self._after(condition, 0)

        with _dropped(self._wire.stream(calls())) as answers:
            for answer in answers:
                yield from _empty(kept)
                yield self._hits(kept.pop(0), self._sheet(answer).records, unique)
            yield from _empty(kept)

    def _hits(self, condition: str, records: Cut | Shaped, unique: bool) -> Page:
        size, last, parts = len(records), 0, [records.rising(0)]
        while len(records) == PAGE and not unique:
            last = records.last()
            records = self._asked(self._after(condition, last)).records
            size += len(records)
            parts.append(records.rising(last))
        return Page(records=chain(*parts) if len(parts) > 1 else parts[0], size=size)

    # ------------------------------------------------------------ cursors

    def open_cursor(self, query: str) -> Opened:
        """A cursor over a query with an order; the server holds ten of them for ten minutes each."""
        body = {"app": self._app, "query": query, "size": PAGE, **self._fields}
        path = f"{self._root}/records/cursor.json"
        call = self._request("POST", path, body, JSON)  # made twice, one goes by itself after ten minutes
        answer = body_of(self._wire.ask(call), self._app)
        try:
            return _opened.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise strange(self._app, f"the answer is not what its docs tell: {error}", answer) from error

    def turn(self, cursor: Opened) -> tuple[Page, list[int], bool]:
        """The cursor's next page, its ids, and whether more is to come. Asked twice it would lose a page."""
        path = f"{self._root}/records/cursor.json?id={quote(cursor.id, safe='')}"
        call = Call(method="GET", path=path, kind="read", repeatable=False, quota=self._app)
        sheet = self._asked(call)
        ids, total = sheet.records.ids(), self._total(cursor.totalCount)
        return Page(records=sheet.records.records(), size=len(ids), total=total), ids, sheet.more

    def close_cursor(self, cursor: Opened) -> None:
        """Frees it; it may be gone."""
        self._wire.ask(self._request("DELETE", f"{self._root}/records/cursor.json", {"id": cursor.id}, JSON))

    # ------------------------------------------------------------ calls and answers

    def _after(self, condition: str, last: int, high: int | None = None, *, total: bool = False) -> Call:
        """The next page behind an id, within a range."""
        until = "" if high is None else f" and $id <= {high}"
        where = Wanted(condition, "").narrowed(f"$id > {last}{until}")
        params = {"app": self._app, "query": f"{where} order by $id asc limit {PAGE}", **self._fields}
        return self._call({**params, "totalCount": True} if total else params)

    def _call(self, params: dict[str, Any]) -> Call:
        path = f"{self._root}/records.json"
        return self._request("POST", path, params, _AS_GET)

    def _request(self, method: str, path: str, params: dict[str, Any], headers: dict[str, str]) -> Call:
        body = orjson.dumps(params)
        return Call(
            method=method, path=path, kind="read", repeatable=True, body=body, headers=headers, quota=self._app
        )

    def _asked(self, call: Call) -> Sheet:
        return self._sheet(self._wire.ask(call))

    def _sheet(self, answer: Answer) -> Sheet:
        return self._sheets.sheet(body_of(answer, self._app))

    def _total(self, told: str | None) -> int:
        self._must(told is not None and told.isdecimal(), "the announced total is missing")
        return int(told or 0)

    def whole(self, read: int, total: int, condition: str) -> None:
        """All announced records came. Raises CountDrift where some were deleted meanwhile, else BadAnswer."""
        if read < total:
            now = self.count(condition)
            self._must(read >= now, f"{read} records came, {now} fit the query")
            raise CountDrift(
                f"app {self._app} changed while it was read: {total} records were announced, {read} came",
                announced=total,
                got=read,
            )

    def _must(self, holds: bool, why: str) -> None:
        if not holds:
            raise strange(self._app, why)


def cut(last: int, top: int, left: int) -> list[tuple[int, int]]:
    """Ranges (behind, up to) of ids from `last` to `top` that hold `left` records, most of them a page or less each.

    Where ids are dense a range is as wide as a page, so it cannot hold more.
    """
    share = max(left, 1) / max(top - last, 1)
    width = PAGE if share > 0.8 else int(PAGE * 0.8 / share)
    return [(low, min(low + width, top)) for low in range(last, top, width)]


@contextmanager
def _dropped(answers: Iterator[Answer]) -> Iterator[Iterator[Answer]]:
    """What was asked ahead is dropped when we leave early."""
    try:
        yield answers
    finally:
        close = getattr(answers, "close", None)
        if close is not None:
            close()


def _empty(kept: list[str]) -> Iterator[Page]:
    """Pages for the conditions at the front that ask for nothing."""
    while kept and not kept[0]:
        kept.pop(0)
        yield Page(records=(), size=0)


def one_of(field: str, values: Sequence[str]) -> str:
    """The condition of one look-up; empty for no values."""
    return any_of(field, values) if values else ""
