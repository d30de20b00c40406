"""Looks back at a run: plans that take it back or try its failures again, and what became of each record.

Reads the state and both sides, and changes neither: what comes of it is a plan like any other, or a file for people.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from migrator.amends.deeds import Past, past_of
from migrator.amends.quarantine import place_of as quarantine_of
from migrator.errors import PlanRefused, UsageWrong
from migrator.executor.way import Way
from migrator.ledger import go_on, report, state_folder
from migrator.model.plan import PlanHeader, PlanStep
from migrator.model.run import Planning, Status
from migrator.pipeline import Planned, systems_of, way_of
from migrator.state.folder import home_of
from migrator.state.state import State
from migrator.systems import Surroundings, Systems


def undo(
    run: int, out: Path, around: Surroundings, *, systems: Path | None = None, state: Path | None = None
) -> Generator[Planning, None, Planned]:
    """Write the plan that takes a run back to `out`. Reads only.

    Raises UsageWrong where there is no such run, PlanRefused where it is not over or its plan is not kept.
    """
    from migrator.amends.undo import undo as taken_back

    with _looking_back(run, "undone", around, systems, state) as (past, ways):
        made = yield from taken_back(past, ways, out, around.scrubber.stains)
    return Planned(path=out, hash=made.hash, header=made.header, trailer=made.trailer)


def retry(
    run: int,
    out: Path,
    around: Surroundings,
    *,
    fixes: Path | None = None,
    systems: Path | None = None,
    state: Path | None = None,
    conflicts: bool = False,
) -> Generator[Planning, None, Planned]:
    """Write the plan of the records that a run failed on to `out`, with the corrections of a CSV in it. Reads only.

    `conflicts`: only of those that had moved. Raises FixesInvalid for the CSV, and what `undo` raises.
    """
    from migrator.amends.fixes import read as read_fixes
    from migrator.amends.retry import FAILED
    from migrator.amends.retry import retry as tried_again

    only = frozenset({Status.CONFLICT}) if conflicts else FAILED
    with _looking_back(run, "retried", around, systems, state) as (past, ways):
        told = {} if fixes is None else read_fixes(fixes, past, ways)
        made = yield from tried_again(past, ways, out, around.scrubber.stains, fixes=told, only=only)
    return Planned(path=out, hash=made.hash, header=made.header, trailer=made.trailer)


def replanned(
    run: int, around: Surroundings, *, systems: Path | None = None, state: Path | None = None
) -> Generator[Planning, None, Planned]:
    """The plan of what had moved in a run, kept beside its quarantine. Raises what `retry` raises."""
    out = quarantine_of(state_folder(state), run).with_suffix(".plan")
    return (yield from retry(run, out, around, systems=systems, state=state, conflicts=True))


@contextmanager
def _looking_back(
    run: int, what: str, around: Surroundings, systems: Path | None, state: Path | None
) -> Iterator[tuple[Past, dict[str, Way]]]:
    """A run that is over, and the ways to its targets as they are now; the state is open to read."""
    folder = state_folder(state)
    with State.open(folder, write=False) as known:
        if run not in {row.number for row in known.runs()}:
            raise UsageWrong(f"this state has no run {run} (state {folder})", hint="`migrator runs` lists them")
        past = past_of(known, run, what, go_on(run, folder))
        header, home = past.kept.header, home_of(folder, past.kept.hash)
        if home is None or not home.is_dir():
            raise PlanRefused(f"the folder that run {run} started from is gone: {home}", hint="put it back")
        with Systems(systems_of(header, systems), around, home, budgets=folder) as opened:
            opened.resolve([step.target[0] for step in header.steps])
            for step in header.steps:
                _same_system(header, step, opened)
            yield past, {step.step: way_of(step, opened) for step in header.steps}


def _same_system(header: PlanHeader, step: PlanStep, systems: Systems) -> None:
    planned, now = header.systems[step.target[0]].identity, systems.open(step.target[0]).identity
    if now != planned:
        raise PlanRefused(
            f"another system than the run wrote to: {step.target[0]} was {planned}, now it is {now}",
            hint="set the environment as it was then",
        )


def each(number: int, state: Path | None) -> Iterator[dict[str, Any]]:
    """What became of each line of a run that has an outcome, in the order of its plan, as JSON-like maps."""
    from migrator.executor.load import name_of

    with State.open(state_folder(state), write=False) as known:
        run = known.run(number)
        past = Past(run=run, kept=known.plan_of(run), state=known)
        for section in past.kept.sections():
            for change, outcome in past.outcomes(section):
                told = {
                    name: value for name, value in asdict(outcome).items() if value is not None and name != "found"
                }
                yield {
                    "run": number,
                    "step": change.step,
                    "action": change.action.value,
                    "key": name_of(change.key, change.origin, change.target_id),
                    **told,
                }


def quarantine(number: int | None, file: Path, state: Path | None) -> Path:
    """Write what did not come about in a run (default: the last one) to `file`, and JSON Lines beside it; its path.

    Raises UsageWrong where there is nothing to write, LocalFault.
    """
    from migrator.amends.quarantine import write

    told = report(number, state)
    if not told.changes:
        raise UsageWrong(f"run {told.run} has no failed, conflicting or skipped record: there is nothing to write")
    if file.suffix != ".csv":
        raise UsageWrong(f"{file}: the quarantine is a .csv, with a .jsonl of the same name beside it")
    with State.open(state_folder(state), write=False) as known:
        run = known.run(told.run)
        return write(Past(run=run, kept=known.plan_of(run), state=known), file)
