"""Durations and times as people write them; what a pause says when it is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import pytest

from migrator.cli.times import Duration, Moment, local, when, with_hour
from migrator.model.problem import Problem


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("1.5", 1.5), ("90s", 90), ("15m", 900), ("15min", 900), ("2h", 7200), ("1h30m", 5400)],
)
def test_a_duration_is_written_as_people_say_it(text: str, seconds: float) -> None:
    """A number alone is seconds."""
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "1x", "m", "30m1h", "400d", "1e9h"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    """Usage error."""
    with pytest.raises(click.BadParameter, match=r"1h30m|more than a year"):
        Duration().convert(text, None, None)


@pytest.mark.parametrize("clock", ["06:00", "0:30", "23:59"])
def test_an_hour_is_the_next_one_in_local_time(zone: str, clock: str) -> None:
    """Within 24 hours (25 where a clock is set back), and it reads so on the wall."""
    for now in range(1_730_000_000, 1_730_000_000 + 14 * 86_400, 7919):  # over the end of summer time in New York
        moment = when(clock, float(now))
        assert 0 < moment - now <= 25 * 3600
        assert f"{datetime.fromtimestamp(moment):%H:%M}" == clock.zfill(5)


def test_iso_times_are_local_unless_they_name_a_zone(zone: str) -> None:
    """Both forms; seconds are kept."""
    assert when("2026-11-24T06:00+09:00", 0.0) == datetime(2026, 11, 23, 21, tzinfo=UTC).timestamp()
    assert when("2026-11-24 06:00:30", 0.0) == datetime(2026, 11, 24, 6, 0, 30).timestamp()


@pytest.mark.parametrize("text", ["25:00", "6", "tomorrow", "2026-11-24", "2001-01-01T00:00", ""])
def test_what_is_no_time_to_come_is_refused(text: str) -> None:
    """Usage error: no time, no hour, or past."""
    with pytest.raises(click.BadParameter, match=r"is no time; write 06:00|is past"):
        Moment().convert(text, None, None)


def test_b39_a_pause_tells_in_local_time_when_calls_are_possible_again(zone: str) -> None:
    """The day stands there where it is not today."""
    now = datetime(2026, 11, 23, 23, 0).timestamp()
    (problem,) = with_hour([Problem(code="RN007", summary="the quota is used up")], 7200, now)
    name = {"UTC": "UTC", "Asia/Tokyo": "JST", "America/New_York": "EST"}[zone]
    assert problem.detail == f"Calls are possible again from Tue 24 Nov 2026 01:00 ({name})."
    assert local(now + 60, now) == f"23:01 ({name})"
