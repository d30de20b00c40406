"""Reading lists page by page, and what the list of items alone tells: ids elsewhere, folders, what is excluded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from migrator.connectors.ketryx import answers
from migrator.contract import Call, Wire
from migrator.errors import BadAnswer, CountDrift
from migrator.model.lean import dataclass
from migrator.model.problem import Place

ROOT = "/api/v1"
"""Before every call. [vendor docs]"""

CALL = "call"
"""Kind of every call: reads and writes share one pace of ours."""

ORIGIN = "migrator:"
"""Before a sourceId that is made of the origin."""

OWN_SYSTEMS = frozenset({"ketryx", "api"})
"""`system` of external ids that names no integration: the docs' sample says Ketryx; API is assumed."""

PAGE = 1000
"""Entries of a page at most. [seed manual]"""

LOOKUPS = 50
"""Ids or values of one query. [inferred]"""


def get(path: str, **parameters: object) -> Call:
    """A read; parameters that are None are left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    query = f"?{urlencode(given)}" if given else ""
    return Call(method="GET", path=f"{ROOT}{path}{query}", kind=CALL, repeatable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A list to read: of items, of one item's records, or of records that fit a query."""

    project: str
    """KXPRJ…"""
    path: str = "/records"
    """Below the project."""
    list: str = "records"
    """Name of the list in the answer."""
    parameters: Mapping[str, object] | None = None
    """Beside startAt and maxResults."""
    limit: int = PAGE
    """Entries that we ask for; the server may have a lower cap of its own."""

    @property
    def what(self) -> str:
        """For people."""
        return f"the {self.list} of project {self.project}"


def entries(wire: Wire, request: Request) -> Iterator[list[dict[str, Any]]]:
    """Pages of entries, each entry once. There is no total: a page that is not full is the last. [inferred]

    A page begins with the last entry of the one before: if another stands there, entries went or came meanwhile and
    some may have slid past us. Raises CountDrift for that, at the end; BadAnswer where a page is none, begins
    elsewhere or comes a second time; what `answers.read` raises.
    """
    seen: set[str] = set()
    start, last, moved = 0, "", False
    while True:
        page, most = _page(wire, request, start)
        moved = moved or (bool(last) and [each["id"] for each in page[:1]] != [last])
        fresh = [entry for entry in page if entry["id"] not in seen]
        if not fresh and len(page) > bool(last):
            raise BadAnswer(f"Ketryx brings a page of {request.what} a second time: they cannot be told to be all")
        seen.update(entry["id"] for entry in fresh)
        if fresh:
            yield fresh
        start += len(page)
        if not page or len(page) < most:
            break
        if most > 1:  # else a page would hold nothing but what we know
            start, last = start - 1, page[-1]["id"]
    if moved:
        raise CountDrift(
            f"{request.what} changed while they were read: {start:,} stand there by now, {len(seen):,} came",
            announced=start,
            got=len(seen),
        )


def _page(wire: Wire, request: Request, start: int) -> tuple[list[dict[str, Any]], int]:
    """The entries, and how many a page holds: the effective maxResults may be lower than ours. [seed manual]"""
    what, place = request.what, Place(collection=request.project)
    path = f"/projects/{request.project}{request.path}"
    call = get(path, **(request.parameters or {}), startAt=start, maxResults=request.limit)
    found = answers.read(wire.ask(call), what, request.project)
    page = found.get(request.list)
    if not isinstance(page, list) or not all(
        isinstance(each, dict) and isinstance(each.get("id"), str) for each in page
    ):
        raise BadAnswer(f'Ketryx answers {what} without a list "{request.list}" of things with ids', place=place)
    if found.get("startAt", start) != start:
        raise BadAnswer(f"Ketryx answers {what} from place {found['startAt']} instead of {start}")
    told = found.get("maxResults")
    return page, min(told, request.limit) if isinstance(told, int) and told > 0 else request.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What the list of items tells of one."""

    created: str | None
    excluded: bool
    folder: tuple[str, ...]
    external: tuple[Mapping[str, Any], ...]
    controlled: str | None

    @property
    def foreign(self) -> str | None:
        """The system that sends the item and is the truth about it; None: nobody does."""
        return next((str(each["system"]) for each in self.external if _integration(each)), None)

    @property
    def source_id(self) -> str | None:
        """The sourceId that the item was made with, where it shows. [inferred]"""
        return next((str(each["id"]) for each in self.external if each.get("id") and not _integration(each)), None)

    @property
    def key(self) -> str | None:
        """The key under which an integration knows it."""
        return next((str(each["key"]) for each in self.external if each.get("key")), None)


def _integration(external: Mapping[str, Any]) -> bool:
    """Whether another system sends the item. One that we made is ours whatever Ketryx calls our way of writing."""
    if str(external.get("id") or "").startswith(ORIGIN):
        return False
    return str(external.get("system") or "ketryx").casefold() not in OWN_SYSTEMS


class Items:
    """The list of items of one project, read when it is first needed, again when an item is missing in it."""

    def __init__(self, wire: Wire, project: str) -> None:
        self._wire = wire
        self._project = project
        self._known: dict[str, ItemFacts] | None = None
        self._by_source: dict[str, list[str]] = {}

    def of(self, ids: Iterable[str]) -> Mapping[str, ItemFacts]:
        """The facts of these items, and of others; an item that is not among them was deleted meanwhile."""
        if self._known is None or any(number not in self._known for number in ids):
            return self.read()
        return self._known

    def made_from(self, source_id: str) -> list[str]:
        """Items that show this sourceId."""
        if self._known is None:
            self.read()
        return self._by_source.get(source_id, [])

    def forget(self) -> None:
        """The next look reads the list afresh."""
        self._known = None

    def read(self) -> Mapping[str, ItemFacts]:
        """The whole list afresh."""
        known = {
            entry["id"]: _facts(entry)
            for page in entries(self._wire, Request(project=self._project, path="/items", list="items"))
            for entry in page
        }
        sources: dict[str, list[str]] = defaultdict(list)
        for number, facts in known.items():
            if facts.source_id is not None:
                sources[facts.source_id].append(number)
        self._known, self._by_source = known, dict(sources)
        return known


def _facts(entry: Mapping[str, Any]) -> ItemFacts:
    controlled = entry.get("controlledRecord")
    return ItemFacts(
        created=entry.get("createdAt"),
        excluded=bool(entry.get("isExcluded")),
        folder=tuple(str(each) for each in entry.get("folderPath") or ()),
        external=tuple(each for each in entry.get("externalIds") or () if isinstance(each, dict)),
        controlled=controlled.get("id") if isinstance(controlled, dict) else None,
    )
