"""A request that was refused whole: the culprits fail, the rest goes again.

Culprits that the answer names fail at once. Where it names none, a bundle goes again as single batches and a batch
is halved: k bad ones of n cost at most k·(2·log2(n)+1) requests. After a denial the first record is tried alone.
"""

from __future__ import annotations

from migrator.errors import Culprit, Denied, Refused, SystemFailed, UploadGone
from migrator.executor.after import After
from migrator.executor.load import Load, Parcel, settled_not
from migrator.model.run import Cause, Status
from migrator.state.journal import Settled


def refused(parcel: Parcel, error: Refused) -> After:
    """What follows from a refusal."""
    loads = parcel.loads
    named = {culprit.index: culprit for culprit in error.culprits if 0 <= culprit.index < len(loads)}
    if named:
        return After(
            settled=[(loads[place], _culprit(loads[place], culprit)) for place, culprit in named.items()],
            again=[load for place, load in enumerate(loads) if place not in named],
        )
    if len(loads) == 1:
        cause = Cause.UPLOAD_GONE if isinstance(error, UploadGone) else Cause.REFUSED
        return After(settled=[(loads[0], failed(loads[0], error, cause))])
    return After(parcels=halves(parcel))


def denied(parcel: Parcel, error: Denied) -> After:
    """What follows from a missing right: for all of them, or for some records only?"""
    loads = parcel.loads
    if len(loads) == 1:
        lost = [loads[0], *parcel.rest]
        return After(settled=[(load, failed(load, error, Cause.DENIED)) for load in lost])
    if parcel.rescued:
        return After(parcels=halves(parcel))
    return After(parcels=[Parcel(batches=((loads[0],),), rest=tuple(loads[1:]), root=parcel.root)])


def halves(parcel: Parcel) -> list[Parcel]:
    """Smaller requests of the same: single batches of a bundle, halves of a batch."""
    if len(parcel.batches) > 1:
        parts = list(parcel.batches)
    else:
        (only,) = parcel.batches
        middle = len(only) // 2
        parts = [only[:middle], only[middle:]]
    return [
        Parcel(batches=(part,), root=parcel.root, rescued=parcel.rescued, checked=parcel.checked) for part in parts
    ]


def failed(load: Load, error: SystemFailed, cause: Cause) -> Settled:
    """The outcome of a record that the server does not take."""
    problem = error.problems[0]
    place = problem.place.field if problem.place is not None else None
    reason = f"{problem.summary}: {problem.detail}" if problem.detail else problem.summary
    return settled_not(load, Status.FAILED, code=problem.code, reason=reason, cause=cause, field=place)


def _culprit(load: Load, culprit: Culprit) -> Settled:
    conflict = culprit.cause in (Cause.MOVED, Cause.GONE, Cause.TAKEN)
    return settled_not(
        load,
        Status.CONFLICT if conflict else Status.FAILED,
        code=culprit.code,
        reason=culprit.reason,
        cause=culprit.cause,
        field=culprit.field,
    )
