"""Carries out a kept plan: what is in doubt first, then section by section. Progress is a stream of events."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from migrator.contract import Clock, Pair
from migrator.errors import Conflict, MigratorError, Paused
from migrator.executor.carry import carry, recovered
from migrator.executor.first import read_back
from migrator.executor.preflight import preflight, taken_over
from migrator.executor.report import exit_code, report
from migrator.executor.runlog import RunLog
from migrator.executor.running import Running
from migrator.executor.supersede import superseded
from migrator.executor.way import ApplyOptions, Way
from migrator.failpoint import failpoint
from migrator.model.problem import Place, Problem
from migrator.model.run import Event, RunEnded, RunStarted, RunStatus
from migrator.planfile import PlanFile
from migrator.state.runs import RunRow, RunStep
from migrator.state.state import State


def apply(
    kept: PlanFile,
    ways: Mapping[str, Way],
    state: State,
    options: ApplyOptions,
    *,
    clock: Clock,
    stop: Callable[[], int | None],
    clean: Callable[[str], str],
) -> Iterator[Event]:
    """Carry out our copy of a plan (`State.keep`); an unfinished run of it is taken up.

    Takes the lease and does the preflight: PlanRefused, Locked and LocalFault come before anything was sent.
    Ends with RunEnded. Where the run ends early, RunEnded comes too, and then the MigratorError that says why: the
    journal is in order by then, and the same call goes on where this one stopped.
    """
    lease = state.lease(way.place for way in ways.values())
    yield from lease.awaited(options.lock_timeout, clock, stop)
    with lease:
        notes = preflight(kept, ways, state, options)
        yield from superseded(kept, ways, state, options, clock=clock, stop=stop, clean=clean)
        before = [run.number for run in state.runs()]
        run, resumed = _run(kept, ways, state)
        running = Running(
            kept=kept,
            state=state,
            run=run,
            options=options,
            clock=clock,
            stop=stop,
            clean=clean,
            log=RunLog(state.log_path(run), clock.wall, clean),
        )
        running.tell(_started(running, resumed, [number for number in before if number != run.number]))
        for note in (*taken_over(lease), *notes):
            running.notice(note)
        yield from _carried(running, ways)


def _carried(running: Running, ways: Mapping[str, Way]) -> Iterator[Event]:
    """The run itself, and its end whatever it is."""
    begun = running.clock.monotonic()
    try:
        yield from recovered(running, ways)
        for section in running.kept.sections():
            yield from carry(running, ways[section.step], section)
            if _first_is_over(running):
                break
        yield from _looked_over(running, ways)
        _complete(running, ways)
        _end(running, RunStatus.DONE, begun, None)
    except MigratorError as error:
        status = RunStatus.PAUSED if isinstance(error, Paused) else RunStatus.STOPPED
        _end(running, status, begun, error)
        yield from running.events()
        raise
    yield from running.events()


def _run(kept: PlanFile, ways: Mapping[str, Way], state: State) -> tuple[RunRow, bool]:
    taken = state.history.take_up(kept.hash)
    if taken is not None:
        return taken, True
    counts, header = kept.trailer.counts, kept.header
    steps = []
    for step in header.steps:
        way, planned = ways[step.step], counts.get(step.step)
        steps.append(
            RunStep(
                step=step.step,
                target=way.identity,
                collection=way.writing.collection.id,
                pair=_pair(kept, way),
                read=0 if planned is None else planned.read,
                partial=header.partial,
                target_count=None if planned is None else planned.target_count,
            )
        )
    return state.history.start(kept.hash, header.kind.value, header.playbook, steps), False


def _pair(kept: PlanFile, way: Way) -> Pair | None:
    """Where the step's rows of the id map are, as its first line with an origin tells."""
    for section in kept.sections():
        if section.step == way.step:
            _, first = next(kept.changes(section.start, section.stop))
            if first.origin is not None:
                return way.pair(first.origin)
    return None


def _started(running: Running, resumed: bool, before: list[int]) -> RunStarted:
    done = running.state.journal.total(running.run.number)
    return RunStarted(
        run=running.run.number,
        plan_hash=running.kept.hash,
        state=str(running.state.folder),
        resumed=resumed,
        todo=sum(section.count for section in running.kept.sections()) - done,
        done=done,
        last_run=max(before, default=None),
    )


# ---------------------------------------------------------------- the end


def _first_is_over(running: Running) -> bool:
    first = running.options.first
    return first is not None and len(running.taken) >= first


def _looked_over(running: Running, ways: Mapping[str, Way]) -> Iterator[Event]:
    """--first: read back what was sent, then pause where anything is left. Raises Paused."""
    if running.options.first is None:
        return
    compared = read_back(running, ways)
    yield from running.events()
    left = sum(section.count for section in running.kept.sections()) - running.state.journal.total(running.run.number)
    if left > 0:
        raise Paused(
            Problem(
                code=Paused.code,
                summary=f"the first {len(running.taken):,} changes were sent, {compared:,} read back and compared",
                detail=f"{left:,} lines of the plan are left.",
                hint="look at them in the target, then resume",
            )
        )


def _complete(running: Running, ways: Mapping[str, Way]) -> None:
    """Every change has its outcome: each target collection is finished and counted."""
    places: dict[tuple[str, str], list[str]] = {}
    for step in running.kept.header.steps:
        places.setdefault(ways[step.step].place, []).append(step.step)
    stamps = {step.step: step.stamp for step in running.kept.header.steps}
    for (identity, collection), steps in places.items():
        way = ways[steps[0]]
        failpoint("before_complete")
        stamp: str | None = None
        try:
            stamp = way.target.complete(tuple(ways[name].writing for name in steps), stamps[steps[0]])
        except Conflict as error:
            _overturn(running, way, steps, error)
        failpoint("after_complete")
        count = way.target.count(way.read_back())
        running.state.history.completed(running.run.number, identity, collection, stamp, count)


def _overturn(running: Running, way: Way, steps: list[str], error: Conflict) -> None:
    """What was staged for a collection that moved under us came to nothing: all of it is a conflict."""
    reason = running.clean(error.problems[0].summary)
    ranges = [(part.start, part.stop) for part in running.kept.sections() if part.step in steps]
    running.state.journal.overturn(running.run.number, ranges, way.place, reason)
    running.notice(Problem(code="RN044", summary=reason, place=Place(step=steps[0]), hint="plan again"))


def _end(running: Running, status: RunStatus, begun: float, error: MigratorError | None) -> None:
    """The run's last row and last event; nothing here hides the error that ended it."""
    number, state = running.run.number, running.state
    seconds = running.clock.monotonic() - begun
    hidden = () if error is None else (MigratorError,)
    with suppress(*hidden):
        state.history.end(number, status, seconds)
    with suppress(*hidden):
        told = report(state, number)
        resume = None if error is None else f"migrator resume {number} --state {shlex.quote(str(state.folder))}"
        code = exit_code(told, running.kept.trailer.problem_total) if error is None else error.exit_code
        running.tell(RunEnded(report=told, exit_code=code, resume=resume))
