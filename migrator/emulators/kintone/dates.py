"""Dates, times and date-times as Kintone takes and keeps them."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?\Z")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\Z")
_DATETIME = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})T(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:(Z)|([+-])(\d{2}):?(\d{2}))\Z"
)


def stored_date(text: str) -> str:
    """`2015` -> `2015-01-01`, `2015-7-5` -> `2015-07-05`. Raises ValueError for what is no day."""
    found = _DATE.match(text)
    if not found:
        raise ValueError(text)
    year, month, day = found.groups()
    return date(int(year), int(month or 1), int(day or 1)).isoformat()


def stored_time(text: str) -> str:
    """`9:05:59` -> `09:05`. Raises ValueError for what is no time of day."""
    found = _TIME.match(text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        raise ValueError(text)
    return f"{int(found[1]):02d}:{found[2]}"


def stored_datetime(text: str) -> str:
    """Any zone -> UTC with seconds 00; a bare date is midnight UTC. Raises ValueError."""
    found = _DATETIME.match(text)
    if not found:
        return f"{stored_date(text)}T00:00:00Z"
    day = date.fromisoformat(stored_date(found[1]))
    zone = UTC if found[5] else timezone(_offset(found[6], found[7], found[8]))
    moment = datetime(day.year, day.month, day.day, int(found[2]), int(found[3]), int(found[4] or 0), tzinfo=zone)
    try:
        return utc_minutes(moment)
    except OverflowError as error:
        raise ValueError(text) from error


def _offset(sign: str, hours: str, minutes: str) -> timedelta:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset


def utc_minutes(moment: datetime) -> str:
    """`2024-03-01T00:30:00Z`: UTC, whole minutes."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00Z").rjust(20, "0")


def utc_seconds(epoch: float) -> str:
    """`2024-03-01T00:30:07Z`: UTC, whole seconds."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch_minutes(epoch: float) -> str:
    """The minute in which the instant `epoch` lies."""
    return utc_minutes(datetime.fromtimestamp(epoch, UTC))
