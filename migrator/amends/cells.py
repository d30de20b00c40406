"""Values as cells of a CSV that people open in a spreadsheet and hand back: nothing runs there, nothing is lost.

A text that a spreadsheet would take for a formula gets an apostrophe before it, which is taken off again when the
file is read; plain numbers are left as they are.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from migrator.codec.paper import from_paper, to_paper
from migrator.model.values import Field, Kind, Value

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")
_STRUCTURED = frozenset(
    {Kind.BOOLEAN, Kind.CHOICES, Kind.USERS, Kind.REFERENCES, Kind.FILE, Kind.FILES, Kind.TABLE, Kind.JSON}
)
"""Kinds whose cells are JSON where they can be read as that."""


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _dangerous(text) else text


def bare(cell: str) -> str:
    """The text that a cell stands for."""
    return cell[1:] if cell.startswith("'") and _dangerous(cell[1:]) else cell


def _dangerous(text: str) -> bool:
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None


def cell_of(value: Value) -> str:
    """A value as a cell: text as it is, nothing as an empty cell, all else as JSON."""
    if value is None:
        return ""
    return guarded(value if isinstance(value, str) else orjson.dumps(to_paper(value)).decode())


def value_of(cell: str, field: Field | None, planned: Value) -> Value:
    """What somebody wrote into a cell, before it is brought to the field's kind. `null` clears."""
    text = bare(cell)
    if text == "null":
        return None
    told = planned is not None and not isinstance(planned, str) if field is None else field.kind in _STRUCTURED
    return _read(text) if told else text


def _read(text: str) -> Value:
    try:
        found: Any = orjson.loads(text)
    except ValueError:
        return text
    return from_paper(found)
