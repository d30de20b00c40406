"""Reading a project: all that fits a query, by ids, by keys. Records are joined with the list of items if need be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from migrator.connectors.ketryx import kql, pages
from migrator.connectors.ketryx.layout import FROM_ITEMS, Layout
from migrator.connectors.ketryx.options import ReadOptions, WriteOptions
from migrator.connectors.ketryx.pages import Items, Request
from migrator.connectors.ketryx.records import NO_FACTS, Reader
from migrator.connectors.ketryx.stored import folded
from migrator.contract import Page, Wire
from migrator.errors import BadAnswer
from migrator.model.values import Collection, Key, Record

_ITEM = re.compile(r"KX[A-Z]{3}[A-Z0-9]+")
"""What can be an item's id; anything else would mean something else in a query."""


def request(project: str, options: ReadOptions | WriteOptions | None, limit: int) -> Request:
    """The records that these options mean."""
    if isinstance(options, ReadOptions):
        parameters = {
            "query": options.kql,
            "versionId": options.version,
            "comparedVersionId": options.compared_version,
            "fields": ",".join(options.extras) or None,
        }
    else:
        parameters = {"query": kql.of_type(options.type if options is not None else None)}
    return Request(project=project, parameters=parameters, limit=limit)


class Reading:
    """Records of one project, with the fields wanted (None: all)."""

    def __init__(
        self,
        wire: Wire,
        items: Items,
        collection: Collection,
        wanted: tuple[str, ...] | None,
        options: ReadOptions | WriteOptions | None = None,
    ) -> None:
        self._wire = wire
        self._items = items
        self._project = collection.id
        self._options = options
        self._layout: Layout = collection.extra["layout"]
        self._scope = kql.of_type(options.type if isinstance(options, WriteOptions) else None)
        self._history = isinstance(options, ReadOptions) and options.records == "all"
        self._reader = Reader(self._layout, wanted, history=self._history)
        self._joins = wanted is None or not FROM_ITEMS.isdisjoint(wanted)
        self._values: dict[str, dict[str, list[str]]] = {}

    def everything(self) -> Iterator[Page]:
        """All that the options mean. With `records: all` one more call an item."""
        limit = self._options.limit if self._options is not None else ReadOptions().limit
        for entries in pages.entries(self._wire, request(self._project, self._options, limit)):
            if not self._history:
                yield self._page(entries)
                continue
            for entry in entries:
                for some in pages.entries(self._wire, self._records_of(str(entry["itemId"]), limit)):
                    yield self._page(some)

    def by_ids(self, ids: Iterable[str]) -> Page:
        """These items, but those that are gone."""
        found: list[Mapping[str, Any]] = []
        for some in kql.portions((number for number in ids if _ITEM.fullmatch(number)), pages.LOOKUPS):
            found += self._queried(kql.of_ids(some))
        return self._page(found)

    def by_source(self, keys: Sequence[Key]) -> Page:
        """By sourceId, over the list of items."""
        return self.by_ids([number for (value,) in keys for number in self._items.made_from(str(value))])

    def by_label(self, name: str, keys: Sequence[Key]) -> Page:
        """By a field's value: with queries, where one can hold the value; else all records are read, once."""
        values = [str(value) for (value,) in keys if value not in (None, "")]
        askable = [value for value in values if name != "title" and kql.sayable(value)]
        found: list[Mapping[str, Any]] = []
        for some in kql.portions(askable, pages.LOOKUPS):
            found += self._queried(kql.both(self._scope, kql.any_of(self._layout.label(name), some)))
        others = set(values).difference(askable)
        ids = {
            number for value in others for number in self._scanned(name).get(folded(self._layout, name, value), ())
        }
        known = {entry.get("itemId") for entry in found}
        return self._page([*found, *self._raw(ids - known)])

    def _raw(self, ids: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        for some in kql.portions(sorted(ids), pages.LOOKUPS):
            yield from self._queried(kql.of_ids(some))

    def _scanned(self, name: str) -> Mapping[str, list[str]]:
        """Folded value -> items, of all records that the options mean."""
        if name not in self._values:
            found: dict[str, list[str]] = {}
            reader = Reader(self._layout, (name,))
            for entries in pages.entries(self._wire, request(self._project, self._options, pages.PAGE)):
                for entry in entries:
                    value = reader(entry, NO_FACTS).fields.get(name)
                    found.setdefault(folded(self._layout, name, value), []).append(str(entry.get("itemId")))
            self._values[name] = found
        return self._values[name]

    def _queried(self, query: str) -> Iterator[Mapping[str, Any]]:
        for entries in pages.entries(self._wire, Request(project=self._project, parameters={"query": query})):
            yield from entries

    def _records_of(self, item: str, limit: int) -> Request:
        extras = ",".join(self._layout.extras) or None
        path = f"/items/{quote(item, safe='')}/records"
        return Request(project=self._project, path=path, parameters={"fields": extras}, limit=limit)

    def _page(self, entries: Sequence[Mapping[str, Any]]) -> Page:
        """Raises BadAnswer for a record without an item."""
        for entry in entries:
            if not isinstance(entry.get("itemId"), str):
                raise BadAnswer(f"Ketryx brings record {entry.get('id')} without its item")
        known = self._items.of([entry["itemId"] for entry in entries]) if self._joins else {}
        found: list[Record] = [self._reader(entry, known.get(entry["itemId"], NO_FACTS)) for entry in entries]
        return Page(records=found, size=len(found))
