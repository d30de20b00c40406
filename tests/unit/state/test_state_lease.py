"""A collection has one writer at a time; whoever died is taken over, whoever was taken over writes no more."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrator.contract import Call
from migrator.errors import Interrupted, Locked
from migrator.state.database import FILE
from migrator.state.lease import BEAT_SECONDS, WATCH_SECONDS, Lease
from migrator.state.process import STALE_SECONDS, awake
from migrator.state.runs import RunStep
from migrator.state.state import State
from migrator.transport.pace import ManualClock

STEP = RunStep(step="s", target="t", collection="c", pair=None, read=1, partial=False, target_count=None)
CALL = Call(method="POST", path="/", kind="write", repeatable=False, body=b"{}")
HERE, THERE = ("t", "c"), ("t", "other")


def _holder(folder: Path, **changed: object) -> None:
    """Rewrite the rows of whoever holds a lease."""
    connection = sqlite3.connect(folder / FILE)
    with connection:
        for name, value in changed.items():
            connection.execute(f"UPDATE leases SET {name} = ?", (value,))
    connection.close()


@contextmanager
def _two(folder: Path, clock: ManualClock | None = None) -> Iterator[tuple[State, State]]:
    """Two programs on one state; on this clock, where there is one."""
    words = {} if clock is None else {"wall": clock.wall, "awake": clock.monotonic}
    with State.open(folder, write=True, **words) as one, State.open(folder, write=True, **words) as two:
        yield one, two


def _entered(lease: Lease) -> int:
    with lease:
        return lease.fence


def test_a16_a_second_run_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """Owner, host, process, run, since when and last sign of life; exit 6; free again when the first is over."""
    with _two(tmp_path) as (one, two):
        with one.lease([HERE]):
            run = one.history.start("hash", "load", "book", [STEP])
            who = rf"c \(t\): .+ on {socket.gethostname()}, process {os.getpid()}, run {run.number}, since 20.+, last"
            with pytest.raises(Locked, match=who) as told:
                _entered(two.lease([HERE]))
            assert told.value.exit_code == 6
            assert [(holder.run, holder.places) for holder in two.holders()] == [(run.number, (HERE,))]
        assert _entered(two.lease([HERE]))


def test_a16_runs_on_other_collections_go_on_side_by_side(tmp_path: Path) -> None:
    """Each has its own number, both write, and whoever wants both collections or all of them is refused."""
    with _two(tmp_path) as (one, two), one.lease([HERE]) as first:
        with two.lease([THERE]) as second:
            assert first.fence != second.fence
            assert one.history.start("a", "load", "book", [STEP]).number == 1
            assert two.history.start("b", "load", "book", [STEP]).number == 2
            first.check()
            second.check()
        for wanted in ([HERE, THERE], []):
            with pytest.raises(Locked):
                _entered(two.lease(wanted))


def test_a16_a_resume_takes_what_nobody_carries_out(tmp_path: Path) -> None:
    """Of two unfinished runs the last is taken up, unless its process lives: then the other one."""
    with _two(tmp_path) as (one, two):
        with one.lease([HERE]):
            one.history.start("first", "load", "book", [STEP])
        with one.lease([THERE]):
            one.history.start("second", "load", "book", [STEP])
            assert two.unfinished(None).stem == "first"
        assert two.unfinished(None).stem == "second"


def test_a16_whoever_waits_gets_it_when_the_first_ends(tmp_path: Path) -> None:
    """--lock-timeout: the wait is told once with the holder and ends with the lease; too short a one is refused."""
    clock = ManualClock()
    with _two(tmp_path, clock) as (one, two):
        first = one.lease([HERE])
        first.__enter__()
        with pytest.raises(Locked, match="another run holds c"):
            list(two.lease([HERE]).awaited(5, clock, lambda: None))
        waits = two.lease([HERE]).awaited(60, clock, lambda: None)
        told = next(waits)
        assert (round(told.seconds), f"process {os.getpid()}" in told.why) == (60, True)
        first.__exit__(None, None, None)
        assert list(waits) == []
        assert _entered(two.lease([HERE]))
        with one.lease([HERE]), pytest.raises(Interrupted):
            list(two.lease([HERE]).awaited(60, clock, lambda: 15))


def test_a17_a_holder_that_died_here_is_taken_over_with_a_higher_fence(tmp_path: Path) -> None:
    """Its process is gone, so nobody waits and nobody edits a row by hand."""
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    with _two(tmp_path) as (one, two), one.lease([HERE]) as first:
        fence = first.fence
        _holder(tmp_path, pid=died.pid)
        assert two.holders() == ()
        assert _entered(two.lease([HERE])) > fence


def test_a17_a_process_number_that_was_given_again_is_no_holder(tmp_path: Path) -> None:
    """The row says when its process began: a younger process with the same number is another one."""
    with _two(tmp_path) as (one, two), one.lease([HERE]):
        _holder(tmp_path, began="1")
        assert _entered(two.lease([HERE]))


def test_a17_a_machine_that_started_again_holds_nothing(tmp_path: Path) -> None:
    """Same name, another start of the kernel, last heard of before it: gone. Another container's process is not."""
    with _two(tmp_path) as (one, two), one.lease([HERE]):
        _holder(tmp_path, space="an-earlier-start/pid:[1]")
        with pytest.raises(Locked):
            _entered(two.lease([HERE]))
        began = datetime.now(UTC).timestamp() - awake()
        _holder(tmp_path, beat=datetime.fromtimestamp(began - 5, UTC).isoformat())
        assert _entered(two.lease([HERE]))


