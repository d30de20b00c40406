"""One writer at a time; whoever died is taken over, whoever was taken over writes no more."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.errors import Locked
from migrator.state.database import FILE
from migrator.state.runs import RunStep
from migrator.state.state import State

STEP = RunStep(step="s", target="t", collection="c", pair=None, read=1, partial=False, target_count=None)


def _holder(folder: Path, **changed: object) -> None:
    """Rewrite the row of whoever holds the lease."""
    connection = sqlite3.connect(folder / FILE)
    with connection:
        for name, value in changed.items():
            connection.execute(f"UPDATE leases SET {name} = ?", (value,))
    connection.close()


def test_a_second_run_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """A16: owner, host, pid and since when; exit 6; free again when the first is over."""
    with State.open(tmp_path, write=True) as one, State.open(tmp_path, write=True) as two:
        with one.lease([("t", "c")]):
            with pytest.raises(Locked, match=f"on {socket.gethostname()}, process {os.getpid()}, since 20") as told:
                with two.lease([("t", "c")]):
                    pass
            assert told.value.exit_code == 6
        with two.lease([("t", "c")]):
            pass


def test_a_holder_that_died_here_is_taken_over_with_a_higher_fence(tmp_path: Path) -> None:
    """A17: its process is gone, so nobody waits and nobody edits a row by hand."""
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    with State.open(tmp_path, write=True) as one, State.open(tmp_path, write=True) as two:
        with one.lease([("t", "c")]) as first:
            fence = first.fence
            _holder(tmp_path, pid=died.pid)
            with two.lease([("t", "c")]) as second:
                assert second.fence > fence


def test_a_process_number_that_was_given_again_is_no_holder(tmp_path: Path) -> None:
    """The row says when its process began: a younger process with the same number is another one."""
    with State.open(tmp_path, write=True) as one, State.open(tmp_path, write=True) as two:
        with one.lease([("t", "c")]):
            _holder(tmp_path, owner="somebody/1")
            with two.lease([("t", "c")]):
                pass


def test_a_holder_on_another_host_is_never_taken_over(tmp_path: Path) -> None:
    """Nobody can tell from here whether it lives."""
    with State.open(tmp_path, write=True) as one, State.open(tmp_path, write=True) as two:
        with one.lease([("t", "c")]):
            _holder(tmp_path, host="elsewhere.example", pid=1)
            with pytest.raises(Locked, match=r"on elsewhere\.example, process 1"), two.lease([("t", "c")]):
                pass


def test_whoever_was_taken_over_writes_no_more(tmp_path: Path) -> None:
    """A17: the old holder's next row is refused by its fence, and nothing of it stays."""
    with State.open(tmp_path, write=True) as one, State.open(tmp_path, write=True) as two:
        with one.lease([("t", "c")]):
            _holder(tmp_path, owner="somebody/1")
            with two.lease([("t", "c")]):
                with pytest.raises(Locked, match="took over"):
                    one.history.start("hash", "load", "book", [STEP])
                assert two.runs() == ()
