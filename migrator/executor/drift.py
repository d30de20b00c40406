"""What stands in the target before a write that carries no version: one fetch a batch, or one scan of it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from migrator.codec.paper import fields_from_paper, fields_to_paper
from migrator.contract import Recheck
from migrator.executor.load import Load
from migrator.executor.look import all_records, look
from migrator.executor.running import Running
from migrator.executor.way import Way
from migrator.model.plan import Action
from migrator.model.values import Record
from migrator.planfile import Section

STALE = 5.0
"""Seconds after which a look at a batch's records is made again before it is sent."""
SCAN_AGE = 15 * 60
"""Seconds after which a scan is read again."""


class Drift:
    """The target's records as they stand now, or stood a few minutes ago."""

    def __init__(self, running: Running, way: Way, section: Section) -> None:
        self._running = running
        self._way = way
        self._section = section
        self._scan: dict[str, bytes | None] = {}
        """Of the section's records: what stands there, packed; None: nothing. Some 200 bytes a record (measured)."""
        self._read_at: float | None = None

    def fresh(self, loads: Sequence[Load]) -> tuple[float, Mapping[str, Record]]:
        """When the look began, by the clock that never jumps, and what `seen` tells. Raises what reading raises.

        A look may be several reads with a rest between them: one that took long is made once more. Only once, as a
        slow server is no faster the next time.
        """
        clock = self._running.clock
        began, seen = clock.monotonic(), self.seen(loads)
        if clock.monotonic() - began >= STALE:
            began, seen = clock.monotonic(), self.seen(loads)
        return began, seen

    def seen(self, loads: Sequence[Load]) -> Mapping[str, Record]:
        """Id -> record, for those of these that still stand. Raises what reading raises."""
        if self._way.capabilities.recheck is Recheck.BY_IDS or self._wholly(loads):
            return self._looked(loads)
        now = self._running.clock.monotonic()
        if self._read_at is None or now - self._read_at > SCAN_AGE:
            self._read(now)
        # a line that became another change is about a record that the scan was not about
        strangers = [load for load in loads if load.item.target_id not in self._scan]
        seen = dict(self._looked(strangers)) if strangers else {}
        for load in loads:
            content = self._scan.get(load.item.target_id or "")
            if content is not None:
                record = _unpacked(str(load.item.target_id), content)
                seen[record.id] = record
        return seen

    def _wholly(self, loads: Sequence[Load]) -> bool:
        """A delete is compared by ids where that can be: a list that hides a record must not pass for its absence."""
        return bool(self._way.capabilities.fetch_max) and any(load.action is Action.DELETE for load in loads)

    def _looked(self, loads: Sequence[Load]) -> Mapping[str, Record]:
        """Read just now, for these alone."""
        found = look(self._way, loads)
        return {record.id: record for records in found.values() for record in records}

    def _read(self, now: float) -> None:
        """Packed as bytes, only what the section is about: the whole target as objects has no place in memory."""
        self._scan = {}  # the old one goes before the new one comes
        names = self._about()
        for record in all_records(self._way, names or None):
            if record.id in self._scan:
                self._scan[record.id] = _packed(record, names)
        self._read_at = now

    def _about(self) -> tuple[str, ...]:
        """Enters the ids of the section's lines; their fields."""
        names: dict[str, None] = {}
        for _, change in self._running.kept.changes(self._section.start, self._section.stop):
            if change.target_id is not None and change.batch is not None:
                self._scan[change.target_id] = None
                for values in (change.before, change.after, change.along):
                    names.update(dict.fromkeys(values or ()))
        return tuple(names)


def _packed(record: Record, names: Sequence[str]) -> bytes:
    """A copy of its own length: what orjson gives may hold on to 4 kB (measured), whatever its length."""
    fields = fields_to_paper({name: record.fields.get(name) for name in names})
    return bytes(memoryview(orjson.dumps([record.version, fields])))


def _unpacked(name: str, content: bytes) -> Record:
    version, fields = orjson.loads(content)
    return Record(id=name, fields=fields_from_paper(fields), version=version)
