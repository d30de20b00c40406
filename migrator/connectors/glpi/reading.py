"""Reading items: listings page by page, what a search finds, items by id, items by key.

Every page is asked with an explicit range and checked against the Content-Range of its answer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from migrator.connectors.glpi import answers
from migrator.connectors.glpi.calls import DECODED, get, listing, of_type, several
from migrator.connectors.glpi.form import Form
from migrator.connectors.glpi.records import Reader
from migrator.contract import Answer, Call, Page, Wire
from migrator.errors import BadAnswer, CountDrift
from migrator.model.values import Record

FETCH = 75
"""Ids of one getMultipleItems: its address stays below the 8 kB that web servers take. [inferred]"""

HITS = 50
"""Items of one page of a look-up by key: mostly there is one."""

_RANGE = re.compile(r"(\d+)-(\d+)/(\d+)")

Item = Mapping[str, Any]


@dataclass(slots=True)
class Walk:
    """How far a walk over pages is. The one mutable noun here: each page is checked against it."""

    what: str
    """For error texts."""
    total: int = 0
    """As the last answer announced it."""
    first: int | None = None
    """As the first answer announced it."""
    came: int = 0
    """Items so far."""
    last: int = -1
    """The highest id so far."""
    shrunk: bool = field(default=False)
    """A total was lower than one before: pages may have slid past each other."""

    def page(self, answer: Answer, start: int, size: int, rows_of: Callable[[Any], Any]) -> list[Item]:
        """The items of a page that begins at `start`. Raises BadAnswer where it is not the page that was asked."""
        told = answers.said(answer)
        if told.code == answers.BEYOND and start:
            self.shrunk = True
            return []
        rows = rows_of(answers.content(answer, self.what))
        if not isinstance(rows, list) or not all(isinstance(row, dict) and _id(row) is not None for row in rows):
            raise self.strange("the answer is no list of items with ids")
        self._announced(answer, start, size, len(rows))
        for row in rows:
            number = _id(row)
            if number is None or number <= self.last:
                raise self.strange(f"item {number} came twice or out of order")
            self.last = number
        self.came += len(rows)
        return rows

    def _announced(self, answer: Answer, start: int, size: int, rows: int) -> None:
        header = answer.headers.get("content-range")
        if header is None and not rows and not start:
            begin, end, total = 0, -1, 0  # of an empty table GLPI tells no range [observed]
        elif header is not None and (found := _RANGE.fullmatch(header.strip())):
            begin, end, total = (int(number) for number in found.groups())
        else:
            raise self.strange(f"the Content-Range is {header!r}")
        if begin != start or end - begin + 1 != rows or end != min(start + size, total) - 1:
            raise self.strange(f"{start}-{start + size - 1} was asked, {header} announced, and {rows} items came")
        self.shrunk = self.shrunk or total < self.total
        self.total = total
        self.first = total if self.first is None else self.first

    def end(self) -> None:
        """Raises CountDrift where items went, or may have slid past a page, meanwhile."""
        if self.shrunk or self.came != self.total:
            raise self.drift(self.came)

    def drift(self, got: int) -> CountDrift:
        """The error of a reading under which items went."""
        announced = max(self.first or 0, self.total)
        return CountDrift(
            f"{self.what} changed while it was read: {announced:,} items were announced, {got:,} came",
            announced=announced,
            got=got,
        )

    def strange(self, why: str) -> BadAnswer:
        """An answer that the docs do not allow."""
        return BadAnswer(f"reading {self.what}: {why}")


def walked(
    wire: Wire, walk: Walk, call: Callable[[int, int], Call], size: int, rows_of: Callable[[Any], Any]
) -> Iterator[list[Item]]:
    """All pages in order: the first alone, the rest side by side, and what was added meanwhile one by one."""
    yield walk.page(wire.ask(call(0, size)), 0, size, rows_of)
    asked = size
    while asked < walk.total and not walk.shrunk:
        starts = range(asked, walk.total, size)
        asked = starts[-1] + size
        for start, answer in zip(starts, wire.stream(call(start, size) for start in starts), strict=True):
            rows = walk.page(answer, start, size, rows_of)
            if rows:
                yield rows
    walk.end()


def as_list(found: Any) -> Any:
    """The rows of a listing."""
    return found


def as_search(found: Any) -> Any:
    """The rows of a search: without any, there is no `data`. [observed]"""
    if not isinstance(found, dict) or "totalcount" not in found:
        return None
    return [{"id": row.get("2")} if isinstance(row, dict) else None for row in found.get("data", [])]


def listed(wire: Wire, form: Form, path: str, words: Item, size: int, reader: Reader) -> Iterator[Page]:
    """A whole listing."""
    walk = Walk(path.lstrip("/"))
    for rows in walked(wire, walk, lambda start, most: listing(path, words, start, most), size, as_list):
        yield Page(records=map(reader, rows), size=len(rows), total=walk.total)


class ById:
    """Items by id, several a call; a call with one that is gone is taken apart."""

    def __init__(self, wire: Wire, itemtype: str, words: Item) -> None:
        self._wire, self._itemtype, self._words = wire, itemtype, words

    def items(self, pages: Iterable[Sequence[str]]) -> Iterator[list[Item]]:
        """One list per page of at most FETCH ids, in order. Raises Denied for what our login may not see."""
        asked: deque[Sequence[str]] = deque()

        def calls() -> Iterator[Call]:
            for ids in pages:
                asked.append(ids)
                yield several(self._itemtype, ids, self._words)

        for answer in self._wire.stream(calls()):
            yield self._items(asked.popleft(), answer)

    def _items(self, ids: Sequence[str], answer: Answer) -> list[Item]:
        what = f"{self._itemtype} {', '.join(ids[:3])}{'…' if len(ids) > 3 else ''}"
        if answers.said(answer).code in (answers.NO_ITEM, answers.NO_RIGHT):
            return [item for number in ids if (item := self._single(number)) is not None]
        found = answers.content(answer, what)
        came = [str(item.get("id")) if isinstance(item, dict) else "" for item in found] if found else None
        if not isinstance(found, list) or came != list(ids):
            raise BadAnswer(f"reading {what}: GLPI brings other items than were asked")
        return found

    def _single(self, number: str) -> Item | None:
        call = get(f"{of_type(self._itemtype)}/{number}", {"get_hateoas": "false", **self._words})
        answer = self._wire.ask(call)
        if answers.said(answer).code == answers.NO_ITEM:
            return None
        found = answers.content(answer, f"{self._itemtype} {number}")
        if not isinstance(found, dict) or str(found.get("id")) != number:
            raise BadAnswer(f"reading {self._itemtype} {number}: GLPI brings another item")
        return found


def detailed(
    wire: Wire, form: Form, ids: Iterator[list[Item]], walk: Walk, words: Item, reader: Reader
) -> Iterator[Page]:
    """Items whose ids were found first, by a search or because their blocks come one by one only."""
    chunks = (
        [str(_id(row)) for row in rows[start : start + FETCH]] for rows in ids for start in range(0, len(rows), FETCH)
    )
    came = 0
    for items in ById(wire, form.itemtype, words).items(chunks):
        came += len(items)
        yield Page(records=map(reader, items), size=len(items), total=walk.total)
    if came != walk.came:
        raise walk.drift(came)


def found_by(
    wire: Wire,
    form: Form,
    pages: Iterable[Sequence[Mapping[str, str]]],
    standing: Mapping[str, str],
    reader: Reader,
) -> Iterator[Page]:
    """One Page per page of searchText patterns, in order, several asked ahead; each item once in a page."""
    asked: deque[Mapping[str, str]] = deque()
    sizes: deque[int] = deque()

    def calls() -> Iterator[Call]:
        for patterns in pages:
            sizes.append(len(patterns))
            for each in patterns:
                asked.append({**standing, **each})
                yield _looking(form, asked[-1], 0)

    found: dict[Any, Item] = {}
    came = 0
    for answer in wire.stream(calls()):
        found.update({row["id"]: row for row in _hits(wire, form, asked.popleft(), answer)})
        came += 1
        if came == sizes[0]:
            sizes.popleft()
            yield Page(records=[reader(row) for row in found.values()], size=len(found))
            found, came = {}, 0


def _looking(form: Form, patterns: Mapping[str, str], start: int) -> Call:
    return listing(of_type(form.itemtype), {"searchText": patterns}, start, HITS)


def _hits(wire: Wire, form: Form, patterns: Mapping[str, str], answer: Answer) -> list[Item]:
    """All that one set of patterns finds, beginning with the first page."""
    walk = Walk(form.itemtype)
    rows = walk.page(answer, 0, HITS, as_list)
    while len(rows) < walk.total and not walk.shrunk:
        start = len(rows)
        rows = [*rows, *walk.page(wire.ask(_looking(form, patterns, start)), start, HITS, as_list)]
    walk.end()
    return rows


def gathered(
    itemtype: str, wire: Wire, ids: Iterable[Sequence[str]], reader: Reader, *, trash: bool
) -> Iterator[Page]:
    """One Page per page of ids; what is no id, is gone or (unless `trash`) was trashed is left out."""
    sizes: deque[int] = deque()

    def numbers() -> Iterator[Sequence[str]]:
        for page in ids:
            known = [number for number in page if number.isascii() and number.isdecimal()]
            sizes.append(len(known))
            if known:
                yield known

    for items in ById(wire, itemtype, {}).items(numbers()):
        while sizes and not sizes[0]:
            sizes.popleft()
            yield Page(records=(), size=0)
        sizes.popleft()
        records: list[Record] = [reader(item) for item in items if trash or not item.get("is_deleted")]
        yield Page(records=records, size=len(records))
    for _ in sizes:
        yield Page(records=(), size=0)


def downloaded(wire: Wire, number: str) -> Iterator[bytes]:
    """The bytes of a Document."""
    call = get(f"/Document/{number}", {"alt": "media"})
    headers = {**DECODED, "Accept": "application/octet-stream"}
    return wire.download(Call(method=call.method, path=call.path, kind=call.kind, repeatable=True, headers=headers))


def _id(row: Item) -> int | None:
    number = row.get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) else None
