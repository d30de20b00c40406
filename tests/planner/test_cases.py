"""Desired + snapshot + id map -> the expected plan. Add a file to cases/, not code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Mapped
from migrator.model.values import Field, Kind, Record
from tests.planner.shelf import Shelf, lane, planned

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
FIELDS = {
    "code": Field(name="code", kind=Kind.TEXT, unique=True),
    "name": Field(name="name", kind=Kind.TEXT),
    "cost": Field(name="cost", kind=Kind.NUMBER),
    "mark": Field(name="mark", kind=Kind.TEXT),
}


def records(rows: list[dict[str, Any]]) -> list[Record]:
    return [
        Record(id=str(row["id"]), version=row.get("version"), fields={k: v for k, v in row.items() if k != "id"})
        for row in rows
    ]


@pytest.mark.parametrize("view", ["asked", "scanned"])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_case_plans_as_told(case: Path, view: str, tmp_path: Path) -> None:
    """A case gives its lines, counts and problems, whether the target is asked by key or read whole."""
    told = json.loads(case.read_text("utf-8"))
    fields = {
        **FIELDS,
        **{name: Field(name=name, kind=Kind.TEXT, required=True) for name in told.get("required", [])},
    }
    rows = {name: Mapped(target_id=row[0], run=1, gone_at=row[1]) for name, row in told.get("ids", {}).items()}
    words = dict(told.get("write", {}))
    if "key" in words:
        words["key"] = tuple(words["key"])
    source, target = Shelf("from", records(told["source"]), FIELDS), Shelf("to", records(told["target"]), fields)
    plan = planned(tmp_path / "a.plan", lane(source, target, rows, find=2 if view == "asked" else 0, **words))
    lines = [
        [
            change.action.value,
            change.origin.id if change.origin else None,
            change.target_id,
            dict(change.before or {}),
            dict(change.after or {}),
        ]
        for _, change in plan.changes()
    ]
    assert lines == told["lines"]
    counts = plan.trailer.counts["things"]
    assert {name: getattr(counts, name) for name in told["counts"]} == told["counts"]
    assert sorted(plan.trailer.problem_counts) == sorted(f"things/{code}" for code in told.get("problems", []))
