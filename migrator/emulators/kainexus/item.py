"""One item: what is kept of it, and the form in which it is read."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from migrator.emulators.kainexus.options import LINK, OVERDUE_SUFFIX, Options
from migrator.emulators.kainexus.organization import (
    Attribute,
    Field,
    FieldKind,
    Organization,
    Status,
    TeamType,
    Template,
)

ONE_PERSON = ("responsible", "assigner")
TEAM_LISTS = ("authors", "facilitators", "collaborators", "followers")
ADVANCED_LISTS = ("sponsors", "leaders", "participants")
PEOPLE_LISTS = TEAM_LISTS + ADVANCED_LISTS
LOCATION_LISTS = ("participatingLocations", "originatingLocations", "responsibleLocations")
DATES = (
    "createDate",
    "startDate",
    "assignDate",
    "dueDate",
    "resolutionSubmitDate",
    "completeDate",
    "reviewDate",
    "lastUpdateDate",
)
RESOLUTIONS = ("resolutionActual", "resolutionTarget", "resolutionForecast")
COUNTS = ("likeCount", "ackCount", "voteCount")


@dataclass(slots=True)
class Chosen:
    """One chosen value of an attribute: the id of a choice, a user or a location."""

    id: int
    note: str | None = None


@dataclass(slots=True)
class MilestoneState:
    """Where a milestone of an item stands; `by` is a user's id."""

    status: str
    notes: str | None = None
    by: int | None = None


@dataclass(slots=True)
class Item:
    """What is kept of an item.

    fields: field id -> text, number, date as it is read, or (plain, html) of a text area; absent = empty.
    people and locations: key -> ids; `responsible` and `assigner` hold at most one. dates: key -> as read.
    encoded: the item as read, until something changes it.
    """

    id: int
    template: Template
    status: Status
    summary: str = ""
    parent: int | None = None
    fields: dict[int, Any] = field(default_factory=dict)
    attributes: dict[int, list[Chosen]] = field(default_factory=dict)
    milestones: dict[int, MilestoneState] = field(default_factory=dict)
    people: dict[str, list[int]] = field(default_factory=dict)
    locations: dict[str, list[int]] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    resolutions: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    private: bool = False
    deleted: bool = False
    encoded: bytes | None = None

    def draft(self) -> "Item":
        """A copy to be changed and then kept or thrown away: writers replace inner values, never alter them."""
        return Item(
            self.id,
            self.template,
            self.status,
            self.summary,
            self.parent,
            dict(self.fields),
            dict(self.attributes),
            dict(self.milestones),
            dict(self.people),
            dict(self.locations),
            dict(self.dates),
            list(self.comments),
            dict(self.resolutions),
            dict(self.counts),
            self.private,
            self.deleted,
        )

    def names_people(self, key: str) -> bool:
        """Whether anybody stands under `key`."""
        return bool(self.people.get(key))


def encode(item: Item, org: Organization, options: Options, parent_summary: str | None, now: str) -> bytes:
    """The item as GET answers it, kept until it changes.

    Not kept: an item whose form hangs on something beside it (a parent's title, the time of day, a switch).
    """
    if item.parent is not None or options.overdue_twin or options.read_comments:
        return orjson.dumps(read_form(item, org, options, parent_summary, now))
    if item.encoded is None:
        item.encoded = orjson.dumps(read_form(item, org, options, None, now))
    return item.encoded


def read_form(
    item: Item, org: Organization, options: Options, parent_summary: str | None, now: str
) -> dict[str, Any]:
    """The item as a JSON object, keys in the order of the vendor's example. `now` as dates are read."""
    template = item.template
    form: dict[str, Any] = {
        "templateId": template.id,
        "templateName": template.name,
        "id": item.id,
        "summary": item.summary,
        "link": LINK.format(item.id),
    }
    if item.parent is not None:
        form["parentId"] = item.parent
        form["parentSummary"] = parent_summary
    form["status"] = item.status.type
    form["customStatus"] = _status_name(item, options, now)
    form["fields"] = [_field_form(each, item.fields) for each in template.fields]
    form["attributes"] = [_attribute_form(each, item, org) for each in template.attributes]
    form["milestones"] = [_milestone_form(each.id, each.name, item, org) for each in template.milestones]
    _add_people(form, item, org)
    for key in LOCATION_LISTS:
        places = item.locations.get(key, ())
        form[key] = [{"id": each, "name": org.locations[each].name} for each in places if each in org.locations]
    form.update({key: item.dates[key] for key in DATES if key in item.dates})
    form.update(item.resolutions)
    form.update({key: item.counts.get(key, 0) for key in COUNTS})
    form["private"] = item.private
    if options.read_comments:
        form["comments"] = [{**each, "author": org.users[each["author"]].ref()} for each in item.comments]
    return form


def _status_name(item: Item, options: Options, now: str) -> str:
    due = item.dates.get("dueDate")
    overdue = options.overdue_twin and item.status.type == "ACTIVE" and due is not None and due < now
    return item.status.name + OVERDUE_SUFFIX if overdue else item.status.name


def _field_form(each: Field, values: dict[int, Any]) -> dict[str, Any]:
    """Full lists in the template's order [inferred]; an empty field is there without a value key [assumption]."""
    value = values.get(each.id)
    form: dict[str, Any] = {"id": each.id, "name": each.name}
    if value is None:
        return form
    if each.kind is FieldKind.TEXT_AREA:
        form["value"], form["htmlValue"] = value
    else:
        form[VALUE_KEY[each.kind]] = value
    return form


VALUE_KEY = {
    FieldKind.TEXT: "value",
    FieldKind.TEXT_AREA: "value",
    FieldKind.NUMBER: "numericValue",
    FieldKind.DATE: "dateValue",
    FieldKind.DATE_TIME: "dateValue",
}
"""The key that a field's value travels under. [seed]"""


def _attribute_form(each: Attribute, item: Item, org: Organization) -> dict[str, Any]:
    form: dict[str, Any] = {"id": each.id, "name": each.name}
    if each.score is not None:
        form["score"] = each.score[1]
    values = []
    for chosen in item.attributes.get(each.id, ()):
        value: dict[str, Any] = {"id": chosen.id, "name": _chosen_name(each, chosen.id, org)}
        if chosen.note is not None:
            value["note"] = chosen.note
        values.append(value)
    form["values"] = values
    return form


def _chosen_name(each: Attribute, number: int, org: Organization) -> str:
    """A person is named by user name. [assumption]"""
    if each.kind == "person":
        return org.users[number].username
    if each.kind == "location":
        return org.locations[number].name if number in org.locations else ""
    return next((value.name for value in each.values if value.id == number), "")


def _milestone_form(number: int, name: str, item: Item, org: Organization) -> dict[str, Any]:
    state = item.milestones[number]
    form: dict[str, Any] = {"id": number, "name": name, "status": state.status}
    if state.notes is not None:
        form["notes"] = state.notes
    if state.by is not None:
        form["lastUpdatedBy"] = org.users[state.by].ref()
    return form


def _add_people(form: dict[str, Any], item: Item, org: Organization) -> None:
    advanced = item.template.team is TeamType.ADVANCED
    for key in PEOPLE_LISTS if advanced else TEAM_LISTS:
        form[key] = [org.users[each].ref() for each in item.people.get(key, ())]
    for key in ONE_PERSON:
        if item.names_people(key):
            form[key] = org.users[item.people[key][0]].ref()
