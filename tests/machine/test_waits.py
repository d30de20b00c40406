"""Between the look at a record and its write there may lie minutes of rest: who edits it then is not overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from migrator.model.run import Cause
from tests.machine.rig import Rig


def meanwhile(rig: Rig, edit: Callable[[], object]) -> None:
    """The first write is asked to wait ten minutes, and in this moment somebody edits a record."""

    def when(line: str, body: bytes) -> bool:
        edit()
        return True

    headers = {"Retry-After": "600"}
    rig.emulator.faults.add("PUT /apirest.php/Monitor", kind="status", status=429, headers=headers, when=when)


def test_b05_b22_what_people_edit_while_a_run_is_asked_to_wait_stands(tmp_path: Path) -> None:
    """Exit 5; the record is listed with what was found; the others are written after the rest."""
    rig = Rig("glpi", tmp_path)  # it checks no versions: only looking again can tell
    rig.source({"k1": "one", "k2": "two"})
    rig.plan()
    rig.apply()
    rig.source({"k1": "one, new", "k2": "two, new"})
    rig.plan()
    meanwhile(rig, lambda: rig.edit("k1", "theirs"))
    ended = rig.apply()
    assert {key: row.title for key, row in rig.standing().items()} == {"k1": "theirs", "k2": "two, new"}
    (one,) = ended.report.changes
    assert (ended.exit_code, one.outcome.cause) == (5, Cause.MOVED)
    assert "theirs" in (one.outcome.found or {}).values()
