"""fixes.csv: the column `change_id` and one column a field. An empty cell changes nothing, `null` clears.

Read whole before anything is planned; everything that is wrong with it is told at once, with its line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from migrator.amends.cells import cell_of, value_of
from migrator.amends.deeds import Past
from migrator.amends.quarantine import ID, column_of, field_of
from migrator.errors import FixesInvalid, UsageWrong
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem
from migrator.model.values import Value
from migrator.transform.coerce import corrected
from migrator.transform.refusal import did_you_mean

_CELL = 16 << 20
"""Characters of a cell at most: a text field of a system may be long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What somebody says of one line."""

    line: int
    """In the file, from 1."""
    cells: Mapping[str, str]
    """Field -> what is in its cell; empty ones are left out."""


def read(file: Path, past: Past, ways: Mapping[str, Way]) -> dict[str, dict[str, Value]]:
    """Change id -> field -> corrected value, brought to the target field's kind.

    Raises FixesInvalid with every wrong line, column and value; UsageWrong for a file that cannot be read.
    """
    problems: list[Problem] = []
    rows = dict(_rows(file, ways, problems))
    fixes: dict[str, dict[str, Value]] = {}
    for section in past.kept.sections():
        for change, _ in past.outcomes(section, but_done=True):
            row = rows.pop(change.id, None)
            if row is not None:
                fixes[change.id] = _fixed(file, row, change, ways[change.step], problems)
    for name, row in rows.items():
        summary = f"run {past.run.number} has no failed record with the change_id {name}"
        hint = f"`migrator report {past.run.number} --quarantine FILE` lists them"
        problems.append(_wrong(file, row.line, summary, hint=hint))
    if problems:
        raise FixesInvalid(*sorted(problems, key=lambda problem: (problem.place or Place()).line or 0))
    return {name: values for name, values in fixes.items() if values}


def _rows(file: Path, ways: Mapping[str, Way], problems: list[Problem]) -> Iterator[tuple[str, Row]]:
    """(change id, row) of all rows that say something."""
    csv.field_size_limit(_CELL)
    seen: dict[str, int] = {}
    try:
        with file.open("r", encoding="utf-8-sig", newline="") as content:
            reader = csv.reader(content, strict=True)
            columns, known = next(reader, []), _known(ways)
            problems.extend(_columns(file, columns, known))
            for cells in reader:
                line = reader.line_num
                told = dict(zip(columns, cells, strict=False))
                name = told.get(ID, "").strip()
                if len(cells) > len(columns):
                    problems.append(_wrong(file, line, "the row has more cells than the header"))
                elif name in seen:
                    problems.append(_wrong(file, line, f"the change_id {name} stands in line {seen[name]} already"))
                elif name:
                    seen[name] = line
                    named = ((field_of(column), cell) for column, cell in told.items() if cell)
                    cells_of = {field: cell for field, cell in named if field and (known is None or field in known)}
                    yield name, Row(line=line, cells=cells_of)
                elif any(cells):
                    problems.append(_wrong(file, line, "the row has no change_id"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageWrong(f"cannot read {file}: {getattr(error, 'strerror', None) or 'it is no UTF-8'}") from error
    except csv.Error as error:
        problems.append(_wrong(file, reader.line_num, f"this is no CSV: {error}"))


def _known(ways: Mapping[str, Way]) -> frozenset[str] | None:
    """Fields of all targets; None: one of them does not tell."""
    told = [way.writing.collection.fields for way in ways.values()]
    return None if None in told else frozenset(name for fields in told for name in fields or ())


def _columns(file: Path, columns: list[str], known: frozenset[str] | None) -> Iterator[Problem]:
    if ID not in columns:
        yield _wrong(file, 1, f"there is no column {ID}", hint="the file has that column, and one column a field")
    for place, column in enumerate(columns):
        field = field_of(column)
        if column in columns[:place]:
            yield _wrong(file, 1, f'the column "{column}" stands there twice')
        elif field is not None and known is not None and field not in known:
            hint = did_you_mean(field, map(column_of, sorted(known)))
            yield _wrong(file, 1, f'the column "{column}" is no field of the target', hint=hint)


def _fixed(file: Path, row: Row, change: Change, way: Way, problems: list[Problem]) -> dict[str, Value]:
    """The values of one row that differ from what the run had wanted."""
    known, planned = way.writing.collection.fields, change.after or {}
    made: dict[str, Value] = {}
    for name, cell in row.cells.items():
        if name in planned and cell == cell_of(planned[name]):
            continue
        if known is not None and name not in known:
            collection = way.writing.collection.id
            problems.append(_wrong(file, row.line, f'"{name}" is no field of {collection}', field=name))
            continue
        if change.action not in (Action.CREATE, Action.UPDATE):
            problems.append(_wrong(file, row.line, f"a {change.action.value} has no values to correct", field=name))
            continue
        field = None if known is None else known[name]
        value = value_of(cell, field, planned.get(name))
        told = value if field is None else corrected(field, value, way.wire.transfer.zone)
        if isinstance(told, Problem):
            problems.append(replace(told, place=Place(file=str(file), line=row.line, field=name)))
        else:
            made[name] = told
    return made


def _wrong(file: Path, line: int, summary: str, *, hint: str = "", field: str | None = None) -> Problem:
    return Problem(code="FI020", summary=summary, hint=hint, place=Place(file=str(file), line=line, field=field))
