"""Mapping tables: the values that stand in the playbook, or a CSV or YAML file beside it."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path as File
from typing import Any

from migrator.codec.build import Path
from migrator.codec.strict import StrictError, decoded
from migrator.errors import PlaybookInvalid
from migrator.model.playbook import MappingTable
from migrator.playbook.expressions import constants_only
from migrator.playbook.finding import Finding, did_you_mean
from migrator.playbook.parse import SIZE_MAX, parse

HEADER = ["from", "to"]
"""A first CSV row that is none of the table."""


class _Unusable(Exception):
    """Why a table's file cannot be used, as a sentence; and what to do."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(sentence)


def resolved(name: str, table: MappingTable, folder: File) -> tuple[MappingTable, list[Finding]]:
    """The table with its values, and what is wrong with it. Files stand relative to `folder`, the playbook's."""
    base: Path = ("mappings", name)
    if [table.values, table.file, table.people].count(None) != 2:
        summary = f'the mapping "{name}" takes one of values, file and people'
        hint = "write one of them: values: {From: To}, file: mappings/name.csv or people: SYSTEM"
        return table, [Finding(path=base, of_key=True, code="PB038", summary=summary, hint=hint)]
    if table.people is not None:
        return table, []
    if table.file is None:
        return table, list(constants_only(table.values, (*base, "values"), "mappings"))
    try:
        return dataclasses.replace(table, values=_read(table.file, folder)), []
    except _Unusable as fault:
        return table, [Finding(path=(*base, "file"), code="PB038", summary=str(fault), hint=fault.hint)]


def at_odds(name: str, tree: Mapping[str, Any], systems: Collection[str]) -> Iterator[Finding]:
    """Keys of a mapping, as written, that do not go together, and a system that there is not."""
    base: Path = ("mappings", name)
    if "default" in tree:
        if tree["default"] is None:
            hint = 'write unknown: "null"'
            yield Finding(path=(*base, "default"), code="PB038", summary="`default` takes a value", hint=hint)
        if "unknown" in tree:
            summary = f'the mapping "{name}" takes one of unknown and default'
            yield Finding(path=(*base, "unknown"), of_key=True, code="PB038", summary=summary, hint="keep one")
        yield from constants_only(tree["default"], (*base, "default"), "mappings")
    people = tree.get("people")
    for key in ("by", "gives") if people is None else ():
        if key in tree:
            summary = f'`{key}` is for people: the mapping "{name}" has a table'
            yield Finding(path=(*base, key), of_key=True, code="PB038", summary=summary, hint="take it out")
    if isinstance(people, str) and people not in systems:
        summary, hint = f'there is no system "{people}"', did_you_mean(people, systems, what="systems")
        yield Finding(path=(*base, "people"), code="PB031", summary=summary, hint=hint)


def _read(name: str, folder: File) -> Mapping[str, Any]:
    if File(name).is_absolute():
        raise _Unusable("the file of a mapping stands relative to the playbook", "write a relative path")
    try:
        file = folder / name
        if file.stat().st_size > SIZE_MAX:
            raise _Unusable(f"{name} has more than {SIZE_MAX // 1024 // 1024} MB", "split the table")
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise _Unusable(f"{name} cannot be read: {reason}", f"it is looked for in {folder}") from None
    if name.lower().endswith((".yaml", ".yml", ".json")):
        return _from_document(data, name)
    return _from_csv(data, name)


def _from_document(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        tree = parse(data, name).tree
    except PlaybookInvalid as fault:
        problem = fault.problems[0]
        where = f"{problem.place.line}:{problem.place.column}" if problem.place else "1:1"
        raise _Unusable(f"{name}:{where}: {problem.summary}", problem.hint) from None
    if not isinstance(tree, dict):
        raise _Unusable(f"{name} is no map", "one line an entry: from: to")
    return tree


def _from_csv(data: bytes, name: str) -> dict[str, str]:
    """Column one -> column two, all text; a first row `from,to` is a header."""
    try:
        rows = csv.reader(io.StringIO(decoded(data), newline=""), strict=True)
        return _pairs(rows, name)
    except StrictError as fault:
        raise _Unusable(f"{name}:{fault.line}:{fault.column}: {fault.message}", fault.hint) from None


def _pairs(rows: Any, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    try:
        for row in rows:
            if not row or (rows.line_num == 1 and [cell.strip().lower() for cell in row] == HEADER):
                continue
            if len(row) != 2:
                raise _Unusable(f"{name}:{rows.line_num}: {len(row)} columns, not two", "each line is: from,to")
            if row[0] in found:
                summary = f'{name}:{rows.line_num}: "{row[0]}" stands twice (first in line {lines[row[0]]})'
                raise _Unusable(summary, "keep one")
            found[row[0]], lines[row[0]] = row[1], rows.line_num
    except csv.Error as error:
        raise _Unusable(f"{name}:{rows.line_num}: {error}", "a quote is not closed, or stands bare") from None
    if not found:
        raise _Unusable(f"{name} holds no row", "each line is: from,to")
    return found
