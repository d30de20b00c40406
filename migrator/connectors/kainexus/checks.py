"""What can never be sent, told while planning: sentences about one record. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from migrator.connectors.kainexus import instants, scalars
from migrator.connectors.kainexus.directory import Directory, Register
from migrator.connectors.kainexus.learning import STATUS_TYPES
from migrator.connectors.kainexus.slots import Layout, Slot, Sort
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem, UnknownValue
from migrator.model.values import Ref, Value

_WORKING = ("PLANNED", "ACTIVE", "RES_SUBMITTED", "COMPLETE")
_CLOSING = {"RES_SUBMITTED": "resolutionSubmitDate", "COMPLETE": "completeDate", "DEFERRED": "reviewDate"}
_WITH_RESPONSIBLE = ("assigner", "startDate", "assignDate")


def objections(layout: Layout, directory: Directory, change: Change, *, status_checks: bool) -> list[Problem]:
    """All that speaks against sending this change."""
    after = change.after or {}
    found = [*_statuses(change, after), *_twice(layout, after)]
    for name, value in after.items():
        found.extend(_value(name, layout.slot(name), value, layout, directory))
    if status_checks and change.action is Action.CREATE:
        found.extend(_required(after))
    return found


def _problem(field: str, summary: str, hint: str = "") -> Problem:
    return Problem(code="SY010", summary=summary, hint=hint, place=Place(field=field))


def _statuses(change: Change, after: Mapping[str, Value]) -> Iterator[Problem]:
    status, custom = after.get("status"), after.get("customStatus")
    if status is not None and custom is not None:
        yield _problem(
            "status",
            "status and customStatus are both given, and KaiNexus would look at customStatus alone",
            "name one of them in `fields`: customStatus where several statuses share a type",
        )
    kind = _type(status)
    if kind is not None and kind not in STATUS_TYPES:
        yield _problem("status", f'"{status}" is no type of status', f"one of {', '.join(STATUS_TYPES)}")
    stood = _type((change.before or {}).get("status"))
    if kind == "DRAFT" and change.action is Action.UPDATE and stood not in (None, "DRAFT"):
        yield _problem(
            "status",
            f"the item is {stood}, and KaiNexus lets nothing return to DRAFT",
            "leave such records out with `where`, or map DRAFT to `omit`",
        )


def _twice(layout: Layout, after: Mapping[str, Value]) -> Iterator[Problem]:
    names: dict[object, str] = {}
    for name in after:
        slot = layout.slot(name)
        other = names.setdefault((slot.group, slot.entry), name)
        if other != name:
            yield _problem(name, f'"{other}" and "{name}" are two names of one field', "keep one of them in `fields`")


def _type(status: Value) -> str | None:
    return status.strip().upper() if isinstance(status, str) else None


def _required(after: Mapping[str, Value]) -> Iterator[Problem]:
    """What the vendor's table requires of a new item, as far as it can be told without knowing the team type."""
    status = _type(after.get("status"))
    if status is None:
        return
    hint = "give it, or set `status_checks: false` where your template requires other things"
    if not after.get("authors") and not after.get("facilitators"):
        yield _problem("authors", "a new item needs authors (facilitators, on an Advanced team)", hint)
    needs = [_CLOSING[status]] if status in _CLOSING else []
    if status in _WORKING and after.get("responsible"):
        needs.extend(_WITH_RESPONSIBLE)
    for name in needs:
        if not after.get(name):
            yield _problem(name, f"a new item with status {status} needs {name}", hint)


def _value(name: str, slot: Slot, value: Value, layout: Layout, directory: Directory) -> Iterator[Problem]:
    if value is None or value == "" or isinstance(value, Ref):
        return
    if slot.sort is Sort.NUMBER and scalars.number(value) is None:
        yield _problem(name, f'"{value}" is no number')
    elif slot.sort in (Sort.DATE, Sort.DATETIME) and instants.parse(value, layout.zone) is None:
        yield _problem(name, f'"{value}" is neither a date nor a time', "2024-03-01 or 2024-03-01T09:30:00Z")
    elif slot.sort in (Sort.USER, Sort.USERS):
        yield from _known(name, value, directory.users, "user")
    elif slot.sort is Sort.PLACES:
        yield from _known(name, value, directory.places, "network location")
    elif slot.sort is Sort.ITEM and not str(value).strip().isdecimal():
        yield _problem(name, f'"{value}" is no id of an item')


def _known(name: str, value: Value, register: Register, what: str) -> Iterator[Problem]:
    if not register.whole:
        return
    for each in scalars.texts(value):
        if isinstance(each, Ref) or register.find(str(each)) is not None:
            continue
        bearers = register.bearers(str(each))
        if bearers:
            why, summary = f"several {what}s of KaiNexus", f'{len(bearers)} {what}s of KaiNexus are called "{each}"'
            hint = f"say which by its id: {', '.join(map(str, bearers[:5]))}"
        else:
            why, summary = f"no {what} of KaiNexus", f'KaiNexus has no {what} "{each}"'
            hint = "check the spelling, or map the value to one that KaiNexus knows"
        unknown = UnknownValue(why=f'{why}: field "{name}"', value=str(each))
        yield replace(_problem(name, summary, hint), unknown=(unknown,))
