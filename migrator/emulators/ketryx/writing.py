"""The one writing call: one item, created or patched. What its body and answer hold is assumed throughout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from migrator.emulators.ketryx import assumptions, ids
from migrator.emulators.ketryx.item import Item, ItemRecord
from migrator.emulators.ketryx.organization import RELATIONS, ItemType, Project, by_name, folded
from migrator.emulators.ketryx.refusal import Refusal

if TYPE_CHECKING:
    from migrator.emulators.ketryx.store import Store

_RELATIONS = {folded(name): name for name in RELATIONS}

_FITS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
}


def write(store: Store, project: Project, body: Any) -> str:
    """Carry the call out; the item's id. Raises Refusal 400, 403, 404 and has then changed nothing."""
    if not store.switches.preview:
        raise Refusal(assumptions.FORBIDDEN_STATUS, "This preview endpoint is not enabled for your organization")
    if not isinstance(body, dict):
        raise _bad("the body is a JSON object")
    if ("id" in body) == ("sourceId" in body):
        raise _bad("give either id or sourceId")
    item = _named(store, project, body)
    if item is None:
        return create(store, project, body, body["sourceId"]).id
    if not project.takes_changes:
        raise Refusal(assumptions.FORBIDDEN_STATUS, "Editing items is switched off in this project")
    apply(store, item, _patched(store, item.current, body))
    return item.id


def create(store: Store, project: Project, body: dict[str, Any], source_id: str | None = None) -> Item:
    """A new item. Raises Refusal 400, 403."""
    if not project.takes_new_items:
        raise Refusal(assumptions.FORBIDDEN_STATUS, "Creating items is switched off in this project")
    for name in ("title", "type"):
        if body.get(name) is None:
            raise _bad(f"a new item needs {name}")
    kind = _type(store, body["type"])
    introduced = project.versions[-1].id if project.versions else None
    record = ItemRecord("", kind.name, "", 1, store.clock.now(), introduced=introduced)
    content = _patched(store, record, body)
    return store.add(project, replace(content, id=store.new_id(ids.RECORD)), source_id)


def apply(store: Store, item: Item, wanted: ItemRecord) -> None:
    """Put content on the item: nothing, in place, or as a new record where the current one was approved."""
    before = item.current
    if before.same_content(wanted):
        return
    content = replace(before, title=wanted.title, fields=wanted.fields, relations=wanted.relations)
    if not before.controlled:
        item.records[-1] = replace(content, revision=before.revision + 1)
        return
    versions = store.projects[item.project].versions
    item.records.append(
        replace(
            content,
            id=store.new_id(ids.RECORD),
            revision=before.revision + 1,
            created=store.clock.now(),
            controlled=False,
            approvals=(),
            introduced=versions[-1].id if versions else None,
            obsolete=None,
        )
    )


def _named(store: Store, project: Project, body: dict[str, Any]) -> Item | None:
    """The item that the body speaks of; None: a sourceId that is new."""
    if "id" in body:
        if not isinstance(body["id"], str):
            raise _bad("id is text")
        return store.item(project, body["id"])
    source = body["sourceId"]
    if not isinstance(source, str) or not 1 <= len(source) <= assumptions.SOURCE_ID_MAX:
        raise _bad(f"sourceId is text of 1 to {assumptions.SOURCE_ID_MAX} characters")
    known = store.sources.get((project.id, source))
    return None if known is None else store.items[known]


def _patched(store: Store, before: ItemRecord, body: dict[str, Any]) -> ItemRecord:
    """The content after the call: keys left out stay. [seed: "patch"]"""
    kind = _type(store, before.type)
    if "type" in body and assumptions.TYPE_IS_FIXED and _type(store, body["type"]) is not kind:
        raise _bad(f"the item is a {before.type}; its type cannot be changed")
    after = before
    if "title" in body:
        if not isinstance(body["title"], str) or not body["title"].strip():
            raise _bad("title is text that is not empty")
        after = replace(after, title=body["title"])
    if "fields" in body:
        after = replace(after, fields=_merged(kind, before.fields, body["fields"]))
    if "relations" in body:
        after = replace(after, relations=_relations(store, body["relations"]))
    return after


def _type(store: Store, name: Any) -> ItemType:
    found = by_name(store.types, name) if isinstance(name, str) else None
    if found is None:
        raise _bad(f"unknown type {name!r}")
    return found


def _merged(kind: ItemType, before: Mapping[str, Any], entries: Any) -> dict[str, Any]:
    """Fields by label over those that stand; null clears."""
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise _bad("fields is a list of objects with label and value")
    after = dict(before)
    for entry in entries:
        label = kind.label(entry["label"]) if isinstance(entry.get("label"), str) else None
        if label is None:
            raise _bad(f"unknown field {entry.get('label')!r} of type {kind.name}")
        if "value" not in entry:
            raise _bad(f"field {label.name!r} has no value")
        value = entry["value"]
        if value is None and assumptions.NULL_CLEARS:
            after.pop(label.name, None)
        elif assumptions.VALUES_FIT_TYPES and not _FITS[label.type](value):
            raise _bad(f"field {label.name!r} takes a {label.type}, not {value!r}")
        else:
            after[label.name] = value
    return after


def _relations(store: Store, entries: Any) -> tuple[tuple[str, str], ...]:
    """The whole list, each relation once."""
    if not isinstance(entries, list):
        raise _bad("relations is a list")
    found: dict[tuple[str, str], None] = {}
    for entry in entries:
        target = entry.get("toItem") if isinstance(entry, dict) else None
        if not isinstance(target, dict) or not isinstance(entry.get("type"), str):
            raise _bad("a relation has a type and a toItem with an id")
        name, to_item = _RELATIONS.get(folded(entry["type"])), target.get("id")
        if name is None:
            raise _bad(f"unknown relation {entry['type']!r}")
        if not isinstance(to_item, str) or to_item not in store.items:
            raise _bad(f"relation {name!r}: there is no item {to_item!r}")
        found[name, to_item] = None
    return tuple(found)


def _bad(message: str) -> Refusal:
    return Refusal(assumptions.BAD_REQUEST_STATUS, message)
