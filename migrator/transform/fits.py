"""`clean` and `coerce` as one function a field, with short cuts for the values that need neither.

A short cut takes only what is right as it stands; everything else goes the long way, which alone says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from migrator.model.values import OMIT, Field, Kind, Omit, Value
from migrator.transform.coerce import coerce
from migrator.transform.limits import LIST_ITEMS, TEXT_CHARACTERS
from migrator.transform.refusal import Refusal
from migrator.transform.results import clean

_SHORT: Final = 1_000
"""Characters and items that a short cut looks at."""
_MARKS: Final = "--T::Z"
"""Every third sign of `2024-03-01T00:30:00Z` from the fifth on."""

Fit = Callable[[Any], Value | Omit]
"""Takes what an expression came to; gives what the field takes, or OMIT. Raises Refusal."""


def fitter(field: Field | None, zone: str = "UTC", *, handed_through: bool = False) -> Fit:
    """The function for a field; None: the target does not tell its fields, so any clean value fits.

    `handed_through`: the expression is a field of the record, so its lists and maps are values already.
    """
    if field is None:
        return _as_read if handed_through else clean

    def long_way(result: Any) -> Value | Omit:
        value = clean(result)
        return value if isinstance(value, Omit) else coerce(field, value, zone)

    short_cut = _SHORT_CUTS.get(field.kind)
    return long_way if short_cut is None else short_cut(field, zone, long_way)


def _as_read(result: Any) -> Value | Omit:
    kind = result.__class__
    return result if kind is tuple or kind is dict else clean(result)


def _text(field: Field, zone: str, long_way: Fit) -> Fit:
    least, most = field.min_length or 1, TEXT_CHARACTERS if field.max_length is None else field.max_length

    def fit(result: Any) -> Value | Omit:
        if result.__class__ is str and result.isascii() and least <= len(result) <= most:
            return result
        return long_way(result)

    return fit


def _number(field: Field, zone: str, long_way: Fit) -> Fit:
    if field.minimum is not None or field.maximum is not None:
        return long_way

    def fit(result: Any) -> Value | Omit:
        if result.__class__ is int and -(2**63) <= result < 2**63:
            return result
        if result.__class__ is str and len(result) < 30 and result.isascii() and result.isdigit():
            return result if result[0] != "0" else long_way(result)
        return long_way(result)

    return fit


def _date(field: Field, zone: str, long_way: Fit) -> Fit:
    def fit(result: Any) -> Value | Omit:
        if result.__class__ is str and len(result) == 10 and result[4] == "-" and result[7] == "-":
            try:
                date.fromisoformat(result)
            except ValueError:
                return long_way(result)
            return result
        return long_way(result)

    return fit


def _datetime(field: Field, zone: str, long_way: Fit) -> Fit:
    """`2024-03-01T00:30:00Z` is the form already."""

    def fit(result: Any) -> Value | Omit:
        if result.__class__ is str and len(result) == 20 and result[4::3] == _MARKS and result[11:13] < "24":
            try:
                datetime.fromisoformat(result[:19])
            except ValueError:
                return long_way(result)
            return result
        return long_way(result)

    return fit


def _one_of(field: Field, zone: str, long_way: Fit) -> Fit:
    if field.choices is None:
        return _code(field, zone, long_way)
    choices = frozenset(field.choices or ()) - {""}

    def fit(result: Any) -> Value | Omit:
        return result if result.__class__ is str and result in choices else long_way(result)

    return fit


def _code(field: Field, zone: str, long_way: Fit) -> Fit:
    def fit(result: Any) -> Value | Omit:
        if result.__class__ is str and len(result) <= _SHORT and result.isascii() and result.strip():
            return result
        return long_way(result)

    return fit


def _some_of(field: Field, zone: str, long_way: Fit) -> Fit:
    choices = None if field.choices is None else frozenset(field.choices) - {""}

    def fit(result: Any) -> Value | Omit:
        if result.__class__ is not tuple or not 0 < len(result) <= _SHORT:
            return long_way(result)
        for item in result:
            if item.__class__ is not str or not item.isascii() or len(item) > _SHORT:
                return long_way(result)
            if not item.strip() if choices is None else item not in choices:
                return long_way(result)
        return result

    return fit


def _table(field: Field, zone: str, long_way: Fit) -> Fit:
    """Cells by functions of their columns, so that rows are walked once."""
    columns = {column.name: fitter(column, zone) for column in field.fields}

    def fit(result: Any) -> Value | Omit:
        if result.__class__ is not tuple or not 0 < len(result) <= LIST_ITEMS or not columns:
            return long_way(result)
        try:
            return tuple([_row(columns, row) for row in result])
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


_SHORT_CUTS: Final[Mapping[Kind, Callable[[Field, str, Fit], Fit]]] = {
    Kind.TEXT: _text,
    Kind.RICH_TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.CHOICE: _one_of,
    Kind.CHOICES: _some_of,
    Kind.USERS: _some_of,
    Kind.REFERENCES: _some_of,
    Kind.USER: _code,
    Kind.REFERENCE: _code,
    Kind.TABLE: _table,
}
