"""Dates as KaiNexus writes them: ISO 8601 with milliseconds and an offset without colon, in UTC, kept to the second.

A date without a time travels as the organization's local midnight: its UTC hour moves with daylight saving time,
so dates are compared as dates of the organization's zone and never as texts. [observed by public test code]
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")


def parse(text: object, zone: ZoneInfo) -> datetime | None:
    """An instant in UTC, cut to the second; a day is its local midnight, a time without offset local. Else None."""
    if not isinstance(text, str):
        return None
    words = text.strip()
    try:
        if _DAY.fullmatch(words):
            return midnight(date.fromisoformat(words), zone)
        if not _INSTANT.match(words):
            return None
        moment = datetime.fromisoformat(words)
        return moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day there, in UTC, also where daylight saving skips or repeats midnight."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def sent(moment: datetime) -> str:
    """The documented form: 2019-04-29T16:30:40.000+0000. Years are four digits."""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.000+0000"


def shown(moment: datetime) -> str:
    """What records hold: 2019-04-29T16:30:40Z."""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}Z"


def day(moment: datetime, zone: ZoneInfo) -> str:
    """The date there, such as 2019-04-29."""
    return moment.astimezone(zone).date().isoformat()


def is_midnight(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether a day begins there at this instant."""
    return midnight(moment.astimezone(zone).date(), zone) == moment
