"""What simply came about, which is nearly all: handed on as columns, without an object a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from migrator.contract import Done, Pair, Result
from migrator.executor.load import Load, Parcel, name_of
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change
from migrator.model.run import AllDone
from migrator.model.values import Origin
from migrator.state.journal import Landed


class Names(Sequence[str]):
    """Keys or origins as text, each made when it is looked at: few who are told look at them."""

    def __init__(self, lines: Sequence[Load] | Sequence[Change]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return Names(self._lines[place])
        line = self._lines[place]
        return line.name if isinstance(line, Load) else name_of(line.key, line.origin, line.target_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Changes that came about, for the journal and for those who look on."""

    landed: Landed
    """Lines, outcomes, rows of the id map."""
    names: Names
    """Key or origin of each."""


def landing_of(way: Way, parcel: Parcel, results: Sequence[Result]) -> Landing | None:
    """All of a request as one; None: some of it needs a look of its own, or breaks the contract."""
    loads = parcel.loads
    if len(results) != len(loads) or {*map(type, results)} != {Done}:
        return None
    told: list[Done] = list(results)  # type: ignore[arg-type]  # seen just now
    sorts = {(load.action, load.planned, load.attempts, load.found is None) for load in loads}
    action, planned, attempts, plain = sorts.pop()
    target_ids = [done.target_id for done in told]
    if sorts or not plain or action is not planned or not _trusted(action, loads, told, target_ids):
        return None
    origins = [load.origin for load in loads]
    pair = pair_of(way, origins)
    if pair is None:
        return None
    outcomes = AllDone(
        did=action,
        change_ids=[load.item.change_id for load in loads],
        target_ids=target_ids,
        versions=[done.version for done in told],
        attempts=attempts,
    )
    lines = [load.line for load in loads]
    landed = Landed(lines=lines, outcomes=outcomes, pair=pair, source_ids=[origin.id for origin in origins if origin])
    return Landing(landed=landed, names=Names(loads))


def links_of(way: Way, links: Sequence[tuple[int, Change]]) -> Landing | None:
    """Link lines, for which nothing is sent; None: they go to several places of the id map."""
    changes = [change for _, change in links]
    pair = pair_of(way, [change.origin for change in changes])
    if pair is None:
        return None
    target_ids = [change.target_id or "" for change in changes]
    outcomes = AllDone(
        did=Action.LINK,
        change_ids=[change.id for change in changes],
        target_ids=target_ids,
        versions=[None] * len(changes),
        attempts=0,
    )
    source_ids = [change.origin.id for change in changes if change.origin]
    landed = Landed(lines=[line for line, _ in links], outcomes=outcomes, pair=pair, source_ids=source_ids)
    return Landing(landed=landed, names=Names(changes))


def pair_of(way: Way, origins: Sequence[Origin | None]) -> Pair | None:
    """Where all their rows of the id map are; None: not all have such rows, or not in one place."""
    places = {None if origin is None else (origin.system, origin.collection) for origin in origins}
    first = origins[0] if len(places) == 1 else None
    return None if first is None else way.pair(first)


def _trusted(action: Action, loads: Sequence[Load], told: Sequence[Done], target_ids: Sequence[str]) -> bool:
    """What `after_results` makes sure of one by one; False: let it look."""
    if {*map(type, target_ids)} != {str} or "" in target_ids:
        return False
    said = {(done.created, done.note) for done in told}
    if action is Action.CREATE:
        return said <= {(None, ""), (True, "")} and len(set(target_ids)) == len(loads)
    if action is Action.UPDATE:
        return said <= {(None, ""), (False, "")} and target_ids == [load.item.target_id for load in loads]
    return False
