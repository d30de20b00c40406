"""Target records by their ids: asked for, or picked from one reading of it all, whichever costs fewer calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from migrator.executor.look import all_records
from migrator.executor.way import Way
from migrator.model.values import Record

ASKED = 500
"""Records looked at together where they can be asked for."""
SCANNED = 20_000
"""Records looked at together where the whole collection is read for them: as many are in memory at a time."""


class Standing:
    """What stands in one step's target now."""

    def __init__(self, way: Way, wanted: int) -> None:
        self._way = way
        self.count = way.target.count(way.read_back())
        """Records in the collection, where it can count."""
        self._asking = self._pays(wanted)

    @property
    def chunk(self) -> int:
        """Ids to bring at a time."""
        return ASKED if self._asking else SCANNED

    def records(self, ids: Sequence[str], fields: tuple[str, ...] | None) -> dict[str, Record]:
        """Id -> record, for those that stand. `fields` None: all of them. Raises what reading raises."""
        wanted = list(dict.fromkeys(name for name in ids if name))
        if not wanted:
            return {}
        if not self._asking:
            known = set(wanted)
            return {record.id: record for record in all_records(self._way, fields) if record.id in known}
        pages = self._way.target.fetch(self._way.writing.collection, _cut(wanted, self._size), fields)
        return {record.id: record for page in pages for record in page.records}

    @property
    def _size(self) -> int:
        return max(1, min(self._way.capabilities.fetch_max, ASKED))

    def _pays(self, wanted: int) -> bool:
        can = self._way.capabilities
        if not can.fetch_max:
            return False
        return self.count is None or ceil(wanted / self._size) <= max(1, ceil(self.count / can.page_max))


def _cut(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
