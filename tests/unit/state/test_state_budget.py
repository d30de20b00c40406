"""One budget a tenant: for threads, systems, commands and processes that use one state folder."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contract import EVERY, Budget, Rate
from migrator.model.problem import Problem, Severity
from migrator.state.budget import LOOK_AGAIN, Budgets, Limits
from migrator.state.budgetfile import FILE
from migrator.transport.pace import ManualClock, parse_pace
from tests.unit.state.budget_taker import LIMITS

DAY = 86_400
FIVE = Rate(kind="list", calls=5, seconds=60)
TEN = Rate(kind="list", calls=10, seconds=600)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opened."""
    with ExitStack() as opened:
        yield opened


def seconds(budget: Budget, kind: str = "list", quota: str = "") -> float:
    """How long `take` says to wait; 0.0: taken."""
    wait = budget.take(kind, quota)
    return 0.0 if wait is None else wait.seconds


def patiently(budget: Budget, clock: ManualClock, kind: str = "list") -> int:
    """Take a place when there is one; how often it had to be asked again."""
    tries = 0
    while (wait := seconds(budget, kind)) > 0:
        clock.wait(wait)
        tries += 1
    return tries


# ------------------------------------------------------------------ windows


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["list", "item"]), st.floats(0, 100), st.booleans()), max_size=60))
def test_b38_no_window_of_two_commands_together_ever_holds_more_than_its_rate(
    calls: list[tuple[str, float, bool]],
) -> None:
    """Whoever of the two takes: the wait told is the wait needed, but for rounding and the next window."""
    clock = ManualClock()
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        pair = [opened.enter_context(Budgets(Path(folder), clock)) for _ in range(2)]
        budgets = [one.of("acme", Limits(rates=(FIVE, TEN))) for one in pair]
        for kind, pause, second in calls:
            clock.wait(pause)
            assert patiently(budgets[second], clock, kind) <= 3
            if kind == "list":
                taken.append(clock.monotonic())
    for rate in (FIVE, TEN):
        for first, later in zip(taken, taken[rate.calls :], strict=False):
            assert later - first >= rate.seconds - 1e-5


def test_b38_two_processes_keep_one_pace(tmp_path: Path, stack: ExitStack) -> None:
    """Really two, each as fast as it may: five calls in 0.1 s for both together, and both come to an end."""
    both = [_process(stack, "calls", tmp_path, 20) for _ in range(2)]
    keeper = stack.enter_context(Budgets(tmp_path, ManualClock(0.0))).of("acme", Limits(rates=(_LONG,)))
    keeper.told(0.0)  # a rate with a long window is known, so no call is forgotten meanwhile
    for one in both:
        _go(one)
    for one in both:
        assert one.communicate(timeout=30) == ("done\n", "")
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        taken = [at for (at,) in base.execute("SELECT at FROM calls ORDER BY at")]
    assert len(taken) == 40
    assert all(later - first >= 0.1 - 1e-5 for first, later in zip(taken, taken[5:], strict=False))


_LONG = Rate(kind="list", calls=10**6, seconds=3600)


def test_who_waits_is_served_before_who_comes_later(tmp_path: Path, stack: ExitStack) -> None:
    """A busy command cannot take every place as it opens: one that waits has its turn, then the busy one again."""
    clock, one = ManualClock(), Limits(rates=(Rate(kind="list", calls=1, seconds=10),))
    busy, meek = (stack.enter_context(Budgets(tmp_path, clock)).of("acme", one) for _ in range(2))
    served = []
    assert seconds(busy) == 0.0
    for _ in range(6):
        assert seconds(meek) > 0 or served.append("meek") is None
        clock.wait(5)
        for name, budget in (("busy", busy), ("meek", meek)):
            if seconds(budget) == 0.0:
                served.append(name)
        clock.wait(5)
        if seconds(busy) == 0.0:
            served.append("busy")
    assert [len(list(run)) for _, run in groupby(served)] == [1] * len(served), served
    assert len(served) >= 5


def test_a_place_in_the_queue_is_lost_by_not_asking_again(tmp_path: Path, stack: ExitStack) -> None:
    """A command that gave up, or hangs, keeps nobody waiting for more than a second after its time."""
    clock, one = ManualClock(), Limits(rates=(Rate(kind="list", calls=1, seconds=10),))
    busy, lost = (stack.enter_context(Budgets(tmp_path, clock)).of("acme", one) for _ in range(2))
    assert (seconds(busy), seconds(lost)) == (0.0, 10.0)
    clock.wait(10)
    assert seconds(busy) == LOOK_AGAIN
    clock.wait(1)
    assert seconds(busy) == 0.0


