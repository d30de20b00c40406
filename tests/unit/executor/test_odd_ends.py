"""Uploads, files that move before they are renamed, creates that nothing can find, sessions that must be fresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Answer, Batch, Call, Creates, Writing
from migrator.errors import Conflict, Lost
from migrator.model.plan import Action, Change, Phase
from migrator.model.run import Cause, Status
from migrator.model.values import File
from migrator.state.state import State
from tests.unit.executor.shelf import Shelf, ShelfTarget, capabilities
from tests.unit.executor.story import Story, change, create, staff


def _after(story: Story, number: int, error: BaseException) -> None:
    """The answer to the n-th write is lost after the server did it."""
    seen = [0]

    def around(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        answer = move()
        seen[0] += kind == "send"
        if kind == "send" and seen[0] == number:
            raise error
        return answer

    story.wire.around = around


def test_a_file_that_moved_before_the_rename_makes_every_change_a_conflict(tmp_path: Path) -> None:
    """`complete` did nothing: no change counts as done, and the id map forgets what it learnt."""
    story = Story(folder=tmp_path)
    honest = story.target.complete

    def complete(writings: tuple[Writing, ...], stamp: str | None) -> str | None:
        if writings[0].collection.id == "things":
            raise Conflict("things was changed by somebody else")
        return honest(writings, stamp)

    story.target.complete = complete  # type: ignore[method-assign]  # one collection moved
    report = story.run(story.plan(staff(story)))
    people, things = report.steps
    assert (people.created, people.conflicts) == (5, 0)
    assert (things.created, things.deleted, things.conflicts) == (0, 0, 5)
    assert {one.outcome.reason for one in report.changes} == {"things was changed by somebody else"}
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert [state.ids.size(pair) for pair in state.ids.pairs()] == [7, 0]


class _Uploads(ShelfTarget):
    """Takes uploads: the handle of a file is the id of a record in the collection "files"."""

    def encode_change(self, writing: Writing, line: Change) -> bytes:
        values = {
            name: f"{value.system}/{value.where}" if isinstance(value, File) else value
            for name, value in (line.after or {}).items()
        }
        if line.action is Action.UPLOAD:
            part = super().encode_change(writing, replace(line, action=Action.CREATE, after={"name": "bytes"}))
            return part.replace(b'"collection": "people"', b'"collection": "files"')
        return super().encode_change(writing, replace(line, after=values))

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        call = super().encode(batches)
        return replace(call, repeatable=True) if batches[0].action is Action.UPLOAD else call


@pytest.mark.parametrize("lost", [0, 1])
def test_a_record_names_the_handle_that_its_upload_got(tmp_path: Path, lost: int) -> None:
    """A05: a lost upload is repeated, which hurts nobody; the record that names it is written once."""
    can = capabilities(batch_max={Action.CREATE: 3, Action.UPLOAD: 1})
    story = Story(folder=tmp_path, can=can)
    story.target = _Uploads(story.wire, can)
    file = File(name="a.png", size=1, media_type="image/png", where="theirs", system="other")
    upload = change("people", Action.UPLOAD, "E1", Phase.UPLOAD, field="name", position=0, after={"name": file})
    made = replace(create("people", "E1", name=file), needs=(upload.id,))
    plan = story.plan([upload, made])
    if lost:
        _after(story, lost, Lost("reset"))
    report = story.run(plan)
    handles = list(story.shelf.records["files"])
    assert len(handles) == 1 + lost
    assert story.shelf.plain("people") == [{"no": "E1", "name": f"shelf:one/{handles[-1]}"}]
    assert (report.changes, report.steps[0].created) == ((), 1)


def test_a_create_that_nothing_could_find_is_told_as_unknown_and_never_sent_again(tmp_path: Path) -> None:
    """No key, no marker, no answer: one record at most, and the report says that nobody knows."""
    shelf = Shelf(unique=None, versions=False)
    can = capabilities(creates=Creates.UNGUARDED, find=0)
    story = Story(folder=tmp_path, key=(), shelf=shelf, can=can, write={"may_duplicate": True})
    _after(story, 1, Lost("reset"))
    report = story.run(story.plan([replace(create("people", f"E{n}", name="x"), key=()) for n in range(3)]))
    assert [one.outcome.status for one in report.changes] == [Status.UNKNOWN] * 3
    assert "neither key nor marker" in (report.changes[0].outcome.reason or "")
    assert (report.steps[0].unknown, shelf.writes) == (3, 1)


def test_b42_a_resume_waits_until_a_lost_create_must_have_shown_up(tmp_path: Path) -> None:
    """Killed after sending a create that nothing guards: the whole `settle` passes before anybody looks."""

    class Killed(BaseException):
        pass

    shelf = Shelf(unique=None, versions=False)
    story = Story(folder=tmp_path, shelf=shelf, can=capabilities(creates=Creates.UNGUARDED, in_flight=1))
    file = story.plan([create("people", f"E{n}", name="x") for n in range(3)])
    late: list[Call] = []

    def dies(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        if kind == "send":
            late.append(call)
            raise Killed
        return move()

    story.wire.around = dies
    with pytest.raises(Killed):
        story.run(file)

    def commits_late(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        while late and story.clock.monotonic() > 50:
            shelf.write(late.pop())
        return move()

    story.wire.around = commits_late
    report = story.run(file)
    assert story.clock.monotonic() >= 60
    assert (report.steps[0].created, len(shelf.plain("people"))) == (3, 3)
    assert set(shelf.effects.values()) == {1}


def test_an_equal_record_found_after_a_doubt_is_ours_and_another_is_a_conflict(tmp_path: Path) -> None:
    """B01: what a lost create left is taken into the id map; what somebody else put under the key is not."""
    for name, found in (("x", Status.DONE), ("theirs", Status.CONFLICT)):
        (tmp_path / name).mkdir()
        story = Story(folder=tmp_path / name, can=capabilities(batch_max={Action.CREATE: 1}))

        def around(
            kind: str, call: Call, move: Callable[[], Answer], story: Story = story, name: str = name
        ) -> Answer:
            if kind == "send" and not story.shelf.records.get("people"):
                story.shelf.put("people", no="E1", name=name)
                raise Lost("reset")
            return move()

        story.wire.around = around
        report = story.run(story.plan([create("people", "E1", name="x")]))
        told: list[Any] = [one.outcome for one in report.changes]
        assert report.steps[0].created == (found is Status.DONE)
        assert [one.cause for one in told] == ([] if found is Status.DONE else [Cause.TAKEN])


def test_b42_new_entities_are_used_by_a_fresh_session(tmp_path: Path) -> None:
    """Where a collection's new records need one, the login is renewed before the next section begins."""
    story = Story(folder=tmp_path, can=capabilities(renew_after=frozenset({"people"})))
    story.run(story.plan(staff(story)))
    assert story.wire.renewed == 2
