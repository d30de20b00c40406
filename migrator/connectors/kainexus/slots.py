"""Names of playbooks and where in an item they stand: fixed keys, and what sample items show. A slot is one place.

A custom field, an attribute or a milestone goes by its name, and always also by `field:NAME`, `attribute:NAME`,
`milestone:NAME`. Where two of them, or a fixed key, bear one name, only the longer form stands for them; where one
kind has a name twice, `field:#ID`. `html:NAME` is the HTML of a text area, `attribute-notes:NAME` a map of value to
note, `milestone-notes:NAME` a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import StrEnum
from zoneinfo import ZoneInfo

from migrator.model.lean import dataclass


class Group(StrEnum):
    """Which part of an item; the value is the prefix in playbooks."""

    KEY = "key"
    FIELD = "field"
    HTML = "html"
    ATTRIBUTE = "attribute"
    ATTRIBUTE_NOTES = "attribute-notes"
    MILESTONE = "milestone"
    MILESTONE_NOTES = "milestone-notes"


LISTS = {Group.FIELD: "fields", Group.ATTRIBUTE: "attributes", Group.MILESTONE: "milestones"}
"""Group -> key of the item that holds its entries."""

SIDES = {
    Group.HTML: Group.FIELD,
    Group.ATTRIBUTE_NOTES: Group.ATTRIBUTE,
    Group.MILESTONE_NOTES: Group.MILESTONE,
}
"""Groups that are another face of an entry -> the entry's own group."""


class Sort(StrEnum):
    """What a slot holds."""

    UNKNOWN = "unknown"
    TEXT = "text"
    HTML = "html"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    FLAG = "flag"
    STATUS = "status"
    CUSTOM_STATUS = "custom status"
    ITEM = "item"
    USER = "user"
    USERS = "users"
    PLACES = "places"
    RESOLUTION = "resolution"
    COMMENTS = "comments"
    VALUES = "values"
    NOTES = "notes"
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place of an item."""

    group: Group
    """Which part."""
    name: str
    """The item's key, or the name of the field, attribute or milestone."""
    sort: Sort
    """What it holds."""
    id: int | None = None
    """KaiNexus' id, where a sample showed it."""
    score: str | None = None
    """Attribute: the weighted score it belongs to, which every write must name."""
    many: bool = False
    """Attribute: a sample had several values."""
    choices: tuple[tuple[int, str], ...] = ()
    """Attribute: ids and names of values that samples showed."""

    @property
    def entry(self) -> tuple[Group, str | int]:
        """What two faces of one entry have in common."""
        return SIDES.get(self.group, self.group), self.name if self.id is None else self.id


_DATES = ("createDate", "startDate", "assignDate", "dueDate", "resolutionSubmitDate", "completeDate", "reviewDate")
_PEOPLE = ("authors", "facilitators", "collaborators", "followers", "sponsors", "leaders", "participants")
_PLACES = ("participatingLocations", "originatingLocations", "responsibleLocations")

READ_ONLY: Mapping[str, Sort] = {
    "templateId": Sort.NUMBER,
    "templateName": Sort.TEXT,
    "link": Sort.TEXT,
    "parentSummary": Sort.TEXT,
    "lastUpdateDate": Sort.DATETIME,
    "likeCount": Sort.NUMBER,
    "ackCount": Sort.NUMBER,
    "voteCount": Sort.NUMBER,
}
"""Keys that reading shows and the server sets. (A template is chosen by the collection, at creation only.)"""

WRITABLE: Mapping[str, Sort] = {
    "summary": Sort.TEXT,
    "status": Sort.STATUS,
    "customStatus": Sort.CUSTOM_STATUS,
    "parentId": Sort.ITEM,
    "private": Sort.FLAG,
    "responsible": Sort.USER,
    "assigner": Sort.USER,
    **dict.fromkeys(_PEOPLE, Sort.USERS),
    **dict.fromkeys(_PLACES, Sort.PLACES),
    **dict.fromkeys(_DATES, Sort.DATETIME),
    **dict.fromkeys(("resolutionActual", "resolutionTarget", "resolutionForecast"), Sort.RESOLUTION),
    "comments": Sort.COMMENTS,
}
"""Keys of every item that take writes. [seed manual; sponsors to participants and followers: observed]"""

FIXED: Mapping[str, Slot] = {
    name: Slot(group=Group.KEY, name=name, sort=sort) for name, sort in {**WRITABLE, **READ_ONLY}.items()
}

_FACES = {
    Group.FIELD: Sort.UNKNOWN,
    Group.HTML: Sort.HTML,
    Group.ATTRIBUTE: Sort.VALUES,
    Group.ATTRIBUTE_NOTES: Sort.NOTES,
    Group.MILESTONE: Sort.MILESTONE,
    Group.MILESTONE_NOTES: Sort.TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All slots that are known of a collection, by every name they go by."""

    zone: ZoneInfo
    """The organization's."""
    slots: Mapping[str, Slot] = field(default_factory=lambda: dict(FIXED))
    """Name -> slot; long and short forms."""
    short: Mapping[tuple[Group, str | int], str] = field(default_factory=dict)
    """Group and id (or name) -> the name that records show."""

    def slot(self, name: str) -> Slot:
        """Where a name of a playbook stands; a name nobody knows is a custom field's."""
        found = self.slots.get(name)
        if found is not None:
            return found
        prefix, colon, rest = name.partition(":")
        if not colon or prefix not in _FACES:
            return Slot(group=Group.FIELD, name=name, sort=Sort.UNKNOWN)
        group = Group(prefix)
        return self._facing(group, rest)

    def _facing(self, group: Group, rest: str) -> Slot:
        """Another face of a known entry, or an entry nobody knows."""
        if rest.startswith("#") and rest[1:].isdecimal():
            return Slot(group=group, name=rest, sort=_FACES[group], id=int(rest[1:]))
        known = self.slots.get(f"{SIDES.get(group, group)}:{rest}")
        return Slot(group=group, name=rest, sort=_FACES[group], id=None if known is None else known.id)

    def faces(self, group: Group) -> Iterator[tuple[str, Slot]]:
        """The slots of one group, under the names that records show."""
        for (of, _), name in self.short.items():
            if of is group:
                yield name, self.slots[name]
