"""A result is brought to the target field's kind; what does not fit is refused, never bent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from migrator.model.playbook import Step
from migrator.model.problem import Place, Problem, UnknownValue
from migrator.model.values import Field, File, Kind, Ref, Value, WritableOn
from migrator.transform.moments import clock, moment, read
from migrator.transform.numbers import decimal_of
from migrator.transform.operators import is_number
from migrator.transform.refusal import Refusal, did_you_mean, first_of, shown, sort_of
from migrator.transform.results import plain, text_of

_UNREFERABLE: Final = frozenset(
    {Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.FILE, Kind.FILES, Kind.TABLE}
)


def check_targets(step: Step, target_fields: Mapping[str, Field] | None) -> list[Problem]:
    """Fields of the step that the target does not have, or does not let us write. Nothing where it does not tell."""
    if target_fields is None:
        return []
    problems = []
    for name in step.fields:
        place = Place(step=step.name, field=name)
        field = target_fields.get(name)
        if field is None:
            known = list(target_fields)
            listed = "there are: " + ", ".join(known[:20])
            told_name = f'unknown field "{name}" in target collection "{step.target.collection}"'
            problems.append(
                Problem(code="TR026", summary=told_name, place=place, hint=did_you_mean(name, known, listed))
            )
        elif field.writable_on is WritableOn.NEVER:
            summary = f'field "{name}" of target collection "{step.target.collection}" cannot be written'
            problems.append(Problem(code="TR027", summary=summary, place=place, hint="leave it out of `fields:`"))
    return problems


def coerce(field: Field, value: Value, zone: str = "UTC") -> Value:
    """The value as the field takes it; null clears. Raises Refusal TR020 to TR029. Local times are of the zone."""
    if value is None or value == "" or value == ():
        if field.required:
            raise Refusal("TR025", f'"{field.name}" is required and would be empty')
        if value is None:
            return None
    if isinstance(value, Ref):
        if field.kind in _UNREFERABLE:
            raise _unfit(field, "a ref")
        return (value,) if field.kind in _LISTS else value
    return _RULES[field.kind](field, value, zone)


def corrected(field: Field, value: Value, zone: str) -> Value | Problem:
    """A value that people gave by hand, as the field takes it, or why it does not."""
    if field.writable_on is WritableOn.NEVER:
        return Problem(code="TR027", summary=f'"{field.name}" cannot be written')
    try:
        return coerce(field, value, zone)
    except Refusal as refusal:
        return refusal.problem(None)


def _unfit(field: Field, what: str, hint: str = "") -> Refusal:
    kind = str(field.kind).replace("_", " ")
    return Refusal("TR020", f'"{field.name}" takes {kind}, not {what}', hint=hint)


def _text(field: Field, value: Value, zone: str) -> str:
    if not isinstance(value, str):
        if not is_number(value):
            raise _unfit(field, sort_of(value), _TEXT_HINTS.get(sort_of(value), ""))
        value = text_of(value)
    if field.max_length is not None and len(value) > field.max_length:
        told = f'"{field.name}" takes {field.max_length} characters, not {len(value)}'
        raise Refusal("TR021", told, detail=f"the text is {shown(value)}", hint=f"`| truncate({field.max_length})`")
    if field.min_length is not None and 0 < len(value) < field.min_length:
        raise Refusal("TR022", f'"{field.name}" takes at least {field.min_length} characters, not {len(value)}')
    return value


_TEXT_HINTS: Final = {
    "true or false": "`'yes' if … else 'no'` says it in words; `| string` gives true or false",
    "a list": "`| join(', ')` makes a text of it",
    "a map": "`| to_json` makes a text of it",
}


def _number(field: Field, value: Value, zone: str) -> Value:
    if isinstance(value, str):
        number = decimal_of(value)
        if number is None:
            hint = (
                "`none_if_empty` makes null of an empty text" if not value.strip() else "`| number` reads other forms"
            )
            raise _unfit(field, shown(value), hint)
        value = plain(number)
    elif not is_number(value):
        raise _unfit(field, sort_of(value))
    else:
        number = Decimal(repr(value))
    _check_range(field, number)
    return value


def _check_range(field: Field, number: Decimal) -> None:
    if field.minimum is not None and number < Decimal(field.minimum):
        raise Refusal("TR023", f'"{field.name}" takes numbers from {field.minimum}, not {plain(number)}')
    if field.maximum is not None and number > Decimal(field.maximum):
        raise Refusal("TR023", f'"{field.name}" takes numbers up to {field.maximum}, not {plain(number)}')


def _boolean(field: Field, value: Value, zone: str) -> bool:
    if isinstance(value, bool):
        return value
    raise _unfit(field, shown(value), "compare it: `record.x == 1`, `record.x == 'yes'`")


def _date(field: Field, value: Value, zone: str) -> str:
    made = read(value) if isinstance(value, str) else None
    if made is None or isinstance(made, datetime):
        raise _unfit(field, shown(value), "`| date` takes the date of a moment")
    return made.isoformat()


def _time(field: Field, value: Value, zone: str) -> str:
    if not isinstance(value, str):
        raise _unfit(field, shown(value), "`| time` makes one")
    return clock(value.strip())


def _datetime(field: Field, value: Value, zone: str) -> str:
    """UTC to the second, `2024-03-01T00:30:00Z`: the form that every connector reads; fractions are cut."""
    made = read(value) if isinstance(value, str) else None
    if not isinstance(made, datetime):
        raise _unfit(field, shown(value), "`| datetime` makes midnight of a date")
    try:
        return moment(made, zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except OverflowError:
        raise Refusal("TR028", f"{shown(value)} is beyond the calendar in UTC") from None


def _choice(field: Field, value: Value, zone: str) -> str:
    text = _code(field, value)
    if field.choices is not None and text not in field.choices:
        listed = ", ".join(shown(choice) for choice in field.choices[:10])
        more = f" and {len(field.choices) - 10} more" if len(field.choices) > 10 else ""
        hint = did_you_mean(text, field.choices, f"there are: {listed}{more}")
        unknown = (UnknownValue(why=f'no choice of field "{field.name}"', value=text),)
        raise Refusal("TR024", f'"{field.name}" has no choice {shown(text)}', hint=hint, unknown=unknown)
    return text


def _code(field: Field, value: Value, zone: str = "") -> str:
    """A code or an id: a text, or a whole number as its text."""
    if value.__class__ is int:
        return str(value)
    if not isinstance(value, str):
        raise _unfit(field, sort_of(value))
    if not value.strip():
        raise _unfit(field, "an empty text", "`none_if_empty` makes null of it")
    return value


def _each(rule: Callable[[Field, Value, str], Value]) -> Callable[[Field, Value, str], Value]:
    """A list of what the rule takes; one alone counts as a list of one, an empty text as an empty list."""

    def rule_of_list(field: Field, value: Value, zone: str) -> Value:
        if value == "":
            return ()
        items = value if isinstance(value, tuple) else (value,)
        made: list[Value] = []
        refused: list[Refusal] = []
        for item in items:
            try:
                made.append(item if isinstance(item, Ref) else rule(field, item, zone))
            except Refusal as refusal:
                refused.append(refusal)
        if refused:
            raise first_of(refused)
        return tuple(made)

    return rule_of_list


def _file(field: Field, value: Value, zone: str) -> Value:
    if isinstance(value, File):
        return value
    if isinstance(value, tuple) and len(value) == 1 and field.kind is Kind.FILE:
        return _file(field, value[0], zone)
    raise _unfit(field, sort_of(value), "hand through a file field of the source")


def _table(field: Field, value: Value, zone: str) -> Value:
    if not isinstance(value, tuple):
        raise _unfit(field, sort_of(value), "a table is a list of maps")
    columns = {column.name: column for column in field.fields}
    return tuple([_row(field, columns, row, place, zone) for place, row in enumerate(value, 1)])


def _row(field: Field, columns: Mapping[str, Field], row: Value, place: int, zone: str) -> Value:
    if not isinstance(row, Mapping):
        raise _unfit(field, f"{sort_of(row)} as row {place}", "a table is a list of maps")
    made = {}
    for name, cell in row.items():
        column = columns.get(name)
        if column is None and columns:
            raise Refusal("TR026", f'"{field.name}" has no column "{name}"', hint=did_you_mean(name, columns))
        try:
            made[name] = cell if column is None else coerce(column, cell, zone)
        except Refusal as refusal:
            refusal.summary = f'row {place} of "{field.name}": {refusal.summary}'
            raise
    return made


def _json(field: Field, value: Value, zone: str) -> Value:
    return value


_RULES: Final[Mapping[Kind, Callable[[Field, Value, str], Value]]] = {
    Kind.TEXT: _text,
    Kind.RICH_TEXT: _text,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DATETIME: _datetime,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _each(_choice),
    Kind.USER: _code,
    Kind.USERS: _each(_code),
    Kind.REFERENCE: _code,
    Kind.REFERENCES: _each(_code),
    Kind.FILE: _file,
    Kind.FILES: _each(_file),
    Kind.TABLE: _table,
    Kind.JSON: _json,
}
_LISTS: Final = frozenset({Kind.CHOICES, Kind.USERS, Kind.REFERENCES})
