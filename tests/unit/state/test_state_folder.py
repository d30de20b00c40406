"""Where the state is found, and what its files let others see."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from migrator.errors import PlanRefused, UsageWrong
from migrator.state.folder import find
from migrator.state.state import State
from tests.unit.executor.story import Story, staff


def test_the_state_is_found_upwards_from_the_playbook_then_from_the_working_folder(tmp_path: Path) -> None:
    """The playbook's own tree wins over the working folder's; what is named wins over both."""
    books, work = tmp_path / "team" / "books", tmp_path / "work"
    books.mkdir(parents=True)
    (work / ".migrator").mkdir(parents=True)
    book = books / "staff.yaml"
    book.touch()
    assert find(book, None, work, None) == work / ".migrator"
    (tmp_path / "team" / ".migrator").mkdir()
    assert find(book, None, work, None) == tmp_path / "team" / ".migrator"
    assert find(book, None, work, Path("other")) == work / "other"
    assert find(None, None, work / "deep", None) == work / ".migrator"


def test_a_new_state_is_made_beside_the_playbook_else_in_the_working_folder(tmp_path: Path) -> None:
    """A playbook that is not there any more says nothing; then the plan's folder is where the search begins."""
    book = tmp_path / "books" / "staff.yaml"
    book.parent.mkdir()
    book.touch()
    assert find(book, None, tmp_path, None) == tmp_path / "books" / ".migrator"
    plan = tmp_path / "plans" / "p.jsonl"
    plan.parent.mkdir()
    plan.touch()
    assert find(Path("gone.yaml"), plan, tmp_path, None) == tmp_path / ".migrator"
    (tmp_path / "plans" / ".migrator").mkdir()
    assert find(Path("gone.yaml"), plan, tmp_path, None) == tmp_path / "plans" / ".migrator"


def test_only_the_owner_may_look_into_the_state(tmp_path: Path) -> None:
    """Folders are 0700; database, kept plan and log are 0600, whatever the umask says."""
    story = Story(folder=tmp_path)
    story.run(story.plan(staff(story)))
    folder = tmp_path / ".migrator"
    modes = {path.relative_to(folder).parts[0]: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes.pop("plans") == modes.pop("runs") == 0o700
    assert set(modes.values()) == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*/*")} == {0o600}


def test_an_edited_plan_is_refused_by_the_name_that_people_know(tmp_path: Path) -> None:
    """The copy is checked, and no copy of it is kept."""
    story = Story(folder=tmp_path)
    file = story.plan(staff(story))
    file.path.write_bytes(file.path.read_bytes().replace(b'"Suzuki"', b'"Tanaka"'))
    with State.open(tmp_path / ".migrator", write=True) as state:
        with pytest.raises(PlanRefused, match=r"plan\.jsonl was changed after it was made"):
            state.keep(file)
        assert not list((tmp_path / ".migrator" / "plans").iterdir())


def test_a_kept_plan_that_was_damaged_is_replaced_by_the_good_one(tmp_path: Path) -> None:
    """Keeping a plan again proves the copy that is there."""
    story = Story(folder=tmp_path)
    file = story.plan(staff(story))
    with State.open(tmp_path / ".migrator", write=True) as state:
        kept = state.keep(file)
        kept.path.write_bytes(b"rubbish")
        assert state.keep(file).path.read_bytes() == file.path.read_bytes()


def test_nothing_unfinished_is_said_so(tmp_path: Path) -> None:
    """A finished run has nothing to resume."""
    story = Story(folder=tmp_path)
    story.run(story.plan(staff(story)))
    with State.open(tmp_path / ".migrator", write=False) as state:
        with pytest.raises(UsageWrong, match="nothing to resume"):
            state.unfinished(None)
        with pytest.raises(UsageWrong, match="run 1 is not unfinished"):
            state.unfinished(1)
