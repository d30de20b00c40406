"""Date functions of the query language: what stretch of days, or which instant, they mean now."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from migrator.emulators.kintone import dates, problems
from migrator.emulators.kintone.query import Call

WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
UNITS = ("DAYS", "WEEKS", "MONTHS", "YEARS")


@dataclass(frozen=True)
class Stretch:
    """First and last value, both included, in the form that fields are kept in."""

    first: str
    last: str


Days = tuple[date, date]


def _month_start(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _shifted(day: date, months: int) -> date:
    """The same day `months` on, or the month's last one."""
    start = _month_start(day, months)
    return start.replace(day=min(day.day, monthrange(start.year, start.month)[1]))


def _week(today: date, step: int, arguments: tuple[str, ...]) -> Days:
    sunday = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=step)
    if not arguments:
        return sunday, sunday + timedelta(days=6)
    if arguments[0].upper() not in WEEKDAYS:
        raise problems.query_error("GAIA_IQ23", f"{arguments[0]} is no day of the week.")
    day = sunday + timedelta(days=WEEKDAYS.index(arguments[0].upper()))
    return day, day


def _month(today: date, step: int, arguments: tuple[str, ...]) -> Days:
    start = _month_start(today, step)
    last = monthrange(start.year, start.month)[1]
    if not arguments:
        return start, start.replace(day=last)
    text = arguments[0].upper()
    if text != "LAST" and not (text.isdigit() and 1 <= int(text) <= 31):
        raise problems.query_error("GAIA_IQ23", f"{arguments[0]} is no day of a month.")
    day = start.replace(day=last if text == "LAST" else min(int(text), last))
    return day, day


def _year(today: date, step: int, arguments: tuple[str, ...]) -> Days:
    return date(today.year + step, 1, 1), date(today.year + step, 12, 31)


def _from_today(today: date, step: int, arguments: tuple[str, ...]) -> Days:
    count, unit = arguments[0], arguments[1].upper()
    if unit not in UNITS or not count.lstrip("+-").isdigit():
        raise problems.query_error("GAIA_IQ25", f"FROM_TODAY takes a number and one of {', '.join(UNITS)}.")
    number = int(count)
    if unit in ("DAYS", "WEEKS"):
        day = today + timedelta(days=number * (7 if unit == "WEEKS" else 1))
    else:
        day = _shifted(today, number * (12 if unit == "YEARS" else 1))
    return day, day


def _day(today: date, step: int, arguments: tuple[str, ...]) -> Days:
    day = today + timedelta(days=step)
    return day, day


FUNCTIONS: dict[str, tuple[Callable[[date, int, tuple[str, ...]], Days], int, tuple[int, ...]]] = {
    "TODAY": (_day, 0, (0,)),
    "YESTERDAY": (_day, -1, (0,)),
    "TOMORROW": (_day, 1, (0,)),
    "FROM_TODAY": (_from_today, 0, (2,)),
    "THIS_WEEK": (_week, 0, (0, 1)),
    "LAST_WEEK": (_week, -1, (0, 1)),
    "NEXT_WEEK": (_week, 1, (0, 1)),
    "THIS_MONTH": (_month, 0, (0, 1)),
    "LAST_MONTH": (_month, -1, (0, 1)),
    "NEXT_MONTH": (_month, 1, (0, 1)),
    "THIS_YEAR": (_year, 0, (0,)),
    "LAST_YEAR": (_year, -1, (0,)),
    "NEXT_YEAR": (_year, 1, (0,)),
}
"""Name -> (days it means, step, numbers of arguments that it takes)."""


def stretch(call: Call, type_: str, now: float, zone: ZoneInfo) -> Stretch:
    """What `call` means for a field of `type_`. Raises GAIA_IQ23, GAIA_IQ25, GAIA_IL08, or GAIA_IQ03 if unknown."""
    instant = datetime.fromtimestamp(now, UTC)
    if call.name == "NOW" and not call.arguments and type_ != "DATE":
        text = dates.utc_minutes(instant)
        return Stretch(text, text)
    if call.name == "NOW" and not call.arguments:
        call = Call("TODAY", ())
    if call.name not in FUNCTIONS:
        raise problems.query_error("GAIA_IQ03", f"{call.name}() cannot be used here.")
    function, step, counts = FUNCTIONS[call.name]
    if len(call.arguments) not in counts:
        raise problems.query_error("GAIA_IL08", f"{call.name} has a wrong number of arguments.")
    first, last = function(instant.astimezone(zone).date(), step, call.arguments)
    if type_ == "DATE":
        return Stretch(first.isoformat(), last.isoformat())
    return Stretch(
        dates.utc_minutes(datetime.combine(first, time(0, 0), zone)),
        dates.utc_minutes(datetime.combine(last, time(23, 59), zone)),
    )
