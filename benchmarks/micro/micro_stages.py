"""The other stages a page goes through: parse, coerce, compare, write lines, read them again, encode."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.kintone_contents import Contents
from benchmarks.micro.conftest import PAGE, Page
from benchmarks.records import SHAPES
from migrator.connectors.kintone.connector import Kintone
from migrator.connectors.kintone.options import Options, WriteOptions
from migrator.connectors.kintone.values import to_record
from migrator.contract import Mapped, Query, Writing
from migrator.model.plan import Action, Change, Phase, PlanHeader, PlanTrailer
from migrator.model.playbook import Limits
from migrator.planfile import PlanFile, PlanWriter, change_line, parse_change
from migrator.planner.diff import Fate, Judge
from migrator.planner.lane import Lane
from migrator.planner.match import Pairing
from migrator.transform.coerce import coerce

HEADER = PlanHeader(playbook="p", path="p.yaml", resolved="9d", systems={}, steps=(), tool="0")
NOBODY = cast(Any, None)
"""For parts of a lane that the stage does not touch."""


def judge(page: Page) -> Judge:
    """Of a step whose target is a Kintone app; nothing is sent."""
    target = Kintone(Options(url="http://localhost", api_token="unused"), NOBODY)
    writing = Writing(collection=page.collection, write=page.step.target, options=WriteOptions())
    lane = Lane(
        step=page.step, source=NOBODY, source_identity="kintone:old", query=Query(collection=page.collection),
        source_capabilities=NOBODY, target=target, target_identity="kintone:new", writing=writing,
        capabilities=NOBODY, where=None, render=NOBODY, ids=NOBODY, limits=Limits(), tainted=lambda line: False,
    )  # fmt: skip
    return Judge(lane, lambda *_: 1)


def pairings(page: Page, *, found: bool) -> list[Pairing]:
    """Desired records and what they meet: an equal record that the id map knows, or nothing."""
    return [
        Pairing(
            desired=desired,
            number=at,
            folded=(str(desired.key[0]),),
            record=page.targets[at] if found else None,
            mapped=Mapped(target_id=page.targets[at].id, run=1) if found else None,
        )
        for at, desired in enumerate(page.desired())
    ]


def creates(page: Page) -> list[Change]:
    """A page of changes."""
    verdicts = map(judge(page).verdict, pairings(page, found=False))
    return [verdict for verdict in verdicts if isinstance(verdict, Change)]


@pytest.mark.benchmark(group="parse a page of 500")
def test_page_to_records(benchmark: BenchmarkFixture) -> None:
    """The bytes of an answer to Records."""
    contents = Contents(PAGE, SHAPES["default"])
    answer = b"[%s]" % contents.encoded(1, range(1, PAGE + 1), contents.all_fields)
    made = benchmark(lambda: [to_record(payload) for payload in orjson.loads(answer)])
    assert len(made) == PAGE


@pytest.mark.benchmark(group="parse a page of 500")
def test_page_orjson_alone(benchmark: BenchmarkFixture) -> None:
    """The floor of it."""
    contents = Contents(PAGE, SHAPES["default"])
    answer = b"[%s]" % contents.encoded(1, range(1, PAGE + 1), contents.all_fields)
    assert len(benchmark(orjson.loads, answer)) == PAGE


@pytest.mark.benchmark(group="coerce 500 records of twelve fields")
def test_coerce(benchmark: BenchmarkFixture, page: Page) -> None:
    """Values that fit, the long way."""
    rows = [[(page.fields[name], value) for name, value in record.fields.items()] for record in page.targets]
    made = benchmark(lambda: [[coerce(field, value) for field, value in row] for row in rows])
    assert len(made) == PAGE


@pytest.mark.benchmark(group="compare 500 records of twelve fields")
def test_nothing_there(benchmark: BenchmarkFixture, page: Page) -> None:
    """Each becomes a create."""
    judging, all_pairings = judge(page), pairings(page, found=False)
    made = benchmark(lambda: [judging.verdict(pairing) for pairing in all_pairings])
    assert all(isinstance(one, Change) and one.action is Action.CREATE for one in made)


@pytest.mark.benchmark(group="compare 500 records of twelve fields")
def test_nothing_changed(benchmark: BenchmarkFixture, page: Page) -> None:
    """Each is unchanged."""
    judging, all_pairings = judge(page), pairings(page, found=True)
    made = benchmark(lambda: [judging.verdict(pairing) for pairing in all_pairings])
    assert set(made) == {Fate.UNCHANGED}


@pytest.mark.benchmark(group="plan file, 500 lines")
def test_lines_made(benchmark: BenchmarkFixture, page: Page) -> None:
    """Changes to bytes."""
    changes = creates(page)
    assert len(benchmark(lambda: list(map(change_line, changes)))) == PAGE


@pytest.mark.benchmark(group="plan file, 500 lines")
def test_lines_read(benchmark: BenchmarkFixture, page: Page) -> None:
    """Bytes to changes."""
    lines = list(map(change_line, creates(page)))
    assert len(benchmark(lambda: list(map(parse_change, lines)))) == PAGE


@pytest.mark.benchmark(group="plan file, a whole one of 10,000 lines")
def test_file_written(benchmark: BenchmarkFixture, page: Page, tmp_path: Path) -> None:
    """Lines that are made already, with hash lines, trailer, sync and rename."""
    lines = list(map(change_line, creates(page)))

    def write() -> str:
        with PlanWriter(tmp_path / "a.plan", HEADER) as writer:
            start = writer.offset
            for _ in range(10_000 // PAGE):
                writer.changes(lines)
            offsets = (("copy", int(Phase.WRITE), start, 10_000),)
            return writer.finish(PlanTrailer(counts={}, offsets=offsets))

    assert benchmark(write)


@pytest.mark.benchmark(group="plan file, a whole one of 10,000 lines")
def test_file_checked(benchmark: BenchmarkFixture, page: Page, tmp_path: Path) -> None:
    """Every byte proved by its hash."""
    lines = list(map(change_line, creates(page)))
    with PlanWriter(tmp_path / "a.plan", HEADER) as writer:
        offsets = (("copy", int(Phase.WRITE), writer.offset, 10_000),)
        for _ in range(10_000 // PAGE):
            writer.changes(lines)
        writer.finish(PlanTrailer(counts={}, offsets=offsets))
    benchmark(lambda: PlanFile(tmp_path / "a.plan").check())


@pytest.mark.benchmark(group="encode 500 changes")
def test_changes_to_payloads(benchmark: BenchmarkFixture, page: Page) -> None:
    """As a write request holds them."""
    target = Kintone(Options(url="http://localhost", api_token="unused"), NOBODY)
    writing = Writing(collection=page.collection, write=page.step.target, options=WriteOptions())
    changes = creates(page)
    assert len(benchmark(lambda: [target.encode_change(writing, change) for change in changes])) == PAGE
