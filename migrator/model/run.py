"""What happens while a plan is carried out: outcomes, events, the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import overload

from migrator.model.lean import dataclass
from migrator.model.plan import Action
from migrator.model.problem import Problem
from migrator.model.quick import maker
from migrator.model.values import Value


class Status(StrEnum):
    """What became of one change."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    SKIPPED = "skipped"


class Cause(StrEnum):
    """Why a change did not come about."""

    REFUSED = "refused"
    """The server does not take the value."""
    MOVED = "moved"
    """The record changed since planning."""
    GONE = "gone"
    """The record is not there any more."""
    TAKEN = "taken"
    """Another record has the key."""
    DENIED = "denied"
    """Our login lacks a right."""
    NEEDS = "needs"
    """What it waits for came to nothing."""
    UPLOAD_GONE = "upload_gone"
    """An uploaded file expired before its record named it."""


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change, as the journal keeps it."""

    change_id: str
    """The change."""
    status: Status
    """What became of it."""
    target_id: str | None = None
    """The record that now stands (create, update, link) or stood (delete)."""
    version: str | None = None
    """Its version after the write."""
    did: Action | None = None
    """What the answer proves was done (an upsert may create or update); None: not known."""
    reason: str | None = None
    """Why not: the server's own words."""
    code: str | None = None
    """The server's code, or ours."""
    field: str | None = None
    """The field it is about."""
    cause: Cause | None = None
    """What sort of why."""
    attempts: int = 1
    """Requests that carried it."""
    found: Mapping[str, Value] | None = None
    """Of a conflict: the fields as found; of an update that was planned as a create: its before-image."""


quick_outcome = maker(Outcome)
"""The same as the class, for those who make one a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllDone(Sequence[Outcome]):
    """Outcomes of changes that simply came about, each made when it is looked at: few who are told look at them."""

    did: Action
    """What was done, with all of them."""
    change_ids: Sequence[str]
    """The changes."""
    target_ids: Sequence[str]
    """The records that now stand."""
    versions: Sequence[str | None]
    """Their versions after the write."""
    attempts: int
    """Requests that carried each of them."""

    def __len__(self) -> int:
        return len(self.change_ids)

    @overload
    def __getitem__(self, place: int) -> Outcome: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Outcome]: ...
    def __getitem__(self, place: int | slice) -> Outcome | Sequence[Outcome]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return quick_outcome(
            change_id=self.change_ids[place],
            status=Status.DONE,
            target_id=self.target_ids[place],
            version=self.versions[place],
            did=self.did,
            attempts=self.attempts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """How far the planning of a step is."""

    step: str
    """Step."""
    read: int
    """Source records so far."""
    expected: int | None
    """Source records in all, where the source told before."""
    changes: int
    """Lines so far."""
    problems: int
    """Records that cannot be planned so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins or is taken up."""

    run: int
    """Number."""
    plan_hash: str
    """Which plan."""
    state: str
    """Path of the state folder."""
    resumed: bool
    """It was broken off before."""
    todo: int
    """Changes without an outcome."""
    done: int
    """Changes with one."""
    last_run: int | None = None
    """The last run in this state before this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionStarted:
    """A phase of a step begins."""

    step: str
    """Step."""
    phase: int
    """Phase."""
    changes: int
    """Lines in it, outcomes included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesSettled:
    """Some changes got their outcomes (one request's, or links)."""

    step: str
    """Step."""
    action: Action
    """What they do."""
    outcomes: Sequence[Outcome]
    """One per change."""
    keys: Sequence[str] = ()
    """Key or origin of each change, as text, in the same order."""

    @property
    def others(self) -> Sequence[tuple[int, Outcome]]:
        """(place, outcome) of what did not come about."""
        if isinstance(self.outcomes, AllDone):
            return ()
        return [(place, one) for place, one in enumerate(self.outcomes) if one.status is not Status.DONE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing can be sent for a while."""

    seconds: float
    """How long."""
    why: str
    """Pace, quota, the server's own word, settling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something people should know; the run goes on."""

    problem: Problem
    """What."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """Counts of one step after the apply."""

    step: str
    """Step."""
    read: int = 0
    """Source records while planning."""
    unchanged: int = 0
    """Nothing to do."""
    created: int = 0
    """Done."""
    updated: int = 0
    """Done."""
    deleted: int = 0
    """Done."""
    linked: int = 0
    """Done."""
    unlinked: int = 0
    """Done: rows of the id map that an undo took out."""
    self_reference: int = 0
    """Done: fields that refer to records of the same step, set after these were made."""
    uploaded: int = 0
    """Done: files that were sent before their records."""
    failed: int = 0
    """The server refused."""
    conflicts: int = 0
    """Moved since planning; left alone."""
    skipped: int = 0
    """Left out: problems of the plan, mode, or what they depend on came to nothing."""
    unknown: int = 0
    """In doubt still."""
    todo: int = 0
    """Without an outcome."""
    extra_requests: int = 0
    """Sent only to part what the system refuses from what it takes."""
    target_before: int | None = None
    """Records in the target while planning, where it counts."""
    target_after: int | None = None
    """Records in the target after, where it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """One change that did not simply succeed."""

    step: str
    """Step."""
    action: Action
    """What was planned."""
    key: str
    """Key or origin, as text."""
    outcome: Outcome
    """What became of it."""
    before: Mapping[str, Value] | None = None
    """As planned."""
    after: Mapping[str, Value] | None = None
    """As wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did."""

    run: int
    """Number."""
    run_id: str
    """Random id."""
    plan_hash: str
    """Which plan."""
    kind: str
    """Kind of the plan."""
    playbook: str
    """Name."""
    status: RunStatus
    """Where it stands."""
    started: str
    """ISO 8601, UTC."""
    ended: str | None = None
    """ISO 8601, UTC."""
    os_user: str = ""
    """Who."""
    host: str = ""
    """Where."""
    steps: tuple[StepReport, ...] = ()
    """One a step."""
    changes: tuple[ChangeReport, ...] = ()
    """Failed, conflicts, skipped, unknown; at most `listed` of them."""
    requests: int = 0
    """Write requests sent."""
    seconds: float = 0
    """Wall time spent, all takings-up together, where known."""
    notes: tuple[Problem, ...] = ()
    """Warnings."""
    quarantine: str = ""
    """Path of the CSV of what did not come about; "" where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The run came to a stop of some kind."""

    report: Report
    """What it did."""
    exit_code: int
    """What the process will end with."""
    resume: str | None = None
    """The exact command that goes on, where there is something to go on with."""


Event = Planning | RunStarted | SectionStarted | ChangesSettled | Waiting | Noticed | RunEnded
