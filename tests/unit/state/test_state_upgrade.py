"""A state of an older version becomes one of today, whole or not at all, and what it was is kept beside it."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrator.errors import LocalFault, Locked
from migrator.model.run import RunStatus
from migrator.state.database import FILE
from migrator.state.state import State
from migrator.state.tables import VERSION

ROOT = Path(__file__).parents[3]
V1 = Path(__file__).with_name("state_v1.sql")
"""What version 1 wrote: two records brought over, a second run that was killed with a request in doubt."""
POINTS = ["begun", "backup_written", "backed_up", "step", "brought_on", "committed"]


def _older(folder: Path, more: str = "") -> Path:
    """A state of version 1, its holder's process gone."""
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / FILE)) as made:
        made.executescript(V1.read_text().replace("'HOST'", f"'{socket.gethostname()}'") + more)
        made.execute("PRAGMA journal_mode = WAL")
    return folder / FILE


def _told(folder: Path) -> dict[str, Any]:
    """All that people can see of a state."""
    with State.open(folder, write=False) as state:
        return {
            "runs": state.runs(),
            "steps": [state.history.steps(run.number) for run in state.runs()],
            "ids": [(pair, list(state.ids.rows(pair))) for pair in state.ids.pairs()],
            "doubts": state.journal.doubts(2),
            "outcomes": list(state.journal.outcomes(1)),
        }


def _version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as asked:
        return int(asked.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()[0])


def _forms(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as asked:
        return {row[0] for row in asked.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def test_an_older_state_is_upgraded_and_kept(tmp_path: Path) -> None:
    """Opened to write it has today's tables and all it knew; the backup beside it is what it was, mode 0600."""
    file = _older(tmp_path)
    before = _told(tmp_path)
    assert (_version(file), before["runs"][1].status, len(before["doubts"][0].lines)) == (1, RunStatus.RUNNING, 2)
    with State.open(tmp_path, write=True) as state, state.lease([("t", "c")]):
        assert state.holders()
    assert _version(file) == VERSION
    assert _told(tmp_path) == before
    State.open(tmp_path / "new", write=True).__exit__(None, None, None)
    assert _forms(file) == _forms(tmp_path / "new" / FILE)
    backup = tmp_path / f"{FILE}.backup-v1"
    assert (_version(backup), stat.S_IMODE(backup.stat().st_mode)) == (1, 0o600)
    backup.replace(file)
    assert _told(tmp_path) == before


def test_a_plan_reads_an_older_state_as_it_is(tmp_path: Path) -> None:
    """Reading upgrades nothing and makes no backup; the file's bytes stay."""
    file = _older(tmp_path)
    content = file.read_bytes()
    assert len(_told(tmp_path)["ids"]) == 1
    assert (file.read_bytes(), _version(file)) == (content, 1)
    assert not list(tmp_path.glob("*backup*"))


@pytest.mark.parametrize("point", POINTS)
def test_a07_a_kill_in_the_middle_of_an_upgrade_leaves_the_old_or_the_new(tmp_path: Path, point: str) -> None:
    """Killed at each point: all tables of one version, nothing lost, a backup is whole, the next try ends it."""
    file = _older(tmp_path)
    before = _told(tmp_path)
    program = "import sys; from pathlib import Path; from migrator.state.state import State\n"
    program += "State.open(Path(sys.argv[1]), write=True)"
    env = {**os.environ, "MIGRATOR_FAILPOINT": f"upgrade_{point}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=env, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    version = _version(file)
    assert version == (VERSION if point == "committed" else 1)
    assert ("began TEXT" in " ".join(_forms(file))) == (version == VERSION)
    for backup in tmp_path.glob("*.backup-v1"):
        assert _version(backup) == 1
    with State.open(tmp_path, write=True):
        pass
    assert (_version(file), _told(tmp_path)) == (VERSION, before)
    assert _version(tmp_path / f"{FILE}.backup-v1") == 1
    assert not list(tmp_path.glob(".*.tmp")) or point == "committed"


def test_a_run_of_the_older_program_is_not_pulled_from_under(tmp_path: Path) -> None:
    """While its process lives the upgrade is refused with exit 6, and nothing changes."""
    me = Path("/proc/self/stat")
    began = me.read_text().rpartition(")")[2].split()[19] if me.exists() else ""
    file = _older(tmp_path, f"UPDATE leases SET pid = {os.getpid()}, owner = 'sato/{began}';")
    with pytest.raises(Locked, match=f"older migrator holds the state: sato on .*, process {os.getpid()}"):
        State.open(tmp_path, write=True)
    assert (_version(file), list(tmp_path.glob("*backup*"))) == (1, [])


def test_a10_a_backup_that_finds_no_room_changes_nothing(tmp_path: Path) -> None:
    """The disk takes no copy of the state: refused with exit 8, still of the old version, no half backup."""
    file = _older(tmp_path)
    program = (
        "import resource, sys; from pathlib import Path; from migrator.errors import LocalFault\n"
        "from migrator.state.state import State\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "try: State.open(Path(sys.argv[1]), write=True)\n"
        "except LocalFault as error: print(error); sys.exit(error.exit_code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, str(file) in done.stdout) == (8, True), done.stderr
    assert (_version(file), list(tmp_path.glob("*backup*")), list(tmp_path.glob(".*tmp"))) == (1, [], [])


def test_a15_a_backup_is_no_way_back_for_a_newer_state(tmp_path: Path) -> None:
    """A state of a newer program is refused with both numbers, to read and to write, and stays as it is."""
    file = _older(tmp_path, f"UPDATE meta SET value = '{VERSION + 1}' WHERE name = 'version';")
    content = file.read_bytes()
    for write in (True, False):
        with pytest.raises(LocalFault, match=f"has version {VERSION + 1}, this program knows version {VERSION}"):
            State.open(tmp_path, write=write)
    assert file.read_bytes() == content
