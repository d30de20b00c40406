"""One item of a PUT: a body becomes a new item or changes an old one, whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from migrator.emulators.kainexus import instants, statuses
from migrator.emulators.kainexus.access import Key
from migrator.emulators.kainexus.incoming import as_id, as_list, as_object
from migrator.emulators.kainexus.item import (
    ADVANCED_LISTS,
    DATES,
    LOCATION_LISTS,
    ONE_PERSON,
    PEOPLE_LISTS,
    RESOLUTIONS,
    Item,
    MilestoneState,
)
from migrator.emulators.kainexus.options import MILESTONE_AT_FIRST, SERVER_SET, SUMMARY_MAX, Options
from migrator.emulators.kainexus.organization import Organization, TeamType
from migrator.emulators.kainexus.refusal import Refusal
from migrator.emulators.kainexus.resolutions import write_resolution
from migrator.emulators.kainexus.values import check_required, write_attributes, write_fields, write_milestones


@dataclass(slots=True)
class Writing:
    """What a write happens in; `items` are all by id, `now` is the time as dates are read."""

    org: Organization
    options: Options
    key: Key
    items: dict[int, Item]
    now: str


def created(body: dict[str, Any], number: int, writing: Writing) -> Item:
    """A new item with id `number`. Raises Refusal with any code of the table."""
    if not writing.key.edits:
        raise Refusal("ACCESS_DENIED", "this key may not create items")
    template = writing.org.template(body)
    if template is None:
        raise Refusal("EMPTY", "templateId or templateName is required to create an item")
    if statuses.wants_deletion(body):
        raise Refusal("NOT_VALID", "an item can not be created as DELETED")
    item = Item(number, template, statuses.at_first(template))
    item.milestones = {each.id: MilestoneState(MILESTONE_AT_FIRST) for each in template.milestones}
    _apply(item, body, writing)
    item.status = statuses.asked(body, template) or item.status
    item.dates.setdefault("createDate", writing.now)
    _finish(item, writing)
    return item


def updated(body: dict[str, Any], before: Item, writing: Writing) -> Item:
    """The item after the change; `before` is not touched. Raises Refusal with any code of the table."""
    if not writing.key.may_view(before) or not writing.key.edits:
        raise Refusal("ACCESS_DENIED", f"this key may not edit item {before.id}")
    template = writing.org.template(body)
    if template is not None and template.id != before.template.id:
        raise Refusal("INVALID_CHANGE", "an item keeps its template")  # [assumption]
    item = before.draft()
    _apply(item, body, writing)
    if statuses.wants_deletion(body):
        item.deleted = True
        return item
    status = statuses.asked(body, item.template)
    if status is not None:
        statuses.check_change(before.status, status)
        item.status = status
    _finish(item, writing)
    return item


def _finish(item: Item, writing: Writing) -> None:
    """What holds after every write: a title, everything required, the date of the last update."""
    if not item.summary:
        raise Refusal("EMPTY", "summary is required")
    lacking = statuses.missing(item)
    if lacking:
        raise Refusal("EMPTY", f"{', '.join(lacking)} required in status {item.status.type}")
    check_required(item)
    item.dates["lastUpdateDate"] = writing.now


Writer = Callable[[Item, str, Any, Writing], None]


def _apply(item: Item, body: dict[str, Any], writing: Writing) -> None:
    for key, value in body.items():
        writer = _WRITERS.get(key)
        if writer is not None:
            writer(item, key, value, writing)
        elif key not in _ELSEWHERE and writing.options.refuse_unknown_keys:
            raise Refusal("NOT_VALID", f"an item has no {key!r}")


def _summary(item: Item, key: str, value: Any, writing: Writing) -> None:
    if value is not None and not isinstance(value, str):
        raise Refusal("NOT_VALID", f"summary is text, not {value!r}")
    text = (value or "").strip() if writing.options.trim_text else value or ""
    if len(text) > SUMMARY_MAX:
        raise Refusal("SIZE", f"summary has {len(text)} characters, at most {SUMMARY_MAX} fit")
    item.summary = text


def _parent(item: Item, key: str, value: Any, writing: Writing) -> None:
    number = as_id(value, key)
    if number is not None and (number not in writing.items or writing.items[number].deleted):
        raise Refusal("NOT_FOUND", f"parentId: no item with id {number}")
    above = number
    while above is not None:  # nobody is its own ancestor [assumption]
        if above == item.id:
            raise Refusal("INVALID_CHANGE", f"parentId: {number} is item {item.id} or stands below it")
        above = writing.items[above].parent
    item.parent = number


def _people(item: Item, key: str, value: Any, writing: Writing) -> None:
    """A list given replaces the old one, [] empties it. [assumption]"""
    ids = [writing.org.user(ref, key).id for ref in as_list(value, key)]
    if ids and key in ADVANCED_LISTS and item.template.team is not TeamType.ADVANCED:
        raise Refusal("NOT_VALID", f"{key}: only an Advanced team has them")  # [assumption]
    item.people[key] = list(dict.fromkeys(ids))


def _person(item: Item, key: str, value: Any, writing: Writing) -> None:
    item.people[key] = [] if value is None else [writing.org.user(value, key).id]


def _places(item: Item, key: str, value: Any, writing: Writing) -> None:
    ids = [writing.org.location(ref, key).id for ref in as_list(value, key)]
    item.locations[key] = list(dict.fromkeys(ids))


def _date(item: Item, key: str, value: Any, writing: Writing) -> None:
    if value is None:
        item.dates.pop(key, None)
        return
    item.dates[key] = instants.show(instants.parse(value, key, lenient=writing.options.lenient_dates))


def _comments(item: Item, key: str, value: Any, writing: Writing) -> None:
    """Comments are added, never replaced. [inferred]"""
    for raw in as_list(value, key):
        entry = as_object(raw, key)
        text = entry.get("comment")
        if not isinstance(text, str) or not text:
            raise Refusal("EMPTY", "comments: a comment needs its text")
        author = writing.org.user(entry.get("author") or {}, "comments.author")
        item.comments.append({"author": author.id, "comment": text, "date": writing.now})


def _private(item: Item, key: str, value: Any, writing: Writing) -> None:
    item.private = bool(_flag(key, value))


def _suppress(item: Item, key: str, value: Any, writing: Writing) -> None:
    _flag(key, value)


def _flag(key: str, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise Refusal("NOT_VALID", f"{key} is true or false, not {value!r}")
    return value


_WRITERS: dict[str, Writer] = {
    "summary": _summary,
    "parentId": _parent,
    "fields": lambda item, key, value, writing: write_fields(item, value, writing.org, writing.options),
    "attributes": lambda item, key, value, writing: write_attributes(item, value, writing.org),
    "milestones": lambda item, key, value, writing: write_milestones(item, value, writing.org, writing.key),
    "comments": _comments,
    "private": _private,
    "suppressNotifications": _suppress,
    **dict.fromkeys(PEOPLE_LISTS, _people),
    **dict.fromkeys(ONE_PERSON, _person),
    **dict.fromkeys(LOCATION_LISTS, _places),
    **dict.fromkeys([date for date in DATES if date not in SERVER_SET], _date),
    **dict.fromkeys(
        RESOLUTIONS,
        lambda item, key, value, writing: write_resolution(item, key, value, writing.org, writing.options),
    ),
}
"""Key of an item -> what a write of it does."""

_ELSEWHERE = SERVER_SET | {"id", "templateId", "templateName", "status", "customStatus"}
"""Keys that are read elsewhere, or taken and ignored."""
