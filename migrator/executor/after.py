"""What follows from an answer: outcomes, and what is to be sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from migrator.contract import Done, Failed, Result, Unknown
from migrator.errors import MigratorError
from migrator.executor.landing import Landing, landing_of
from migrator.executor.load import Load, Parcel, settled_done, settled_not
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, PlanKind
from migrator.model.problem import Problem
from migrator.model.run import Cause, Status
from migrator.state.journal import Settled


@dataclass(slots=True, kw_only=True)
class After:
    """What follows."""

    settled: list[tuple[Load, Settled]] = field(default_factory=list)
    """Final outcomes."""
    again: list[Load] = field(default_factory=list)
    """To be sent once more, cut anew."""
    parcels: list[Parcel] = field(default_factory=list)
    """To be sent once more, cut as they are."""
    doubtful: list[tuple[Load, str]] = field(default_factory=list)
    """Somebody must look; why."""
    landing: Landing | None = None
    """All of a request that simply came about; then there is nothing else."""


def after_results(way: Way, kind: PlanKind, parcel: Parcel, results: Sequence[Result]) -> After:
    """The outcomes that decode told. Raises MigratorError where decode breaks its contract."""
    landing = None if kind is PlanKind.UNDO else landing_of(way, parcel, results)  # an undo takes rows away
    if landing is not None:
        return After(landing=landing)
    loads = parcel.loads
    _trust(way, loads, results)
    after = After()
    for load, result in zip(loads, results, strict=True):
        if isinstance(result, Done):
            did = _did(load, result)
            done = settled_done(
                way,
                load,
                kind,
                target_id=result.target_id,
                version=result.version,
                did=did,
                reason=result.note or None,
            )
            after.settled.append((load, done))
        elif isinstance(result, Failed) and result.cause is Cause.GONE and load.action is Action.DELETE:
            after.doubtful.append((load, result.reason))  # what is not there is what was wanted
        elif isinstance(result, Failed):
            after.settled.append((load, _failed(load, result)))
        else:
            after.doubtful.append((load, result.reason))
    return after


def breach(way: Way, what: str, error: Exception | None = None) -> MigratorError:
    """The error of a connector that does not keep its contract, worded for its author."""
    name = type(way.target).__name__
    return MigratorError(
        Problem(
            code="RN050",
            summary=f"the connector {name} broke its contract in step {way.step}: {what}",
            detail="" if error is None else f"{type(error).__name__}: {error}",
            hint="this is for the connector's author; `migrator resume` looks at what this request left",
        )
    )


def _trust(way: Way, loads: Sequence[Load], results: Sequence[Result]) -> None:
    if len(results) != len(loads):
        raise breach(way, f"decode gave {len(results)} results for {len(loads)} changes")
    made: set[str] = set()
    for load, result in zip(loads, results, strict=True):
        if not isinstance(result, (Done, Failed, Unknown)):
            raise breach(way, f"decode gave a {type(result).__name__} where Done, Failed or Unknown belongs")
        if not isinstance(result, Done):
            continue
        wanted, action = load.item.target_id, load.action
        if not result.target_id or not isinstance(result.target_id, str):
            raise breach(way, f"decode told no target id for {action.value} {load.name}")
        if action in (Action.UPDATE, Action.DELETE) and wanted not in (None, result.target_id):
            raise breach(way, f"decode told record {result.target_id} for a change of record {wanted}")
        if action is Action.CREATE:
            if result.target_id in made:
                raise breach(way, f"decode told record {result.target_id} for two creates")
            made.add(result.target_id)


def _did(load: Load, result: Done) -> Action:
    """What was done: an upsert's answer may tell that a create was an update."""
    if result.created is not None and load.action in (Action.CREATE, Action.UPDATE):
        return Action.CREATE if result.created else Action.UPDATE
    return load.action


def _failed(load: Load, result: Failed) -> Settled:
    status = Status.CONFLICT if result.cause in (Cause.MOVED, Cause.GONE, Cause.TAKEN) else Status.FAILED
    return settled_not(load, status, code=result.code, reason=result.reason, cause=result.cause, field=result.field)


@dataclass(order=True, slots=True)
class Settling:
    """What is looked at when its time has come."""

    due: float
    """Seconds of the clock that never jumps."""
    number: int
    """First come, first looked at."""
    parcel: Parcel = field(compare=False)
    """The request."""
    doubtful: list[tuple[Load, str]] = field(compare=False)
    """Its changes in doubt, and why."""
