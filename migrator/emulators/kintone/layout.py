"""The layout that follows from a form: one row a field, tables as they are, workflow fields nowhere."""

from collections.abc import Mapping
from typing import Any

from migrator.emulators.kintone.form import WORKFLOW, Field

WIDTH = "193"


def of(fields: Mapping[str, Field]) -> list[dict[str, Any]]:
    """Entries of type ROW, SUBTABLE and GROUP, in the order of the fields."""
    return [_entry(one) for one in fields.values() if one.type not in WORKFLOW]


def _entry(one: Field) -> dict[str, Any]:
    if one.type == "SUBTABLE":
        return {"type": "SUBTABLE", "code": one.code, "fields": [_placed(cell) for cell in one.cells.values()]}
    if one.type == "GROUP":
        return {"type": "GROUP", "code": one.code, "layout": []}
    return {"type": "ROW", "fields": [_placed(one)]}


def _placed(one: Field) -> dict[str, Any]:
    return {"type": one.type, "code": one.code, "size": {"width": WIDTH}}
