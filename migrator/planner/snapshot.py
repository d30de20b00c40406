"""What stands in the target: looked up page by page, or read once onto disk, whichever costs fewer calls."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import orjson

from migrator.codec.paper import fields_from_paper, fields_to_paper
from migrator.contract import Mapped, Page
from migrator.model.lean import dataclass
from migrator.model.playbook import Marker
from migrator.model.values import Desired, Key, Record, Value, quick_record
from migrator.planner.lane import Lane

CHUNK = 500
"""Source records that are matched together."""
_IDLE = 2
"""Chunks without anything to ask that may wait for one that has."""
_PROBES = 5
"""Mapped records that a full reading did not show and that are asked for, until so many in a row are really gone."""

Folded = tuple[str, ...]
_Wanted = TypeVar("_Wanted")


@dataclass(slots=True, kw_only=True)
class Chunk:
    """Some desired records and what was found for them. The one mutable noun of the planner: stages fill it."""

    desired: list[Desired]
    """Of consecutive source records."""
    numbers: list[int]
    """Their sequence numbers."""
    folded: list[Folded]
    """Their keys as the target compares them; () where the step has no key."""
    markers: list[str]
    """Their markers; none where the step has none."""
    mapped: Mapping[str, Mapped]
    """Source id -> row of the id map."""
    by_id: dict[str, Record] = field(default_factory=dict)
    """Target id -> record, for mapped ones that still stand."""
    twins: set[str] = field(default_factory=set)
    """Target ids that several records have (rows of a file with one key)."""
    owners: dict[str, str] = field(default_factory=dict)
    """Target id of a hit -> id of the source record of this pair that the id map gives it to."""
    by_key: dict[Folded, list[Record]] = field(default_factory=dict)
    """Folded key -> records."""
    by_marker: dict[str, list[Record]] = field(default_factory=dict)
    """Marker -> records."""


def folding(lane: Lane) -> Callable[[Sequence[Value]], Folded]:
    """A function that gives a key as the target compares it; "" stands for an empty part."""
    known, fold = lane.writing.collection.fields or {}, lane.target.fold
    fields = [known.get(name) for name in lane.writing.write.key]
    if len(fields) == 1:
        (only,) = fields
        return lambda values: (fold(only, values[0]),)
    return lambda values: tuple([fold(field, value) for field, value in zip(fields, values, strict=True)])


def key_of(lane: Lane, record: Record) -> Folded:
    """The folded key of a target record."""
    return folding(lane)([record.fields.get(name) for name in lane.writing.write.key])


def marker_in(marker: Marker, record: Record) -> str:
    """The marker that a record carries, or ""."""
    text = record.fields.get(marker.field or marker.line or "")
    if not isinstance(text, str):
        return ""
    return marker_line(text) if marker.line is not None else text.strip()


def marker_line(text: str) -> str:
    """The last line of a text that is a marker, wherever people have written below it, or ""."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.startswith("migrator:")), "")


def joined(folded: Folded) -> str:
    """A folded key as one text: as it is, or as a JSON list of its parts."""
    return folded[0] if len(folded) == 1 else orjson.dumps(folded).decode()


