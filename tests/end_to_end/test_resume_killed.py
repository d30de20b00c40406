"""A real process, really killed: the same call again ends as an unbroken run does, each record written once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from migrator.errors import PlanRefused
from migrator.model.run import RunStatus
from tests.end_to_end.rows import bench

COUNT = 1_050
"""Three requests of creates: Kintone's connector bundles five batches of a hundred."""

KILLS = ["before_intent:2", "after_intent:2", "before_outcomes:1", "within_outcomes:3", "before_end"]


@pytest.mark.parametrize("point", KILLS)
def test_kill_9_and_the_same_call_again(tmp_path: Path, point: str) -> None:
    """A01 to A04: killed at a named point, taken up: all records, each created once; a third apply is refused."""
    with bench(tmp_path) as here:
        here.rows(COUNT, "pc")
        here.plan("one.plan")
        assert here.killed("one.plan", point) == -signal.SIGKILL
        assert here.report(1).status is RunStatus.RUNNING
        taken_up = here.apply("one.plan")
        assert (taken_up.exit_code, taken_up.report.run, taken_up.report.steps[0].created) == (0, 1, COUNT)
        assert here.seen() == {f"S-{n:05}": (f"pc {n}", 1) for n in range(COUNT)}
        with pytest.raises(PlanRefused, match="applied already, by run 1"):
            here.apply("one.plan")


@pytest.mark.parametrize("point", ["after_intent:1", "before_outcomes:1"])
def test_updates_that_were_cut_off_are_written_once(tmp_path: Path, point: str) -> None:
    """A02, A03 for updates: every revision rises by one, whichever side of the commit the kill fell on."""
    with bench(tmp_path) as here:
        here.rows(250, "pc")
        here.plan("one.plan")
        here.apply("one.plan")
        here.rows(250, "laptop")
        here.plan("two.plan")
        assert here.killed("two.plan", point) == -signal.SIGKILL
        assert (here.report(2).steps[0].unknown, here.report(2).steps[0].todo) == (250, 0)
        assert here.apply("two.plan").exit_code == 0
        assert here.seen() == {f"S-{n:05}": (f"laptop {n}", 2) for n in range(250)}


@pytest.mark.parametrize("point", ["before_outcomes", "before_complete", "after_complete"])
def test_a_file_is_written_whole_however_often_the_writer_is_killed(tmp_path: Path, point: str) -> None:
    """csv to jsonl: killed before or after the rename, the next call finishes it; no line is there twice."""
    with bench(tmp_path) as here:
        here.rows(300, "pc")
        text = (tmp_path / "assets.yaml").read_text()
        text = text[: text.index("  kt:")] + text[text.index("limits:") :]
        text = text.replace("limits:", '  out: {connector: jsonl, path: "out"}\nlimits:')
        text = text.replace(
            "{system: kt, collection: 3, key: serial}", "{system: out, collection: a.jsonl, key: serial}"
        )
        (tmp_path / "assets.yaml").write_text(text)
        (tmp_path / "out").mkdir()
        here.plan("one.plan")
        assert here.killed("one.plan", point) == -signal.SIGKILL
        assert here.apply("one.plan").exit_code == 0
        lines = (tmp_path / "out" / "a.jsonl").read_text().splitlines()
        assert len(lines) == len(set(lines)) == 300
        assert here.plan("two.plan").changes == 0
