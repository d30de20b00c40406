"""Fields learnt from sample items: KaiNexus has no call that tells them. What a playbook declares wins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any
from zoneinfo import ZoneInfo

from migrator.connectors.kainexus import instants
from migrator.connectors.kainexus.options import Form
from migrator.connectors.kainexus.slots import FIXED, LISTS, READ_ONLY, Group, Layout, Slot, Sort
from migrator.model.lean import dataclass
from migrator.model.values import Field, Kind, WritableOn

VALUE_KEYS = {"numericValue": Sort.NUMBER, "dateValue": Sort.DATETIME, "value": Sort.TEXT}
"""Key that a field's value travels under -> what the field holds. [seed manual]"""

STATUS_TYPES = ("DRAFT", "NEW", "PLANNED", "ACTIVE", "RES_SUBMITTED", "COMPLETE", "DEFERRED")
"""In the order of an item's life. [seed manual]"""

MILESTONES = ("APPROVED", "NOT_APPROVED", "READY", "NOT_READY", "NOT READY")
"""States of a milestone; the vendor prints the last with a blank, we take both."""

_DECLARED = {
    Form.TEXT: (Group.FIELD, Sort.TEXT),
    Form.NUMBER: (Group.FIELD, Sort.NUMBER),
    Form.DATE: (Group.FIELD, Sort.DATE),
    Form.DATETIME: (Group.FIELD, Sort.DATETIME),
    Form.ATTRIBUTE: (Group.ATTRIBUTE, Sort.VALUES),
    Form.MILESTONE: (Group.MILESTONE, Sort.MILESTONE),
}

_KINDS = {
    Sort.UNKNOWN: Kind.TEXT,
    Sort.TEXT: Kind.TEXT,
    Sort.HTML: Kind.RICH_TEXT,
    Sort.NUMBER: Kind.NUMBER,
    Sort.DATE: Kind.DATE,
    Sort.DATETIME: Kind.DATETIME,
    Sort.FLAG: Kind.BOOLEAN,
    Sort.STATUS: Kind.CHOICE,
    Sort.CUSTOM_STATUS: Kind.TEXT,
    Sort.ITEM: Kind.REFERENCE,
    Sort.USER: Kind.USER,
    Sort.USERS: Kind.USERS,
    Sort.PLACES: Kind.CHOICES,
    Sort.RESOLUTION: Kind.JSON,
    Sort.COMMENTS: Kind.JSON,
    Sort.VALUES: Kind.JSON,  # one text or several, as the attribute takes
    Sort.NOTES: Kind.JSON,
    Sort.MILESTONE: Kind.CHOICE,
}


@dataclass(slots=True)
class _Seen:
    """What the samples showed of one entry."""

    name: str
    id: int | None
    keys: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    moments: list[object] = field(default_factory=list)
    html: bool = False
    score: str | None = None
    many: bool = False
    choices: dict[int, str] = field(default_factory=dict)

    def look(self, entry: Mapping[str, Any]) -> None:
        """Take in one item's entry."""
        self.keys |= VALUE_KEYS.keys() & entry.keys()
        self.filled |= {key for key in VALUE_KEYS if entry.get(key) is not None}
        self.html |= "htmlValue" in entry
        if entry.get("dateValue") is not None:
            self.moments.append(entry["dateValue"])
        self.score = _score(entry) or self.score
        values = [value for value in entry.get("values") or () if isinstance(value, dict)]
        self.many |= len(values) > 1
        self.choices.update({v["id"]: v["name"] for v in values if "id" in v and isinstance(v.get("name"), str)})

    def sort(self, group: Group, zone: ZoneInfo) -> Sort:
        """What it holds. A date is date-only where every sampled value is a local midnight."""
        if group is not Group.FIELD:
            return Sort.VALUES if group is Group.ATTRIBUTE else Sort.MILESTONE
        telling = self.filled or (self.keys if len(self.keys) == 1 else set())
        if len(telling) != 1:
            return Sort.UNKNOWN
        sort = VALUE_KEYS[next(iter(telling))]
        if sort is Sort.DATETIME and self.moments:
            moments = [instants.parse(text, zone) for text in self.moments]
            if all(moment is not None and instants.is_midnight(moment, zone) for moment in moments):
                return Sort.DATE
        return sort


def _score(entry: Mapping[str, Any]) -> str | None:
    """The weighted score's name; some answers may wrap it in an object."""
    score = entry.get("score")
    score = score.get("name") if isinstance(score, dict) else score
    return str(score) if score else None


def learn(samples: Iterable[Mapping[str, Any]], declared: Mapping[str, Form], zone: ZoneInfo) -> Layout:
    """The layout of items like these. Pure."""
    found: list[tuple[Slot, _Seen | None]] = []
    items = list(samples)
    for group, key in LISTS.items():
        found.extend((_slot(group, seen, zone), seen) for seen in _entries(items, key))
    slots = _declare([slot for slot, _ in found], declared)
    seen_of = {slot.entry: seen for slot, seen in found}
    return Layout(zone=zone, slots=_names(slots, seen_of), short=_shorts(slots))


