"""Nearly all changes are plain: texts, numbers with room, labels, whole rows. Those are made by a generated function.

It does what the checks and `Payloads` do at a third of the price. It knows nothing of what is wrong: whatever is not
plain is left to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from migrator.connectors.kintone.form import DEFAULT_PRECISION
from migrator.connectors.kintone.rows import columns_of
from migrator.connectors.kintone.values import SCALARS, text_of, type_of, writer_of
from migrator.model.values import Field, Value

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Classes of values that hold no other value and no file."""

_DICT = frozenset({dict})

_KEPT = 64
"""Sets of fields that functions are kept for: updates name the changed fields only, in many combinations."""

_Made = Callable[..., Any]


class _NotPlainError(Exception):
    """A value that the plain case does not cover."""


class PlainPayloads:
    """Fields as a write's `record` takes them, where all of them are plain."""

    def __init__(self, known: Mapping[str, Field]) -> None:
        self._known = known
        self._makers: dict[tuple[str, ...], _Made] = {}

    def made(self, fields: Mapping[str, Value]) -> dict[str, dict[str, Any]] | None:
        """What `Payloads.made` makes of fields that pass the checks; None: they are not plain."""
        names = tuple(fields)
        maker = self._makers.get(names) or self._maker(names)
        try:
            payload: dict[str, dict[str, Any]] = maker(*fields.values())
        except (_NotPlainError, KeyError):
            return None
        return payload

    def _maker(self, names: tuple[str, ...]) -> _Made:
        """A function of the values, in this order."""
        if len(self._makers) >= _KEPT:
            return _refused
        self._makers[names] = maker = self._generated(names)
        return maker

    def _generated(self, names: tuple[str, ...]) -> _Made:
        if not self._known.keys() >= set(names):
            return _refused
        fields = [self._known[name] for name in names]
        head, body, used = _expression((field, _checked(field)) for field in fields)
        made: _Made = eval(f"lambda {head}: {body}", used)  # noqa: S307  field codes alone go in, as literals
        return made


def room_of(number: Field) -> int:
    """Digits that a number may have before the decimal point."""
    places, _, digits = number.extra.get("precision", DEFAULT_PRECISION)
    room: int = digits - places
    return room


def _expression(fields: Iterable[tuple[Field, _Made | None]]) -> tuple[str, str, dict[str, Any]]:
    """Names of values, an expression of the payload made of them, what it uses. A field without writer is a text."""
    used: dict[str, Any] = {"text": _text}
    cells = []
    for place, (field, writer) in enumerate(fields):
        used[f"w{place}"] = writer
        made = (
            f"v{place} if v{place}.__class__ is str else text(v{place})" if writer is None else f"w{place}(v{place})"
        )
        cells.append(f"{field.name!r}: {{'value': {made}}}")
    return ", ".join(f"v{place}" for place in range(len(cells))), f"{{{', '.join(cells)}}}", used


def _checked(field: Field) -> _Made | None:
    """The writer of a field that the checks look at, too."""
    type_ = type_of(field)
    if type_ == "NUMBER":
        return _number(room_of(field))
    return _rows(field) if type_ == "SUBTABLE" else _writer(field)


def _writer(field: Field) -> _Made | None:
    type_ = type_of(field)
    if type_ == "FILE":
        return _no_files
    return None if type_ in SCALARS else writer_of(field)


def _text(value: Value) -> str:
    if value.__class__ not in PLAIN:
        raise _NotPlainError
    return text_of(value)


def _number(room: int) -> _Made:
    def written(value: Any) -> str:
        text: str = value if value.__class__ is str else _text(value)
        if len(text) > room or "e" in text or "E" in text:
            raise _NotPlainError
        return text

    return written


def _refused(*values: Value) -> Any:
    raise _NotPlainError


def _no_files(value: Value) -> list[Value]:
    if value not in ((), None, ""):
        raise _NotPlainError
    return []


def _rows(table: Field) -> _Made:
    """Rows that name all columns that take values, and no other: nothing is to be filled in or left out."""
    columns = columns_of(table)
    if not columns:
        return _refused
    head, body, used = _expression((column, _writer(column)) for column in columns.values())
    made = eval(f"lambda rows: [{{'value': {body}}} for {head} in rows]", used)  # noqa: S307  as above
    cells, sizes = itemgetter(*columns), frozenset({len(columns)})

    def written(value: Any) -> list[Any]:
        if value.__class__ is not tuple or not _DICT.issuperset(map(type, value)):
            raise _NotPlainError
        if not sizes.issuperset(map(len, value)):
            raise _NotPlainError
        rows: list[Any] = made(map(cells, value))
        return rows

    return written
