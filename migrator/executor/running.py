"""What all parts of one carrying-out share: the plan, the journal, time, and the events to be told."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace

import orjson

from migrator.codec.paper import fields_to_paper
from migrator.contract import Clock
from migrator.executor.after import After
from migrator.executor.landing import Landing
from migrator.executor.load import Load
from migrator.executor.runlog import RunLog
from migrator.executor.turn import spared, turn_of
from migrator.executor.way import ApplyOptions
from migrator.model.lean import dataclass
from migrator.model.plan import Action, PlanKind
from migrator.model.problem import Problem
from migrator.model.run import ChangesSettled, Event, Noticed, Outcome
from migrator.model.values import Value
from migrator.planfile import PlanFile
from migrator.state.journal import Settled
from migrator.state.runs import RunRow
from migrator.state.state import State

WITHHELD = "(not kept: the record holds a secret)"
"""In the place of every value of a record that was found and holds a secret."""
SLICE = 0.25
"""Seconds of waiting after which answers are looked at again."""


@dataclass(slots=True, kw_only=True)
class Running:
    """One carrying-out, from its start or taking-up to its end. Of the main thread alone."""

    kept: PlanFile
    """Our copy of the plan."""
    state: State
    """Journal, id map, lease."""
    run: RunRow
    """The run."""
    options: ApplyOptions
    """What people asked for."""
    clock: Clock
    """Time."""
    stop: Callable[[], int | None]
    """The signal that asks to stop, if one came."""
    clean: Callable[[str], str]
    """Takes secrets out of a text for people."""
    log: RunLog
    """The run's own file."""
    told: deque[Event] = field(default_factory=deque)
    """Events that were not handed on yet."""
    doubted: set[int] = field(default_factory=set)
    """Lines that were in doubt when the run was taken up, and are sent again."""
    chance: Callable[[], float] = random.random
    """Numbers 0 to 1, for rests that nobody asked for."""
    waits_until: float = float("-inf")
    """Until when a wait was told already, on the monotonic clock."""
    taken: list[int] = field(default_factory=list)
    """Under --first: lines that this carrying-out took."""

    @property
    def kind(self) -> PlanKind:
        """Kind of the plan."""
        return self.kept.header.kind

    def tell(self, event: Event) -> None:
        """An event, for the log and for whoever looks on."""
        self.log.write(event)
        self.told.append(event)

    def notice(self, problem: Problem) -> None:
        """Something people should know."""
        self.tell(Noticed(problem=problem))

    def events(self) -> Iterator[Event]:
        """Hand on what was told."""
        while self.told:
            yield self.told.popleft()

    def turning(self, after: After) -> After:
        """What goes again as another change than its line is kept before anything else. Raises LocalFault, Locked."""
        spared(after, self._holds_secret)
        turns = [(load.line, turn) for load in after.again if (turn := turn_of(load)) is not None]
        self.state.turns.keep(self.run.number, turns)
        return after

    def land(self, step: str, landing: Landing, answered: Sequence[int] = ()) -> None:
        """The same for what simply came about."""
        self.state.journal.settle(self.run.number, (), answered, landing.landed)
        outcomes = landing.landed.outcomes
        self.tell(ChangesSettled(step=step, action=outcomes.did, outcomes=outcomes, keys=landing.names))

    def settle(self, step: str, settled: Sequence[tuple[Load, Settled]], answered: Sequence[int] = ()) -> None:
        """Outcomes into the journal, in one transaction, then told. Raises LocalFault, Locked."""
        clean = [
            one if one.outcome.reason is None and one.outcome.found is None else self._scrubbed(one)
            for _, one in settled
        ]
        self.state.journal.settle(self.run.number, clean, answered)
        by_action: dict[Action, tuple[list[Outcome], list[str]]] = {}
        for (load, _), one in zip(settled, clean, strict=True):
            outcomes, keys = by_action.setdefault(load.planned, ([], []))
            outcomes.append(one.outcome)
            keys.append(load.name)
        for action, (outcomes, keys) in by_action.items():
            self.tell(ChangesSettled(step=step, action=action, outcomes=tuple(outcomes), keys=tuple(keys)))

    def _scrubbed(self, settled: Settled) -> Settled:
        """The server's words are text for people, also in the journal; of a record with a secret only names are."""
        outcome = settled.outcome
        if outcome.found is not None and self._holds_secret(outcome.found):
            outcome = replace(outcome, found=dict.fromkeys(outcome.found, WITHHELD))
        cleaned = outcome.reason and self.clean(outcome.reason)
        if cleaned != outcome.reason:
            outcome = replace(outcome, reason=cleaned)
        return settled if outcome is settled.outcome else replace(settled, outcome=outcome)

    def _holds_secret(self, values: Mapping[str, Value]) -> bool:
        """In any of them, nested ones too."""
        if not values:
            return False
        text = orjson.dumps(list(fields_to_paper(values).values())).decode()
        return self.clean(text) != text
