"""A new plan closes the broken runs of other plans on its targets, after looking at what they left in doubt."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from migrator.contract import Clock
from migrator.errors import PlanRefused
from migrator.executor.carry import recovered
from migrator.executor.runlog import RunLog
from migrator.executor.running import Running
from migrator.executor.way import ApplyOptions, Way
from migrator.model.plan import Action
from migrator.model.problem import Problem, Severity
from migrator.model.run import Event, RunStatus, Status
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

    Raises PlanRefused where such a run turns out to have made a record that this plan would make again: what else
    it did is met by the look before each write.
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
        doubted = [line for doubt in state.journal.doubts(run.number) for line in doubt.lines]
        yield from recovered(running, _ways_of(running, places))
        state.history.end(run.number, RunStatus.SUPERSEDED, 0.0)
        running.notice(_closed(run))
        yield from running.events()
        _refuse_twice(kept, run, _made(running, doubted))


def _made(running: Running, doubted: list[int]) -> set[str]:
    """Ids of the changes among these lines that turned out to have made a record."""
    if not doubted:
        return set()
    wanted = set(doubted)
    found = running.state.journal.outcomes(running.run.number, start=min(wanted), stop=max(wanted) + 1)
    return {
        one.change_id
        for line, one in found
        if line in wanted and one.status is Status.DONE and one.did in (None, Action.CREATE)
    }


def _refuse_twice(kept: PlanFile, run: RunRow, made: set[str]) -> None:
    """A line has the same id in every plan, so what would be made twice is found by it."""
    if not made:
        return
    twice = sum(change.id in made for _, change in kept.changes() if change.action is Action.CREATE)
    if twice:
        raise PlanRefused(
            f"run {run.number} was broken off with requests in doubt, and {twice:,} records that this plan makes"
            " turned out to have been made by it",
            detail="The broken run is closed, and its records are in the id map: nothing is left in doubt.",
            hint=f"plan once more: migrator plan {shlex.quote(kept.header.path)} -o FILE",
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
