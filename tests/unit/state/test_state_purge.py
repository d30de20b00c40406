"""Old runs go with all they left but the id map; what a plan still needs stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from migrator.errors import Locked, Paused, PlanRefused
from migrator.model.run import RunStatus
from migrator.planfile import PlanFile
from migrator.state.purge import purge
from migrator.state.state import State
from tests.unit.executor.story import Story, create

DAY = 86_400.0
ROOT = Path(__file__).parents[3]


def _applied(story: Story, *names: str, step: str = "people", **options: int) -> None:
    """A plan of creates, made now."""
    with State.open(story.folder / ".migrator", write=True) as state:
        follows = state.follows([("shelf:one", step)])
    lines = [create(step, name) for name in names]
    with suppress(Paused):
        story.run(story.plan(lines, f"{names[0]}.jsonl", follows=follows, resolved=names[0]), **options)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Four runs: two done on people, one done on things, the last on people paused."""
    told = Story(folder=tmp_path)
    for names, step in ((("E1", "E2"), "people"), (("E3",), "people"), (("A1",), "things")):
        _applied(told, *names, step=step)
    return told


def _state(story: Story) -> State:
    return State.open(story.folder / ".migrator", write=True)


def _wall() -> float:
    """In a year, as far as the runs' times go."""
    return time.time() + 365 * DAY


def test_finished_runs_go_with_their_plans_logs_and_rows(story: Story) -> None:
    """What ended before goes whole; the id map stands as it was; the room is given back and told."""
    with _state(story) as state:
        ids = {pair: dict(state.ids.rows(pair)) for pair in state.ids.pairs()}
        first = state.run(1)
        done = purge(state, 90 * DAY, _wall())
        assert [run.number for run in done.removed] == [1]
        assert {run.number for run, _ in done.kept} == {2, 3}
        assert done.freed > 0
        assert [run.number for run in state.runs()] == [2, 3]
        assert {pair: dict(state.ids.rows(pair)) for pair in state.ids.pairs()} == ids
        assert list(state.journal.outcomes(1)) == [] and state.journal.requests(1) == 0
        for path in (state.plan_path(first.plan), state.log_path(first)):
            assert not path.exists()
        for run in state.runs():
            assert state.plan_of(run).header and state.log_path(run).exists()
        with pytest.raises(PlanRefused) as told:
            state.run(1)
        assert "removed by `runs --purge`" in told.value.problems[0].hint


def test_young_runs_and_unfinished_ones_stay_with_what_they_follow(story: Story) -> None:
    """Nothing younger goes; a paused run stays however old, and so does the run that its plan follows."""
    _applied(story, "E8", "E9", first=1)
    with _state(story) as state:
        assert purge(state, 400 * DAY, _wall()).removed == ()
        assert state.run(4).status is RunStatus.PAUSED
        done = purge(state, 0, _wall())
        assert [run.number for run in done.removed] == [1]
        assert {run.number: why for run, why in done.kept}[2].startswith("the plan of run 4")
    story.run(PlanFile(story.folder / "E8.jsonl"))
    with _state(story) as state:
        assert state.run(4).status is RunStatus.DONE


def test_a_plan_that_was_made_before_a_purge_is_applied_after_it(story: Story) -> None:
    """The last run on each collection stays, so that what follows it is not refused."""
    with _state(story) as state:
        follows = state.follows([("shelf:one", "people")])
        purge(state, 0, _wall())
    story.run(story.plan([create("people", "E7")], "seven.jsonl", follows=follows))
    assert len(story.shelf.records["people"]) == 4


def test_nothing_is_purged_beside_a_run(story: Story) -> None:
    """While any collection is held it is refused with exit 6, and nothing is gone."""
    with _state(story) as one, _state(story) as two, one.lease([("elsewhere", "x")]):
        with pytest.raises(Locked):
            purge(two, 0, _wall())
        assert len(two.runs()) == 3


def test_a_purge_that_was_killed_is_ended_by_the_next(story: Story) -> None:
    """kill -9 between a run's rows and its files: no run names them, so they go with the next purge."""
    program = (
        "import sys, time; from pathlib import Path; from migrator.state.purge import purge\n"
        "from migrator.state.state import State\n"
        "purge(State.open(Path(sys.argv[1]), write=True), 0, time.time() + 1000)"
    )
    env = {**os.environ, "MIGRATOR_FAILPOINT": "purge_rows", "PYTHONPATH": str(ROOT)}
    folder = story.folder / ".migrator"
    with _state(story) as state:
        first = state.run(1)
    done = subprocess.run([sys.executable, "-c", program, str(folder)], env=env, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with _state(story) as state:
        assert [run.number for run in state.runs()] == [2, 3]
        assert state.plan_path(first.plan).exists()
        purge(state, 0, _wall())
        assert not state.plan_path(first.plan).exists() and not state.log_path(first).exists()
        assert state.plan_of(state.run(2)).header
