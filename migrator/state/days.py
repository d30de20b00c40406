"""When a day of a quota ends, in the time zone that its system counts in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo


def ends(reset: str, wall: float) -> float:
    """Epoch seconds of the next reset after `wall`. `reset`: "00:00Z", or "09:00 Asia/Tokyo".

    Where a day begins twice or never (a clock that is set), the zone's own rule decides.
    """
    hour, minute, zone = _parsed(reset)
    now = datetime.fromtimestamp(wall, zone)
    for days in (0, 1):
        day = now.date() + timedelta(days=days)
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()
        if moment > wall:
            return moment
    return wall + 86_400  # a day of 25 hours that was over already: an hour later is soon enough


def _parsed(reset: str) -> tuple[int, int, tzinfo]:
    text, _, name = reset.replace("Z", " UTC", 1).partition(" ") if reset.endswith("Z") else reset.partition(" ")
    hour, _, minute = text.partition(":")
    return int(hour), int(minute), UTC if name == "UTC" else ZoneInfo(name)
