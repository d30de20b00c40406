"""Date-times: GLPI's are local to the server's zone and tell none, records' are UTC, `2024-03-01T00:30:00Z`. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

FIRST, LAST = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)
"""What a TIMESTAMP column holds; anything else is refused by the database. [observed; bounds: the database's docs]"""

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC itself where it is UTC, which costs less."""
    return UTC if name == "UTC" else ZoneInfo(name)


def read(text: str, zone: tzinfo) -> str:
    """A column's text in UTC; what is no date-time (zeros of an old table) as it is."""
    if not _LOCAL.fullmatch(text):
        return text
    if zone is UTC:
        return f"{text[:10]}T{text[11:]}Z"
    try:
        return shown(datetime.fromisoformat(text).replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return text


def shown(moment: datetime) -> str:
    """A moment in UTC to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def parse(text: str, zone: tzinfo) -> datetime | None:
    """A moment, fractions cut; local ones are of the zone, a bare date is its midnight. None: it is no date-time."""
    try:
        found = datetime.fromisoformat(text.strip())
        moment = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def written(text: str, zone: tzinfo) -> str:
    """As a column takes it: `YYYY-MM-DD HH:MM:SS` in the server's zone."""
    moment = parse(text, zone)
    return text if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")


def stored(text: str, zone: tzinfo) -> str:
    """What reading back shows: of an hour that comes twice in a zone, always the first."""
    moment = parse(text, zone)
    if moment is None:
        return text
    return shown(moment) if zone is UTC else read(written(text, zone), zone)


def fits(moment: datetime) -> bool:
    """Whether a TIMESTAMP column holds it."""
    return FIRST - timedelta(seconds=1) < moment <= LAST
