"""Shows a run as it goes, its end, and, last of all, the command that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.cli.invocation import Invocation

if TYPE_CHECKING:
    from migrator.errors import MigratorError
    from migrator.model.problem import Problem
    from migrator.model.run import Event
    from migrator.pipeline import ApplyOptions


def options_of(words: dict[str, Any], expect_hash: str | None = None) -> ApplyOptions:
    """The options of `apply_options` as the pipeline takes them."""
    from migrator.pipeline import ApplyOptions

    choice = words.pop("on_conflict")
    return ApplyOptions(**words, overwrite=choice == "overwrite", expect_hash=expect_hash)


def replanning(words: dict[str, Any]) -> bool:
    """--on-conflict replan was asked for."""
    return bool(words["on_conflict"] == "replan")


def carried_out(
    invocation: Invocation, events: Iterator[Event], *, replan: bool = False, systems: Path | None = None
) -> int:
    """Show all events; the exit code. Errors come before the report, the command that goes on comes last.

    `replan`: of the records that had moved a new plan is made once the run is over.
    """
    from migrator.errors import MigratorError
    from migrator.ledger import go_on, unchecked
    from migrator.model.run import RunEnded, RunStarted

    view = invocation.view
    invocation.drain()
    started: RunStarted | None = None
    ended: RunEnded | None = None
    error: MigratorError | None = None
    try:
        for event in events:
            if isinstance(event, RunEnded):
                ended = event
                continue
            if isinstance(event, RunStarted):
                started = event
                for name in unchecked(Path(event.state), event.plan_hash):
                    invocation.urge(f"TLS IS NOT CHECKED for system {name} (insecure: true)")
            invocation.show(event)
    except MigratorError as caught:
        error = caught
        view.problems(told_of(invocation, caught))
    command = go_on(started.run, Path(started.state)) if started else None
    if ended is not None:
        view.event(replace(ended, resume=command if ended.resume else None))
        if replan and error is None and any(step.conflicts for step in ended.report.steps):
            _planned_anew(invocation, ended.report.run, Path(started.state) if started else None, systems)
    elif started is not None:
        invocation.urge(f"go on with  {command}")
    return _code(invocation, error, ended)


def told_of(invocation: Invocation, error: MigratorError) -> tuple[Problem, ...]:
    """Its problems; of a pause whose end is known, with the local time of it."""
    from migrator.errors import Paused

    if not isinstance(error, Paused) or error.seconds is None or invocation.signals.stop() is not None:
        return error.problems
    from migrator.cli.times import with_hour

    return with_hour(error.problems, error.seconds, invocation.clock.wall())


def _planned_anew(invocation: Invocation, run: int, state: Path | None, systems: Path | None) -> None:
    """A new plan of the run's conflicts, shown and kept; the last line is the command that applies it."""
    from migrator.cli.planning import planned, show
    from migrator.lookback import replanned

    making = replanned(run, invocation.around, systems=systems, state=state)
    made = planned(invocation, making)
    show(invocation, made.path, kept=True, made=made)
    if not made.lines:
        invocation.note("nothing of what had moved is left to do")


def _code(invocation: Invocation, error: Any, ended: Any) -> int:
    from migrator.errors import Paused

    stopped = invocation.signals.stop()
    if stopped is not None and (isinstance(error, Paused) or (error is None and ended is None)):
        return 128 + stopped
    return int(error.exit_code if error is not None else ended.exit_code if ended is not None else 0)
