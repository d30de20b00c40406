"""What moved since planning is left alone and shown; what stands as planned is written all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Creates, Recheck
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import OnGone, OnTaken
from migrator.model.run import Cause, Report, Status
from tests.unit.executor.shelf import Shelf, capabilities
from tests.unit.executor.story import Story, change, create

GUARDS: dict[str, dict[str, Any]] = {
    "version": {},
    "by ids": {"recheck": Recheck.BY_IDS, "creates": Creates.UNGUARDED},
    "scan": {"recheck": Recheck.SCAN, "fetch_max": 0, "creates": Creates.UNGUARDED},
}


def _story(folder: Path, guard: str = "version", **more: Any) -> Story:
    versions = guard == "version"
    shelf = Shelf(versions=versions, unique="no" if versions else None)
    return Story(folder=folder, can=capabilities(**GUARDS[guard]), shelf=shelf, **more)


def _update(story: Story, no: str, record: str, **more: Any) -> Change:
    return change(
        "people",
        Action.UPDATE,
        no,
        key=(no,),
        target_id=record,
        version="1" if story.shelf.versions else None,
        before={"name": "old"},
        after={"name": "new"},
        **more,
    )


def _only(report: Report) -> Any:
    (one,) = report.changes
    return one.outcome


@pytest.mark.parametrize("guard", GUARDS)
def test_b22_a_record_that_moved_is_not_overwritten(tmp_path: Path, guard: str) -> None:
    """It keeps what somebody wrote, and the outcome shows what was found; the neighbours are written."""
    story = _story(tmp_path, guard)
    ids = [story.shelf.put("people", no=f"E{n}", name="old") for n in range(4)]
    file = story.plan([_update(story, f"E{n}", ids[n]) for n in range(4)])
    story.shelf.records["people"][ids[2]].update({"name": "theirs", "$version": 2})
    outcome = _only(story.run(file))
    assert (outcome.status, outcome.cause, outcome.found) == (Status.CONFLICT, Cause.MOVED, {"name": "theirs"})
    names = {record["no"]: record["name"] for record in story.shelf.plain("people")}
    assert names == {"E0": "new", "E1": "new", "E2": "theirs", "E3": "new"}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_change_in_another_field_is_no_conflict(tmp_path: Path, guard: str) -> None:
    """What must stand as planned is `before`, not the whole record: the update goes with the new version."""
    story = _story(tmp_path, guard)
    record = story.shelf.put("people", no="E1", name="old")
    file = story.plan([_update(story, "E1", record)])
    story.shelf.records["people"][record].update({"boss": "somebody", "$version": 5})
    report = story.run(file)
    assert not report.changes
    assert story.shelf.plain("people") == [{"no": "E1", "name": "new", "boss": "somebody"}]


def test_a_companion_that_moved_is_a_conflict(tmp_path: Path) -> None:
    """`along` would be written back with its old value: so it must stand as planned too."""
    story = _story(tmp_path, "by ids")
    record = story.shelf.put("people", no="E1", name="old", boss="B1")
    file = story.plan([_update(story, "E1", record, along={"boss": "B1"})])
    story.shelf.records["people"][record]["boss"] = "B2"
    outcome = _only(story.run(file))
    assert (outcome.cause, outcome.found) == (Cause.MOVED, {"name": "old", "boss": "B2"})


@pytest.mark.parametrize("guard", GUARDS)
def test_overwrite_writes_over_and_keeps_what_stood_there(tmp_path: Path, guard: str) -> None:
    """--on-conflict overwrite: done, with the before-image in the outcome."""
    story = _story(tmp_path, guard)
    record = story.shelf.put("people", no="E1", name="old")
    file = story.plan([_update(story, "E1", record)])
    story.shelf.records["people"][record].update({"name": "theirs", "$version": 2})
    report = story.run(file, overwrite=True)
    assert not report.changes
    assert story.shelf.plain("people") == [{"no": "E1", "name": "new"}]


@pytest.mark.parametrize("guard", GUARDS)
def test_b21_an_update_of_what_is_gone_creates_only_where_the_step_says_so(tmp_path: Path, guard: str) -> None:
    """A conflict by default; under `on_gone: create` the whole record is made."""
    for on_gone in OnGone:
        (tmp_path / on_gone.value).mkdir()
        story = _story(tmp_path / on_gone.value, guard, write={"on_gone": on_gone})
        record = story.shelf.put("people", no="E1", name="old")
        file = story.plan([_update(story, "E1", record, whole={"no": "E1", "name": "new"})])
        del story.shelf.records["people"][record]
        report = story.run(file)
        if on_gone is OnGone.CONFLICT:
            assert _only(report).cause is Cause.GONE
            assert story.shelf.plain("people") == []
        else:
            assert report.steps[0].created == 1
            assert story.shelf.plain("people") == [{"no": "E1", "name": "new"}]


def test_b03_a_delete_of_what_is_gone_is_done_and_of_what_moved_is_not(tmp_path: Path) -> None:
    """Absent is what was wanted; a record that somebody used since is left."""
    story = _story(tmp_path)
    ids = [story.shelf.put("people", no=f"E{n}", name="old") for n in range(3)]
    lines = [
        change(
            "people",
            Action.DELETE,
            f"E{n}",
            Phase.DELETE,
            key=(f"E{n}",),
            target_id=ids[n],
            version="1",
            before={"no": f"E{n}", "name": "old"},
        )
        for n in range(3)
    ]
    file = story.plan(lines)
    del story.shelf.records["people"][ids[0]]
    story.shelf.records["people"][ids[1]].update({"name": "in use", "$version": 2})
    report = story.run(file)
    assert (report.steps[0].deleted, _only(report).cause) == (2, Cause.MOVED)
    assert story.shelf.plain("people") == [{"no": "E1", "name": "in use"}]


@pytest.mark.parametrize("on_taken", OnTaken)
def test_b23_a_key_that_was_taken_meanwhile_updates_only_where_the_step_says_so(
    tmp_path: Path, on_taken: OnTaken
) -> None:
    """A conflict that shows who has it; under `on_taken: update` an update, with its before-image kept."""
    story = _story(tmp_path, write={"on_taken": on_taken})
    file = story.plan([create("people", f"E{n}", name="ours") for n in range(3)])
    story.shelf.put("people", no="E1", name="theirs")
    report = story.run(file)
    names = [record["name"] for record in story.shelf.plain("people")]
    if on_taken is OnTaken.CONFLICT:
        outcome = _only(report)
        assert (outcome.cause, outcome.found) == (Cause.TAKEN, {"no": "E1", "name": "theirs"})
        assert sorted(names) == ["ours", "ours", "theirs"]
    else:
        assert (report.steps[0].created, report.steps[0].updated, report.changes) == (2, 1, ())
        assert names == ["ours", "ours", "ours"]


def test_what_waits_for_a_record_that_came_to_nothing_is_skipped(tmp_path: Path) -> None:
    """A self-reference of a create that failed is not sent; its reason says what it waited for."""
    story = _story(tmp_path)
    story.shelf.bad = {"bad"}
    made = create("people", "E1", name="bad")
    second = change(
        "people", Action.UPDATE, "E1", Phase.SELF_REFERENCE, key=("E1",), after={"boss": "7"}, needs=(made.id,)
    )
    report = story.run(story.plan([made, create("people", "E2", name="good"), second]), max_errors=100)
    skipped = [one.outcome for one in report.changes if one.outcome.status is Status.SKIPPED]
    assert [(one.cause, one.reason) for one in skipped] == [
        (Cause.NEEDS, "its create in step people came to nothing: failed")
    ]
    assert len(story.shelf.plain("people")) == 1


def test_a_self_reference_follows_its_record_when_an_update_makes_it_again(tmp_path: Path) -> None:
    """Under `on_gone: create` it is set on the record that was made, not sent to the one that is gone."""
    story = _story(tmp_path, write={"on_gone": OnGone.CREATE})
    gone = story.shelf.put("people", no="E1", name="old")
    first = replace(_update(story, "E1", gone), whole={"no": "E1", "name": "new"})
    second = change(
        "people",
        Action.UPDATE,
        "E1",
        Phase.SELF_REFERENCE,
        key=("E1",),
        target_id=gone,
        version="1",
        before={"boss": "9"},
        after={"boss": "7"},
        needs=(first.id,),
    )
    file = story.plan([first, second])
    del story.shelf.records["people"][gone]
    assert story.run(file).changes == ()
    assert story.shelf.plain("people") == [{"no": "E1", "name": "new", "boss": "7"}]


def test_a_second_create_by_another_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Without a doubt there is nothing of ours to find: an equal record of somebody else is a conflict."""
    story = _story(tmp_path)
    file = story.plan([create("people", "E1", name="same")])
    story.shelf.put("people", no="E1", name="same")
    assert _only(story.run(file)).cause is Cause.TAKEN


def test_a_line_with_an_old_version_is_a_plan_line_like_any_other(tmp_path: Path) -> None:
    """A version that moved while `before` stands costs one fetch and one more request, no conflict."""
    story = _story(tmp_path)
    record = story.shelf.put("people", no="E1", name="old")
    line = replace(_update(story, "E1", record), version="0")
    report = story.run(story.plan([line]))
    assert (report.steps[0].updated, story.shelf.writes) == (1, 2)
