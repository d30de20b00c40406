"""An item as the server shows it -> a Record. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrator.connectors.kainexus import instants
from migrator.connectors.kainexus.slots import FIXED, LISTS, SIDES, Group, Layout, Slot, Sort
from migrator.contract import frozen
from migrator.model.lean import dataclass
from migrator.model.values import Record, Value, quick_record


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an entry goes in a record."""

    slot: Slot
    short: str
    long: str
    side: str | None
    """The long name of its HTML or its notes."""


class Reader:
    """Turns items of one collection into Records; looks each entry's names up once.

    Every short name is there, None where the item has no such entry, and notes, without which a write of their
    values or states would lose them; long names come where they are wanted, or with everything. Numbers are as
    JSON gives them; dates of date-only fields "YYYY-MM-DD", other instants "YYYY-MM-DDTHH:MM:SSZ"; people are user
    names, places and values of attributes names, milestones their state.
    """

    def __init__(self, layout: Layout, wanted: tuple[str, ...] | None) -> None:
        self._layout = layout
        self._wanted = None if wanted is None else frozenset(wanted)
        self._spots: dict[tuple[str, object, object, bool], _Spot] = {}
        names = layout.slots if wanted is None else (*layout.short.values(), *wanted)
        self._blank: dict[str, Value] = dict.fromkeys((*FIXED, *layout.short.values(), *names))

    def __call__(self, item: Mapping[str, Any]) -> Record:
        """One item. Pure."""
        fields = dict(self._blank)
        for name, slot in FIXED.items():
            value = item.get(name)
            if value is not None:
                fields[name] = _key(value, slot, self._layout)
        for group, key in LISTS.items():
            for entry in item.get(key) or ():
                self._enter(fields, group, entry)
        return quick_record(id=str(item["id"]), fields=fields, version=None)

    def _enter(self, fields: dict[str, Value], group: Group, entry: Mapping[str, Any]) -> None:
        spot = self._spot(group, entry)
        value = _entry(entry, spot.slot, self._layout)
        fields[spot.short] = value
        if self._takes(spot.long):
            fields[spot.long] = value
        if spot.side is not None:
            side = _side(entry, group)
            if self._takes(spot.side) or (side is not None and group is not Group.FIELD):
                fields[spot.side] = side

    def _takes(self, name: str) -> bool:
        return self._wanted is None or name in self._wanted

    def _spot(self, group: Group, entry: Mapping[str, Any]) -> _Spot:
        html = "htmlValue" in entry
        mark = (group.value, entry.get("id"), entry.get("name"), html)
        spot = self._spots.get(mark)
        if spot is None:
            slot = _slot(self._layout, group, entry)
            side = f"{_SIDES[group]}:{slot.name}" if group is not Group.FIELD or html else None
            spot = _Spot(slot, _name(self._layout, slot), f"{slot.group}:{slot.name}", side)
            self._spots[mark] = spot
        return spot


_SIDES = {main: side for side, main in SIDES.items()}


def to_record(item: Mapping[str, Any], layout: Layout, wanted: tuple[str, ...] | None) -> Record:
    """One item, as `Reader` reads it."""
    return Reader(layout, wanted)(item)


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


def _side(entry: Mapping[str, Any], group: Group) -> Value:
    """HTML of a text area, notes of an attribute's values by name, notes of a milestone."""
    if group is Group.ATTRIBUTE:
        return {named(value): value["note"] for value in entry.get("values") or () if value.get("note")} or None
    return frozen(entry.get("htmlValue" if group is Group.FIELD else "notes"))


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
