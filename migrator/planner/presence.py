"""Which source records are there, to a step that removes what is not: whatever `where` and problems make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from migrator.model.references import waits
from migrator.model.values import Desired, Key, Origin, Record, Value
from migrator.planner.lane import Lane
from migrator.planner.lines import Claims, Scratch
from migrator.planner.match import marker_of
from migrator.planner.snapshot import Folded, folding, joined, key_of, marker_in
from migrator.planner.standing import Standing

_HELD = 500
"""Ids that are held before they go to disk."""

Rendering = Callable[[Record], Desired | None]
"""What should stand for a source record; None: it has no line."""


def id_of(lane: Lane, key: Key) -> str:
    """The id of an origin that has none of its own: its folded key."""
    folded = folding(lane)(key)
    return folded[0] if len(folded) == 1 else orjson.dumps(folded).decode()


class Presence:
    """The source records of one step as they are read; nothing is held in memory."""

    def __init__(self, lane: Lane, seen: Standing, scratch: Scratch) -> None:
        self.lane = lane
        self.nameless = 0
        """Records whose id is their key, and whose key could not be made."""
        self.keyless = 0
        """Records without a line whose key or marker could not be made: any record in scope may be theirs."""
        self.waiting = False
        """Some keys hold a Ref: only the matching tells which record theirs is."""
        self._seen = seen
        self._held: list[tuple[str, str | None]] = []
        self._names = Claims(scratch)
        """Keys and markers of all of them, where a scope asks for more than ids."""

    def watching(self, desired_of: Rendering) -> Rendering:
        """The same, with every record noted."""

        def noting(record: Record) -> Desired | None:
            desired = desired_of(record)
            key = desired.key if desired is not None else self._key(record)
            name = record.id or ("" if desired is None and key is None else self._id(desired, key or ()))
            if name:
                self._held.append((name, None))
                if len(self._held) >= _HELD:
                    self.flush()
            elif key is None:
                self.nameless += 1
            if self.lane.scope is not None:
                self._note(name, key, lost=desired is None)
            return desired

        return noting

    def flush(self) -> None:
        """What is held goes to disk; before anything is looked up."""
        if self._held:
            self._seen.add(self.lane.pair, self._held)
            self._held = []

    def known(self, records: Sequence[Record]) -> set[str]:
        """Ids of those of these target records that a source record has the key or the marker of."""
        names = {record.id: self._names_of(record) for record in records}
        there = self._names.present(name for some in names.values() for name in some)
        return {record for record, some in names.items() if not there.isdisjoint(some)}

    # ------------------------------------------------------------ one record

    def _key(self, record: Record) -> Key | None:
        """The key of a record without a line, where it is needed and can be made."""
        write = self.lane.writing.write
        if not write.key or (record.id and self.lane.scope is None):
            return None
        origin = Origin(system=self.lane.source_identity, collection=self.lane.query.collection.id, id=record.id)
        missed = len(self.lane.missed)
        fields = self.lane.render(record, origin).fields
        del self.lane.missed[missed:]  # what mappings do not know was told, or is of no line
        if not all(name in fields for name in write.key):
            return None
        key: tuple[Value, ...] = tuple(fields[name] for name in write.key)
        return None if any(map(waits, key)) else key

    def _id(self, desired: Desired | None, key: Key) -> str:
        return desired.origin.id if desired is not None else id_of(self.lane, key)

    def _note(self, name: str, key: Key | None, *, lost: bool) -> None:
        write, names = self.lane.writing.write, []
        if key and any(map(waits, key)):
            self.waiting = True
        elif key:
            names.append(_keyed(folding(self.lane)(key)))
        if write.marker is not None and name:
            origin = Origin(system=self.lane.source_identity, collection=self.lane.query.collection.id, id=name)
            names.append(marker_of(origin, write.part))
        for one in names:
            self._names.add(one, 0)
        if lost and len(names) < max(1, bool(write.key) + (write.marker is not None)):
            self.keyless += 1

    def _names_of(self, record: Record) -> list[str]:
        write = self.lane.writing.write
        names = [_keyed(key_of(self.lane, record))] if write.key else []
        if write.marker is not None and (mark := marker_in(write.marker, record)):
            names.append(mark)
        return names


def _keyed(folded: Folded) -> str:
    return "\x1f" + joined(folded)
