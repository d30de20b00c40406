"""Twelve templates, sandboxed and strict, against a function written by hand (goal: at most 8 times)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.micro.conftest import Page
from benchmarks.records import STATES
from migrator.model.values import Record

pytestmark = pytest.mark.benchmark(group="render 500 records of twelve fields")


def by_hand(record: Record) -> dict[str, Any]:
    """The twelve transforms as somebody would write them."""
    fields: Any = record.fields
    return {
        "ticket": fields["ticket"],
        "machine": f"{fields['machine'].strip()} ({fields['state']})",
        "site": fields["site"].upper(),
        "reporter": fields["reporter"].lower(),
        "phone": fields["phone"].replace("-", ""),
        "hours": int(fields["hours"]) + 1,
        "planned": fields["planned"],
        "started": fields["started"],
        "state": STATES[fields["state"]],
        "skills": tuple(sorted(fields["skills"])),
        "findings": f"{fields['findings']}\n-- {fields['reporter']}",
        "parts": fields["parts"],
    }


def test_by_hand(benchmark: BenchmarkFixture, page: Page) -> None:
    """The floor."""
    made = benchmark(lambda: [by_hand(record) for record in page.records])
    assert len(made) == len(page.records)


def rendered(page: Page, *, known: bool) -> Callable[[], list[Any]]:
    """The page through the step's compiled templates."""
    mapping = page.mapping(page.fields if known else None)
    pairs = list(zip(page.records, page.origins, strict=True))
    return lambda: [mapping.render(record, origin).fields for record, origin in pairs]


def test_templates(benchmark: BenchmarkFixture, page: Page) -> None:
    """Rendered; values are clean, of no particular field."""
    made = benchmark(rendered(page, known=False))
    assert made == [by_hand(record) for record in page.records]


def test_templates_brought_to_the_targets_kinds(benchmark: BenchmarkFixture, page: Page) -> None:
    """Rendered, and each value brought to what its field takes."""
    made = benchmark(rendered(page, known=True))
    assert [fields["machine"] for fields in made] == [record.fields["machine"] for record in page.targets]
