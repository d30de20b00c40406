"""Paces as people write them, and the machine's clock. What keeps to them is the state's budget."""

from __future__ import annotations

import pytest

from migrator.contract import EVERY, Rate
from migrator.transport.pace import SystemClock, parse_pace

FIVE = Rate(kind="list", calls=5, seconds=60)
TEN = Rate(kind="list", calls=10, seconds=600)


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
