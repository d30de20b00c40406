"""The view for people: text, in colour on a terminal and plain elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from migrator.model.problem import Problem, Severity
from migrator.model.run import (
    ChangesSettled,
    Event,
    Noticed,
    Planning,
    Report,
    RunEnded,
    RunStarted,
    SectionStarted,
    Waiting,
)
from migrator.views import Settings, ShownPlan, Stream
from migrator.views.findings import problem_lines
from migrator.views.journey import report_lines
from migrator.views.progress import BarProgress, NoProgress, PlainProgress, Progress
from migrator.views.safe import safe
from migrator.views.sheet import plan_lines
from migrator.views.terminal import Line, Paper, counted, paper

PHASES = ("uploading", "writing", "setting references of", "deleting from")
"""What a phase does, by its number."""


class TextView:
    """Text for people. Results on one stream; progress, notes and errors on the other."""

    def __init__(self, stream: Stream, err: Stream, settings: Settings) -> None:
        self._settings = settings
        self._stream, self._err = stream, err
        self._out = paper(stream, settings.fancy_out)
        self._errors = paper(err, settings.fancy_err)
        self._progress = _progress(err, settings)
        self._task, self._done, self._total = "", 0, 0

    def problems(self, problems: Iterable[Problem]) -> None:
        """Errors and warnings with their places, then how many."""
        self._progress.end()
        errors = warnings = 0
        for problem in problems:
            errors += problem.severity is Severity.ERROR
            warnings += problem.severity is Severity.WARNING
            self._write(self._errors, problem_lines(problem))
        if errors + warnings > 1:
            told = [counted(errors, "error")] * bool(errors) + [counted(warnings, "warning")] * bool(warnings)
            self._errors.line(("  ".join(told), "dim"))
        self._err.flush()

    def plan(self, plan: ShownPlan) -> None:
        """The plan sheet."""
        self._progress.end()
        self._write(self._out, plan_lines(plan))
        self._stream.flush()

    def event(self, event: Event) -> None:
        """Progress; at the end of a run the report, then the command that goes on."""
        if isinstance(event, Planning):
            more = counted(event.changes, "change")
            more += ", " + counted(event.problems, "problem") if event.problems else ""
            self._progress.at(f"planning {event.step}", event.read, event.expected, more)
        elif isinstance(event, RunStarted):
            self._started(event)
        elif isinstance(event, SectionStarted):
            self._task, self._done = f"{PHASES[event.phase]} {event.step}", 0
            self._total = event.changes
        elif isinstance(event, ChangesSettled):
            self._settled(event)
        elif isinstance(event, Waiting):
            self._progress.wait(event.seconds, event.why)
        elif isinstance(event, Noticed):
            self.problems((event.problem,))
        elif isinstance(event, RunEnded):
            self._ended(event)

    def report(self, report: Report) -> None:
        """The report."""
        self._progress.end()
        self._write(self._out, report_lines(report))
        self._stream.flush()

    def _started(self, event: RunStarted) -> None:
        before = f"its last run was {event.last_run}" if event.last_run is not None else "its first run"
        self._progress.say(f"state {event.state} ({before}), plan {event.plan_hash[:16]}")
        if event.resumed:
            said = f"taking up run {event.run}, which was broken off: {event.done:,} done, {event.todo:,} to do"
        else:
            said = f"run {event.run}: {event.todo:,} to do"
        self._progress.say(said)

    def _settled(self, event: ChangesSettled) -> None:
        self._done += len(event.outcomes)
        bad = len(event.others)
        self._progress.at(
            self._task or event.step, self._done, self._total or None, f"{bad:,} not done" if bad else ""
        )
        if self._settings.verbose:
            keys = event.keys or tuple(outcome.change_id for outcome in event.outcomes)
            for key, outcome in zip(keys, event.outcomes, strict=False):
                why = f"  {outcome.reason}" if outcome.reason else ""
                self._progress.say(f"{event.step}  {key}  {event.action.value}  {outcome.status.value}{why}")

    def _ended(self, event: RunEnded) -> None:
        self.report(event.report)
        if event.resume:
            self._errors.line(("go on with", "head"), f"  {safe(event.resume)}")
            self._err.flush()

    def _write(self, on: Paper, lines: Iterable[Line]) -> None:
        for line in lines:
            on.line(*line)
            if getattr(self._stream, "gone", False) and on is self._out:
                return


def _progress(err: Stream, settings: Settings) -> Progress:
    if settings.quiet:
        return NoProgress()
    return BarProgress(err, settings.now) if settings.fancy_err else PlainProgress(err, settings.now)
