"""Fields that a run wrote and that show something else now: a target that keeps changing what it is given.

Some systems trim, round, clean or complete what they store in ways that no rule of a connector knows, and a plan
would show the same updates for ever. Found by holding a new plan's updates against what the last run of the same
playbook wrote into the same records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from migrator.errors import PlanRefused
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import RunStatus, Status
from migrator.planfile import PlanFile
from migrator.state.runs import RunRow
from migrator.state.state import State

LOOKED_AT = 1000
"""Updates of a plan that are held against the last run: enough to tell, however long the plan is."""


def relapses(plan: Path, known: State) -> tuple[Problem, ...]:
    """A warning for each field that the plan would write once more as the last run did. Reads only."""
    fresh = PlanFile(plan)
    run = _last(known, fresh.header.playbook)
    if run is None:
        return ()
    updates = (change for _, change in fresh.changes() if change.action is Action.UPDATE)
    some = {change.id: change for change in islice(updates, LOOKED_AT)}
    again: dict[tuple[str, str], list[bool]] = {}
    for change, values, version in _written(known, run, some):
        for field, value in (change.after or {}).items():
            if field in values and values[field] == value:
                untouched = version is not None and version == change.version
                again.setdefault((change.step, field), []).append(untouched)
    return tuple(_told(step, field, run.number, found) for (step, field), found in again.items())


def _last(known: State, playbook: str) -> RunRow | None:
    """The last run of this playbook that is over, if its plan is still kept."""
    for run in reversed(known.runs()):
        if run.playbook == playbook and run.status is RunStatus.DONE:
            return run if known.plan_path(run.plan).exists() else None
    return None


def _written(
    known: State, run: RunRow, some: Mapping[str, Change]
) -> Iterator[tuple[Change, Mapping[str, object], str | None]]:
    """A change of the new plan, what the run wrote into that record, and the version that it left there."""
    outcomes = known.journal.outcomes_at(run.number, list(some))
    done = [(line, outcome) for line, outcome in outcomes if outcome.status is Status.DONE]
    try:
        changes = list(known.plan_of(run).change_at([line for line, _ in done]))
    except PlanRefused:
        return
    for change, (_, outcome) in zip(changes, done, strict=True):
        yield some[change.id], change.after or {}, outcome.version


def _told(step: str, field: str, run: int, found: list[bool]) -> Problem:
    count = len(found)
    records = (
        "1 record" if count == 1 else f"{count:,} records" if count < LOOKED_AT else f"{count:,} records and more"
    )
    sure = all(found)
    keeps = "the target keeps changing this field" if sure else "the target keeps changing this field, or people do"
    return Problem(
        code="PL043",
        severity=Severity.WARNING,
        summary=f"{keeps}: run {run} wrote the very values of this plan into {records}, and others stand there",
        detail="Nobody wrote to these records since: the target stores something else than it is given."
        if sure
        else "Whether somebody wrote to these records since is not known.",
        place=Place(step=step, field=field),
        hint="let the transform write what the target shows, or leave the field out: else each plan has it again",
    )
