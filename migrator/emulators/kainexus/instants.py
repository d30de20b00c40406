"""Instants as the API writes them: `2019-04-29T16:30:40.000+0000`, ISO 8601, no colon in the offset. [seed]"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from migrator.emulators.kainexus.refusal import Refusal

_DOCUMENTED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}")

_YEARS = range(1000, 9999)
"""Years with four digits, but the last, so that every zone can show them. [assumption]"""


def parse(value: Any, where: str, *, lenient: bool = False) -> datetime:
    """The instant that `value` spells, in UTC, cut to the second (stored dates show `.000` everywhere [qa]).

    Raises Refusal NOT_VALID for anything but text in the documented form; with `lenient` any ISO 8601 form
    goes, and one without an offset is UTC.
    """
    if not isinstance(value, str) or not (lenient or _DOCUMENTED.fullmatch(value)):
        raise Refusal("NOT_VALID", f'{where}: a date looks like "2019-04-29T16:30:40.000+0000", not {value!r}')
    try:
        moment = datetime.fromisoformat(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        instant = aware.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise Refusal("NOT_VALID", f"{where}: there is no such instant as {value!r}") from None
    if instant.year not in _YEARS:
        raise Refusal("NOT_VALID", f"{where}: the year of {value!r} is out of range")
    return instant


def show(moment: datetime) -> str:
    """A UTC instant as stored dates are read: whole seconds, `.000+0000`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def show_exact(seconds: float) -> str:
    """Epoch seconds with real milliseconds, as `statistics` shows them. [qa]"""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(seconds * 1000))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def show_seconds(seconds: float) -> str:
    """Epoch seconds as a stored date is read."""
    return show(datetime.fromtimestamp(int(seconds), UTC))


def local_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """Midnight, in the organization's zone, of the local day that `moment` falls on: what a date-only field keeps.

    Samples show 06:00 in winter and 05:00 in summer for US Central. [qa], reading [inferred]
    """
    local = moment.astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
