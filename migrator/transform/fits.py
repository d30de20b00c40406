"""What a field's results must be, as Python conditions for generated code, and what becomes of all other results.

A condition takes only what is right as it stands; everything else goes the long way (`clean`, then `coerce`), which
alone says what is wrong. Conditions are text so that the function of a step holds them inline: a call of a function
for each field cost as much as the checks themselves (measured).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Any, Final

from migrator.model.lean import dataclass
from migrator.model.values import OMIT, Field, File, Kind, Omit, Value
from migrator.transform.coerce import coerce
from migrator.transform.limits import LIST_ITEMS, TEXT_CHARACTERS
from migrator.transform.refusal import Refusal
from migrator.transform.results import clean

Fit = Callable[[Any], Value | Omit]
"""Takes what an expression came to; gives what the field takes, or OMIT. Raises Refusal."""

_SOUND: Final = "({v}.isascii() or {v}.encode())"
"""Of a text: encoding raises UnicodeEncodeError where it holds half a character."""
_TEXT: Final = f"{{v}}.__class__ is str and len({{v}}) <= {TEXT_CHARACTERS} and {_SOUND}"
_INTEGER: Final = f"{{v}}.__class__ is int and {-(2**63)} <= {{v}} <= {2**63 - 1}"
_DIGITS: Final = "len({v}) < 30 and {v}.isdigit() and {v}.isascii() and ({v}[0] != '0' or {v} == '0')"
_BEFORE_24: Final = "({v}[%d] < '2' or {v}[%d] < '4')"
"""Newer Pythons read 24:00 as the next day's 00:00."""


def _are_codes(items: tuple[Any, ...]) -> bool:
    for item in items:
        if item.__class__ is not str or len(item) > TEXT_CHARACTERS or not item or item.isspace():
            return False
        if not item.isascii():
            item.encode()
    return True


