"""A plan: a header, changes in the order of applying, a trailer. Nothing holds all changes in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum, StrEnum
from typing import Any

from migrator.model.lean import dataclass
from migrator.model.playbook import Write
from migrator.model.problem import Problem
from migrator.model.quick import maker
from migrator.model.values import Key, Origin, Value

PLAN_FORMAT = 1
"""Number of the plan file's format."""


class PlanKind(StrEnum):
    """What a plan is for."""

    LOAD = "load"
    UNDO = "undo"
    RETRY = "retry"


class Action(StrEnum):
    """What one line does. Closed."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    LINK = "link"
    UNLINK = "unlink"
    UPLOAD = "upload"
    ACT = "act"


class Phase(IntEnum):
    """Order of applying within a plan."""

    UPLOAD = 0
    WRITE = 1
    SELF_REFERENCE = 2
    DELETE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the plan: what happens to one record in one phase."""

    id: str
    """32 hex digits: hash of target identity, collection, part, origin or target id, and phase; no content."""
    step: str
    """Name of the step."""
    phase: Phase
    """When."""
    action: Action
    """What."""
    batch: int | None = None
    """Number of the batch the planner cut, for people; None for a link."""
    key: Key = ()
    """Values of the key fields."""
    origin: Origin | None = None
    """The source record; None for a delete of a record nobody migrated (scope)."""
    target_id: str | None = None
    """The record that stands; None for a create, and where phase 1's outcome brings it."""
    version: str | None = None
    """The record's version while planning."""
    before: Mapping[str, Value] | None = None
    """update: the changed fields as found (None where this run makes the record); delete: every field."""
    after: Mapping[str, Value] | None = None
    """create: every field named; update: the changed fields; upload: {field: File}; act: its values."""
    whole: Mapping[str, Value] | None = None
    """update under `on_gone: create`: every field named."""
    needs: tuple[str, ...] = ()
    """Ids of changes whose outcomes this line waits for: uploads, the create before a self-reference."""
    along: Mapping[str, Value] | None = None
    """Companions as found: sent along unchanged lest the system loses them."""
    field: str | None = None
    """upload, act: the field."""
    position: int | None = None
    """upload: which of the field's files, from 0."""
    corrected: Mapping[str, Value] | None = None
    """retry: the fields that people corrected, as the run had wanted them."""


