"""A change -> the item that is sent. Pure. An update names its id and only what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from migrator.connectors.kainexus import instants, resolutions, scalars
from migrator.connectors.kainexus.directory import Directory, Register
from migrator.connectors.kainexus.slots import LISTS, SIDES, Group, Layout, Slot, Sort
from migrator.connectors.kainexus.stored import chosen
from migrator.model.plan import Action, Change
from migrator.model.values import Ref, Value

_KEEPS = (Sort.STATUS, Sort.CUSTOM_STATUS, Sort.MILESTONE, Sort.COMMENTS)
"""What nothing can empty: null leaves it as it stands."""

Entries = dict[tuple[Group, str | int], dict[str, Any]]


def to_item(
    layout: Layout, directory: Directory, change: Change, template: Mapping[str, Any], *, notify: bool
) -> dict[str, Any]:
    """The JSON object of one item. People are told of an edit unless each item says otherwise. [seed manual]"""
    create = change.action is Action.CREATE
    item: dict[str, Any] = dict(template) if create else {"id": _integer(change.target_id)}
    after, along = change.after or {}, change.along or {}
    entries: Entries = {}
    for name, value in {**along, **after}.items():
        slot = layout.slot(name)
        if value is None and (create or slot.sort in _KEEPS):
            continue
        if name not in after and value in (None, ()):
            continue
        if slot.group is Group.KEY:
            item[slot.name] = _key(slot, value, (change.before or {}).get(name), layout.zone, directory)
        else:
            _enter(entries, layout, slot, value)
    for (group, _), entry in entries.items():
        item.setdefault(LISTS[group], []).append(_finished(entry))
    if not notify:
        item["suppressNotifications"] = True
    return item


def deleted_item(change: Change, *, notify: bool) -> dict[str, Any]:
    """The item that deletes: a public QA suite sends this status, and is answered UPDATE. [source: QA]"""
    item: dict[str, Any] = {"id": _integer(change.target_id), "status": "DELETED"}
    return item if notify else {**item, "suppressNotifications": True}


def _integer(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else text


def _key(slot: Slot, value: Value, old: Value, zone: ZoneInfo, directory: Directory) -> Any:
    match slot.sort:
        case Sort.DATETIME:
            return _moment(value, zone)
        case Sort.USER:
            return None if value in (None, "") else _ref(value, directory.users, "username")
        case Sort.USERS:
            return [_ref(each, directory.users, "username") for each in scalars.texts(value)]
        case Sort.PLACES:
            return [_ref(each, directory.places, "name") for each in scalars.texts(value)]
        case Sort.ITEM:
            return None if value in (None, "") else _integer(str(value).strip())
        case Sort.FLAG:
            return bool(value)
        case Sort.RESOLUTION:
            return resolutions.to_send(value, old, zone)
        case Sort.COMMENTS:
            return [_comment(each, directory.users) for each in scalars.texts(value)]
        case Sort.STATUS:
            return str(value).strip().upper()
        case _:
            return value


def _moment(value: Value, zone: ZoneInfo) -> Value:
    moment = instants.parse(value, zone)
    return value if moment is None else instants.sent(moment)


def _ref(value: Value, register: Register, key: str) -> dict[str, Any]:
    """By id where we know it: if both are given and disagree the id wins, so only one is."""
    if isinstance(value, Ref):
        return {"id": None}  # only ever looked at while planning: apply fills refs first
    found = register.find(str(value))
    if found is None and key == "username" and str(value).isascii() and str(value).isdecimal():
        found = int(str(value))
    return {key: str(value).strip()} if found is None else {"id": found}


def _comment(value: Value, users: Register) -> dict[str, Any]:
    """A text, or a map with `comment` and, where somebody else said it, `author`."""
    if not isinstance(value, Mapping):
        return {"comment": str(value)}
    comment: dict[str, Any] = {"comment": value.get("comment")}
    author = value.get("author")
    name = author.get("username") or author.get("id") if isinstance(author, Mapping) else author
    if name is not None:
        comment["author"] = _ref(name, users, "username")
    return comment


def _enter(entries: Entries, layout: Layout, slot: Slot, value: Value) -> None:
    """A slot's value joins its entry: values and notes, text and HTML, state and notes travel in one."""
    group = SIDES.get(slot.group, slot.group)
    main = layout.slot(f"{group}:{slot.name}") if slot.group in SIDES else slot
    entry = entries.setdefault(main.entry, _named(main))
    match slot.group:
        case Group.FIELD:
            key, sent = _field(slot, value, layout.zone)
            entry[key] = sent
        case Group.HTML:
            entry["htmlValue"] = value
        case Group.ATTRIBUTE:
            entry["values"] = [_choice(main, each) for each in scalars.texts(chosen(main, value))]
        case Group.ATTRIBUTE_NOTES:
            entry["_notes"] = dict(value) if isinstance(value, Mapping) else {}
        case Group.MILESTONE:
            entry["status"] = str(value).strip()
        case _:
            entry["notes"] = "" if value is None else str(value)


def _named(slot: Slot) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if slot.id is not None:
        entry["id"] = slot.id
    if not slot.name.startswith("#"):
        entry["name"] = slot.name
    if slot.score is not None:
        entry["score"] = slot.score
    return entry


def _field(slot: Slot, value: Value, zone: ZoneInfo) -> tuple[str, Any]:
    """The key that the field's type takes, and the value. An unknown type is told by the value's own."""
    plain_number = isinstance(value, int | float) and not isinstance(value, bool)
    if slot.sort is Sort.NUMBER or (slot.sort is Sort.UNKNOWN and plain_number):
        number = scalars.number(value)
        return "numericValue", value if number is None and value not in ("",) else number
    if slot.sort in (Sort.DATE, Sort.DATETIME):
        return "dateValue", None if value == "" else _moment(value, zone)
    if value is None or isinstance(value, str):
        return "value", value
    return "value", scalars.text(value)


def _choice(slot: Slot, value: Value) -> dict[str, Any]:
    ids = {name: number for number, name in slot.choices}
    name = str(value)
    return {"id": ids[name], "name": name} if name in ids else {"name": name}


def _finished(entry: dict[str, Any]) -> dict[str, Any]:
    """Notes go to their values; notes alone bring their values along."""
    notes = entry.pop("_notes", None)
    if notes is None:
        return entry
    values = entry.setdefault("values", [{"name": name} for name in notes])
    for value in values:
        if value.get("name") in notes:
            value["note"] = notes[value["name"]]
    return entry
