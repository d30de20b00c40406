"""One line on its way, and what travels together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from migrator.contract import Batch, Call, Capabilities, Item, quick_item
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change, PlanKind
from migrator.model.quick import maker
from migrator.model.run import Cause, Outcome, Status, quick_outcome
from migrator.model.values import File, Value
from migrator.state.idmap import Entry, quick_entry
from migrator.state.journal import Settled, quick_settled

_ROOM = 4096
"""Bytes of a request kept free for what goes around the parts."""


@dataclass(slots=True, kw_only=True)
class Load:
    """One line, ready to be sent: Refs filled, ids and versions known."""

    line: int
    """Byte offset in the kept plan."""
    change: Change
    """What is sent; a planned create may have become an update, and the other way round."""
    part: bytes
    """Its part of a request."""
    planned: Action
    """What the line says."""
    attempts: int = 0
    """Requests that carried it."""
    doubted: bool = False
    """A request that carried it got no whole answer: what is found may be its own work."""
    looked: int = 0
    """Times a conflict made us look, and it was sent again."""
    found: Mapping[str, Value] | None = None
    """The before-image where this run overwrites what the plan did not know."""

    @property
    def name(self) -> str:
        """Key or origin, as text."""
        return name_of(self.change)


_quick_load = maker(Load)


@dataclass(slots=True, kw_only=True)
class Parcel:
    """What travels in one request: batches of one step and phase."""

    batches: tuple[tuple[Load, ...], ...]
    """Each of one action."""
    root: int = -1
    """Which of the section's first requests it comes from; -1: none that is watched."""
    rest: tuple[Load, ...] = ()
    """What waits for this one: it was denied together with it."""
    rescued: bool = False
    """A part of what was denied before: the first record has been tried alone."""
    checked: bool = False
    """Drift was looked for."""
    fruitless: int = 0
    """Tries that left nothing (not sent, throttled)."""
    call: Call | None = None
    """The request, once it is made."""
    sent: tuple[Batch, ...] = field(default=())
    """What the request was made of."""
    login: int = 0
    """Under which login it was sent, counted by the desk: others may be under way when one ends."""
    seq: int = 0
    """Its row in the journal."""
    loads: list[Load] = field(init=False)
    """All of them, in the order of the request."""

    def __post_init__(self) -> None:
        self.loads = [load for batch in self.batches for load in batch]


def name_of(change: Change) -> str:
    """Key or origin of a line, as text."""
    if len(change.key) == 1 and (only := change.key[0]).__class__ is str and only:
        return only
    key = ", ".join(str(value) for value in change.key if value not in (None, ""))
    return key or (change.origin.id if change.origin is not None else change.target_id or "")


def ready(way: Way, line: int, change: Change) -> Load:
    """A Load of a change without Refs. Raises SystemFailed for what can never be sent."""
    part = way.target.encode_change(way.writing, change)
    return _quick_load(line=line, change=change, part=part, planned=change.action)


def turned(way: Way, load: Load, change: Change, **known: object) -> Load:
    """The same line as another change (a new version, another action)."""
    part = way.target.encode_change(way.writing, change)
    return replace(load, change=change, part=part, **known)  # type: ignore[arg-type]  # fields of Load


def batches_of(way: Way, parcel: Parcel) -> tuple[Batch, ...]:
    """The batches of a parcel as connectors take them."""
    return tuple(
        Batch(
            writing=way.writing,
            phase=loads[0].change.phase,
            action=loads[0].change.action,
            items=tuple([_item(load) for load in loads]),
        )
        for loads in parcel.batches
    )


def _item(load: Load) -> Item:
    change = load.change
    return quick_item(
        change_id=change.id, key=change.key, target_id=change.target_id, part=load.part, file=_file_of(change)
    )


def _file_of(change: Change) -> File | None:
    if change.action is not Action.UPLOAD:
        return None
    return next((value for value in (change.after or {}).values() if isinstance(value, File)), None)


class Packer:
    """Fills one open batch per action, and a request with as many batches as it takes."""

    def __init__(self, capabilities: Capabilities) -> None:
        self._capabilities = capabilities
        self._open: dict[Action, list[Load]] = {}
        self._closed: list[tuple[Load, ...]] = []
        self._bytes = 0

    def add(self, load: Load) -> Iterator[Parcel]:
        """Take one; gives the requests that are full."""
        limit, size = self._capabilities.batch_bytes, len(load.part) + 2
        if limit is not None and self._bytes and self._bytes + size + _ROOM > limit:
            yield from self.flush()
        action = load.change.action
        batch = self._open.setdefault(action, [])
        batch.append(load)
        self._bytes += size
        if len(batch) >= self._capabilities.batch_max.get(action, 1):
            self._closed.append(tuple(self._open.pop(action)))
        if len(self._closed) >= self._capabilities.bundle:
            yield self._cut()

    def flush(self) -> Iterator[Parcel]:
        """What is left."""
        for action in list(self._open):
            self._closed.append(tuple(self._open.pop(action)))
            if len(self._closed) >= self._capabilities.bundle:
                yield self._cut()
        if self._closed:
            yield self._cut()
        self._bytes = 0

    def _cut(self) -> Parcel:
        parcel = Parcel(batches=tuple(self._closed))
        self._closed = []
        self._bytes = sum(len(load.part) + 2 for batch in self._open.values() for load in batch)
        return parcel


def packed(capabilities: Capabilities, loads: Iterable[Load]) -> list[Parcel]:
    """These, cut anew."""
    packer = Packer(capabilities)
    parcels = [parcel for load in loads for parcel in packer.add(load)]
    parcels.extend(packer.flush())
    return parcels


# ---------------------------------------------------------------- outcomes


def settled_done(
    way: Way,
    load: Load,
    kind: PlanKind,
    *,
    target_id: str,
    version: str | None,
    did: Action | None,
    reason: str | None = None,
) -> Settled:
    """The change is in the target."""
    outcome = quick_outcome(
        change_id=load.change.id,
        status=Status.DONE,
        target_id=target_id,
        version=version,
        did=did,
        reason=reason,
        attempts=load.attempts,
        found=load.found,
    )
    return quick_settled(line=load.line, outcome=outcome, entry=entry_of(way, load.change, kind, target_id))


def settled_not(
    load: Load,
    status: Status,
    *,
    code: str,
    reason: str,
    cause: Cause,
    field: str | None = None,
    found: Mapping[str, Value] | None = None,
) -> Settled:
    """The change did not come about."""
    outcome = Outcome(
        change_id=load.change.id,
        status=status,
        target_id=load.change.target_id,
        code=code,
        reason=reason,
        cause=cause,
        field=field,
        attempts=load.attempts,
        found=found,
    )
    return Settled(line=load.line, outcome=outcome)


_MAKES = frozenset({Action.CREATE, Action.UPDATE, Action.LINK})


def entry_of(way: Way, change: Change, kind: PlanKind, target_id: str) -> Entry | None:
    """What a done change does to the id map: uploads and acts do nothing."""
    if change.origin is None:
        return None
    pair, source_id = way.pair(change.origin), change.origin.id
    if change.action in _MAKES:
        return quick_entry(pair=pair, source_id=source_id, target_id=target_id)
    if change.action is Action.DELETE and kind is not PlanKind.UNDO:
        return Entry(pair=pair, source_id=source_id, target_id=target_id, gone=True)
    if change.action in (Action.UNLINK, Action.DELETE):
        return Entry(pair=pair, source_id=source_id, target_id=None)
    return None
