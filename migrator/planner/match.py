"""Pairs Desired with Record: by id map, then key, then marker. What is ambiguous is a Problem with its candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

import orjson

from migrator.codec.paper import values_to_paper
from migrator.contract import Mapped
from migrator.model.lean import dataclass
from migrator.model.problem import Problem
from migrator.model.quick import maker
from migrator.model.references import waits
from migrator.model.values import Desired, Key, Origin, Record, Value
from migrator.planner.findings import of_record
from migrator.planner.lane import Lane
from migrator.planner.snapshot import Chunk, Folded, folding, key_of

_SHOWN = 5
"""Candidates named in a Problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A desired record and what it meets."""

    desired: Desired
    """What should stand."""
    number: int
    """Sequence number of the source record."""
    folded: Folded
    """Its key as the target compares it; () without a key."""
    record: Record | None = None
    """What stands; None: nothing does."""
    mapped: Mapped | None = None
    """The id map's row, also of a record that is gone."""
    problem: Problem | None = None
    """Why it cannot be told."""
    owner: str | None = None
    """Another source record that the id map gives this target record to."""

    @property
    def linked(self) -> bool:
        """The id map already says that the desired record is this record."""
        return (
            self.record is not None
            and self.mapped is not None
            and self.mapped.gone_at is None
            and self.mapped.target_id == self.record.id
        )


_quick = maker(Pairing)


def marker_of(origin: Origin, part: str) -> str:
    """The text that carries an origin in the target, enough to rebuild the id map."""
    words = [origin.system, origin.collection, origin.id, *([part] if part else [])]
    return "migrator:" + "/".join(quote(word, safe="") for word in words)


def chunk_of(lane: Lane, some: list[tuple[int, Desired]]) -> Chunk:
    """Consecutive records with their rows of the id map."""
    write = lane.writing.write
    records, fold = [desired for _, desired in some], folding(lane)
    if lane.refs:
        fold = _unless_unknown(fold)
    return Chunk(
        desired=records,
        numbers=[number for number, _ in some],
        folded=[fold(desired.key) for desired in records] if write.key else [()] * len(records),
        markers=[] if write.marker is None else [marker_of(desired.origin, write.part) for desired in records],
        mapped=lane.ids.lookup(lane.pair, [desired.origin.id for desired in records]),
    )


def _unless_unknown(fold: Callable[[Sequence[Value]], Folded]) -> Callable[[Sequence[Value]], Folded]:
    """A key with a ref to what this plan makes is no record's yet: its record is matched by id map and marker."""
    return lambda key: () if any(map(waits, key)) else fold(key)


def unknown_key(lane: Lane, key: Key) -> str:
    """A key with a ref to what this plan makes, as a text that equals that of no other key."""
    known, fold = lane.writing.collection.fields or {}, lane.target.fold
    names = lane.writing.write.key
    parts = [part if waits(part) else fold(known.get(name), part) for name, part in zip(names, key, strict=True)]
    return orjson.dumps(values_to_paper(tuple(parts))).decode()


def pair_up(lane: Lane, chunk: Chunk) -> Iterator[Pairing]:
    """One Pairing per desired record of a filled chunk, in order."""
    _learn_owners(lane, chunk)
    for place, desired in enumerate(chunk.desired):
        folded = chunk.folded[place]
        mapped = chunk.mapped.get(desired.origin.id)
        record, problem = _meet(lane, chunk, place, mapped)
        yield _quick(
            desired=desired,
            number=chunk.numbers[place],
            folded=folded,
            record=record,
            mapped=mapped,
            problem=problem,
            owner=None if record is None else _other(chunk.owners.get(record.id), desired.origin.id),
        )


def _other(owner: str | None, own: str) -> str | None:
    return None if owner == own else owner


def _learn_owners(lane: Lane, chunk: Chunk) -> None:
    """Whom the id map gives the records to that were found by key or marker: one look a chunk."""
    known = {row.target_id for row in chunk.mapped.values() if row.gone_at is None}
    met = {hit.id for hits in (*chunk.by_key.values(), *chunk.by_marker.values()) for hit in hits} - known
    if not met or not lane.ids.size(lane.pair):
        return
    found = lane.ids.owners(lane.target_identity, lane.writing.collection.id, sorted(met))
    chunk.owners.update({target: source for target, (pair, source) in found.items() if pair == lane.pair})


def _meet(lane: Lane, chunk: Chunk, place: int, mapped: Mapped | None) -> tuple[Record | None, Problem | None]:
    desired, folded = chunk.desired[place], chunk.folded[place]
    if folded and not all(map(str.strip, folded)):
        return None, _empty_key(lane, desired)
    known = chunk.by_id.get(mapped.target_id) if mapped is not None and mapped.gone_at is None else None
    hits = chunk.by_key.get(folded, []) if folded else []
    if known is not None:
        if known.id in chunk.twins:
            return None, _ambiguous(lane, "PL003", desired, "the key", hits or [known])
        others = [hit for hit in hits if hit.id != known.id]
        if others and key_of(lane, known) != folded:
            return None, _disagreement(lane, desired, known, others)
        return known, None
    if len(hits) > 1:
        return None, _ambiguous(lane, "PL003", desired, "the key", hits)
    if hits:
        return hits[0], None
    marked = chunk.by_marker.get(chunk.markers[place], []) if chunk.markers else []
    if len(marked) > 1:
        return None, _ambiguous(lane, "PL010", desired, "the marker", marked)
    return (marked[0] if marked else None), None


def name_of(desired: Desired) -> str:
    """A record's key, or its origin's id, for people."""
    key = ", ".join(str(value) for value in desired.key if value not in (None, ""))
    return key or desired.origin.id


def _empty_key(lane: Lane, desired: Desired) -> Problem:
    empty = [
        name
        for name, part in zip(lane.writing.write.key, folding(lane)(desired.key), strict=True)
        if not part.strip()
    ]
    return of_record(
        "PL001",
        f"the key field {', '.join(empty)} is empty",
        step=lane.step.name,
        record=desired.origin.id,
        field=empty[0],
        detail=f"source record {desired.origin.id} of {desired.origin.collection}",
        hint="leave such records out with `where`, or choose a key that every record has",
    )


def _disagreement(lane: Lane, desired: Desired, known: Record, others: list[Record]) -> Problem:
    return of_record(
        "PL004",
        f"the id map says target record {known.id}, but the key finds {_list(others)}",
        step=lane.step.name,
        record=name_of(desired),
        hint="make the keys differ in the target; if another line of this plan gives up the key, apply in two plans",
    )


def _ambiguous(lane: Lane, code: str, desired: Desired, what: str, hits: list[Record]) -> Problem:
    return of_record(
        code,
        f"{len(hits)} records of the target have {what}: {_list(hits)}",
        step=lane.step.name,
        record=name_of(desired),
        detail=f"source record {desired.origin.id} of {desired.origin.collection}",
        hint="merge or rename them in the target, or choose a key that is unique there",
    )


def _list(records: list[Record]) -> str:
    shown = ", ".join(record.id for record in records[:_SHOWN])
    return shown if len(records) <= _SHOWN else f"{shown} and {len(records) - _SHOWN} more"
