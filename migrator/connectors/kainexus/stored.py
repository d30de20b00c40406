"""What reading back will show: the one form in which wanted and found are compared. Pure.

References become ids, instants whole seconds in UTC, dates of date-only fields days of the organization's zone,
numbers decimal text, texts lose blanks at their end. What cannot be cleared shows as before where null is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping

from migrator.connectors.kainexus import instants, resolutions, scalars
from migrator.connectors.kainexus.directory import Directory, Register
from migrator.connectors.kainexus.slots import Group, Layout, Slot, Sort
from migrator.model.values import Ref, Value

OVERDUE = " (overdue)"
"""End of the name of a status' overdue twin, which comes and goes with the calendar. [assumption]"""


def stored(
    layout: Layout, directory: Directory, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
) -> dict[str, Value]:
    """Each field as reading shows it after the write."""
    old = before or {}
    return {
        name: _stored(layout.slot(name), value, old.get(name), layout, directory) for name, value in fields.items()
    }


def _stored(slot: Slot, value: Value, old: Value, layout: Layout, directory: Directory) -> Value:
    if isinstance(value, Ref):
        return value
    if slot.sort in (Sort.DATE, Sort.DATETIME):
        return _moment(slot, value, layout)
    if slot.sort in (Sort.USER, Sort.USERS):
        return _people(slot, value, directory.users)
    if slot.sort is Sort.PLACES:
        return _ids(value, directory.places)
    if slot.sort is Sort.RESOLUTION:
        return resolutions.merged(value, old, layout.zone)
    if slot.group in (Group.ATTRIBUTE, Group.ATTRIBUTE_NOTES):
        return _notes(value) if slot.group is Group.ATTRIBUTE_NOTES else chosen(slot, value)
    return _plain(slot, value, old)


def _plain(slot: Slot, value: Value, old: Value) -> Value:
    match slot.sort:
        case Sort.NUMBER:
            return None if value is None else scalars.decimal(value)
        case Sort.FLAG:
            return bool(value)
        case Sort.STATUS | Sort.CUSTOM_STATUS | Sort.MILESTONE:
            return _state(slot, old if value is None else value)
        case Sort.COMMENTS:
            return None
        case _:
            return scalars.text(value)


def _state(slot: Slot, value: Value) -> Value:
    text = scalars.text(value)
    if text is None:
        return None
    if slot.sort is Sort.CUSTOM_STATUS:
        return text[: -len(OVERDUE)] if text.casefold().endswith(OVERDUE) else text
    return text.strip().upper().replace(" ", "_")


def _moment(slot: Slot, value: Value, layout: Layout) -> Value:
    moment = instants.parse(value, layout.zone)
    if moment is None:
        return scalars.text(value)
    return instants.day(moment, layout.zone) if slot.sort is Sort.DATE else instants.shown(moment)


def _people(slot: Slot, value: Value, users: Register) -> Value:
    if slot.sort is Sort.USERS:
        return _ids(value, users)
    return None if value is None or value == "" else _id(value, users)


def _ids(value: Value, register: Register) -> Value:
    """Ids without order or repetition; where one is still a Ref, in the order given."""
    found = [_id(each, register) for each in scalars.texts(value)]
    if any(isinstance(each, Ref) for each in found):
        return tuple(found)
    return tuple(sorted({str(each) for each in found}, key=lambda text: (len(text), text)))


def _id(value: Value, register: Register) -> Value:
    if isinstance(value, Ref):
        return value
    found = register.find(str(value))
    return str(value).strip() if found is None else str(found)


def chosen(slot: Slot, value: Value) -> Value:
    """An attribute's values by name, without order; ids that samples showed become names."""
    names = dict(slot.choices)
    found = [names.get(_number(each), each) for each in scalars.texts(value)]
    if any(isinstance(each, Ref) for each in found):
        return tuple(found)
    return tuple(sorted({str(each).strip() for each in found}))


def _number(value: Value) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else -1


def _notes(value: Value) -> Value:
    if not isinstance(value, Mapping):
        return None
    kept = {name: note for name, raw in sorted(value.items()) if (note := scalars.text(raw)) is not None}
    return kept or None
