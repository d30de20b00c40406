"""Filters on dates, times and moments, which are texts: `2024-03-01`, `09:30:00`, `2024-03-01T09:30:00+09:00`.

Zones are those of the tzdata package and never the machine's: two machines with other zone files would plan other
bytes. There is no "now", and nothing becomes 1970 by accident.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from migrator.transform.numbers import number
from migrator.transform.operators import exact
from migrator.transform.refusal import Refusal, did_you_mean, shown
from migrator.transform.text import whole, worded

zoneinfo.reset_tzpath(())

_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s?(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.ASCII,
)
_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?", re.ASCII)
_DIRECTIVES: Final = "YymdHIMSfzpbBj%"
_FORMAT_CHARACTERS: Final = 60
_VALUE_CHARACTERS: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"s": 1, "ms": 1_000, "us": 1_000_000}


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, such as Asia/Tokyo. Raises Refusal TR032."""
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, zoneinfo.available_timezones(), "zones are named like Asia/Tokyo or UTC")
        raise Refusal("TR032", f"there is no time zone {shown(name)}", hint=hint) from None


def at_home(local: datetime, zone: str) -> datetime:
    """A local time of a zone. Raises Refusal TR029 where clocks skipped that hour or showed it twice."""
    earlier = local.replace(tzinfo=zone_of(zone), fold=0)
    if earlier.utcoffset() != earlier.replace(fold=1).utcoffset():
        told = f"{local.isoformat(' ')} does not exist, or exists twice, in {zone}: clocks were set there"
        raise Refusal("TR029", told, hint="give the source's value an offset, such as +02:00")
    return earlier


def read(value: Any, pattern: Any = None, dated: bool = True) -> date | datetime:
    """A date, a moment, or a local time without a zone, by ISO 8601 or a pattern. Raises Refusal TR028."""
    text = value if isinstance(value, str) else _no_date(value)
    if pattern is not None:
        return _by_pattern(text.strip(), _checked_pattern(worded(pattern)), dated)
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise _unreadable(text)
    try:
        return _from_parts(*match.groups())
    except ValueError:
        raise _unreadable(text) from None


def _no_date(value: Any) -> str:
    text = worded(value, "a date in text")
    raise Refusal("TR028", f"the number {shown(text)} is no date", hint="`from_epoch` reads seconds since 1970")


def _from_parts(
    year: str, month: str, day: str, hour: str | None, minute: str, second: str, fraction: str, offset: str | None
) -> date | datetime:
    """The parts that the pattern of ISO 8601 found. Raises ValueError."""
    if hour is None:
        return date(int(year), int(month), int(day))
    micro = int((fraction or "").ljust(6, "0")[:6])
    zone = None if offset is None else _offset(offset)
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro, zone)


def _offset(text: str) -> timezone:
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes == 0:
        return UTC
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _unreadable(text: str) -> Refusal:
    if not text.strip():
        return Refusal("TR028", "an empty text is no date", hint="`none_if_empty` before it makes null of it")
    if text.startswith("0000-00-00"):
        hint = "`none_if_empty('0000-00-00')` before it makes null of it"
        return Refusal("TR028", f"{shown(text)} is no date", hint=hint)
    hint = "dates are 2024-03-01 or 2024-03-01T09:30:00+09:00; others need a pattern: `date('%d.%m.%Y')`"
    return Refusal("TR028", f"{shown(text)} is no date", hint=hint)


@lru_cache(maxsize=64)
def _checked_pattern(pattern: str) -> str:
    """A pattern of known directives, none twice. Raises Refusal TR028."""
    found = re.findall(r"%(.?)", pattern, re.DOTALL)
    letters = [letter for letter in found if letter != "%"]
    unknown = [letter for letter in found if letter not in _DIRECTIVES or not letter]
    if unknown or len(set(letters)) != len(letters) or len(pattern) > _FORMAT_CHARACTERS:
        known = " ".join("%" + letter for letter in _DIRECTIVES)
        raise Refusal("TR028", f"the pattern {shown(pattern)} cannot be read", hint=f"each at most once: {known}")
    return pattern


