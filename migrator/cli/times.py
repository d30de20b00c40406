"""How long and until when, as people write them on the command line; and when, as they read it."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model.problem import Problem

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?")
"""Days, hours, minutes, seconds; a number alone is seconds."""
LONGEST = 366 * 86_400.0
"""Seconds; more is a slip of the hand."""


class Duration(click.ParamType):  # type: ignore[type-arg]  # older releases of click know no type argument
    """`90`, `90s`, `15m`, `2h`, `1h30m`, `1d` -> seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds. Fails for what is none of these."""
        match = DURATION.fullmatch(str(value).strip().lower())
        if match is None or not any(match.groups()):
            self.fail(f'"{value}" is no duration; write 90s, 15m, 2h or 1h30m', param, ctx)
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        total = days * 86_400 + hours * 3600 + minutes * 60 + seconds
        if total > LONGEST:
            self.fail(f'"{value}" is more than a year', param, ctx)
        return total


class Moment(click.ParamType):  # type: ignore[type-arg]  # older releases of click know no type argument
    """`06:00` (the next one, local time) or ISO 8601 (local where it names no zone) -> epoch seconds, to come."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Epoch seconds. Fails for what is no time, or past."""
        invocation = None if ctx is None else ctx.find_object(Invocation)
        now = (invocation or Invocation()).clock.wall()
        try:
            moment = when(str(value).strip(), now)
        except (ValueError, OverflowError):
            self.fail(f'"{value}" is no time; write 06:00 or 2026-11-24T06:00', param, ctx)
        if moment <= now:
            self.fail(f'"{value}" is past', param, ctx)
        return moment


def when(text: str, now: float) -> float:
    """Epoch seconds of a time that people wrote. Raises ValueError, OverflowError."""
    if re.fullmatch(r"\d{1,2}:\d{2}", text):
        hour, _, minute = text.partition(":")
        at, today = time(int(hour), int(minute)), datetime.fromtimestamp(now).date()
        moments = (datetime.combine(today + timedelta(days=days), at).timestamp() for days in range(3))
        return next(moment for moment in moments if moment > now)
    if "T" not in text.upper() and " " not in text:
        raise ValueError("a day alone is no time")
    return datetime.fromisoformat(text).timestamp()


def local(moment: float, now: float) -> str:
    """A moment in local time; the day where it is not today's."""
    there, here = datetime.fromtimestamp(moment).astimezone(), datetime.fromtimestamp(now)
    day = "" if there.date() == here.date() else f"{there:%a %d %b %Y} "
    return f"{day}{there:%H:%M} ({there:%Z})"


def with_hour(problems: Sequence[Problem], seconds: float, now: float) -> tuple[Problem, ...]:
    """The first problem of a pause, and when going on makes sense."""
    from dataclasses import replace

    first, *more = problems
    said = f"Calls are possible again from {local(now + seconds, now)}."
    return (replace(first, detail=f"{first.detail}\n{said}" if first.detail else said), *more)
