"""Budgets, paces and clocks."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.contract import EVERY, Rate
from migrator.transport.pace import DAY, ManualClock, ProcessBudget, SystemClock, parse_pace

FIVE = Rate(kind="list", calls=5, seconds=60)
TEN = Rate(kind="list", calls=10, seconds=600)


@given(st.lists(st.tuples(st.sampled_from(["list", "item"]), st.floats(0, 100)), max_size=80))
def test_no_window_ever_holds_more_than_its_rate_allows(calls: list[tuple[str, float]]) -> None:
    clock = ManualClock()
    budget = ProcessBudget((FIVE, TEN), None, clock)
    taken: list[float] = []
    for kind, pause in calls:
        clock.wait(pause)
        tries = 0
        while (wait := budget.take(kind)) > 0:
            clock.wait(wait)
            tries += 1
        assert tries <= 3, "the wait told is the wait needed, but for rounding and the next window"
        if kind == "list":
            taken.append(clock.monotonic())
    for rate in (FIVE, TEN):
        for first, later in zip(taken, taken[rate.calls :], strict=False):
            assert later - first >= rate.seconds - 1e-6


def test_a_kind_without_a_rate_is_free_and_told_rests_every_kind() -> None:
    clock = ManualClock()
    budget = ProcessBudget((FIVE,), None, clock)
    assert [budget.take("item") for _ in range(100)] == [0.0] * 100
    budget.told(30)
    budget.told(10)
    assert budget.take("item") == budget.take("list") == 30
    clock.wait(30)
    assert budget.take("item") == 0.0


def test_a_daily_quota_opens_again_at_midnight_utc_and_not_when_the_clock_is_set_back() -> None:
    clock = ManualClock(start=10 * DAY + 100)
    budget = ProcessBudget((), 2, clock)
    assert [budget.take("read"), budget.take("write")] == [0.0, 0.0]
    assert budget.take("read") == DAY - 100
    clock._start -= DAY
    assert budget.take("read") > 0
    clock._start += DAY
    clock.wait(DAY - 100)
    assert budget.take("read") == 0.0


def test_many_threads_do_not_overdraw() -> None:
    budget = ProcessBudget((FIVE,), None, ManualClock())
    took: list[float] = []
    threads = [threading.Thread(target=lambda: took.append(budget.take("list"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert took.count(0.0) == 5


@pytest.mark.parametrize(
    ("text", "rates", "paces"),
    [
        (None, (FIVE, TEN), [("list", 5, 60.0), ("list", 10, 600.0)]),
        ("off", (FIVE,), []),
        ("20/min", (FIVE, TEN), [("list", 20, 60.0)]),
        ("20/min", (), [(EVERY, 20, 60.0)]),
        (" 3 / 10s ", (FIVE,), [("list", 3, 10.0)]),
        ("100/hour", (FIVE,), [("list", 100, 3600.0)]),
        ("2/2 minutes", (FIVE,), [("list", 2, 120.0)]),
    ],
)
def test_a_pace_takes_the_place_of_the_documented_one(
    text: str | None, rates: tuple[Rate, ...], paces: list[tuple[str, int, float]]
) -> None:
    assert [(rate.kind, rate.calls, rate.seconds) for rate in parse_pace(text, rates)] == paces


def test_a_pace_for_every_kind_counts_all_calls_together() -> None:
    budget = ProcessBudget(parse_pace("2/min", ()), None, ManualClock())
    assert [budget.take("read"), budget.take("write")] == [0.0, 0.0]
    assert budget.take("anything") == 60


@pytest.mark.parametrize("text", ["", "5", "0/min", "5/0s", "-1/min", "5/fortnight", "five/min", "5/min/s"])
def test_a_pace_that_says_nothing_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="5/min"):
        parse_pace(text, ())


def test_the_machine_clock_waits_until_it_is_stopped() -> None:
    clock = SystemClock()
    begun = clock.monotonic()
    clock.wait(0.01)
    assert clock.monotonic() - begun >= 0.009
    clock.stop()
    clock.wait(3600)
    clock.wait(-1)
    assert clock.wall() > 1_700_000_000