def test_a_kind_without_a_rate_is_free_and_a_pace_for_all_counts_all(tmp_path: Path, stack: ExitStack) -> None:
    """Only calls of a rate's kind wait for it; the user's own `2/min` counts every call."""
    budgets = stack.enter_context(Budgets(tmp_path, ManualClock()))
    budget = budgets.of("acme", Limits(rates=(FIVE,)))
    assert [seconds(budget, "item") for _ in range(100)] == [0.0] * 100
    every = budgets.of("other", Limits(rates=parse_pace("2/min", ())))
    assert every.take("read") is every.take("write") is None
    assert (seconds(every, "anything"), parse_pace("2/min", ())[0].kind) == (60, EVERY)


def test_many_threads_do_not_overdraw(tmp_path: Path, stack: ExitStack) -> None:
    """Twenty at once: five get a place."""
    budget = stack.enter_context(Budgets(tmp_path, ManualClock())).of("acme", Limits(rates=(FIVE,)))
    took: list[float] = []
    threads = [threading.Thread(target=lambda: took.append(seconds(budget))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert took.count(0.0) == 5


# ------------------------------------------------------------------ rests


def test_b05_a_rest_holds_for_every_kind_and_command_of_the_tenant_alone(tmp_path: Path, stack: ExitStack) -> None:
    """The longest word counts; other tenants go on; a clock that is set back makes a rest no longer than it was."""
    clock = ManualClock()
    here, there = (stack.enter_context(Budgets(tmp_path, clock)) for _ in range(2))
    one, same, other = here.of("acme", Limits()), there.of("acme", Limits()), there.of("umbrella", Limits())
    one.told(30)
    one.told(10)
    assert (seconds(one, "a"), seconds(same, "b"), seconds(other, "b")) == (30, 30, 0)
    clock._start -= 5000
    assert seconds(same) == 30
    clock.wait(30)
    assert seconds(one) == 0.0


# ------------------------------------------------------------------ quotas


def test_b39_a_quota_is_counted_by_app_over_commands_until_nine_in_japan(tmp_path: Path, stack: ExitStack) -> None:
    """Two calls a day and app, whichever command makes them; the next day begins in the system's own zone."""
    clock = ManualClock(start=10 * DAY + 100)  # 09:01:40 in Japan
    limits = Limits(quota=2, quota_reset="09:00 Asia/Tokyo")
    for _ in range(2):
        with Budgets(tmp_path, clock) as budgets:
            assert budgets.of("acme", limits).take("read", "12") is None
    budget = stack.enter_context(Budgets(tmp_path, clock)).of("acme", limits)
    wait = budget.take("read", "12")
    assert wait is not None
    assert wait.seconds == DAY - 100
    assert wait.why == "the daily quota of 2 calls of acme, 12 is used up"
    assert budget.take("read", "13") is None
    clock._start -= DAY  # a clock that is set back does not open a new day
    assert seconds(budget, "read", "12") > 0
    clock._start += DAY
    clock.wait(DAY - 100)
    assert budget.take("read", "12") is None


# ------------------------------------------------------------------ under way


def test_b38_calls_under_way_are_capped_over_commands_and_waiters_come_first(
    tmp_path: Path, stack: ExitStack
) -> None:
    """Three at a time for both; a place that is given back goes to who waited for it."""
    clock = ManualClock()
    limits = Limits(in_flight=3)
    one, other = (stack.enter_context(Budgets(tmp_path, clock)).of("acme", limits) for _ in range(2))
    assert [one.enter() for _ in range(3)] == [None] * 3
    waited = other.enter()
    assert waited is not None
    assert (waited.seconds, waited.why) == (LOOK_AGAIN, "3 calls to acme are under way")
    one.leave()
    assert one.enter() is not None
    assert other.enter() is None
    other.leave()
    assert one.enter() is None


def test_b38_what_a_killed_process_had_under_way_is_free_again(tmp_path: Path, stack: ExitStack) -> None:
    """All three places are held by a process; it is killed; nobody waits for it."""
    holder = _process(stack, "hold", tmp_path, 3)
    _go(holder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "done\n"
    budget = stack.enter_context(Budgets(tmp_path, ManualClock())).of("acme", LIMITS)
    assert budget.enter() is not None
    holder.kill()
    holder.wait()
    assert budget.enter() is None


def test_b38_a_process_that_is_stopped_holds_up_nobody_and_counts_again_when_it_wakes(
    tmp_path: Path, stack: ExitStack
) -> None:
    """A lid that was closed, SIGSTOP: its three calls are no more believed; awake, what it gives back is no harm."""
    holder = _process(stack, "hold", tmp_path, 3)
    _go(holder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "done\n"
    budget = stack.enter_context(Budgets(tmp_path, ManualClock())).of("acme", LIMITS)
    holder.send_signal(signal.SIGSTOP)
    os.waitpid(holder.pid, os.WUNTRACED)
    assert [budget.enter() for _ in range(3)] == [None] * 3
    holder.send_signal(signal.SIGCONT)
    _go(holder)
    assert holder.wait(30) == 0
    assert budget.enter() is not None


def test_b38_calls_of_which_nothing_is_heard_are_not_waited_for_for_ever(tmp_path: Path, stack: ExitStack) -> None:
    """A process that hangs: after two minutes without a call begun or answered its places are free."""
    clock = ManualClock()
    one, other = (stack.enter_context(Budgets(tmp_path, clock)).of("acme", Limits(in_flight=1)) for _ in range(2))
    assert one.enter() is None
    waited = 0
    while (wait := other.enter()) is not None:
        clock.wait(wait.seconds)
        waited += 1
        assert clock.monotonic() < 121
    assert clock.monotonic() > 119


def test_what_ends_in_order_leaves_nothing_behind(tmp_path: Path) -> None:
    """A command that is over holds no place, even one it did not give back."""
    clock = ManualClock()
    for _ in range(3):
        with Budgets(tmp_path, clock) as budgets:
            assert budgets.of("acme", Limits(in_flight=1)).enter() is None


# ------------------------------------------------------------------ the file


@pytest.mark.parametrize("content", [b"no database at all " * 400, b"SQLite format 3\0" + b"\0" * 5000, "other"])
def test_a_damaged_or_foreign_budget_is_set_aside_and_made_anew(tmp_path: Path, content: bytes | str) -> None:
    """It is said once, as a warning with both paths; the next command says nothing."""
    path = tmp_path / FILE
    if isinstance(content, str):
        with closing(sqlite3.connect(path)) as base:
            base.execute("CREATE TABLE something_else (a)")
    else:
        path.write_bytes(content)
    was = path.read_bytes()
    said: list[Problem] = []
    for _ in range(2):
        with Budgets(tmp_path, ManualClock(), said.append) as budgets:
            budget = budgets.of("acme", Limits(rates=(FIVE,)))
            assert seconds(budget) == 0.0
            assert seconds(budget) == 0.0
    (problem,) = said
    assert (problem.code, problem.severity) == ("ST015", Severity.WARNING)
    assert str(path) in problem.summary
    assert (tmp_path / f"{FILE}.damaged").read_bytes() == was


def test_damage_in_mid_use_stops_nothing(tmp_path: Path) -> None:
    """The file is overwritten under a command: it goes on with a new one."""
    said: list[Problem] = []
    with Budgets(tmp_path, ManualClock(), said.append) as budgets:
        budget = budgets.of("acme", Limits(rates=(FIVE,)))
        assert seconds(budget) == 0.0
        for path in sorted(tmp_path.iterdir()):
            path.write_bytes(b"\xff" * path.stat().st_size)
        assert [seconds(budget) for _ in range(4)] == [0.0] * 4
    assert len(said) <= 1


def test_where_no_file_can_be_made_a_command_counts_for_itself(tmp_path: Path) -> None:
    """A folder that cannot be: said once; the pace is kept within the command."""
    (tmp_path / "file").write_text("in the way")
    said: list[Problem] = []
    with Budgets(tmp_path / "file" / ".migrator", ManualClock(), said.append) as budgets:
        budget = budgets.of("acme", Limits(rates=(FIVE,)))
        assert [seconds(budget) for _ in range(6)] == [0.0] * 5 + [60.0]
    (problem,) = said
    assert problem.detail == "Paces and quotas are counted for this command alone."


def test_the_file_is_for_our_eyes_and_stays_small(tmp_path: Path) -> None:
    """0600; calls that no window holds any more are forgotten."""
    clock = ManualClock()
    with Budgets(tmp_path / "state", clock) as budgets:
        budget = budgets.of("acme", Limits(rates=(FIVE,)))
        for _ in range(30):
            patiently(budget, clock)
    assert (tmp_path / "state" / FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(tmp_path / "state" / FILE)) as base:
        assert base.execute("SELECT count(*) FROM calls").fetchone()[0] <= 6
        assert base.execute("SELECT count(*) FROM holders").fetchone() == (0,)


def _process(stack: ExitStack, *words: object) -> subprocess.Popen[str]:
    """A taker that is ready."""
    command = [sys.executable, "-m", "tests.unit.state.budget_taker", *map(str, words)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    made = stack.enter_context(subprocess.Popen(command, cwd=ROOT, text=True, **pipes))  # type: ignore[call-overload]  # mypy does not see through the map of pipes
    stack.callback(made.kill)
    assert made.stdout.readline() == "ready\n"
    return made  # type: ignore[no-any-return]  # the same


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
