"""A new plan closes the broken runs of other plans on its targets, after looking at what they left in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from migrator.contract import Clock
from migrator.errors import PlanRefused
from migrator.executor.carry import recovered
from migrator.executor.runlog import RunLog
from migrator.executor.running import Running
from migrator.executor.way import ApplyOptions, Way
from migrator.model.problem import Problem, Severity
from migrator.model.run import Event, RunStatus
from migrator.planfile import PlanFile
from migrator.state.runs import RunRow
from migrator.state.state import State


def superseded(
    kept: PlanFile,
    ways: Mapping[str, Way],
    state: State,
    options: ApplyOptions,
    *,
    clock: Clock,
    stop: Callable[[], int | None],
    clean: Callable[[str], str],
) -> Iterator[Event]:
    """Close every unfinished run of another plan on these targets; preflight made sure that its doubts are on them.

    Raises PlanRefused where such a run turns out to have done something that nobody knew while planning.
    """
    if state.history.unfinished(kept.hash) is not None:
        return
    places = {way.place: way for way in ways.values()}
    for run in state.unfinished_on(places):
        running = Running(
            kept=state.plan_of(run),
            state=state,
            run=run,
            options=options,
            clock=clock,
            stop=stop,
            clean=clean,
            log=RunLog(state.log_path(run), clock.wall, clean),
        )
        known = state.journal.total(run.number)
        yield from recovered(running, _ways_of(running, places))
        found = state.journal.total(run.number) - known
        state.history.end(run.number, RunStatus.SUPERSEDED, 0.0)
        running.notice(_closed(run))
        yield from running.events()
        if found:
            raise PlanRefused(
                f"run {run.number} was broken off with requests in doubt: {found:,} of their changes are settled now",
                detail="This plan was made without knowing that. The broken run is closed.",
                hint="plan again",
            )


def _ways_of(running: Running, places: Mapping[tuple[str, str], Way]) -> dict[str, Way]:
    """The ways of the broken run's steps: our targets, with what its own plan says of keys and markers."""
    written = {step.step: step.write for step in running.kept.header.steps}
    ways: dict[str, Way] = {}
    for step in running.state.history.steps(running.run.number):
        way = places.get((step.target, step.collection))
        if way is not None:
            ways[step.step] = replace(way, step=step.step, writing=replace(way.writing, write=written[step.step]))
    return ways


def _closed(run: RunRow) -> Problem:
    return Problem(
        code="RN064",
        severity=Severity.WARNING,
        summary=f"run {run.number} of another plan was broken off here; it is closed, this plan takes its place",
        hint=f"migrator report {run.number} shows what it did",
    )
