"""Keys with signs that queries, paths, markup and markers give a meaning to: found again by what they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from migrator import ledger
from migrator.errors import MigratorError
from migrator.model.run import Status
from tests.machine.rig import Fault, Killed, Rig
from tests.machine.truth import SIDES

SIGNS = (
    *('a"b', "it's", "back\\slash", "ends\\", "two\nlines", "tab\there", "100%", "%41", "a,b;c", "<b>&amp;"),
    *('" or "1"="1', "') --", "a/b?c=d#e", "migrator:x/y", "{{ 7*7 }}", "$in", "*", "~", "a  b", "null", "[1]"),
    *("100000000000000000001", "日本語", "ﾊﾝｶｸ", "e\u0301", "\u200bz", "x" * 200),
)


@pytest.mark.parametrize("system", SIDES)
def test_d05_a_key_of_any_signs_is_found_again_when_nobody_remembers_its_record(system: str, tmp_path: Path) -> None:
    """Made, met again without the id map, changed without it: each record stands once and its lines are its own."""
    rig = Rig(system, tmp_path)
    rig.source(dict.fromkeys(SIGNS, "one"))
    assert rig.plan() == dict.fromkeys(SIGNS, "create")
    assert rig.apply().exit_code == 0
    shutil.rmtree(rig.state)
    assert rig.plan() == {}
    rig.source(dict.fromkeys(SIGNS, "other"))
    assert rig.plan() == dict.fromkeys(SIGNS, "update")
    assert rig.apply().exit_code == 0
    shutil.rmtree(rig.state)
    assert rig.plan() == {}
    assert {title for _, title in rig.standing().values()} >= {"other"} and len(rig.standing()) >= len(SIGNS)


class Blind(Rig):
    """A step that says of itself that nothing could find its records again."""

    def _playbook(self) -> str:
        book = json.loads(super()._playbook())
        target = book["steps"][0]["target"]
        book["steps"][0]["target"] = {
            "system": "there",
            "collection": target["collection"],
            "may_duplicate": True,
        }
        return json.dumps(book)

    def rows(self) -> int:
        """Records in the target."""
        return len(self.emulator.store.rows("Monitor"))


class Swallowed(Fault):
    """The answer to the first request that made records is lost; `kill`: the process too."""

    def __init__(self, rig: Blind, *, kill: bool) -> None:
        super().__init__(1, kill=kill, after=True)
        self.rig, self.stood = rig, rig.rows()

    def point(self, after: bool) -> None:
        if after and not self.hit and self.rig.rows() > self.stood:
            super().point(after)


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "reset"])
def test_a03_b01_a_create_that_nothing_can_find_is_told_as_unknown_and_not_sent_again(
    tmp_path: Path, kill: bool
) -> None:
    """`may_duplicate: true`, and the answer is lost: each stands once there, and the report says: nobody can tell."""
    rig = Blind("glpi", tmp_path)
    stood = rig.rows()
    rig.source({"k1": "one", "k2": "two"})
    assert rig.plan() == {"k1": "create", "k2": "create"}
    if kill:
        with pytest.raises((Killed, MigratorError)):  # a thread of the wire is where it dies
            rig.apply(Swallowed(rig, kill=True))
        rig.resume()
    else:
        rig.apply(Swallowed(rig, kill=False))
    assert rig.rows() == stood + 2
    told = ledger.report(None, rig.state).changes
    assert [one.outcome.status for one in told] == [Status.UNKNOWN] * 2
    assert "neither key nor marker" in (told[0].outcome.reason or "")
