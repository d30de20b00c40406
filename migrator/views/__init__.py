"""Results -> text for people and programs. A view is picked first and shows every outcome, errors too.

Results go to one stream, progress and errors to the other. What came out of records is made safe for a terminal
before it is written; secrets are taken out by the streams themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from migrator.errors import UsageWrong
from migrator.model.lean import dataclass
from migrator.model.plan import Change, PlanHeader, PlanTrailer
from migrator.model.problem import Problem
from migrator.model.run import Event, Report

FORMATS = ("text", "jsonl", "markdown", "html")
"""Formats that are known by name."""
LATER = frozenset({"markdown", "html"})
"""Those of them that no view carries out yet."""


class Stream(Protocol):
    """Where a view writes: a text file, or what wraps one."""

    def write(self, text: str, /) -> object:
        """Take the text."""

    def flush(self) -> object:
        """Let it be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a view shows things."""

    quiet: bool = False
    """No progress, no notes: results and errors only."""
    verbose: bool = False
    """A line for each record too."""
    fancy_out: bool = False
    """The results' stream is a terminal that takes colours."""
    fancy_err: bool = False
    """The other stream is one."""
    now: Callable[[], float] = time.monotonic
    """Seconds that never jump, for rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """A plan as a view needs it; its lines are read when they are shown, never held."""

    header: PlanHeader
    """All that holds for the whole plan."""
    trailer: PlanTrailer
    """Counts, problems, brakes, forecast."""
    lines: Callable[[str, int], Iterator[Change]]
    """(step, phase) -> its changes in the order of applying."""
    hash: str
    """The plan hash; "" of a plan that nobody will have."""
    path: str | None = None
    """Where the plan is kept; None: it is only shown."""
    full: bool = False
    """Show every line and every value whole."""
    warnings: tuple[Problem, ...] = ()
    """Of the playbook."""


class View(Protocol):
    """Shows every outcome of the program. MUST NOT end the program where its reader has gone away."""

    def problems(self, problems: Iterable[Problem]) -> None:
        """Findings, all at once."""

    def plan(self, plan: ShownPlan) -> None:
        """A plan to be read and approved."""

    def event(self, event: Event) -> None:
        """Something happened. RunEnded shows the report, then the command that goes on."""

    def report(self, report: Report) -> None:
        """What a run did."""


def view_for(format: str, stream: Stream, err: Stream, settings: Settings | None = None) -> View:
    """The view of that name. Raises UsageWrong for one that comes later, or that nobody knows."""
    if format in LATER:
        raise UsageWrong(f"the format {format} comes with a later version", hint="use --format text or jsonl")
    if format == "jsonl":
        from migrator.views.jsonl import JsonlView

        return JsonlView(stream, err, settings or Settings())
    if format == "text":
        from migrator.views.text import TextView

        return TextView(stream, err, settings or Settings())
    raise UsageWrong(f'there is no format "{format}"', hint=f"formats: {', '.join(FORMATS)}")


def is_fancy(stream: object, env: Mapping[str, str]) -> bool:
    """Whether control codes may be written to it: a terminal with a width, not dumb, and no NO_COLOR."""
    from migrator.views.terminal import width_of

    if env.get("NO_COLOR") or env.get("TERM", "") in ("", "dumb", "unknown"):
        return False
    return width_of(stream) > 0