SHARED: Final[Mapping[str, Any]] = {
    "File": File,
    "absent": object(),
    "are_codes": _are_codes,
    "finite": math.isfinite,
    "iso_date": date.fromisoformat,
    "iso_moment": datetime.fromisoformat,
    "iso_time": time.fromisoformat,
    "only_files": frozenset({File}).issuperset,
    "plain_number": re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?").fullmatch,
}
"""Names that conditions use; all others are of one condition each."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """How the results of one field are brought to it."""

    right: str
    """A condition on `{v}`, true for what is right as it stands. May raise TypeError and ValueError for the rest."""
    otherwise: Fit
    """What gives the value for all else."""
    names: Mapping[str, Any]
    """What the condition calls by names of its own."""


def fitting(field: Field | None, zone: str = "UTC", place: str = "", *, handed_through: bool = False) -> Fitting:
    """For a field; None: the target does not tell its fields, so any clean value fits.

    `handed_through`: the expression is a field of the record, so its lists and maps are values already. `place` is a
    word that no other fitting of the same generated code has.
    """
    if field is None:
        containers = " or {v}.__class__ is tuple or {v}.__class__ is dict" if handed_through else ""
        return Fitting(_ANY + containers, _as_read if handed_through else clean, {})

    def long_way(result: Any) -> Value | Omit:
        value = clean(result)
        return value if isinstance(value, Omit) else coerce(field, value, zone)

    right, names = _CONDITIONS[field.kind](field, place)
    if not field.required:
        right = f"{right} or {{v}} is None"
    return Fitting(right, _table_fit(field, zone, long_way) if field.kind is Kind.TABLE else long_way, names)


def fitter(field: Field | None, zone: str = "UTC", *, handed_through: bool = False) -> Fit:
    """The same as one function, for a single field or cell."""
    found = fitting(field, zone, handed_through=handed_through)
    lines = [
        "def fit(v):",
        "    try:",
        f"        if {found.right.format(v='v')}:",
        "            return v",
        "    except (TypeError, ValueError):",
        "        pass",
        "    return otherwise(v)",
    ]
    namespace: dict[str, Any] = {**SHARED, **found.names, "otherwise": found.otherwise}
    exec("\n".join(lines), namespace)  # noqa: S102  conditions are written in this module, no word of a playbook goes in
    made: Fit = namespace["fit"]
    return made


def _as_read(result: Any) -> Value | Omit:
    kind = result.__class__
    return result if kind is tuple or kind is dict else clean(result)


Condition = tuple[str, Mapping[str, Any]]


def _text(field: Field, place: str) -> Condition:
    least = field.min_length or (1 if field.required else 0)
    most = TEXT_CHARACTERS if field.max_length is None else min(field.max_length, TEXT_CHARACTERS)
    return f"{{v}}.__class__ is str and {_length(least, most)} and {_SOUND}", {}


def _length(least: int, most: int) -> str:
    return f"{least} <= len({{v}}) <= {most}" if least else f"len({{v}}) <= {most}"


def _number(field: Field, place: str) -> Condition:
    if field.minimum is not None or field.maximum is not None:
        return "False", {}
    texts = f"{{v}}.__class__ is str and ({_DIGITS} or plain_number({{v}}))"
    return f"{_INTEGER} or {texts} or {{v}}.__class__ is float and finite({{v}})", {}


def _boolean(field: Field, place: str) -> Condition:
    return "{v}.__class__ is bool", {}


def _date(field: Field, place: str) -> Condition:
    return "{v}.__class__ is str and len({v}) == 10 and {v}[4] == '-' == {v}[7] and iso_date({v})", {}


def _time(field: Field, place: str) -> Condition:
    marks = "len({v}) == 8 and {v}[2] == ':' == {v}[5] and " + _BEFORE_24 % (0, 1)
    return f"{{v}}.__class__ is str and {marks} and iso_time({{v}}) is not None", {}


def _datetime(field: Field, place: str) -> Condition:
    """`2024-03-01T00:30:00Z` is the form already; every third sign from the fifth on is a mark."""
    marks = "len({v}) == 20 and {v}[4::3] == '--T::Z' and " + _BEFORE_24 % (11, 12)
    return f"{{v}}.__class__ is str and {marks} and iso_moment({{v}})", {}


def _one_of(field: Field, place: str) -> Condition:
    if field.choices is None:
        return _code(field, place)
    return f"{{v}}.__class__ is str and {{v}} in choices{place}", {f"choices{place}": _told(field)}


def _code(field: Field, place: str) -> Condition:
    return f"{_TEXT} and {{v}} and not {{v}}.isspace()", {}


def _some_of(field: Field, place: str) -> Condition:
    if field.choices is None:
        return f"{_some(field)} and are_codes({{v}})", {}
    return f"{_some(field)} and choices{place}({{v}})", {f"choices{place}": _told(field).issuperset}


def _some(field: Field, most: int = 1_000) -> str:
    return f"{{v}}.__class__ is tuple and {_length(int(field.required), most)}"


def _told(field: Field) -> frozenset[str]:
    return frozenset(choice for choice in field.choices or () if choice.strip())


def _file(field: Field, place: str) -> Condition:
    return "{v}.__class__ is File", {}


def _files(field: Field, place: str) -> Condition:
    return f"{_some(field)} and only_files(map(type, {{v}}))", {}


def _json(field: Field, place: str) -> Condition:
    return "False" if field.required else _ANY, {}


def _table(field: Field, place: str) -> Condition:
    """A function that looks at the rows: right are those that have every column, each with a cell that is right."""
    names: dict[str, Any] = dict(SHARED)
    tests = []
    for number, column in enumerate(field.fields):
        cell = fitting(column, place=f"{place}_{number}")
        names |= cell.names
        tests += [
            f"        v = row.get({column.name!r}, absent)",
            f"        if not ({cell.right.format(v='v')}):",
            "            return False",
        ]
    lines = [
        "def rows_are_right(rows):",
        "    for row in rows:",
        f"        if row.__class__ is not dict or len(row) != {len(field.fields)}:",
        "            return False",
        *tests,
        "    return True",
    ]
    exec("\n".join(lines), names)  # noqa: S102  of the target's words only names of columns go in, as constants
    return f"{_some(field, LIST_ITEMS)} and rows{place}({{v}})", {f"rows{place}": names["rows_are_right"]}


def _table_fit(field: Field, zone: str, long_way: Fit) -> Fit:
    """Cells by functions of their columns, so that rows are walked once."""

    @cache
    def columns() -> dict[str, Fit]:
        return {column.name: fitter(column, zone) for column in field.fields}

    def fit(result: Any) -> Value | Omit:
        if result.__class__ is not tuple or not 0 < len(result) <= LIST_ITEMS or not field.fields:
            return long_way(result)
        try:
            return tuple([_row(columns(), row) for row in result])
        except (Refusal, LookupError):
            return long_way(result)

    return fit


def _row(columns: Mapping[str, Fit], row: Any) -> Value:
    """A row. Raises LookupError for what is none, or has a column that the table has not; Refusal for a bad cell."""
    if row.__class__ is not dict:
        raise LookupError
    made = {}
    for name, cell in row.items():
        value = columns[name](cell)
        if value is not OMIT:
            made[name] = value
    return made


_ANY: Final = f"{_TEXT} or {{v}} is None or {{v}}.__class__ is bool or {_INTEGER}"
_CONDITIONS: Final[Mapping[Kind, Callable[[Field, str], Condition]]] = {
    Kind.TEXT: _text,
    Kind.RICH_TEXT: _text,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DATETIME: _datetime,
    Kind.CHOICE: _one_of,
    Kind.CHOICES: _some_of,
    Kind.USER: _code,
    Kind.USERS: _some_of,
    Kind.REFERENCE: _code,
    Kind.REFERENCES: _some_of,
    Kind.FILE: _file,
    Kind.FILES: _files,
    Kind.TABLE: _table,
    Kind.JSON: _json,
}
