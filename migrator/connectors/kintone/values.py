"""Values as Kintone's JSON has them, and as records have them.

In a record: numbers, dates and times are the texts that were read; users, organizations and groups are their codes
(names may change); an empty scalar is None, an empty list is (). A table is a tuple of rows, a row a map of its
cells; row ids are not kept: a write sends whole rows (see rows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from migrator.connectors.kintone.form import CHOICES_TYPES, USER_TYPES
from migrator.contract import frozen
from migrator.model.values import Field, File, Record, Value, quick_record

_STR = frozenset({str})

Payload = Mapping[str, Mapping[str, Any]]
"""Field code -> {"type", "value"}."""

SCALARS = frozenset(
    {
        "SINGLE_LINE_TEXT", "MULTI_LINE_TEXT", "RICH_TEXT", "LINK", "NUMBER", "CALC", "RADIO_BUTTON", "DROP_DOWN",
        "DATE", "TIME", "DATETIME", "RECORD_NUMBER", "CREATED_TIME", "UPDATED_TIME", "STATUS",
    }
)  # fmt: skip
"""Types whose value is a text."""


def to_record(payload: Payload, system: str = "") -> Record:
    """A record of an answer. `system` goes into its Files. Raises KeyError, TypeError where it is none.

    `$id` and `$revision` become id and version; they are no fields.
    """
    fields: dict[str, Value] = {}
    for code, told in payload.items():
        value = told["value"]
        if told["type"] in SCALARS:
            fields[code] = value or None
        elif code[0] != "$":
            fields[code] = _read(told["type"], value, system)
    return quick_record(id=payload["$id"]["value"], fields=fields, version=payload["$revision"]["value"])


class Payloads:
    """Fields as a write's `record` takes them; what each field asks is looked up once.

    A field that `known` does not have goes by its value alone.
    """

    def __init__(self, known: Mapping[str, Field]) -> None:
        types = {name: type_of(field) for name, field in known.items()}
        self._texts = frozenset(name for name, type_ in types.items() if type_ in SCALARS)
        self._writers = {name: writer_of(field) for name, field in known.items()}

    def made(self, fields: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
        """What JSON takes: Field code -> {"value"}."""
        texts, writer = self._texts, self._writers.get
        return {
            name: {"value": value if value.__class__ is str and name in texts else writer(name, _as_it_is)(value)}
            for name, value in fields.items()
        }


def text_of(value: Value) -> str:
    """A scalar as text: None is empty, booleans as JSON has them, floats without a trailing `.0`."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value.__class__ is int:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def items_of(value: Value) -> tuple[Value, ...]:
    """A list's elements; a single value is a list of one, None an empty one."""
    if value is None or value == "":
        return ()
    return value if isinstance(value, tuple) else (value,)


def rows_of(value: Value) -> list[Mapping[str, Value]]:
    """A table's rows; what is no row is an empty one."""
    return [row if isinstance(row, Mapping) else {} for row in items_of(value)]


def type_of(field: Field | None) -> str:
    """Kintone's own type; empty where nobody told."""
    type_: str = "" if field is None else field.extra["type"]
    return type_


def _read(type_: str, value: Any, system: str) -> Value:
    if type_ == "SUBTABLE":
        return tuple([_read_row(row["value"], system) for row in value])
    if type_ == "FILE":
        return tuple([_read_file(told, system) for told in value])
    if type_ in USER_TYPES:
        return tuple([told["code"] for told in value])
    if type_ in CHOICES_TYPES:
        return tuple(value)
    if type_ in ("CREATOR", "MODIFIER"):
        return value["code"] if value else None
    return _void(frozen(value))


def _read_row(cells: Payload, system: str) -> dict[str, Value]:
    return {
        code: (told["value"] or None) if told["type"] in SCALARS else _read(told["type"], told["value"], system)
        for code, told in cells.items()
    }


def _read_file(told: Mapping[str, Any], system: str) -> File:
    return File(
        name=told["name"],
        size=int(told["size"]),
        media_type=told["contentType"],
        where=told["fileKey"],
        system=system,
    )


def _void(value: Value) -> Value:
    """A value of a type that came after this was written: empty texts in it are None, as in all others."""
    if isinstance(value, tuple):
        return tuple([_void(each) for each in value])
    if isinstance(value, Mapping):
        return {name: _void(each) for name, each in value.items()}
    return None if value == "" else value


def cells_of(field: Field | None) -> dict[str, Field]:
    """A table's columns by code."""
    columns: Iterable[Field] = () if field is None else field.fields
    return {cell.name: cell for cell in columns}


def writer_of(field: Field) -> Callable[[Value], Any]:
    """How a field's values are sent. Elements are sent as a list, whatever the type."""
    type_ = type_of(field)
    if type_ == "SUBTABLE":
        return _rows_writer(field)
    return _WRITERS.get(type_, _as_it_is)


def _as_it_is(value: Value) -> Any:
    return [text_of(item) for item in value] if isinstance(value, tuple) else text_of(value)


def _labels(value: Value) -> Any:
    items = items_of(value)
    return list(items) if _STR.issuperset(map(type, items)) else [text_of(item) for item in items]


def _coded(value: Value) -> Any:
    return [{"code": text_of(item)} for item in items_of(value)]


def _coded_one(value: Value) -> Any:
    return _as_it_is(value) if isinstance(value, tuple) else {"code": text_of(value)}


def _attached(value: Value) -> Any:
    return [{"fileKey": item.where if isinstance(item, File) else text_of(item)} for item in items_of(value)]


def _rows_writer(field: Field) -> Callable[[Value], Any]:
    made = Payloads(cells_of(field)).made
    return lambda value: [{"value": made(row)} for row in rows_of(value)]


_WRITERS: dict[str, Callable[[Value], Any]] = {
    **dict.fromkeys(USER_TYPES, _coded),
    **dict.fromkeys(CHOICES_TYPES, _labels),
    **dict.fromkeys(("CREATOR", "MODIFIER"), _coded_one),
    "FILE": _attached,
}
