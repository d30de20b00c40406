"""A record as Ketryx shows it -> a Record. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrator.connectors.ketryx.layout import RELATION, Layout, name_of, relations_of
from migrator.connectors.ketryx.pages import ItemFacts
from migrator.contract import frozen
from migrator.model.values import Record, Value, quick_record

NO_FACTS = ItemFacts(created=None, excluded=False, folder=(), external=(), controlled=None)
"""Of an item that nobody wanted to know about."""


class Reader:
    """Turns records of one project into Records.

    The id is the item's (with `history` the record's own), for the item is what stays. Labels that are empty are
    None, relations that are absent an empty list; versions show their names.
    """

    def __init__(self, layout: Layout, wanted: tuple[str, ...] | None, *, history: bool = False) -> None:
        self._layout = layout
        self._wanted = None if wanted is None else frozenset(wanted)
        self._history = history
        relations = {RELATION + name: () for name in layout.relations}
        self._blank: dict[str, Value] = {**dict.fromkeys(layout.labels), **relations}

    def __call__(self, record: Mapping[str, Any], facts: ItemFacts) -> Record:
        """One record."""
        fields = {**self._blank, **_own(record), **_of_item(facts), **_related(record)}
        for each in record.get("fields") or ():
            fields[name_of(str(each.get("label")))] = frozen(each.get("value"))
        for name in self._layout.extras:
            fields[name] = frozen(record.get(name))
        if self._wanted is not None:
            fields = {name: fields.get(name) for name in self._wanted}
        number = record["id"] if self._history else record.get("itemId")
        return quick_record(id=str(number), fields=fields, version=None)


def _own(record: Mapping[str, Any]) -> dict[str, Value]:
    return {
        "title": frozen(record.get("title")),
        "type": frozen(record.get("type")),
        "recordId": record.get("id"),
        "revision": frozen(record.get("revision")),
        "isControlled": frozen(record.get("isControlled")),
        "createdAt": frozen(record.get("createdAt")),
        "introducedInVersion": _version(record.get("introducedInVersion")),
        "obsoleteInVersion": _version(record.get("obsoleteInVersion")),
    }


def _of_item(facts: ItemFacts) -> dict[str, Value]:
    return {
        "sourceId": facts.source_id,
        "itemCreatedAt": facts.created,
        "isExcluded": facts.excluded,
        "folderPath": facts.folder,
        "externalIds": tuple(frozen(dict(each)) for each in facts.external),
        "system": facts.foreign,
        "externalKey": facts.key,
        "controlledRecordId": facts.controlled,
    }


def _related(record: Mapping[str, Any]) -> dict[str, Value]:
    found = relations_of(record.get("relations") or ())
    each: dict[str, Value] = {RELATION + name: tuple(ids) for name, ids in found.items()}
    flat = [{"type": name, "id": number} for name, ids in found.items() for number in ids]
    return {**each, "relations": tuple(flat)}


def _version(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    return str(value.get("name") or value.get("id"))
