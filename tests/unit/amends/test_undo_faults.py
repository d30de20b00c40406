"""An undo breaks at every point where a run can break; taken up, it ends as an unbroken one does."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Answer, Call
from migrator.errors import LocalFault, MigratorError, PlanRefused
from migrator.executor.report import report
from migrator.model.run import Report
from migrator.planfile import PlanFile
from migrator.state import database
from migrator.state.state import State
from tests.unit.executor.story import Story, staff
from tests.unit.executor.test_nth_fault import WIRE_FAULTS, WORLDS, Killed, Points, kill

STRIDES = [7, pytest.param(1, marks=pytest.mark.long)]
"""Every seventh point of the journal by default; every one in the long form."""
Arm = Callable[[Story, Points], None]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process dies here, so nothing needs the disk."""
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_an_undo_whose_exchange_breaks_takes_each_line_back_once(
    world: Callable[[Path], Story], fault: str, tmp_path: Path
) -> None:
    """Whatever happens to its n-th request or read, the world is the one before the run, and no line acts twice."""
    kind, place, breaks = WIRE_FAULTS[fault]

    def arm(story: Story, points: Points) -> None:
        def around(of: str, call: Call, move: Callable[[], Answer]) -> Answer:
            return place(points, move) if of == kind else move()

        story.wire.around = around

    assert _loop(world, tmp_path, breaks, arm) >= 2


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("stride", STRIDES)
def test_an_undo_that_is_killed_anywhere_takes_each_line_back_once(
    world: Callable[[Path], Story], stride: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before or after any row of the journal is written, the undo ends as an unbroken one does."""

    def arm(story: Story, points: Points) -> None:
        for module in ("state.journal", "state.runs", "executor.apply", "executor.feed"):
            monkeypatch.setattr(f"migrator.{module}.failpoint", points)

    assert _loop(world, tmp_path, kill, arm, stride) > 20


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_a_retry_whose_exchange_breaks_makes_each_record_once(
    world: Callable[[Path], Story], fault: str, tmp_path: Path
) -> None:
    """Whatever happens to its n-th request or read, what had failed stands there once, with what waited for it."""
    kind, place, breaks = WIRE_FAULTS[fault]
    for number in itertools.count(1):
        folder = tmp_path / str(number)
        folder.mkdir()
        story = world(folder)
        story.shelf.bad = {"name 3", "name 5"}
        assert story.run(story.plan(staff(story)), max_errors=100).changes
        story.shelf.bad = set()
        story.shelf.effects.clear()
        plan, points = story.retry(1), Points(number, breaks)

        def around(of: str, call: Call, move: Callable[[], Answer], points: Points = points) -> Answer:
            return place(points, move) if of == kind else move()

        story.wire.around = around
        told = _until_done(story, plan)
        broken, points.wanted = points.reached, 0
        assert not told.changes, (number, told.changes)
        assert set(story.shelf.effects.values()) == {1}, (number, story.shelf.effects)
        assert len(story.shelf.plain("people")) == 7
        assert len(story.shelf.plain("things")) == 4
        if not broken:
            return


def _loop(world: Callable[[Path], Story], folder: Path, breaks: Callable[[], None], arm: Arm, stride: int = 1) -> int:
    """Break the undo of a fresh run at each point in turn. How many points there were."""
    for number in itertools.count(1, stride):
        place = folder / str(number)
        place.mkdir()
        story = world(place)
        file = story.plan(staff(story))
        wanted = _seen(story)
        points = Points(0, breaks)
        assert not story.run(file).changes
        story.shelf.effects.clear()
        plan = story.undo(1)
        arm(story, points)
        points.passed, points.wanted = 0, number
        told = _until_done(story, plan)
        broken, points.wanted = points.reached, 0
        assert not told.changes, (number, told.changes)
        assert _seen(story) == wanted, number
        assert set(story.shelf.effects.values()) == {1}, (number, story.shelf.effects)
        if not broken:
            return number - 1
    raise AssertionError


def _until_done(story: Story, plan: PlanFile) -> Report:
    """The same call again until it ends; a few times at most."""
    for _ in range(4):
        try:
            return story.run(plan)
        except (Killed, MigratorError) as error:
            assert not isinstance(error, LocalFault)
            if isinstance(error, PlanRefused):  # killed after its last row
                assert "applied already" in str(error)
                with State.open(story.folder / ".migrator", write=False) as state:
                    return report(state, 2)
    raise AssertionError("it never ended")


def _seen(story: Story) -> Any:
    """All records without ids, versions, markers; a field that was cleared is one that is not there."""
    return {
        kind: [
            {name: value for name, value in one.items() if value is not None and name != "mark"}
            for one in story.shelf.plain(kind)
        ]
        for kind in story.shelf.records
    }
