"""How far things are: bars on a terminal, elsewhere a line every ten percent or ten seconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from migrator.views.safe import safe
from migrator.views.sheet import duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from migrator.views import Stream

EVERY_SECONDS = 10.0
"""Longest time between two lines of a task that moves."""
EVERY_SHARE = 0.1
"""Part of a task between two lines."""
NO_TASK = "asking the systems"
"""The bar's name while nothing has begun."""
AT_LEAST_SECONDS = 2.0
"""Shortest time between two lines of one task."""


class Progress(Protocol):
    """Tasks that advance."""

    def at(self, task: str, done: int, total: int | None, more: str = "") -> None:
        """The task has come to `done` of `total` (None: nobody knows)."""

    def say(self, text: str) -> None:
        """A line beside the tasks."""

    def wait(self, seconds: float, why: str) -> None:
        """Nothing can move for so long; may be told from another thread than the rest."""

    def end(self) -> None:
        """Nothing moves any more; safe to repeat."""


class NoProgress:
    """Silence."""

    def at(self, task: str, done: int, total: int | None, more: str = "") -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def wait(self, seconds: float, why: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class PlainProgress:
    """Lines of text with rate and time left."""

    def __init__(self, stream: Stream, now: Callable[[], float]) -> None:
        self._stream = stream
        self._now = now
        self._begun: dict[str, tuple[float, int]] = {}
        self._last: dict[str, tuple[float, int]] = {}

    def at(self, task: str, done: int, total: int | None, more: str = "") -> None:
        """A line, where enough happened since the last."""
        now = self._now()
        begun, first = self._begun.setdefault(task, (now, done))
        last, shown = self._last.setdefault(task, (now, done))
        step = (done - shown) / total if total else 0.0
        finished = total is not None and done >= total > shown and now - begun >= AT_LEAST_SECONDS
        if not finished and (now - last < AT_LEAST_SECONDS or (step < EVERY_SHARE and now - last < EVERY_SECONDS)):
            return
        self._last[task] = (now, done)
        rate = (done - first) / (now - begun) if now > begun else 0.0
        of = f" of {total:,}" if total is not None else ""
        speed = f", {rate:,.0f}/s" if rate >= 1 else ""
        left = f", {duration((total - done) / rate)} left" if total is not None and rate and done < total else ""
        self._stream.write(f"{safe(task)}: {done:,}{of}{speed}{left}{more and ', ' + safe(more)}\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        """At once."""
        self._stream.write(f"{safe(text)}\n")
        self._stream.flush()

    def wait(self, seconds: float, why: str) -> None:
        """A line, once."""
        self.say(f"waiting {duration(seconds)}: {why}")

    def end(self) -> None:
        """Nothing to clear away."""


class BarProgress:
    """Bars of rich, made when the first task moves and taken away at the end."""

    def __init__(self, stream: Stream, now: Callable[[], float]) -> None:
        self._stream = stream
        self._now = now
        self._bars: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._waiting = (0.0, "")

    def at(self, task: str, done: int, total: int | None, more: str = "") -> None:
        """The task's bar."""
        bars = self._started()
        if task != NO_TASK and NO_TASK in self._tasks:
            bars.remove_task(self._tasks.pop(NO_TASK))
        if task not in self._tasks:
            self._tasks[task] = bars.add_task(safe(task), total=total, more="")
        bars.update(self._tasks[task], completed=done, total=total, more=safe(more))

    def say(self, text: str) -> None:
        """Above the bars."""
        if self._bars is not None:
            self._bars.console.print(safe(text))
            return
        self._stream.write(f"{safe(text)}\n")
        self._stream.flush()

    def wait(self, seconds: float, why: str) -> None:
        """Counted down beside the bars; a bar of its own where nothing has begun yet."""
        self._waiting = (self._now() + seconds, safe(why))
        if not self._tasks:
            self.at(NO_TASK, 0, None)
        self._started().refresh()

    def countdown(self) -> str:
        """What is waited for, and how long still; empty where nothing is."""
        until, why = self._waiting
        left = until - self._now()
        return f"waiting {clock(left)}: {why}" if left > 0 else ""

    def end(self) -> None:
        """Clear the bars."""
        if self._bars is not None:
            self._bars.stop()
            self._bars, self._tasks = None, {}

    def _started(self) -> RichProgress:
        if self._bars is None:
            self._bars = _bars(self._stream, self.countdown)
            self._bars.start()
        return self._bars


def clock(seconds: float) -> str:
    """0:07, 4:05, 1:00:00."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bars(stream: Stream, countdown: Callable[[], str]) -> RichProgress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    from migrator.views.terminal import console

    class Rate(ProgressColumn):
        """Records a second."""

        def render(self, task: Task) -> Text:
            """Its text."""
            return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="dim")

    class Countdown(ProgressColumn):
        """How long nothing can move, looked at anew each time."""

        def render(self, task: Task) -> Text:
            """Its text."""
            return Text(countdown(), style="yellow")

    one_line = Column(no_wrap=True, overflow="ellipsis")
    words = TextColumn("{task.description}", markup=False)
    more = TextColumn("{task.fields[more]}", markup=False, style="dim")
    columns = (
        words,
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(compact=True),
        more,
        Countdown(one_line),
    )
    return Progress(*columns, console=console(stream), transient=True)
