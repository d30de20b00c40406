"""A secret that stands in a target record stays there: no file of the state has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.model.plan import Action
from migrator.model.playbook import OnTaken
from migrator.model.run import Cause, Outcome, Status
from migrator.state.state import State
from tests.unit.executor.story import Story, change, create

SECRET = "my s3cret token"
"""The story's `clean` takes "s3cret" out."""


def _outcome(story: Story) -> Outcome:
    """The only one; and no byte of the state holds the secret."""
    folder = story.folder / ".migrator"
    assert b"s3cret" not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    with State.open(folder, write=False) as state:
        ((_, outcome),) = state.journal.outcomes(1)
    return outcome


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_record_that_moved_and_holds_a_secret_is_told_by_names_and_left(tmp_path: Path, overwrite: bool) -> None:
    """A conflict without any value of it, also under `--on-conflict overwrite`: it could not be brought back."""
    story = Story(folder=tmp_path)
    record = story.shelf.put("people", no="E1", name="old", boss="B1")
    known = {"target_id": record, "version": "1", "before": {"name": "old", "boss": "B1"}}
    line = change("people", Action.UPDATE, "E1", key=("E1",), **known, after={"name": "new", "boss": "B2"})
    file = story.plan([line])
    story.shelf.records["people"][record].update({"name": SECRET, "$version": 2})
    story.run(file, overwrite=overwrite)
    outcome = _outcome(story)
    assert (outcome.status, outcome.cause) == (Status.CONFLICT, Cause.MOVED)
    note = "(not kept: the record holds a secret)"
    assert outcome.found == {"name": note, "boss": note}
    assert story.shelf.plain("people")[0]["name"] == SECRET


@pytest.mark.parametrize("on_taken", OnTaken)
def test_a_record_that_has_the_key_and_holds_a_secret_is_left(tmp_path: Path, on_taken: OnTaken) -> None:
    """Its before-image cannot be kept, so `on_taken: update` does not write over it."""
    story = Story(folder=tmp_path, write={"on_taken": on_taken})
    file = story.plan([create("people", "E1", name="new")])
    story.shelf.put("people", no="E1", name=SECRET)
    story.run(file)
    outcome = _outcome(story)
    assert (outcome.status, outcome.cause) == (Status.CONFLICT, Cause.TAKEN)
    assert set(outcome.found or {}) >= {"name"}
    assert story.shelf.plain("people") == [{"no": "E1", "name": SECRET}]
