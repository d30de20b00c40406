"""A line that became another change (a key that was taken, a record that is gone or moved) survives a broken run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Answer, Call, Creates, Recheck
from migrator.errors import Lost
from migrator.model.plan import Action
from migrator.model.playbook import OnGone, OnTaken
from migrator.model.run import Outcome, Status
from migrator.state.state import State
from tests.unit.executor.shelf import Shelf, capabilities
from tests.unit.executor.story import Story, change, create


class _Killed(BaseException):
    """The process is gone."""


GUARDS: dict[str, dict[str, Any]] = {
    "version": {},
    "by ids": {"recheck": Recheck.BY_IDS},
    "scan": {"recheck": Recheck.SCAN, "fetch_max": 0, "find": 0},
}


def _breaks(story: Story, number: int, error: BaseException, *, arrived: bool) -> None:
    """The n-th write from now on breaks, before or after the server did it."""
    left = [number]

    def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        left[0] -= kind == "send"
        if kind != "send" or left[0]:
            return move()
        if arrived:
            move()
        raise error

    story.wire.around = around


def _outcome(story: Story) -> Outcome:
    with State.open(story.folder / ".migrator", write=False) as state:
        ((_, outcome),) = state.journal.outcomes(1)
    return outcome


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("arrived", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_an_update_in_the_place_of_a_create_is_known_after_a_kill(
    tmp_path: Path, number: int, arrived: bool, guard: str
) -> None:
    """Killed at any request, resumed: done, told as an update with what stood there, and the record written once."""
    story = Story(folder=tmp_path, write={"on_taken": OnTaken.UPDATE}, can=capabilities(**GUARDS[guard]))
    file = story.plan([create("people", "E1", name="new")])
    story.shelf.put("people", no="E1", name="theirs")
    _breaks(story, number, _Killed(), arrived=arrived)
    with pytest.raises(_Killed):
        story.run(file)
    report = story.run(file)
    outcome = _outcome(story)
    assert (outcome.status, outcome.did, outcome.found) == (Status.DONE, Action.UPDATE, {"name": "theirs"})
    assert (report.steps[0].updated, report.steps[0].created) == (1, 0)
    assert story.shelf.plain("people") == [{"no": "E1", "name": "new"}]
    assert set(story.shelf.effects.values()) == {1}


def test_a_turned_update_of_a_record_that_moved_again_is_a_conflict_after_a_kill(tmp_path: Path) -> None:
    """What was looked at before the kill must still stand there: what somebody wrote since is left."""
    story = Story(folder=tmp_path, write={"on_taken": OnTaken.UPDATE})
    file = story.plan([create("people", "E1", name="new")])
    record = story.shelf.put("people", no="E1", name="theirs")
    _breaks(story, 2, _Killed(), arrived=False)
    with pytest.raises(_Killed):
        story.run(file)
    story.shelf.records["people"][record].update({"name": "newer", "$version": 2})
    story.run(file)
    assert (_outcome(story).status, _outcome(story).found) == (Status.CONFLICT, {"name": "newer"})
    assert story.shelf.plain("people") == [{"no": "E1", "name": "newer"}]


@pytest.mark.parametrize("arrived", [False, True])
def test_a_record_that_is_made_again_is_known_after_a_kill(tmp_path: Path, arrived: bool) -> None:
    """Under `on_gone: create` the update became a create: killed there, it is still made once and told as made."""
    story = Story(folder=tmp_path, write={"on_gone": OnGone.CREATE})
    whole = {"no": "E1", "name": "new"}
    line = change("people", Action.UPDATE, "E1", key=("E1",), target_id="7", before={"name": "old"}, whole=whole)
    file = story.plan([replace(line, after={"name": "new"})])
    _breaks(story, 2, _Killed(), arrived=arrived)
    with pytest.raises(_Killed):
        story.run(file)
    story.run(file)
    assert (_outcome(story).status, _outcome(story).did) == (Status.DONE, Action.CREATE)
    assert story.shelf.plain("people") == [whole]


def test_what_an_overwrite_found_is_known_after_a_kill(tmp_path: Path) -> None:
    """Killed after the server wrote over what the plan did not know: its values are still in the outcome."""
    story = Story(folder=tmp_path)
    record = story.shelf.put("people", no="E1", name="old")
    known = {"key": ("E1",), "target_id": record, "version": "1", "before": {"name": "old"}, "after": {"name": "new"}}
    file = story.plan([change("people", Action.UPDATE, "E1", **known)])
    story.shelf.records["people"][record].update({"name": "theirs", "$version": 2})
    _breaks(story, 2, _Killed(), arrived=True)
    with pytest.raises(_Killed):
        story.run(file, overwrite=True)
    story.run(file)
    assert (_outcome(story).status, _outcome(story).found) == (Status.DONE, {"name": "theirs"})


@pytest.mark.parametrize("broken", [_Killed(), Lost("reset")])
def test_a_lost_create_that_is_found_is_not_claimed_where_others_records_are_taken_too(
    tmp_path: Path, broken: BaseException
) -> None:
    """Under `on_taken: update` an equal record with our key may be anybody's: done, and who made it is not known."""
    story = Story(folder=tmp_path, write={"on_taken": OnTaken.UPDATE})
    file = story.plan([create("people", "E1", name="new")])
    _breaks(story, 1, broken, arrived=True)
    if isinstance(broken, _Killed):
        with pytest.raises(_Killed):
            story.run(file)
    story.run(file)
    outcome = _outcome(story)
    assert (outcome.status, outcome.did) == (Status.DONE, None)
    assert "not known" in str(outcome.reason)
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert [state.ids.size(pair) for pair in state.ids.pairs()] == [1]


@pytest.mark.parametrize("broken", [_Killed(), Lost("reset")])
def test_a_lost_create_that_meets_anothers_record_becomes_an_update_of_it(
    tmp_path: Path, broken: BaseException
) -> None:
    """Nothing guards this key: sent again as a create it would be a second record of the same."""
    can = capabilities(creates=Creates.UNGUARDED, recheck=Recheck.BY_IDS)
    story = Story(
        folder=tmp_path, write={"on_taken": OnTaken.UPDATE}, can=can, shelf=Shelf(unique=None, versions=False)
    )
    file = story.plan([create("people", "E1", name="new")])
    story.shelf.put("people", no="E1", name="theirs")
    _breaks(story, 1, broken, arrived=False)
    if isinstance(broken, _Killed):
        with pytest.raises(_Killed):
            story.run(file)
    story.run(file)
    assert story.shelf.plain("people") == [{"no": "E1", "name": "new"}]
    assert (_outcome(story).did, _outcome(story).found) == (Action.UPDATE, {"name": "theirs"})