def test_a17_a_holder_elsewhere_is_left_alone_while_it_gives_signs_of_life(tmp_path: Path) -> None:
    """Nobody can look at its process from here: refused at once, whatever became of it."""
    with _two(tmp_path) as (one, two), one.lease([HERE]):
        _holder(tmp_path, host="elsewhere.example", pid=1)
        with pytest.raises(Locked, match=r"on elsewhere\.example, process 1"):
            _entered(two.lease([HERE]))


def test_a17_a20_a_silent_holder_elsewhere_is_watched_then_taken_over(tmp_path: Path) -> None:
    """Ten minutes of silence by the wall clock are not enough: its row must stand still before our eyes too."""
    clock = ManualClock()
    with _two(tmp_path, clock) as (one, two), one.lease([HERE]) as old:
        _holder(tmp_path, host="elsewhere.example")
        clock.wait(STALE_SECONDS + 1)
        began = clock.monotonic()
        waits = list(two.lease([HERE]).awaited(0, clock, lambda: None))
        assert len(waits) == 1
        assert clock.monotonic() - began >= WATCH_SECONDS
        with two.lease([HERE]) as lease:
            assert [holder.process.host for holder in lease.over] == ["elsewhere.example"]
            with pytest.raises(Locked, match="took over"):
                old.check()


def test_a20_a_clock_that_jumps_takes_nothing_from_the_living(tmp_path: Path) -> None:
    """Our clock leaps a day ahead; the holder elsewhere beats on, is seen to, and stays."""
    clock = ManualClock()
    with _two(tmp_path, clock) as (one, two), one.lease([HERE]) as first:
        _holder(tmp_path, host="elsewhere.example")
        ahead = State.open(tmp_path, write=True, wall=lambda: clock.wall() + 86_400, awake=clock.monotonic)
        with ahead, pytest.raises(Locked):
            list(ahead.lease([HERE]).awaited(120, _Beating(clock, first), lambda: None))
        first.check()
        assert two.lease([HERE]).fence == 0


class _Beating:
    """A clock under which somebody else's heart beats."""

    def __init__(self, clock: ManualClock, lease: Lease) -> None:
        self._clock, self._lease = clock, lease
        self.monotonic, self.wall = clock.monotonic, clock.wall

    def wait(self, seconds: float) -> None:
        self._clock.wait(seconds)
        self._lease.beat()


def test_a17_whoever_was_taken_over_writes_no_more(tmp_path: Path) -> None:
    """The old holder's late outcome is refused by its fence, and nothing of it stays."""
    with _two(tmp_path) as (one, two), one.lease([HERE, THERE]):
        run = one.history.start("hash", "load", "book", [STEP])
        seq = one.journal.intent(run.number, "s", 1, CALL, [1])
        _holder(tmp_path, began="1")
        with two.lease([THERE]):
            for late in (
                lambda: one.journal.settle(run.number, (), (seq,)),
                lambda: one.journal.intent(run.number, "s", 1, CALL, [2]),
                lambda: one.history.start("other", "load", "book", [STEP]),
            ):
                with pytest.raises(Locked, match="took over"):
                    late()
            assert [doubt.seq for doubt in two.journal.doubts(run.number)] == [seq]


def test_a18_a_machine_that_slept_before_the_bytes_left_looks_again(tmp_path: Path) -> None:
    """Forty minutes between the intent and its bytes, and somebody took over meanwhile: the request is not sent."""
    clock = ManualClock()
    with _two(tmp_path, clock) as (one, two), one.lease([HERE]):
        run = one.history.start("hash", "load", "book", [STEP])
        one.journal.intent(run.number, "s", 1, CALL, [1])
        committed = one._database.transaction

        @contextmanager
        def sleeping() -> Iterator[None]:
            with committed():
                yield
            clock.wait(2400)
            _holder(tmp_path, began="1")
            two.lease([HERE]).__enter__()

        one._database.transaction = sleeping  # type: ignore[method-assign]  # the lid closes after the commit
        with pytest.raises(Locked, match="took over"):
            one.journal.intent(run.number, "s", 1, CALL, [2])
        assert [doubt.lines for doubt in two.journal.doubts(run.number)] == [(1,), (2,)]


def test_a18_whoever_wakes_up_and_holds_it_still_says_so_at_once(tmp_path: Path) -> None:
    """The first sign of life after a sleep is not held back by a clock that stood still."""
    clock = ManualClock()
    with _two(tmp_path, clock) as (one, two), one.lease([HERE]) as lease:
        (before,) = two.holders()
        clock.wait(BEAT_SECONDS / 2)
        lease.beat()
        assert two.holders() == (before,)
        clock.wait(2400)
        lease.beat()
        (after,) = two.holders()
        assert datetime.fromisoformat(after.beat).timestamp() == clock.wall()
