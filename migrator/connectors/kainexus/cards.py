"""Reading list cards page by page, and items by id. A card is live: its order is its own, and it may move."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from migrator.connectors.kainexus import answers
from migrator.contract import Answer, Call, Page, Wire
from migrator.errors import BadAnswer, CountDrift
from migrator.model.lean import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model.values import Record

PREFIX = "/api/public/v1/json"
"""Before every call. [seed manual]"""

LIST, ITEM = "list", "item"
"""Kinds of calls: all but PUT /json/item count against five a minute. [seed manual; what counts is inferred]"""


class _Envelope(msgspec.Struct):
    """A page of a card, its items unparsed. [observed: count, totalCount, offset, limit]"""

    items: list[msgspec.Raw]
    totalCount: int  # noqa: N815  KaiNexus' word


class _Head(msgspec.Struct):
    """What tells one item from another."""

    id: int
    templateId: int | None = None  # noqa: N815  KaiNexus' word
    templateName: str | None = None  # noqa: N815  KaiNexus' word


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An Item List card, and the template that we look for on it."""

    id: int
    """On a board; not a template's or a workflow's id."""
    template: str | None = None
    """Name or id; None: every item."""

    def fits(self, head: _Head) -> bool:
        """Whether the item is of our template."""
        return self.template is None or self.template in (head.templateName, str(head.templateId))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page: the items that fit, each once."""

    items: Sequence[msgspec.Raw]
    """Unparsed."""
    came: int
    """Items of the page, whatever their template."""
    total: int
    """What the card announced."""


def get(path: str, **words: object) -> Call:
    """A read. Every one counts against the pace."""
    query = f"?{urlencode(words)}" if words else ""
    return Call(method="GET", path=f"{PREFIX}{path}{query}", kind=LIST, repeatable=True)


def first_sheets(wire: Wire, card: Card, limit: int) -> Iterator[Sheet]:
    """Pages one after the other, asked only as they are wanted: for sampling."""
    offset, total = 0, 1
    while offset < total:
        sheet = _sheet(wire.ask(_page(card, offset, limit)), card, set())
        yield sheet
        offset, total = offset + sheet.came, sheet.total if sheet.came else 0


def all_pages(wire: Wire, card: Card, limit: int, record: Callable[[Mapping[str, Any]], Record]) -> Iterator[Page]:
    """The whole card. Raises BadAnswer where a page repeats, CountDrift at the end where the totals do not fit."""
    seen: set[int] = set()
    first = _sheet(wire.ask(_page(card, 0, limit)), card, seen)
    yield _shown(first, card, record)
    came, last = first.came, first.total
    drifted = False
    if first.came < first.total:
        if not first.came:
            raise CountDrift(_drift(card, first.total, 0), announced=first.total, got=0)
        offsets = range(first.came, first.total, first.came)
        for answer in wire.stream(_page(card, offset, first.came) for offset in offsets):
            sheet = _sheet(answer, card, seen)
            drifted |= sheet.total != first.total
            came, last = came + sheet.came, sheet.total
            yield _shown(sheet, card, record)
    if drifted or len(seen) != last:
        raise CountDrift(_drift(card, last, len(seen)), announced=last, got=len(seen))


def by_id(
    wire: Wire, pages: Iterable[Sequence[str]], record: Callable[[Mapping[str, Any]], Record]
) -> Iterator[Page]:
    """One page per page of ids. NOT_FOUND and ACCESS_DENIED are left out: deleted items answer the latter."""
    sizes: deque[int] = deque()

    def calls() -> Iterator[Call]:
        for ids in pages:
            sizes.append(len(ids))
            for number in ids:
                yield get("/item", id=number)

    found: list[Record] = []
    asked = 0
    for answer in wire.stream(calls()):
        asked += 1
        item = _item(answer)
        if item is not None:
            found.append(record(item))
        if asked == sizes[0]:
            sizes.popleft()
            yield Page(records=found, size=len(found))
            found, asked = [], 0


def _page(card: Card, offset: int, limit: int) -> Call:
    return get("/itemList", id=card.id, offset=offset, limit=limit)


def _sheet(answer: Answer, card: Card, seen: set[int]) -> Sheet:
    """The items of a page that were not seen yet. Raises NotFound, LoginRefused, BadAnswer."""
    what = f"list card {card.id}"
    answers.refuse_unread(answer, what)
    try:
        envelope = msgspec.json.decode(answer.body, type=_Envelope)
        heads = [msgspec.json.decode(raw, type=_Head) for raw in envelope.items]
    except msgspec.DecodeError as error:
        raise BadAnswer(
            f"KaiNexus answers {what} with something that is no page of items", detail=str(error)
        ) from error
    if heads and all(head.id in seen for head in heads):
        raise BadAnswer(f"KaiNexus brings a page of {what} a second time: its items cannot be told to be all")
    fresh: list[msgspec.Raw] = []
    for head, raw in zip(heads, envelope.items, strict=True):
        if head.id not in seen:
            seen.add(head.id)
            if card.fits(head):
                fresh.append(raw)
    return Sheet(items=fresh, came=len(heads), total=envelope.totalCount)


def _shown(sheet: Sheet, card: Card, record: Callable[[Mapping[str, Any]], Record]) -> Page:
    return Page(
        records=(record(msgspec.json.decode(raw)) for raw in sheet.items),
        size=len(sheet.items),
        total=sheet.total if card.template is None else None,
    )


def _drift(card: Card, announced: int, got: int) -> str:
    return f"list card {card.id} changed while it was read: it announced {announced:,} items, {got:,} different came"


def _item(answer: Answer) -> Mapping[str, Any] | None:
    answers.stop_if_refused(answer)
    found = answers.content(answer)
    error = answers.error_in(found)
    if error is not None and error[0] in ("NOT_FOUND", "ACCESS_DENIED"):
        return None
    answers.refuse_unread(answer, "an item")
    item = found.get("item") if found is not None else None
    if not isinstance(item, dict) or "id" not in item:
        raise BadAnswer("KaiNexus answers the reading of an item without an item")
    return item
