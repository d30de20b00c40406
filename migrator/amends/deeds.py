"""What a finished run really did, line by line: its plan's copy and its outcomes, read side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from migrator.errors import PlanRefused
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change
from migrator.model.run import Outcome, Status
from migrator.model.values import Value
from migrator.planfile import PlanFile, Section
from migrator.state.runs import RunRow
from migrator.state.state import State

_AT_ONCE = 1000
"""Outcomes whose lines are read together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A run that is over, with its plan."""

    run: RunRow
    """The run."""
    kept: PlanFile
    """Its copy of the plan."""
    state: State
    """Where both are; open to read."""

    def sections(self, step: str) -> dict[int, Section]:
        """Phase -> the lines of a step in it."""
        return {int(section.phase): section for section in self.kept.sections() if section.step == step}

    def outcomes(self, section: Section | None, *, but_done: bool = False) -> Iterator[tuple[Change, Outcome]]:
        """The lines of a section that have an outcome, in order; `but_done`: those that did not come about."""
        if section is None:
            return
        found = self.state.journal.outcomes(
            self.run.number, start=section.start, stop=section.stop, but_done=but_done
        )
        while some := list(islice(found, _AT_ONCE)):
            changes = self.kept.change_at([line for line, _ in some])
            yield from ((change, outcome) for change, (_, outcome) in zip(changes, some, strict=True))

    def deeds(self, section: Section | None) -> Iterator[Deed]:
        """What was done in a section, in order."""
        for change, outcome in self.outcomes(section):
            if outcome.status in (Status.DONE, Status.UNKNOWN):
                yield _deed(change, outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One effect of a run on one record."""

    change: Change
    """As planned."""
    did: Action | None
    """What was done; None: nobody can tell."""
    target_id: str
    """The record; "" where nobody can tell."""
    version: str | None
    """Its version afterwards, where it was told."""
    before: Mapping[str, Value] | None
    """update: the fields that were written, as they stood; delete: all; None: nothing was known of them."""
    after: Mapping[str, Value]
    """What was written; may hold Refs."""
    idle: bool = False
    """A delete that found nothing."""


def _deed(change: Change, outcome: Outcome) -> Deed:
    did = outcome.did if outcome.status is Status.DONE else None
    before, after = change.before, change.after or {}
    if outcome.found is not None:  # it was not what the plan knew: overwritten, or somebody's under its key
        before = outcome.found
    elif did is Action.UPDATE and change.action is Action.CREATE:
        before = None
    if did is Action.CREATE and change.action is Action.UPDATE:
        before, after = None, change.whole or after
    if did is Action.UPDATE and before is not None:
        after = {name: value for name, value in after.items() if name in before}
    return Deed(
        change=change,
        did=did,
        target_id=outcome.target_id or "",
        version=outcome.version,
        before=before,
        after=after,
        idle=did is Action.DELETE and bool(outcome.reason),
    )


def past_of(state: State, number: int, what: str, go_on: str) -> Past:
    """The run, if it is over and nothing of it is in doubt. Raises PlanRefused that names the command that helps.

    `what`: undone, retried. `go_on`: the command that takes the run up.
    """
    run = state.run(number)
    if run.unfinished:
        raise PlanRefused(
            f"run {number} is {run.status.value}: only a run that is over can be {what}",
            hint=f"finish it first: {go_on}",
        )
    if not state.plan_path(run.plan).exists():
        raise PlanRefused(
            f"the plan of run {number} is not kept any more, and nothing else knows what it did: it cannot be {what}",
            detail=f"{state.plan_path(run.plan)} is gone; `runs --purge` removes plans with their runs.",
        )
    kept = state.plan_of(run)
    kept.check()
    doubts = sum(len(doubt.lines) for doubt in state.journal.doubts(number))
    if doubts:
        raise PlanRefused(
            f"{doubts:,} changes of run {number} are in doubt: what it did is not known", hint=f"look first: {go_on}"
        )
    if not kept.header.steps:
        raise PlanRefused(
            f"run {number} carried out no plan ({run.playbook}): there is nothing that could be {what}",
            hint="`migrator runs` lists what each run was",
        )
    return Past(run=run, kept=kept, state=state)
