"""Which status a write asks for, and what each type of status requires."""

from typing import Any

from migrator.emulators.kainexus.item import Item
from migrator.emulators.kainexus.options import DEFAULT_STATUS, DELETED, OVERDUE_SUFFIX
from migrator.emulators.kainexus.organization import Status, TeamType, Template
from migrator.emulators.kainexus.refusal import Refusal

TYPES = ("DRAFT", "NEW", "PLANNED", "ACTIVE", "RES_SUBMITTED", "COMPLETE", "DEFERRED")
"""Every status type. [seed]"""

_STARTED = ("PLANNED", "ACTIVE", "RES_SUBMITTED", "COMPLETE")
_OWNED = ("ACTIVE", "RES_SUBMITTED", "COMPLETE")
_OTHER_DATE = {"RES_SUBMITTED": "resolutionSubmitDate", "COMPLETE": "completeDate", "DEFERRED": "reviewDate"}


def asked(body: dict[str, Any], template: Template) -> Status | None:
    """The status that a body asks for, or None if it names none.

    `customStatus` is read first; only if it is null does `status` count, and then it means the type's primary
    status. [seed] Raises Refusal NOT_FOUND (no such name), NOT_VALID (no such type).
    """
    custom = body.get("customStatus")
    if custom is not None:
        return _named(custom, template)
    kind = body.get("status")
    if kind is None:
        return None
    if kind not in TYPES:
        raise Refusal("NOT_VALID", f"status is one of {', '.join(TYPES)}, not {kind!r}")
    return primary(kind, template)


def wants_deletion(body: dict[str, Any]) -> bool:
    """Whether the body carries the undocumented deleting status, not outvoted by a customStatus."""
    return body.get("status") == DELETED and body.get("customStatus") is None


def primary(kind: str, template: Template) -> Status:
    """The type's primary status on the template; Refusal NOT_VALID if it has none of that type. [assumption]"""
    for status in template.statuses:
        if status.type == kind:
            return status
    raise Refusal("NOT_VALID", f'template "{template.name}" has no status of type {kind}')


def at_first(template: Template) -> Status:
    """The status of an item created without one: the primary NEW one, else the template's first. [assumption]"""
    return next((each for each in template.statuses if each.type == DEFAULT_STATUS), template.statuses[0])


def _named(custom: Any, template: Template) -> Status:
    for status in template.statuses:
        # an echoed overdue twin means the status it is the twin of [assumption]
        if custom == status.name or (status.type == "ACTIVE" and custom == status.name + OVERDUE_SUFFIX):
            return status
    raise Refusal("NOT_FOUND", f'no status named {custom!r} on template "{template.name}"')


def check_change(before: Status, after: Status) -> None:
    """Nothing that left DRAFT returns to it [seed]; the code INVALID_CHANGE is [assumption]."""
    if after.type == "DRAFT" and before.type != "DRAFT":
        raise Refusal("INVALID_CHANGE", f"an item in {before.type} can not go back to DRAFT")


def missing(item: Item) -> list[str]:
    """The keys that the item's status requires and that it lacks, by the default table of the vendor. [seed]

    The item is judged as it stands after the write. [inferred] Empty for templates whose check is off.
    """
    if not item.template.check_status:
        return []
    kind = item.status.type
    lacking = [key for key in _needed_people(item, kind) if not item.names_people(key)]
    return lacking + [key for key in _needed_dates(item, kind) if key not in item.dates]


def _needed_people(item: Item, kind: str) -> list[str]:
    team = item.template.team
    needed = ["facilitators"] if team is TeamType.ADVANCED else []
    if team is not TeamType.ADVANCED or item.template.authors_on:
        needed.append("authors")
    if kind in _OWNED and _has_owner(team):
        needed.append("responsible")
    if kind in _STARTED and item.names_people("responsible"):
        needed.append("assigner")
    return needed


def _needed_dates(item: Item, kind: str) -> list[str]:
    needed = []
    if kind in _STARTED:
        if item.names_people("responsible"):
            needed += ["startDate", "assignDate"]
        if "startDate" in item.dates and _has_owner(item.template.team):
            needed.append("dueDate")
    if kind in _OTHER_DATE:
        needed.append(_OTHER_DATE[kind])
    return needed


def _has_owner(team: TeamType) -> bool:
    return team in (TeamType.SIMPLE, TeamType.STANDARD)
