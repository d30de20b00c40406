"""A plan of before-images takes a run back: what moved since is left, what no call brings back is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Creates, Recheck
from migrator.errors import Lost, MigratorError, PlanRefused
from migrator.model.plan import Action, Change, Phase, PlanKind
from migrator.planfile import PlanFile
from migrator.state.state import State
from tests.unit.executor.shelf import Shelf, capabilities
from tests.unit.executor.story import Story, change, create, staff

GUARDS: dict[str, dict[str, Any]] = {
    "version": {},
    "by ids": {"recheck": Recheck.BY_IDS, "creates": Creates.UNGUARDED},
    "scan": {"recheck": Recheck.SCAN, "fetch_max": 0, "find": 0, "creates": Creates.UNGUARDED},
}


def _story(folder: Path, guard: str = "version", **can: Any) -> Story:
    folder.mkdir(exist_ok=True)
    versions = guard == "version"
    shelf = Shelf(versions=versions, unique="no" if versions else None)
    return Story(folder=folder, can=capabilities(**GUARDS[guard], **can), shelf=shelf)


def _world(story: Story) -> dict[str, list[dict[str, Any]]]:
    """Without ids: a record that was made again has another."""
    names = {name: record.get("no") for records in story.shelf.records.values() for name, record in records.items()}

    def told(record: dict[str, Any]) -> dict[str, Any]:
        shown = {field: names.get(value, value) for field, value in record.items() if value is not None}
        return {field: value for field, value in shown.items() if value is not None}

    return {kind: [told(record) for record in story.shelf.plain(kind)] for kind in story.shelf.records}


def _lines(plan: PlanFile) -> list[tuple[str, Action]]:
    return [(change.key[0], change.action) for _, change in plan.changes()]  # type: ignore[misc]  # keys of one text


def _left(plan: PlanFile) -> dict[str | None, str]:
    return {one.place.record: one.code for one in plan.trailer.problems if one.place is not None}


def _rows(story: Story, kind: str = "people") -> dict[str, str]:
    """The id map of one collection."""
    with State.open(story.folder / ".migrator", write=False) as state:
        return {
            source: row.target_id
            for pair in state.ids.pairs()
            if pair.collection == kind
            for source, row in state.ids.rows(pair)
            if row.gone_at is None
        }


@pytest.mark.parametrize("guard", GUARDS)
def test_a_run_with_links_references_and_deletes_is_taken_back_and_made_again(tmp_path: Path, guard: str) -> None:
    """Undone, all stands as before and the id map holds nothing; undone once more, all stands as the run left it."""
    story = _story(tmp_path / guard, guard)
    file = story.plan(staff(story))
    before = _world(story)
    assert not story.run(file).changes
    after, rows = _world(story), set(_rows(story))
    undone = story.run(story.undo(1))
    assert not undone.changes, undone.changes
    assert undone.kind == "undo"
    assert _world(story) == before
    assert set(_rows(story)) == {"E2"}  # an update that met it by key: it still is that record
    again = story.run(story.undo(2, "again.jsonl"))
    assert not again.changes, again.changes
    assert _world(story) == after
    assert set(_rows(story)) == rows


def test_an_undo_plan_goes_backwards_and_says_what_it_is_about(tmp_path: Path) -> None:
    """Its header names the run, its steps are reversed, deletes come last and things before people."""
    story = _story(tmp_path)
    assert not story.run(story.plan(staff(story))).changes
    plan = story.undo(1)
    assert (plan.header.kind, plan.header.of_run[0] if plan.header.of_run else 0) == (PlanKind.UNDO, 1)
    assert [step.step for step in plan.header.steps] == ["things", "people"]
    assert [(step, phase) for step, phase, *_ in plan.trailer.offsets] == [
        ("things", Phase.WRITE),
        ("people", Phase.WRITE),
        ("things", Phase.DELETE),
        ("people", Phase.DELETE),
    ]
    assert not plan.trailer.brakes
    assert (plan.trailer.counts["people"].delete, plan.trailer.counts["people"].unlink) == (5, 1)
    assert plan.trailer.forecast.requests > 0


@pytest.mark.parametrize("guard", GUARDS)
def test_what_moved_since_the_run_is_left_and_listed(tmp_path: Path, guard: str) -> None:
    """A record that somebody wrote to is neither put back nor deleted, whatever guards the system has."""
    story = _story(tmp_path / guard, guard)
    old = story.shelf.put("people", no="E1", name="old")
    spare = story.shelf.put("people", no="E2", name="old")
    lines = [
        _update(story, "E1", old),
        _update(story, "E2", spare),
        create("people", "E3", name="x"),
        create("people", "E4"),
    ]
    story.run(story.plan(lines))
    rows = _rows(story)
    for name in (old, rows["E3"]):
        story.shelf.records["people"][name].update({"name": "theirs"})
        story.shelf.records["people"][name]["$version"] += 1
    plan = story.undo(1)
    assert _left(plan) == {"E1": "PL030", "E3": "PL030"}
    assert not story.run(plan).changes
    assert story.shelf.plain("people") == [
        {"name": "old", "no": "E2"},
        {"name": "theirs", "no": "E1"},
        {"name": "theirs", "no": "E3"},
    ]


def test_a_change_of_another_field_does_not_keep_an_update_from_being_put_back(tmp_path: Path) -> None:
    """Only the fields that the run wrote matter to an update; a record that it made is left whole."""
    story = _story(tmp_path)
    old = story.shelf.put("people", no="E1", name="old")
    story.run(story.plan([_update(story, "E1", old)]))
    story.shelf.records["people"][old].update({"boss": "theirs", "$version": 9})
    assert not story.run(story.undo(1)).changes
    assert story.shelf.plain("people") == [{"no": "E1", "name": "old", "boss": "theirs"}]


def test_what_is_gone_frees_its_row_and_what_was_put_back_by_hand_needs_nothing(tmp_path: Path) -> None:
    """A made record that somebody deleted leaves the id map; a before-image that stands again has no line."""
    story = _story(tmp_path)
    old, lost = (story.shelf.put("people", no=no, name="old") for no in ("E1", "E2"))
    story.run(story.plan([_update(story, "E1", old), _update(story, "E2", lost), create("people", "E3")]))
    story.shelf.records["people"][old].update({"name": "old", "$version": 9})
    del story.shelf.records["people"][lost]
    del story.shelf.records["people"][_rows(story)["E3"]]
    plan = story.undo(1)
    assert _lines(plan) == [("E3", Action.UNLINK)]
    assert _left(plan) == {"E2": "PL032"}
    assert story.run(plan).steps[0].unlinked == 1
    assert "E3" not in _rows(story)


def test_where_nothing_can_be_deleted_it_is_told(tmp_path: Path) -> None:
    """A system without deletes keeps what was made there, and its row; updates are put back all the same."""
    story = _story(tmp_path, batch_max={Action.CREATE: 3, Action.UPDATE: 3}, cannot={Action.DELETE: "nobody deletes"})
    old = story.shelf.put("people", no="E1", name="old")
    story.run(story.plan([_update(story, "E1", old), create("people", "E3")]))
    plan = story.undo(1)
    assert _lines(plan) == [("E1", Action.UPDATE)]
    (told,) = plan.trailer.problems
    assert (told.code, told.summary) == ("PL031", "it was made and cannot be deleted: nobody deletes")
    assert not story.run(plan).changes
    assert set(_rows(story)) == {"E1", "E3"}


def test_a_deleted_record_is_not_made_beside_one_that_has_its_key(tmp_path: Path) -> None:
    """Somebody made it again: it is left alone, and told."""
    story = _story(tmp_path)
    old = story.shelf.put("people", no="E9", name="fax")
    gone = change("people", Action.DELETE, "E9", Phase.DELETE, key=("E9",), target_id=old, version="1",
                  before={"no": "E9", "name": "fax"})  # fmt: skip
    story.run(story.plan([gone]))
    story.shelf.put("people", no="E9", name="new fax")
    plan = story.undo(1)
    assert (_lines(plan), _left(plan)) == ([], {"E9": "PL033"})


def test_what_a_run_overwrote_is_put_back(tmp_path: Path) -> None:
    """--on-conflict overwrite kept what stood there: the undo puts that back, not what the plan knew."""
    story = _story(tmp_path)
    old = story.shelf.put("people", no="E1", name="old")
    file = story.plan([_update(story, "E1", old)])
    story.shelf.records["people"][old].update({"name": "theirs", "$version": 2})
    story.run(file, overwrite=True)
    assert not story.run(story.undo(1)).changes
    assert story.shelf.plain("people") == [{"no": "E1", "name": "theirs"}]


def test_a_before_image_with_a_secret_is_not_written_down(tmp_path: Path) -> None:
    """It becomes a finding that names the record alone."""
    story = _story(tmp_path)
    story.run(story.plan([create("people", "E1", name="x")]))
    story.shelf.records["people"][_rows(story)["E1"]]["boss"] = "s3cret"
    plan = story.undo(1)
    assert _left(plan) == {"E1": "PL007"}
    assert b"s3cret" not in plan.path.read_bytes()


def test_an_unfinished_or_purged_run_is_refused_with_the_command_that_helps(tmp_path: Path) -> None:
    """While anything is open nobody knows what to take back; without its plan, nobody knows what was done."""
    story = _story(tmp_path)
    file = story.plan([create("people", "E1", name="x")])

    def lost(kind: str, call: Any, move: Any) -> Any:
        if kind == "ask":
            raise MigratorError("the network is gone")
        move()
        raise Lost("reset")

    story.wire.around = lost
    with pytest.raises(MigratorError):
        story.run(file)
    with pytest.raises(PlanRefused, match="only a run that is over can be undone") as told:
        story.undo(1)
    assert told.value.problems[0].hint == "finish it first: migrator resume 1"
    story.wire.around = lambda kind, call, move: move()
    assert not story.run(file).changes
    (story.folder / ".migrator" / "plans" / f"{file.hash}.jsonl").unlink()
    with pytest.raises(PlanRefused, match="is not kept any more"):
        story.undo(1)


def _update(story: Story, no: str, record: str) -> Change:
    version = "1" if story.shelf.versions else None
    before, after = {"name": "old"}, {"name": "new"}
    return change(
        "people", Action.UPDATE, no, key=(no,), target_id=record, version=version, before=before, after=after
    )