@lru_cache(maxsize=4_096)  # days repeat, and Python takes 5 µs to read one by a pattern (measured)
def _by_pattern(text: str, pattern: str, dated: bool) -> date | datetime:
    """By the pattern; a date where it has no hour. Raises Refusal TR028."""
    parts = set(re.findall("%.", pattern))
    if not {"%Y", "%y"} & parts and (dated or parts & {"%d", "%m", "%b", "%B", "%j"}):
        raise Refusal("TR028", f"the pattern {shown(pattern)} has no year", hint="%Y is one of four digits")
    try:
        made = datetime.strptime(text[:_VALUE_CHARACTERS], pattern)
    except (ValueError, re.error):
        raise Refusal("TR028", f"{shown(text)} is not written as {pattern}") from None
    return made if parts & {"%H", "%I"} else made.date()


def moment(value: date | datetime, zone: str) -> datetime:
    """A moment with an offset; a local time is one of the zone, a date its midnight there. Raises Refusal TR029."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value if value.tzinfo is not None else at_home(value, zone)


def written(value: datetime) -> str:
    """ISO 8601, `Z` for UTC."""
    text = value.isoformat()
    return text[:-6] + "Z" if value.tzinfo in (UTC, zone_of("UTC")) and text.endswith("+00:00") else text


def date_(zone: str, value: Any, pattern: Any = None, in_zone: Any = None) -> str:
    """The date; a moment with an offset becomes the date in the zone (the argument's, else the system's)."""
    made = read(value, pattern)
    if isinstance(made, datetime):
        made = (moved(made, zone if in_zone is None else worded(in_zone)) if made.tzinfo else made).date()
    return made.isoformat()


def time_(zone: str, value: Any, pattern: Any = None, in_zone: Any = None) -> str:
    """The time of day, `09:30:00`; a moment with an offset becomes the time in the zone."""
    if pattern is None and isinstance(value, str) and _TIME.fullmatch(value.strip()):
        return clock(value.strip())
    made = read(value, pattern, dated=False)
    if not isinstance(made, datetime):
        raise Refusal("TR028", f"{shown(value)} has no time of day")
    home = zone if in_zone is None else worded(in_zone)
    return (moved(made, home) if made.tzinfo else made).strftime("%H:%M:%S")


def clock(text: str) -> str:
    """A time of day as `HH:MM:SS`. Raises Refusal TR028."""
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        raise Refusal("TR028", f"{shown(text)} is no time of day", hint="times are 09:30 or 09:30:00")
    return f"{match[1]}:{match[2]}:{match[3] or '00'}"


def datetime_(zone: str, value: Any, pattern: Any = None, in_zone: Any = None) -> str:
    """The moment in ISO 8601; a local time is one of the zone (the argument's, else the system's)."""
    return written(moment(read(value, pattern), zone if in_zone is None else worded(in_zone)))


def to_zone(zone: str, value: Any, to: Any) -> str:
    """The same moment on another zone's clock; a local time is one of the system's zone."""
    return written(moved(moment(read(value), zone), worded(to)))


def moved(value: datetime, zone: str) -> datetime:
    """The same moment on another zone's clock. Raises Refusal TR028 at the ends of the calendar."""
    try:
        return value.astimezone(zone_of(zone))
    except OverflowError:
        raise Refusal("TR028", f"{value.isoformat()} is beyond the calendar in {zone}") from None


def add_days(value: Any, days: Any) -> str:
    """So many days later (or earlier); a moment keeps its offset."""
    made = read(value)
    try:
        later = made + timedelta(days=whole(days, "the days", -4_000_000, 4_000_000))
    except OverflowError:
        raise Refusal("TR028", "the date is beyond the calendar (years 1 to 9999)") from None
    return written(later) if isinstance(later, datetime) else later.isoformat()


def format_date(value: Any, pattern: Any) -> str:
    """A date or moment written by a pattern; names of months are English."""
    made, text = read(value), _checked_pattern(worded(pattern))
    if "%Y" in text:  # the C library pads years before 1000 as it likes
        text = text.replace("%Y", f"{made.year:04d}")
    return made.strftime(text)


def from_epoch(value: Any, unit: Any = "s") -> str:
    """Seconds (`s`), milliseconds (`ms`) or microseconds (`us`) since 1970 as a moment in UTC."""
    if worded(unit) not in _UNITS:
        raise Refusal("TR028", f"the unit {shown(unit)} is unknown", hint="there are: " + ", ".join(_UNITS))
    try:
        micro = int(exact(number(value)) * 1_000_000 / _UNITS[unit])
        return written(_EPOCH + timedelta(microseconds=micro))
    except (OverflowError, ArithmeticError):
        raise Refusal("TR028", f"{shown(value)} is beyond the calendar") from None