class View:
    """The target as matching sees it. A context manager; `look` fills chunks in order."""

    def __init__(self, lane: Lane, *, wanted: int | None, standing: int | None) -> None:
        self.lane = lane
        self.fields = _read_back(lane)
        self._wanted = wanted
        self._standing = standing
        self._disk: _Disk | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._disk is not None:
            self._disk.close()

    def look(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The chunks, filled. Reads the whole collection first where that costs fewer calls or is the only way."""
        if self._can_ask() and self._asking_pays():
            return self._ask_keys(self._ask_ids(chunks))
        query = self.lane.read_back(self.fields)
        self._disk = _Disk(self.lane)
        self._disk.load(self.lane.target.read(query))
        return self._disk.fill(chunks)

    def _can_ask(self) -> bool:
        lane, write = self.lane, self.lane.writing.write
        capabilities = lane.capabilities
        if not write.key or write.marker is not None or not capabilities.find:
            return False
        if len(write.key) > capabilities.find_fields:
            return False
        if not capabilities.fetch_max and lane.ids.size(lane.pair):
            return False
        known = lane.writing.collection.fields or {}
        kinds = [known[name].kind for name in write.key if name in known]
        return len(kinds) == len(write.key) and capabilities.find_kinds.issuperset(kinds)

    def _asking_pays(self) -> bool:
        capabilities = self.lane.capabilities
        if self._standing is None:
            return True
        whole = ceil(self._standing / capabilities.page_max)
        if self._wanted is None:
            return whole > 1
        return ceil(self._wanted / capabilities.find) <= whole

    def _ask_ids(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        lane, size = self.lane, self.lane.capabilities.fetch_max
        if not size or not lane.ids.size(lane.pair):
            return chunks  # and no chunk waits for others in this stage

        def wanted(chunk: Chunk) -> list[Sequence[str]]:
            ids = [row.target_id for row in chunk.mapped.values() if row.gone_at is None]
            return [ids[start : start + size] for start in range(0, len(ids), size)]

        def keep(chunk: Chunk, page: Page) -> None:
            chunk.by_id.update({record.id: record for record in page.records})

        return _through(
            chunks, wanted, lambda pages: lane.target.fetch(lane.writing.collection, pages, self.fields), keep
        )

    def _ask_keys(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        lane, size = self.lane, self.lane.capabilities.find
        write, fold = lane.writing.write, folding(lane)

        def wanted(chunk: Chunk) -> list[Sequence[Key]]:
            keys = list(_keys_to_find(lane, chunk).values())
            return [keys[start : start + size] for start in range(0, len(keys), size)]

        def keep(chunk: Chunk, page: Page) -> None:
            for record in page.records:
                key = fold([record.fields.get(name) for name in write.key])
                chunk.by_key.setdefault(key, []).append(record)

        return _through(
            chunks,
            wanted,
            lambda pages: lane.target.find(lane.writing.collection, write.key, pages, self.fields),
            keep,
        )


def _keys_to_find(lane: Lane, chunk: Chunk) -> dict[Folded, Key]:
    keys: dict[Folded, Key] = {}
    for desired, folded in zip(chunk.desired, chunk.folded, strict=True):
        if not folded or "" in folded:
            continue
        row = chunk.mapped.get(desired.origin.id)
        known = chunk.by_id.get(row.target_id) if row is not None else None
        if known is None or key_of(lane, known) != folded:
            keys[folded] = desired.key
    return keys


def _through(
    chunks: Iterator[Chunk],
    wanted: Callable[[Chunk], list[Sequence[_Wanted]]],
    ask: Callable[[Iterator[Sequence[_Wanted]]], Iterator[Page]],
    keep: Callable[[Chunk, Page], None],
) -> Iterator[Chunk]:
    """Chunks through a stream of calls, several asked ahead, order kept, few chunks in hand."""
    waiting: deque[tuple[Chunk, list[int]]] = deque()  # a chunk, and how many of its pages are still to come
    ended = False

    def pages() -> Iterator[Sequence[_Wanted]]:
        nonlocal ended
        idle = 0
        for chunk in chunks:
            cut = wanted(chunk)
            waiting.append((chunk, [len(cut)]))
            idle = 0 if cut else idle + 1
            yield from cut
            if idle >= _IDLE:
                return
        ended = True

    while not ended:
        for page in ask(pages()):
            while waiting[0][1] == [0]:
                yield waiting.popleft()[0]
            chunk, left = waiting[0]
            keep(chunk, page)
            left[0] -= 1
        while waiting:
            yield waiting.popleft()[0]


class _Disk:
    """The whole target collection in a temporary SQLite file."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._empty = True
        self._folder = tempfile.TemporaryDirectory(prefix="migrator-snapshot-")
        self._base = sqlite3.connect(Path(self._folder.name) / "snapshot.db", isolation_level=None)
        self._base.execute("PRAGMA journal_mode=OFF")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute("CREATE TABLE records (id TEXT, key TEXT, marker TEXT, version TEXT, fields BLOB)")
        self._probes = _PROBES

    def close(self) -> None:
        self._base.close()
        self._folder.cleanup()

    def load(self, pages: Iterator[Page]) -> None:
        """Read everything. Raises what reading raises."""
        marker = self._lane.writing.write.marker
        keyed = bool(self._lane.writing.write.key)
        self._base.execute("BEGIN")
        for page in pages:
            rows = [
                (
                    record.id,
                    joined(key_of(self._lane, record)) if keyed else "",
                    "" if marker is None else marker_in(marker, record),
                    record.version,
                    orjson.dumps(fields_to_paper(record.fields)),
                )
                for record in page.records
            ]
            self._empty = self._empty and not rows
            self._base.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?)", rows)
        for column in ("id", "key", "marker"):
            self._base.execute(f"CREATE INDEX by_{column} ON records ({column})")
        self._base.execute("COMMIT")

    def fill(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The chunks, filled."""
        for chunk in chunks:
            if self._empty and not chunk.mapped:
                yield chunk
                continue
            ids = [row.target_id for row in chunk.mapped.values() if row.gone_at is None]
            for _, record in self._where("id", ids):
                if record.id in chunk.by_id:
                    chunk.twins.add(record.id)
                chunk.by_id[record.id] = record
            self._probe(chunk, ids)
            keys = {joined(key): key for key in chunk.folded if key and "" not in key}
            for text, record in self._where("key", list(keys)):
                chunk.by_key.setdefault(keys[text], []).append(record)
            for text, record in self._where("marker", chunk.markers):
                chunk.by_marker.setdefault(text, []).append(record)
            yield chunk

    def _probe(self, chunk: Chunk, ids: Sequence[str]) -> None:
        """A mapped record that the reading did not show may be hidden, not gone: it is asked for first."""
        lane = self._lane
        if not lane.capabilities.fetch_max:
            return
        for target_id in ids:
            if target_id in chunk.by_id or self._probes <= 0:
                continue
            found = [
                record
                for page in lane.target.fetch(lane.writing.collection, iter([[target_id]]), _read_back(lane))
                for record in page.records
            ]
            self._probes = _PROBES if found else self._probes - 1
            chunk.by_id.update({record.id: record for record in found})

    def _where(self, column: str, values: Sequence[str]) -> Iterator[tuple[str, Record]]:
        wanted = list(dict.fromkeys(values))
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            marks = ",".join("?" * len(part))
            rows = self._base.execute(
                f"SELECT {column}, id, version, fields FROM records WHERE {column} IN ({marks}) ORDER BY id",  # noqa: S608  the column is one of three words above
                part,
            )
            for text, record, version, fields in rows:
                yield text, quick_record(id=record, version=version, fields=fields_from_paper(orjson.loads(fields)))


def _read_back(lane: Lane) -> tuple[str, ...]:
    """Fields of the target that matching and comparing need, companions included."""
    named = lane.named
    along = lane.target.companions(lane.writing, frozenset(named))
    return (*named, *sorted(along.difference(named)))
