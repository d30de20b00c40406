"""What a state folder lies on, and who may look into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.executor.preflight import SKEW_SECONDS
from migrator.model.run import Event, Noticed
from migrator.state import place
from migrator.state.state import State
from tests.unit.executor.story import Story, create, staff

MOUNTS = """\
proc /proc proc rw 0 0
/dev/sda1 / ext4 rw 0 0
nas:/team {0}/team nfs4 rw,vers=4.2 0 0
/dev/sdb1 {0}/team/local ext4 rw 0 0
//files/with\\040space {0}/with\\040space cifs rw 0 0
sato@host: {0}/far fuse.sshfs rw 0 0
tmpfs {0}/quick tmpfs rw 0 0
"""


def _mounts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = folder / "mounts"
    told.write_text(MOUNTS.replace("{0}", str(folder.resolve())))
    monkeypatch.setattr(place, "MOUNTS", told)


def _warnings(events: list[Event]) -> dict[str, str]:
    problems = [event.problem for event in events if isinstance(event, Noticed)]
    return {problem.code: f"{problem.summary} {problem.hint}" for problem in problems}


@pytest.mark.parametrize(
    ("below", "kind"),
    [
        ("team/state", "nfs4"),
        ("team/local/state", None),
        ("with space/state", "cifs"),
        ("far/a/b", "fuse.sshfs"),
        ("quick", None),
        ("teamwork", None),
        (".", None),
    ],
)
def test_a19_the_nearest_mount_tells_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str, kind: str | None
) -> None:
    """Network file systems by name, the longest mount point wins, a local disk within a share is local."""
    _mounts(tmp_path, monkeypatch)
    assert place.network(tmp_path / below) == kind


def test_a19_a_state_on_a_network_share_is_warned_of_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each apply says so, with a local folder as the remedy, and goes on."""
    _mounts(tmp_path, monkeypatch)
    (tmp_path / "team").mkdir()
    (tmp_path / "local").mkdir()
    for folder, warned in (("team", True), ("local", False)):
        story = Story(folder=tmp_path / folder)
        told = _warnings(list(story.apply(story.plan(staff(story)))))
        assert ("ST013" in told) == warned
        if warned:
            assert "NETWORK FILE SYSTEM (nfs4)" in told["ST013"] and "--state" in told["ST013"]


def test_a20_a_clock_far_from_ours_is_warned_of(tmp_path: Path) -> None:
    """More than a minute either way is told with the system; less, or a system without a clock, is not."""
    for number, (skew, said) in enumerate(
        [(SKEW_SECONDS + 1, "61 seconds ahead of"), (-90.0, "90 seconds behind"), (59.0, ""), (None, "")]
    ):
        (tmp_path / str(number)).mkdir()
        story = Story(folder=tmp_path / str(number), skew=skew)
        told = _warnings(list(story.apply(story.plan(staff(story)))))
        assert ("ST014" in told) == bool(said)
        assert said in told.get("ST014", "")


def test_e13_a_state_that_others_can_look_into_is_warned_of(tmp_path: Path) -> None:
    """The database, the copies of plans, the logs, the folder: each is looked at, with the command that mends it."""
    story = Story(folder=tmp_path)
    assert "ST010" not in _warnings(list(story.apply(story.plan(staff(story)))))
    folder = tmp_path / ".migrator"
    assert list(place.loose(folder)) == []
    for name in ("", "state.db", "plans", "runs"):
        mode = (folder / name).stat().st_mode
        (folder / name).chmod(mode | 0o040)
        ((found, why),) = place.loose(folder)
        assert (found, "others may look into it" in why) == (folder / name, True)
        (folder / name).chmod(mode)
    (folder / "state.db").chmod(0o644)
    with State.open(folder, write=False) as state:
        follows = state.follows([("shelf:one", "people")])
    told = _warnings(list(story.apply(story.plan([create("people", "E9")], "second.jsonl", follows=follows))))
    assert "chmod -R go=" in told["ST010"]
