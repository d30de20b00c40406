"""Whether anybody wrote to a record after a run had made it, as far as its system lets anybody tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from migrator.amends.deeds import Past
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.values import Record, Value

SLACK = 2
"""Seconds that a system may need between a record's two moments for one write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """What a run left of a record that it made."""

    version: str | None
    """After its last write, where it was told."""
    again: bool
    """The run wrote to it a second time (references to records of its own plan)."""
    names: Collection[str]
    """Fields that it wrote."""


class Touch:
    """Tells of the records of one step. Later runs of ours are not anybody."""

    def __init__(self, past: Past, way: Way) -> None:
        self._past, self._way = past, way
        self._versions: Mapping[str, set[str]] = {}
        self._runs: Mapping[str, int] = {}

    def look(self, made: Sequence[tuple[Print, Record]]) -> None:
        """Ask the journal what later runs did to some records that stand: once for all of them."""
        journal, run = self._past.state.journal, self._past.run.number
        moved = [record.id for left, record in made if record.version != left.version]
        self._versions = journal.versions_since(run, moved) if moved else {}
        timed = [record.id for _, record in made if record.version is None]
        self._runs = journal.last_run_at(run, timed) if timed and self._way.writing.collection.moments else {}

    def untouched(self, left: Print, record: Record, holds: Callable[[], bool]) -> bool:
        """Nobody wrote to it: by its version, else by its moments and by whether it `holds` what the run wrote."""
        if left.version is not None and left.version == record.version:
            return True
        if left.version is not None and record.version is not None:
            if record.version not in self._versions.get(record.id, ()):
                return False
        elif self._changed_later(left, record):
            return False
        return holds()

    def _changed_later(self, left: Print, record: Record) -> bool:
        """Its moments lie further apart than what we did to it explains. False where they tell nothing."""
        names = self._way.writing.collection.moments
        if names is None or any(name in left.names for name in names):
            return False
        made, changed = (_moment(record.fields.get(name)) for name in names)
        if made is None or changed is None:
            return False
        return (changed - made).total_seconds() > self._ours(left, record.id) + SLACK

    def _ours(self, left: Print, target_id: str) -> float:
        """Seconds between our first and our last write to it, at most."""
        run = self._past.run
        last = self._runs.get(target_id, run.number)
        if last == run.number and not left.again:
            return 0
        ended = self._past.state.run(last).ended or run.ended
        return (datetime.fromisoformat(ended) - datetime.fromisoformat(run.started)).total_seconds() if ended else 0


def _moment(value: Value) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
