"""The state's file: what is damaged, newer or on a full disk is told and never written over."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from migrator.contract import Call, Pair
from migrator.errors import LocalFault
from migrator.state.database import FILE, Database, open_to_read, open_to_write
from migrator.state.runs import RunStep
from migrator.state.state import State

STEP = RunStep(step="s", target="t", collection="c", pair=None, read=1, partial=False, target_count=None)
CALL = Call(method="POST", path="/", kind="write", repeatable=False, body=b"{}")


def _written(folder: Path) -> Path:
    with State.open(folder, write=True) as state, state.lease([("t", "c")]):
        run = state.history.start("hash", "load", "book", [STEP])
        for line in range(0, 400, 4):
            state.journal.intent(run.number, "s", 1, CALL, [line])
    return folder / FILE


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: b"these are notes, no state" * 50,
        lambda content: content[: len(content) // 2],
        lambda content: content[:4096] + b"\xff" * 2000 + content[6096:],
    ],
    ids=["emptied", "another file", "cut", "overwritten in the middle"],
)
def test_a_damaged_state_is_refused_and_left_as_it_is(tmp_path: Path, spoil: object) -> None:
    """A13: refused with its path and what to do; not one byte of it changes."""
    file = _written(tmp_path)
    spoiled = spoil(file.read_bytes())  # type: ignore[operator]  # one of the functions above
    file.write_bytes(spoiled)
    with pytest.raises(LocalFault, match="damaged") as told, State.open(tmp_path, write=True):
        pass
    assert str(file) in str(told.value)
    assert told.value.problems[0].hint
    assert file.read_bytes() == spoiled


def test_a_newer_state_is_refused_with_both_versions(tmp_path: Path) -> None:
    """A15: whoever reads or writes is told that a newer program made it."""
    file = _written(tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE meta SET value = '7' WHERE name = 'version'")
    connection.close()
    for write in (True, False):
        with pytest.raises(LocalFault, match="has version 7, this program knows version 2"):
            State.open(tmp_path, write=write)


def test_a_full_disk_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """A10: an intent that cannot be written raises LocalFault with the path; nothing of it stays."""
    with State.open(tmp_path, write=True) as state, state.lease([("t", "c")]):
        run = state.history.start("hash", "load", "book", [STEP])
        database: Database = state._database
        pages = database.rows("PRAGMA page_count")[0][0]
        database.rows(f"PRAGMA max_page_count = {pages + 1}")
        written = 0
        with pytest.raises(LocalFault, match=r"state\.db: database or disk is full") as told:
            for _ in range(1000):
                state.journal.intent(run.number, "s", 1, CALL, list(range(200)))
                written += 1
        assert told.value.exit_code == 8
        assert state.journal.requests(run.number) == written


def test_reading_makes_nothing_and_can_change_nothing(tmp_path: Path) -> None:
    """Planning opens the state to read: without one nothing is made, with one every write is refused by SQLite."""
    with State.open(tmp_path / "none", write=False) as state:
        assert state.runs() == ()
        assert state.ids.size(Pair(target="t", collection="c", source="s", source_collection="x")) == 0
        assert state.follows([("t", "c")]) == ()
    assert not (tmp_path / "none").exists()
    _written(tmp_path)
    database = open_to_read(tmp_path)
    with pytest.raises(LocalFault, match="readonly"):
        database.run("DELETE FROM runs")
    database.close()


def test_readers_see_a_run_while_it_goes_on(tmp_path: Path) -> None:
    """Another connection reads what was committed, beside an open transaction of the writer."""
    with State.open(tmp_path, write=True) as state, state.lease([("t", "c")]):
        run = state.history.start("hash", "load", "book", [STEP])
        with state._database.transaction(), State.open(tmp_path, write=False) as reader:
            assert [row.number for row in reader.runs()] == [run.number]


def test_a_copy_that_nobody_may_write_to_can_be_read() -> None:
    """A12: a state on a read-only place, its log gone, is read all the same."""
    program = (
        "import os, sys; from pathlib import Path; from migrator.state.state import State\n"
        "os.setuid(65534) if os.getuid() == 0 else None\n"
        "with State.open(Path(sys.argv[1]), write=False) as state: print(len(state.runs()))"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = _written(folder)
        assert not file.with_name(f"{FILE}-wal").exists()
        file.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=False)
        folder.chmod(0o700)
    assert done.stdout == "1\n", done.stderr


def test_a_creation_that_was_cut_off_leaves_no_half_state(tmp_path: Path) -> None:
    """A07: the file gets its name when it is whole; a left-over under the temporary name is no obstacle."""
    (tmp_path / f".{FILE}.1.tmp").write_bytes(b"half")
    database = open_to_write(tmp_path)
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    assert database.rows("PRAGMA synchronous") == [(2,)]
    database.close()
