"""The JSON of items and records, as far as it is documented."""

import html
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from migrator.emulators.ketryx import assumptions
from migrator.emulators.ketryx.item import Item, ItemRecord
from migrator.emulators.ketryx.organization import RELATIONS, Project, by_name
from migrator.emulators.ketryx.store import Store

EXTRAS = frozenset({"approvalState"})
"""Words of `fields=` that add something. [seed]"""


def show_item(store: Store, item: Item) -> dict[str, Any]:
    """An item: no title, no type, no fields."""
    shown: dict[str, Any] = {
        "id": item.id,
        "externalIds": item.external_ids(source_id_shown=store.switches.source_id_shown),
        "createdAt": instant(item.created),
        "isExcluded": item.excluded,
        "folderPath": list(item.folder),
        "currentRecord": {"id": item.current.id},
        "controlledRecord": {"id": item.controlled.id} if item.controlled else None,
    }
    return _without_empty(store, shown)


def show_record(store: Store, item: Item, record: ItemRecord, extras: Sequence[str]) -> dict[str, Any]:
    """A record with all fields of its type, and what `fields=` adds."""
    project = store.projects[item.project]
    shown: dict[str, Any] = {
        "id": record.id,
        "itemId": item.id,
        "type": record.type,
        "title": record.title,
        "isControlled": record.controlled,
        "revision": record.revision,
        "createdAt": instant(record.created),
        "introducedInVersion": _version(project, record.introduced),
        "obsoleteInVersion": _version(project, record.obsolete),
        "fields": _fields(store, record),
        "relations": _relations(store, item, record),
    }
    if "approvalState" in extras:
        shown["approvalState"] = _approval_state(record)
    return _without_empty(store, shown)


def instant(seconds: float) -> str:
    """ISO 8601, UTC, milliseconds, Z. [docs]"""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _fields(store: Store, record: ItemRecord) -> list[dict[str, Any]]:
    kind = by_name(store.types, record.type)
    labels = kind.fields if kind is not None else ()
    return [
        {"label": label.name, "type": label.type, "value": _value(store, record.fields.get(label.name))}
        for label in labels
    ]


def _value(store: Store, value: Any) -> Any:
    if store.switches.rich_text and isinstance(value, str) and "\n" in value:
        return "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in value.split("\n"))
    return value


def _relations(store: Store, item: Item, record: ItemRecord) -> list[dict[str, Any]]:
    """Relations to items that are there; the reverse ones too, where that is switched on."""
    pairs = list(record.relations)
    if store.switches.reverse_relations:
        pairs += [
            (RELATIONS[name], other.id)
            for other in store.items.values()
            for name, target in other.current.relations
            if target == item.id
        ]
    return [
        {"type": name, "toItem": {"id": target, "projectId": store.items[target].project}}
        for name, target in pairs
        if target in store.items
    ]


def _version(project: Project, version_id: str | None) -> dict[str, str] | None:
    return next(({"id": each.id, "name": each.name} for each in project.versions if each.id == version_id), None)


def _approval_state(record: ItemRecord) -> dict[str, Any]:
    """Steps, approving users, blockers: that these are told is documented [seed], how is assumed."""
    steps = [
        {"group": group, "approvedBy": [f"{group.lower()}@example.com"] if group in record.approvals else []}
        for group in assumptions.APPROVAL_STEPS
    ]
    missing = [group for group in assumptions.APPROVAL_STEPS if group not in record.approvals]
    return {"steps": steps, "blockers": [f"approval by {group} is missing" for group in missing]}


def _without_empty(store: Store, shown: dict[str, Any]) -> dict[str, Any]:
    if store.switches.empty_is == "null":
        return shown
    return {name: value for name, value in shown.items() if value is not None}