def _entries(items: Sequence[Mapping[str, Any]], key: str) -> list[_Seen]:
    """By name, since templates have fields of one name under ids of their own; by id where one item shows two."""
    twice = {
        name
        for item in items
        for name, times in Counter(str(entry.get("name")) for entry in item.get(key) or ()).items()
        if times > 1
    }
    seen: dict[object, _Seen] = {}
    for item in items:
        for entry in item.get(key) or ():
            name, number = entry.get("name"), entry.get("id")
            if not isinstance(name, str):
                continue
            number = number if isinstance(number, int) else None
            known = seen.setdefault(number if name in twice else name, _Seen(name, number))
            known.id = number if known.id == number else None
            known.look(entry)
    return list(seen.values())


def _slot(group: Group, seen: _Seen, zone: ZoneInfo) -> Slot:
    return Slot(
        group=group,
        name=seen.name,
        sort=seen.sort(group, zone),
        id=seen.id,
        score=seen.score,
        many=seen.many,
        choices=tuple(sorted(seen.choices.items())),
    )


def _declare(slots: list[Slot], declared: Mapping[str, Form]) -> list[Slot]:
    """Declared names: a learnt slot takes the declared sort, another is added."""
    slots = list(slots)
    for name, form in declared.items():
        group, sort = _DECLARED[Form(form)]
        bare = name.removeprefix(f"{group}:")
        places = [at for at, slot in enumerate(slots) if slot.group is group and slot.name == bare]
        for at in places:
            old = slots[at]
            slots[at] = Slot(
                group=group,
                name=bare,
                sort=sort,
                id=old.id,
                score=old.score,
                many=old.many,
                choices=old.choices,
            )
        if not places:
            slots.append(Slot(group=group, name=bare, sort=sort))
    return slots


def _shorts(slots: Sequence[Slot]) -> dict[tuple[Group, str | int], str]:
    """Entry -> the shortest name that stands for nothing else."""
    bearers = Counter(slot.name for slot in slots)
    within = Counter((slot.group, slot.name) for slot in slots)
    shorts: dict[tuple[Group, str | int], str] = {}
    for slot in slots:
        free = bearers[slot.name] == 1 and slot.name not in FIXED and not _looks_long(slot.name)
        if within[slot.group, slot.name] > 1:
            shorts[slot.entry] = f"{slot.group}:#{slot.id}"
        else:
            shorts[slot.entry] = slot.name if free else f"{slot.group}:{slot.name}"
    return shorts


def _looks_long(name: str) -> bool:
    return any(name.startswith(f"{group}:") for group in Group)


def _names(slots: Sequence[Slot], seen_of: Mapping[tuple[Group, str | int], _Seen | None]) -> dict[str, Slot]:
    names = dict(FIXED)
    shorts = _shorts(slots)
    for slot in slots:
        names[shorts[slot.entry]] = slot
        names.setdefault(f"{slot.group}:{slot.name}", slot)
    for slot in slots:
        seen = seen_of.get(slot.entry)
        if slot.group is Group.FIELD and seen is not None and seen.html:
            names[f"{Group.HTML}:{slot.name}"] = _face(slot, Group.HTML, Sort.HTML)
        if slot.group is Group.ATTRIBUTE:
            names[f"{Group.ATTRIBUTE_NOTES}:{slot.name}"] = _face(slot, Group.ATTRIBUTE_NOTES, Sort.NOTES)
        if slot.group is Group.MILESTONE:
            names[f"{Group.MILESTONE_NOTES}:{slot.name}"] = _face(slot, Group.MILESTONE_NOTES, Sort.TEXT)
    return names


def _face(slot: Slot, group: Group, sort: Sort) -> Slot:
    return Slot(group=group, name=slot.name, sort=sort, id=slot.id)


def field_table(layout: Layout) -> dict[str, Field]:
    """What the planner is told: every name, short and long. A declared or learnt kind; text where none shows."""
    return {name: _field(name, slot) for name, slot in layout.slots.items()}


def _field(name: str, slot: Slot) -> Field:
    return Field(
        learned=slot.group is not Group.KEY,
        name=name,
        kind=_KINDS[slot.sort],
        required=name == "summary",
        writable_on=_writable(slot),
        choices=_choices(slot),
        label=slot.name,
    )


def _writable(slot: Slot) -> WritableOn:
    if slot.group is Group.KEY and slot.name in READ_ONLY:
        return WritableOn.NEVER
    return WritableOn.CREATE if slot.sort is Sort.COMMENTS else WritableOn.BOTH


def _choices(slot: Slot) -> tuple[str, ...] | None:
    return {Sort.STATUS: STATUS_TYPES, Sort.MILESTONE: MILESTONES}.get(slot.sort)
