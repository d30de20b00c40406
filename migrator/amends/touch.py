"""Whether anybody wrote to a record after a run had made it, as far as its system lets anybody tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from migrator.amends.deeds import Past
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.values import Record, Value
from migrator.state.runs import RunRow

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
        """Ask the journal what later runs did to those that seem to be touched: once for all of them."""
        journal, run = self._past.state.journal, self._past.run
        moved = [record.id for left, record in made if record.version != left.version]
        self._versions = journal.versions_since(run.number, moved) if moved else {}
        late = [record.id for left, record in made if self._apart(left, record) > self._span(run, left) + SLACK]
        self._runs = journal.last_run_at(run.number, late) if late else {}

    def untouched(self, left: Print, record: Record, holds: Callable[[], bool]) -> bool:
        """Nobody wrote to it: by its moments, then by its version, else by whether it `holds` what the run wrote.

        The version alone is not enough: that of a create whose answer was lost was seen only when it was looked for.
        """
        if self._changed_later(left, record):
            return False
        if left.version is None or record.version is None:
            return holds()
        if left.version == record.version:
            return True
        return record.version in self._versions.get(record.id, ()) and holds()

    def _changed_later(self, left: Print, record: Record) -> bool:
        """Its moments lie further apart than what we did to it explains. False where they tell nothing."""
        apart, run = self._apart(left, record), self._past.run
        if apart <= self._span(run, left) + SLACK:
            return False
        last = self._runs.get(record.id, run.number)
        return last == run.number or apart > self._span(self._past.state.run(last), left, later=True) + SLACK

    def _apart(self, left: Print, record: Record) -> float:
        """Seconds between its two moments; 0 where they tell nothing, or are what the run itself wrote."""
        kept = self._way.writing.collection.moments
        if kept is None or kept.made in left.names or kept.changed in left.names:
            return 0
        made, changed = _moment(record.fields.get(kept.made)), _moment(record.fields.get(kept.changed))
        return 0 if made is None or changed is None else (changed - made).total_seconds() - kept.seconds

    def _span(self, last: RunRow, left: Print, *, later: bool = False) -> float:
        """Seconds between our first write to a record and our last, which was in that run, at most."""
        if not (later or left.again) or last.ended is None:
            return 0
        began = datetime.fromisoformat(self._past.run.started)
        return (datetime.fromisoformat(last.ended) - began).total_seconds()


def _moment(value: Value) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