quick_change = maker(Change)
"""The same as the class, for those who make one a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """What a plan says of a step once, for all its lines."""

    step: str
    """Name of the step."""
    source: tuple[str, str] | None
    """The playbook's name of the source system, and the collection; None in an undo."""
    target: tuple[str, str]
    """The playbook's name of the target system, and the collection."""
    write: Write
    """The target side as the playbook has it."""
    fields: Mapping[str, str] | None
    """Target field that the step names, or that is required -> hash of its description; None: none was told."""
    stamp: str | None = None
    """The target collection's stamp while planning."""
    query: Mapping[str, Any] = field(default_factory=dict)
    """`source.query` as the playbook has it: what came to the source since is counted by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSystem:
    """A system as written, with the identity that it had while planning."""

    connector: str
    """Name of the connector."""
    options: Mapping[str, Any]
    """As written: secrets are `env` expressions."""
    identity: str
    """Source.identity()."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """The last run in this state that touched one target collection of the plan."""

    target: str
    """Identity of the target system."""
    collection: str
    """Target collection."""
    run: int
    """Number."""
    run_id: str
    """Random id."""
    request: int
    """Its last answered request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHeader:
    """All that holds for a whole plan."""

    playbook: str
    """Name."""
    path: str
    """Of the playbook, relative to the working folder, with forward slashes."""
    resolved: str
    """Hash of resolved steps, mappings, vars, limits and refs."""
    systems: Mapping[str, PlanSystem]
    """Name -> system."""
    steps: tuple[PlanStep, ...]
    """In the order of applying."""
    tool: str
    """Version of the program."""
    kind: PlanKind = PlanKind.LOAD
    """What it is for."""
    format: int = PLAN_FORMAT
    """Of the file."""
    follows: tuple[Follows, ...] = ()
    """One for each target collection that a run of this state has touched."""
    of_run: tuple[int, str] | None = None
    """Number and id of the run that an undo or retry is about."""
    partial: bool = False
    """Made with --only, --exclude, --limit or --where."""
    problems_allowed: int = 0
    """`limits.problems`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary:
    """Counts of one step."""

    read: int = 0
    """Source records that the query returned."""
    filtered: int = 0
    """Left out by `where`."""
    unchanged: int = 0
    """Already as desired, and in the id map."""
    create: int = 0
    """Lines."""
    update: int = 0
    """Lines."""
    delete: int = 0
    """Lines."""
    link: int = 0
    """Lines: matches that enter the id map; nothing is sent."""
    unlink: int = 0
    """Lines."""
    upload: int = 0
    """Lines."""
    files: int = 0
    """Files whose bytes travel while applying: those of uploads, and of creates that carry theirs along."""
    file_bytes: int = 0
    """Bytes of these, as far as the source tells sizes."""
    act: int = 0
    """Lines."""
    problems: int = 0
    """Source records that could not be planned; they have no line."""
    skipped: int = 0
    """By `mode`: would be created under `update`, would be updated under `insert`, and duplicates by policy."""
    self_reference: int = 0
    """Lines of phase 2; not among `update`."""
    matched: int = 0
    """Source records that met a target record."""
    target_count: int | None = None
    """Records in the target collection before, where it can count cheaply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """A reason why apply refuses this plan without the exact count."""

    kind: str
    """Which limit: updates or deletes."""
    step: str
    """Step."""
    count: int
    """Lines."""
    of: int
    """Records they are measured against."""
    percent: float
    """The limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForecast:
    """Cost of one step's apply."""

    step: str
    """Step."""
    requests: int
    """Write requests."""
    reads: int = 0
    """Requests that look before they write (recheck)."""
    seconds: float = 0
    """Least time under the documented pace."""
    quota_share: float | None = None
    """Share of the daily quota, 0 to 1; None where there is none."""
    window_seconds: float | None = None
    """What other people change in this time before our write may be overwritten; None: the version guards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Cost of the apply, from counts and limits alone: no clock, no quota already used."""

    requests: int = 0
    """Write requests."""
    reads: int = 0
    """Rechecks."""
    seconds: float = 0
    """Least time under the documented pace."""
    steps: tuple[StepForecast, ...] = ()
    """One a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCount:
    """One value that is not known, and how often it came."""

    value: str
    """As text; cut after 200 characters."""
    records: int
    """Source records that have it."""
    example: str
    """Key or origin id of one of them."""
    hint: str = ""
    """What to do about this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownValues:
    """What one mapping, field or source does not know, in one step."""

    step: str
    """Step."""
    why: str
    """Such as `not in mapping "state"`, `no choice of field "status"`."""
    policy: str
    """What became of the values: fail, keep, null or default."""
    values: tuple[UnknownCount, ...]
    """The hundred most frequent, those first."""
    different: int
    """Different values; beyond 10,000 they are not told apart, and this says 10,000."""
    times: int
    """All of them, each counted once a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTrailer:
    """What is known when the last line is made."""

    counts: Mapping[str, StepSummary]
    """Step -> counts."""
    problems: tuple[Problem, ...] = ()
    """At most 100 listed per code and step."""
    problem_counts: Mapping[str, int] = field(default_factory=dict)
    """Step and code, joined by a slash -> all of them."""
    notes: tuple[Problem, ...] = ()
    """Warnings and reasons, such as why no deletes are planned."""
    unknown: tuple[UnknownValues, ...] = ()
    """Values that mappings and fields do not know, counted, whatever the policy."""
    brakes: tuple[Brake, ...] = ()
    """Why apply refuses."""
    forecast: Forecast = field(default_factory=Forecast)
    """Cost."""
    offsets: tuple[tuple[str, int, int, int], ...] = ()
    """(step, phase, byte offset of its first line, lines) in the order of applying."""

    @property
    def problem_total(self) -> int:
        """Records that could not be planned."""
        return sum(summary.problems for summary in self.counts.values())
