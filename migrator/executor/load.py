"""One line on its way, and what travels together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

import msgspec
from msgspec.structs import replace

from migrator.codec.change import parse_change
from migrator.contract import Batch, Call, Capabilities, Item
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change, Phase, PlanKind
from migrator.model.quick import filler
from migrator.model.run import Cause, Outcome, Status
from migrator.model.values import File, Key, Origin, Value
from migrator.state.idmap import Entry
from migrator.state.journal import Settled

NEVER = float("-inf")
"""A moment before all others."""
_ROOM = 4096
"""Bytes of a request kept free for what goes around the parts."""


class Load(msgspec.Struct, gc=False):
    """One line, ready to be sent: Refs filled, ids and versions known. A Struct is made in a third of the time."""

    line: int
    """Byte offset in the kept plan."""
    planned: Action
    """What the line says."""
    action: Action
    """What is sent; a planned create may have become an update, and the other way round."""
    item: Item
    """What a connector gets of it: its part of a request, its ids and key."""
    origin: Origin | None
    """The source record."""
    raw: bytes = b""
    """The line itself, where it is sent as the plan says. Thousands of lines are under way: a tree of objects each
    would be six times the memory, and freeing it costs more than making it once more for the few who ask."""
    made: Change | None = None
    """The change, where it was asked for or is no more what the line says."""
    attempts: int = 0
    """Requests that carried it."""
    doubted: bool = False
    """A request that carried it got no whole answer: what is found may be its own work."""
    looked: int = 0
    """Times a conflict made us look, and it was sent again."""
    renewed: bool = False
    """Its uploads had expired and were made again."""
    found: Mapping[str, Value] | None = None
    """The before-image where this run overwrites what the plan did not know."""

    @property
    def change(self) -> Change:
        """What is sent."""
        if self.made is None:
            self.made = parse_change(self.raw)
        return self.made

    @property
    def name(self) -> str:
        """Key or origin, as text."""
        return name_of(self.item.key, self.origin, self.item.target_id)


_filled_item = filler(Item)


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
    checked: float = NEVER
    """When its records were looked at for drift, on the clock that never jumps."""
    placed: bool = False
    """It has its place in the pace."""
    extra: bool = False
    """It is sent only since a request was refused for some of its records."""
    fruitless: int = 0
    """Tries that left nothing (not sent, throttled, a file that did not come)."""
    renews: bool = False
    """An upload that was made before and had expired: it is of another phase than its section."""
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


def name_of(key: Key, origin: Origin | None, target_id: str | None) -> str:
    """Key or origin of a line, as text."""
    if len(key) == 1 and (only := key[0]).__class__ is str and only:
        return only
    text = ", ".join(str(value) for value in key if value not in (None, ""))
    return text or (origin.id if origin is not None else target_id or "")


def ready(way: Way, line: int, change: Change, raw: bytes = b"") -> Load:
    """A Load of a change without Refs; `raw`: its line says just that. Raises SystemFailed for what never can be."""
    action = change.action
    item = _item(change, way.target.encode_change(way.writing, change), way.capabilities.whole_files)
    return Load(line, action, action, item, change.origin, raw, None if raw else change)


def unsent(line: int, change: Change) -> Load:
    """A Load of what is settled without a request."""
    action, item = change.action, _item(change, b"")
    return Load(line, action, action, item, change.origin, made=change)


def turned(way: Way, load: Load, change: Change, **known: object) -> Load:
    """The same line as another change (a new version, another action)."""
    item = _item(change, way.target.encode_change(way.writing, change), way.capabilities.whole_files)
    return replace(load, action=change.action, item=item, origin=change.origin, made=change, **known)


def batches_of(way: Way, phase: Phase, parcel: Parcel) -> tuple[Batch, ...]:
    """The batches of a parcel as connectors take them."""
    return tuple(
        Batch(
            writing=way.writing,
            phase=phase,
            action=loads[0].action,
            items=tuple([load.item for load in loads]),
        )
        for loads in parcel.batches
    )


def _item(change: Change, part: bytes, whole_files: bool = False) -> Item:
    action = change.action
    file = _file_of(change) if action is Action.UPLOAD or (whole_files and action is Action.CREATE) else None
    return _filled_item(change.id, change.key, change.target_id, part, file)


def _file_of(change: Change) -> File | None:
    return next((value for value in (change.after or {}).values() if isinstance(value, File)), None)


ORPHAN = "sent again after an answer was lost: the first may lie in the target, named by no record"
"""What the outcome of such an upload says."""
BUNDLE_BYTES = 2_000_000
"""A request that holds as many is not bundled further: several of them are in memory at a time."""


class Packer:
    """Fills one open batch per action, and a request with as many batches as it takes."""

    def __init__(self, capabilities: Capabilities) -> None:
        self._capabilities = capabilities
        self._open: dict[Action, list[Load]] = {}
        self._closed: list[tuple[Load, ...]] = []
        self._bytes = 0

    def add(self, load: Load) -> Sequence[Parcel]:
        """Take one; gives the requests that are full."""
        if load.item.file is not None:
            return (Parcel(batches=((load,),)),)  # a file's bytes are a request of their own
        limit, size = self._capabilities.batch_bytes, len(load.item.part) + 2
        full: Sequence[Parcel] = ()
        if limit is not None and self._bytes and self._bytes + size + _ROOM > limit:
            full = list(self.flush())
        action = load.action
        batch = self._open.setdefault(action, [])
        batch.append(load)
        self._bytes += size
        if len(batch) >= self._capabilities.batch_max.get(action, 1):
            self._closed.append(tuple(self._open.pop(action)))
            if len(self._closed) >= self._capabilities.bundle or self._bytes >= BUNDLE_BYTES:
                full = [*full, self._cut()]
        return full

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
        self._bytes = sum(len(load.item.part) + 2 for batch in self._open.values() for load in batch)
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
    outcome = Outcome(
        change_id=load.item.change_id,
        status=Status.DONE,
        target_id=target_id,
        version=version,
        did=did,
        reason=ORPHAN if load.doubted and load.action is Action.UPLOAD else reason,
        attempts=load.attempts,
        found=load.found,
    )
    return Settled(line=load.line, outcome=outcome, entry=entry_of(way, load.action, load.origin, kind, target_id))


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
        change_id=load.item.change_id,
        status=status,
        target_id=load.item.target_id,
        code=code,
        reason=reason,
        cause=cause,
        field=field,
        attempts=load.attempts,
        found=found,
    )
    return Settled(line=load.line, outcome=outcome)


_MAKES = frozenset({Action.CREATE, Action.UPDATE, Action.LINK})


def entry_of(way: Way, action: Action, origin: Origin | None, kind: PlanKind, target_id: str) -> Entry | None:
    """What a done change does to the id map: uploads and acts do nothing; an undo's update can only bring back."""
    if origin is None:
        return None
    pair, source_id = way.pair(origin), origin.id
    if kind is PlanKind.UNDO and action is Action.UPDATE:
        return Entry(pair=pair, source_id=source_id, target_id=target_id, back=True)
    if action in _MAKES:
        return Entry(pair=pair, source_id=source_id, target_id=target_id)
    if action is Action.DELETE and kind is not PlanKind.UNDO:
        return Entry(pair=pair, source_id=source_id, target_id=target_id, gone=True)
    if action in (Action.UNLINK, Action.DELETE):
        return Entry(pair=pair, source_id=source_id, target_id=None)
    return None
