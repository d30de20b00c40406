"""A run is taken back as it was made: planned, looked at, applied."""

from __future__ import annotations

from tests.end_to_end.assets import plan
from tests.end_to_end.stage import Stage


def _records(stage: Stage) -> dict[str, tuple[str, str]]:
    """Serial -> what people see, of the app that the playbook fills."""
    return {record["serial"]: (record["label"], record["status"]) for record in stage.truth()["kintone"][3]}


def test_a_run_is_undone_and_the_undo_is_undone(own: Stage) -> None:
    """What it made is deleted, what it changed is as before; undone again, all is as the run left it."""
    before = _records(own)
    plan(own)
    assert own.run("apply", "a.plan").code == 0
    after = _records(own)
    assert after != before
    done = own.run("undo", 1, "-o", "u.plan")
    assert done.code == 0, done.text
    done = own.run("apply", "u.plan")
    assert done.code == 0, done.text
    assert _records(own) == before
    done = own.run("undo", 2, "-o", "v.plan")
    assert done.code == 0, done.text
    done = own.run("apply", "v.plan")
    assert done.code == 0, done.text
    assert _records(own) == after
    assert "no changes" in own.run("verify", "p.yaml").text
