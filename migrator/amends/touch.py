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
        self._first: datetime | None = None
        """The earliest change of any record that the run made: by the system's clock, it had not begun later."""

    def look(self, made: Sequence[tuple[Print, Record]]) -> None:
        """Ask the journal what later runs did to those that seem to be touched: once for all of them."""
        journal, run = self._past.state.journal, self._past.run
        moved = [record.id for left, record in made if record.version != left.version]
        self._versions = journal.versions_since(run.number, moved) if moved else {}
        kept = self._way.writing.collection.moments
        if kept is not None:
            changes = [_moment(record.fields.get(kept.changed)) for _, record in made]
            self._first = min(filter(None, (self._first, *changes)), default=None)
        late = [record.id for left, record in made if self._after(left, record, run)]
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
        """By its moments, somebody wrote to it after us. False where they tell nothing."""
        run = self._past.run
        if not self._after(left, record, run):
            return False
        last = self._runs.get(record.id, run.number)
        return last == run.number or self._after(left, record, self._past.state.run(last))

    def _after(self, left: Print, record: Record, last: RunRow) -> bool:
        """It changed later than that run, our last at this record, explains.

        Both moments are of the system's own clock, so that only the time between them counts. Where the run itself
        wrote when the record was made, the first of all its records tells when it began.
        """
        kept = self._way.writing.collection.moments
        if kept is None or kept.changed in left.names:
            return False
        ours = kept.made in left.names
        made = self._first if ours else _moment(record.fields.get(kept.made))
        changed = _moment(record.fields.get(kept.changed))
        if made is None or changed is None:
            return False
        whole = ours or left.again or last.number != self._past.run.number
        return (changed - made).total_seconds() > (self._span(last) if whole else 0) + SLACK + kept.seconds

    def _span(self, last: RunRow) -> float:
        """Seconds from the beginning of our run to the end of that one, which wrote to the record last."""
        began, ended = _moment(self._past.run.started), _moment(last.ended)
        return 0 if began is None or ended is None else (ended - began).total_seconds()


def _moment(value: Value) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
