"""An item as the server shows it -> a Record. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrator.connectors.kainexus import instants
from migrator.connectors.kainexus.slots import FIXED, LISTS, Group, Layout, Slot, Sort
from migrator.model.values import Record, Value

_NOTES = (f"{Group.ATTRIBUTE_NOTES}:", f"{Group.MILESTONE_NOTES}:")


def to_record(item: Mapping[str, Any], layout: Layout, wanted: tuple[str, ...] | None) -> Record:
    """The item's keys, fields, attributes and milestones under their names.

    Every short name is there, None where the item has no such entry, and notes, without which a write of their
    values or states would lose them; long names come where they are wanted, or with everything. Numbers are as
    JSON gives them; dates of date-only fields "YYYY-MM-DD", other instants "YYYY-MM-DDTHH:MM:SSZ"; people are user
    names, places and values of attributes names, milestones their state.
    """
    fields: dict[str, Value] = {name: _key(item.get(name), slot, layout) for name, slot in FIXED.items()}
    fields.update(dict.fromkeys(layout.short.values()))
    long: dict[str, Value] = {}
    for group, key in LISTS.items():
        for entry in item.get(key) or ():
            slot = _slot(layout, group, entry)
            fields[_name(layout, slot)] = _entry(entry, slot, layout)
            long.update(_faces(entry, slot, layout))
    if wanted is None:
        fields.update({name: value for name, value in long.items() if name not in fields})
        fields.update({name: None for name in layout.slots if name not in fields})
    else:
        notes = {name: value for name, value in long.items() if name.startswith(_NOTES) and value is not None}
        fields.update(notes)
        fields.update({name: long.get(name) for name in wanted if name not in fields})
    return Record(id=str(item["id"]), fields=fields, version=None)


def _slot(layout: Layout, group: Group, entry: Mapping[str, Any]) -> Slot:
    """The learnt slot of an entry, or one made of it: samples need not show every entry that ever comes."""
    number, name = entry.get("id"), str(entry.get("name"))
    short = layout.short.get((group, number if isinstance(number, int) else name), layout.short.get((group, name)))
    return layout.slots[short] if short is not None else layout.slot(f"{group}:{name}")


def _name(layout: Layout, slot: Slot) -> str:
    short = layout.short.get(slot.entry, layout.short.get((slot.group, slot.name)))
    if short is not None:
        return short
    return f"{slot.group}:{slot.name}" if slot.name in layout.slots else slot.name


def _faces(entry: Mapping[str, Any], slot: Slot, layout: Layout) -> dict[str, Value]:
    """The entry under its long names."""
    found: dict[str, Value] = {f"{slot.group}:{slot.name}": _entry(entry, slot, layout)}
    if slot.group is Group.FIELD and entry.get("htmlValue") is not None:
        found[f"{Group.HTML}:{slot.name}"] = str(entry["htmlValue"])
    if slot.group is Group.ATTRIBUTE:
        notes = {named(value): value["note"] for value in entry.get("values") or () if value.get("note")}
        found[f"{Group.ATTRIBUTE_NOTES}:{slot.name}"] = notes or None
    if slot.group is Group.MILESTONE:
        found[f"{Group.MILESTONE_NOTES}:{slot.name}"] = entry.get("notes")
    return found


def _key(value: Any, slot: Slot, layout: Layout) -> Value:
    if value is None:
        return None
    if slot.sort is Sort.DATETIME:
        return _moment(value, slot, layout)
    if slot.sort is Sort.USER:
        return person(value)
    if slot.sort is Sort.USERS:
        return tuple(person(each) for each in value)
    if slot.sort is Sort.PLACES:
        return tuple(named(each) for each in value)
    if slot.sort is Sort.ITEM:
        return str(value)
    return frozen(value)


def _entry(entry: Mapping[str, Any], slot: Slot, layout: Layout) -> Value:
    if slot.group is Group.ATTRIBUTE:
        names = tuple(named(value) for value in entry.get("values") or ())
        return names if slot.many or len(names) > 1 else (names[0] if names else None)
    if slot.group is Group.MILESTONE:
        return frozen(entry.get("status"))
    if entry.get("numericValue") is not None:
        return frozen(entry["numericValue"])
    if entry.get("dateValue") is not None:
        return _moment(entry["dateValue"], slot, layout)
    return frozen(entry.get("value"))


def _moment(text: Any, slot: Slot, layout: Layout) -> Value:
    moment = instants.parse(text, layout.zone)
    if moment is None:
        return str(text)
    return instants.day(moment, layout.zone) if slot.sort is Sort.DATE else instants.shown(moment)


def person(value: Any) -> str:
    """The user name, else the id."""
    return str(value.get("username") or value.get("id")) if isinstance(value, Mapping) else str(value)


def named(value: Any) -> str:
    """The name of a place or an attribute's value (a person's user name), else the id."""
    if not isinstance(value, Mapping):
        return str(value)
    return str(value.get("username") or value.get("name") or value.get("id"))


def frozen(value: Any) -> Value:
    """JSON as a Value: lists are tuples."""
    if isinstance(value, list):
        return tuple(frozen(each) for each in value)
    if isinstance(value, dict):
        return {name: frozen(each) for name, each in value.items()}
    return value  # type: ignore[no-any-return]  # JSON has nothing else
