"""Values as Kintone's JSON has them, and as records have them.

In a record: numbers, dates and times are the texts that were read; users, organizations and groups are their codes
(names may change); an empty scalar is None, an empty list is (). A table is a tuple of rows, a row a map of its
cells; row ids are not kept: a write sends whole rows (see rows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from migrator.connectors.kintone.form import CHOICES_TYPES, LIST_TYPES, USER_TYPES
from migrator.model.values import Field, File, Record, Value, quick_record

Payload = Mapping[str, Mapping[str, Any]]
"""Field code -> {"type", "value"}."""

SCALARS = frozenset(
    {
        "SINGLE_LINE_TEXT", "MULTI_LINE_TEXT", "RICH_TEXT", "LINK", "NUMBER", "CALC", "RADIO_BUTTON", "DROP_DOWN",
        "DATE", "TIME", "DATETIME", "RECORD_NUMBER", "CREATED_TIME", "UPDATED_TIME", "STATUS",
    }
)  # fmt: skip
"""Types whose value is a text."""

_TEXTS = frozenset({str, int})
"""What is sent as its text."""


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


def to_payload(fields: Mapping[str, Value], known: Mapping[str, Field]) -> dict[str, dict[str, Any]]:
    """Fields as a write's `record` takes them. A field that `known` does not have goes by its value alone."""
    payload = {}
    for name, value in fields.items():
        field = known.get(name)
        if field is not None and field.extra["type"] in SCALARS and (kind := value.__class__) in _TEXTS:
            payload[name] = {"value": value if kind is str else str(value)}
        else:
            payload[name] = {"value": _wire(field, value)}
    return payload


def text_of(value: Value) -> str:
    """A scalar as text: None is empty, booleans as JSON has them, floats without a trailing `.0`."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
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
    return _frozen(value)


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


def _frozen(value: Any) -> Value:
    """A value of a type that came after this was written."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {name: _frozen(item) for name, item in value.items()}
    return None if value == "" else value


def _wire(field: Field | None, value: Value) -> Any:
    type_ = type_of(field)
    if type_ in LIST_TYPES or isinstance(value, tuple):
        return [_ELEMENTS.get(type_, _as_text)(field, item) for item in items_of(value)]
    if type_ in ("CREATOR", "MODIFIER"):
        return {"code": text_of(value)}
    return text_of(value)


def _as_text(field: Field | None, value: Value) -> Any:
    return text_of(value)


def _coded(field: Field | None, value: Value) -> Any:
    return {"code": text_of(value)}


def _attached(field: Field | None, value: Value) -> Any:
    return {"fileKey": value.where if isinstance(value, File) else text_of(value)}


def _row(field: Field | None, value: Value) -> Any:
    cells = value if isinstance(value, Mapping) else {}
    return {"value": to_payload(cells, cells_of(field))}


def cells_of(field: Field | None) -> dict[str, Field]:
    """A table's columns by code."""
    columns: Iterable[Field] = () if field is None else field.fields
    return {cell.name: cell for cell in columns}


_ELEMENTS: dict[str, Callable[[Field | None, Value], Any]] = {
    **dict.fromkeys(USER_TYPES, _coded),
    "FILE": _attached,
    "SUBTABLE": _row,
}
