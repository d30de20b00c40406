"""What the records of a reading have in common: pages of one shape decode without a dict per value.

A shape is learned from an answer and tells every field's type. Whatever is not exactly so does not decode by it, and
is left to `to_record`, which stays the authority: what does decode gives the Records that it gives. (One thing is let
through: a value told without its type, if it looks as it should.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from types import GenericAlias
from typing import Annotated, Any

import msgspec
import orjson

from migrator.connectors.kintone.form import CHOICES_TYPES, USER_TYPES
from migrator.connectors.kintone.values import SCALARS, Payload
from migrator.model.values import File, Record, quick_record

Told = tuple[tuple[str, str, Any], ...]
"""Code and type of each field, in order; a table's columns in the same form, None where no row was seen."""

NOT_A_RECORD = (ValueError, KeyError, TypeError, AttributeError)
"""What taking JSON apart raises where it is not what the docs tell."""


class _Coded(msgspec.Struct, gc=False):
    code: str


class _Attached(msgspec.Struct, gc=False):
    name: str
    size: Annotated[str, msgspec.Meta(pattern="^[0-9]+$")]
    contentType: str  # noqa: N815  the vendor's name
    fileKey: str  # noqa: N815  the vendor's name


_VALUES: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(SCALARS, (str | None, "{0} or None")),
    **dict.fromkeys(CHOICES_TYPES, (tuple[str, ...], "{0}")),
    **dict.fromkeys(USER_TYPES, (list[_Coded], "tuple([each.code for each in {0}])")),
    **dict.fromkeys(("CREATOR", "MODIFIER"), (_Coded | None, "{0}.code if {0} else None")),
    "FILE": (list[_Attached], "tuple([file(each) for each in {0}])"),
}
"""By type: what a value is in an answer, and the expression of what it is in a record."""

_NO_ROWS = Annotated[list[Any], msgspec.Meta(max_length=0)]


class Shape:
    """Decodes answers whose records have the fields told, all of them and no other, each of its type."""

    def __init__(self, told: Told, system: str) -> None:
        """Raises KeyError, ValueError, TypeError for fields that it cannot tell exactly."""
        self.told = told
        places = {code: f"f{place}" for place, (code, _, _) in enumerate(told)}
        each, fields = _struct(told, "each")
        found: list[Any] = [
            ("records", GenericAlias(list, (each,))),
            ("totalCount", str | None, None),
            ("next", bool, False),
        ]
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(msgspec.defstruct("Found", found)).decode
        """An answer as an object with these attributes. Raises msgspec.DecodeError, UnicodeDecodeError."""
        self.id_of: Callable[[Any], str] = attrgetter(f"{places['$id']}.value")
        """The id of one of its records."""
        id_, version = f"each.{places['$id']}.value", f"each.{places['$revision']}.value"
        line = f"lambda each: record(id={id_}, fields={fields}, version={version})"
        names = {"record": quick_record, "file": lambda told: _file(told, system)}
        self.record: Callable[[Any], Record] = eval(line, names)  # noqa: S307  field codes alone go in, as literals
        """One of its records as a Record."""


def learned(raws: Sequence[msgspec.Raw], system: str, before: Shape | None) -> Shape | None:
    """The shape of the first record, a table's columns by its first row; None for what `to_record` has to read.

    Columns of a table without rows are taken from the shape `before`.
    """
    try:
        told = _told(orjson.loads(bytes(raws[0])), (orjson.loads(bytes(raw)) for raw in raws))
        return _shape(told if before is None else _with(told, before.told), system)
    except NOT_A_RECORD:
        return None


@lru_cache(maxsize=16)
def _shape(told: Told, system: str) -> Shape:
    """Made once: it costs as much as a page of records saves."""
    return Shape(told, system)


def _told(first: Payload, all_: Iterable[Payload]) -> Told:
    rows: dict[str, Told | None] = {code: None for code, told in first.items() if told["type"] == "SUBTABLE"}
    missing = set(rows)
    for payload in all_ if missing else ():
        for code in [code for code in missing if payload[code]["value"]]:
            cells = payload[code]["value"][0]["value"]
            rows[code] = tuple((name, cell["type"], None) for name, cell in cells.items())
            missing.discard(code)
        if not missing:
            break
    return tuple((code, told["type"], rows.get(code)) for code, told in first.items())


def _with(told: Told, before: Told) -> Told:
    known = {(code, type_): columns for code, type_, columns in before}
    return tuple((code, type_, columns or known.get((code, type_))) for code, type_, columns in told)


def _struct(told: Told, name: str) -> tuple[type[msgspec.Struct], str]:
    """The class that decodes these fields, and the expression that makes a dict of its object called `name`."""
    types, makes = [], []
    for place, (code, type_, columns) in enumerate(told):
        value, expression = _value(code, type_, columns)
        types.append((f"f{place}", _cell(type_, value)))
        if not code.startswith("$"):
            makes.append(f"{code!r}: {expression.format(f'{name}.f{place}.value')}")
    names = {f"f{place}": code for place, (code, _, _) in enumerate(told)}
    made = msgspec.defstruct("Fields", types, rename=names, forbid_unknown_fields=True, gc=False)
    return made, f"{{{', '.join(makes)}}}"


def _value(code: str, type_: str, columns: Told | None) -> tuple[Any, str]:
    """What a value is in an answer, and the expression of what it is in a record. Raises KeyError."""
    if code.startswith("$"):
        return {("$id", "__ID__"): (str, ""), ("$revision", "__REVISION__"): (str, "")}[code, type_]
    if type_ != "SUBTABLE":
        return _VALUES[type_]
    if not columns:
        return _NO_ROWS, "()"
    cells, expression = _struct(columns, "row.value")
    row = msgspec.defstruct("Row", [("value", cells)], gc=False)
    return GenericAlias(list, (row,)), f"tuple([{_escaped(expression)} for row in {{0}}])"


def _escaped(expression: str) -> str:
    return expression.replace("{", "{{").replace("}", "}}")


def _cell(type_: str, value: Any) -> Any:
    """A told value: its type must be as it was."""
    return msgspec.defstruct("Cell", [("value", value)], tag_field="type", tag=type_, gc=False)


def _file(told: _Attached, system: str) -> File:
    return File(name=told.name, size=int(told.size), media_type=told.contentType, where=told.fileKey, system=system)
