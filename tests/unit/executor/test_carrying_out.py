"""A plan is carried out: links, creates, updates, self-references, deletes; once."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.errors import PlanRefused
from migrator.model.run import ChangesSettled, RunEnded, RunStarted, RunStatus, Status
from migrator.state.state import State
from tests.unit.executor.story import Story, staff


def test_a_plan_becomes_what_it_says(tmp_path: Path) -> None:
    """Every line of the plan takes effect once, references hold the ids that the target gave."""
    story = Story(folder=tmp_path)
    report = story.run(story.plan(staff(story)))
    people = {record["no"]: record for record in story.shelf.records["people"].values()}
    ids = {record["no"]: name for name, record in story.shelf.records["people"].items()}
    assert sorted(people) == ["E1", "E2", "E3", "E4", "E5", "E6", "E7"]
    assert people["E2"]["name"] == "Suzuki"
    assert people["E3"]["boss"] == ids["E4"]
    assert [thing["owner"] for thing in story.shelf.plain("things")] == [ids[f"E{number}"] for number in range(3, 7)]
    assert set(story.shelf.effects.values()) == {1}
    assert report.status is RunStatus.DONE
    assert [(s.created, s.updated, s.deleted, s.linked, s.todo) for s in report.steps] == [
        (5, 1, 0, 1, 0),
        (4, 0, 1, 0, 0),
    ]


def test_the_id_map_and_the_events_tell_what_was_done(tmp_path: Path) -> None:
    """Creates, updates and links have rows; a delete marks its row as gone; every line is told once."""
    story = Story(folder=tmp_path)
    events = list(story.apply(story.plan(staff(story))))
    assert isinstance(events[0], RunStarted)
    assert (events[0].run, events[0].resumed, events[0].todo) == (1, False, 13)
    assert isinstance(events[-1], RunEnded)
    assert (events[-1].exit_code, events[-1].resume) == (0, None)
    told = [o for event in events if isinstance(event, ChangesSettled) for o in event.outcomes]
    assert len(told) == len({outcome.change_id for outcome in told}) == 13
    assert {outcome.status for outcome in told} == {Status.DONE}
    with State.open(tmp_path / ".migrator", write=False) as state:
        people, things = state.ids.pairs()
        assert state.ids.size(people) == 7
        assert state.ids.size(things) == 4
        assert state.follows([("shelf:one", "people")])[0].run == 1


def test_a_plan_is_applied_once(tmp_path: Path) -> None:
    """A second apply of the same file is refused, naming the run."""
    story = Story(folder=tmp_path)
    file = story.plan(staff(story))
    story.run(file)
    before = story.shelf.writes
    with pytest.raises(PlanRefused, match="applied already, by run 1"):
        story.run(file)
    assert story.shelf.writes == before
