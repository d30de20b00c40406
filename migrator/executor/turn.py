"""A line that became another change than the plan says: how it is kept, and how a resume gets it back.

Values that hold a secret are not kept, so what holds one is not written over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from msgspec import structs

from migrator.executor.after import After
from migrator.executor.load import Load, ready, settled_not
from migrator.executor.way import Way
from migrator.model.plan import Action, Change
from migrator.model.run import Cause, Status
from migrator.model.values import Value
from migrator.state.turns import Turn


def turn_of(load: Load) -> Turn | None:
    """What the journal must know of it; None: it is what the plan says (a newer version is no turn)."""
    if load.found is None and load.action is load.planned:
        return None
    change = load.change
    return Turn(
        action=change.action,
        target_id=change.target_id,
        version=change.version,
        names=tuple(change.after or ()),
        before=change.before,
        along=change.along,
        found=load.found,
    )


def restored(way: Way, line: int, change: Change, turn: Turn) -> Load:
    """The line, Refs filled, as it was sent or about to be. Raises SystemFailed as `ready` does."""
    wanted = {**(change.whole or {}), **(change.after or {})}
    turned = replace(
        change,
        action=turn.action,
        target_id=turn.target_id,
        version=turn.version,
        before=turn.before,
        after={name: wanted[name] for name in turn.names} if turn.names else change.after,
        along=turn.along,
        whole=change.whole if turn.target_id == change.target_id else None,
    )
    return structs.replace(ready(way, line, turned), planned=change.action, found=turn.found)


def spared(after: After, holds: Callable[[Mapping[str, Value]], bool]) -> None:
    """What would write over a secret becomes a conflict: nothing could bring it back."""
    for load in after.again[:]:
        found = {**(load.change.along or {}), **load.found} if load.found is not None else {}
        if holds(found):
            after.again.remove(load)
            cause, code = (Cause.TAKEN, "RN042") if load.planned is Action.CREATE else (Cause.MOVED, "RN044")
            one = settled_not(load, Status.CONFLICT, code=code, reason=_SPARED, cause=cause, found=found)
            after.settled.append((load, one))


_SPARED = "what stands there holds a secret, which is never kept: it is not written over"
