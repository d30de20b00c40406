"""Writing a table inside a record: rows by id, cells merged, whatever is not sent is gone."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from migrator.emulators.kintone import lookup, problems
from migrator.emulators.kintone.form import PEOPLE, Field
from migrator.emulators.kintone.values import WRITERS, Work, Writer, cell_value, default_of, list_of

if TYPE_CHECKING:
    from migrator.emulators.kintone.app import App


def required_suffix(one: Field) -> str:
    """Where in `errors` a missing value of this field is told."""
    if one.type in PEOPLE:
        return ".values.value"
    return ".values" if isinstance(one.empty(), list) else ".value"


class TableWriter:
    """The writer of one SUBTABLE field."""

    def __init__(self, one: Field, app: "App") -> None:
        self._field = one
        self._writers: dict[str, Writer] = {
            code: WRITERS[cell.type](cell, app) for code, cell in one.cells.items() if cell.type in WRITERS
        }
        self._empties = {code: cell.empty() for code, cell in one.cells.items()}
        self._required = [(code, required_suffix(cell)) for code, cell in one.cells.items() if cell.required]
        self._lookups = [cell for cell in one.cells.values() if cell.lookup]
        self._mapped = {code for cell in self._lookups for code in lookup.mapped_codes(cell)}
        self._next_row: Callable[[], int] = app.next_table_row

    def __call__(self, value: Any, prefix: str, work: Work) -> list[dict[str, Any]]:
        """All rows as kept, in the order sent."""
        known = {row["id"]: row for row in work.old.get(self._field.code, ())}
        rows = []
        for at, sent in enumerate(list_of(value)):
            if not isinstance(sent, dict):
                raise problems.bad_json()
            before = known.pop(str(sent.get("id")), None)
            cells = sent.get("value") or {}
            if not isinstance(cells, dict):
                raise problems.bad_json()
            place = f"{prefix}.{self._field.code}.value[{at}].value"
            values = self._row(before, cells, place, work)
            rows.append(self._kept(before["id"] if before else str(self._next_row()), values))
        return rows

    def _row(self, before: Any, cells: dict[str, Any], place: str, work: Work) -> dict[str, Any]:
        values = dict(self._empties)
        if before:
            values |= {code: cell["value"] for code, cell in before["value"].items()}
        for code, write in self._writers.items():
            if code in self._mapped:
                continue
            if code in cells:
                values[code] = write(cell_value(cells[code]), place, work)
            elif not before:
                values[code] = write(default_of(self._field.cells[code], work), place, work)
        for one in self._lookups:
            if one.code in cells or not before:
                values |= lookup.copied(one, values[one.code], self._empties, work)
        for code, suffix in self._required:
            if not values[code]:
                work.wrong(f"{place}.{code}{suffix}", "Required.")
        return values

    def _kept(self, row_id: str, values: dict[str, Any]) -> dict[str, Any]:
        types = self._field.cells
        return {
            "id": row_id,
            "value": {code: {"type": types[code].type, "value": value} for code, value in values.items()},
        }
