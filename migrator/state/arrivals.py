"""Rows of the id map that come from another state: all of them enter, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

from migrator.contract import Mapped, Pair
from migrator.errors import IdsRefused
from migrator.model.lean import dataclass
from migrator.state.database import Database
from migrator.state.idmap import IdRows
from migrator.state.lease import Lease

IMPORT = "ids import"
"""What stands in the place of a playbook's name in a run that took rows in."""
NAMED = 10
"""Contradictions that are named; all are counted."""

_TABLE = """
CREATE TEMP TABLE arrivals (pair INTEGER NOT NULL, source_id TEXT NOT NULL, target_id TEXT NOT NULL, gone_at TEXT,
    line INTEGER NOT NULL, PRIMARY KEY (pair, source_id)) WITHOUT ROWID
"""
_MET = "FROM arrivals a JOIN id_map m ON m.pair = a.pair AND m.source_id = a.source_id"
_OTHER = "m.target_id <> a.target_id"
_ENTER = "INSERT OR REPLACE INTO id_map SELECT a.pair, a.source_id, a.target_id, ?, a.gone_at FROM arrivals a"
_UNKNOWN = "LEFT JOIN id_map m ON m.pair = a.pair AND m.source_id = a.source_id WHERE m.pair IS NULL"
_CHANGED = f"({_OTHER} OR (m.gone_at IS NULL) <> (a.gone_at IS NULL))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row on its way from one state to another."""

    pair: Pair
    """Where it belongs."""
    source_id: str
    """The source record."""
    mapped: Mapped
    """What stands for it. Its run is one of the other state's, and is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What became of the rows."""

    new: int
    """Of source records that were not known."""
    same: int
    """Said what was known."""
    replaced: int
    """Said something else, and hold now."""
    kept: int
    """Say otherwise whether the record was deleted by us; what was known holds."""
    run: int | None
    """The run under which they stand; None: nothing changed."""


class Arrivals:
    """The way into the id map for rows of another state."""

    def __init__(self, database: Database, ids: IdRows, lease: Lease) -> None:
        self._database = database
        self._ids = ids
        self._lease = lease

    def enter(self, rows: Iterable[Row], *, replace: bool, begin: Callable[[Mapping[Pair, int]], int]) -> Arrived:
        """All rows in one transaction; `begin` is told how many there are of each pair, and numbers their run.

        Needs the lease. Raises IdsRefused where a row names another target for a known source record, unless
        `replace`; Locked, LocalFault, and whatever reading the rows raises. Nothing has changed then.
        """
        with self._lease.transaction():
            self._database.run(_TABLE)
            sizes = self._gather(rows)
            if not replace:
                self._refuse_others()
            known, differing = self._count(f"SELECT COUNT(*) {_MET}"), self._differing()
            new = sum(sizes.values()) - known
            replaced = differing if replace else 0
            run = begin(sizes) if new + replaced else None
            if replaced:
                self._database.run(f"{_ENTER} JOIN id_map m USING (pair, source_id) WHERE {_CHANGED}", (run,))
            if new:
                self._database.run(f"{_ENTER} {_UNKNOWN}", (run,))
            self._database.run("DROP TABLE arrivals")
        same, kept = known - differing, differing - replaced
        return Arrived(new=new, same=same, replaced=replaced, kept=kept, run=run)

    def _gather(self, rows: Iterable[Row]) -> dict[Pair, int]:
        sizes: dict[Pair, int] = {}
        for line, row in enumerate(rows, 1):
            values = (self._ids.number(row.pair), row.source_id, row.mapped.target_id, row.mapped.gone_at, line)
            if self._database.run("INSERT OR IGNORE INTO arrivals VALUES (?, ?, ?, ?, ?)", values):
                sizes[row.pair] = sizes.get(row.pair, 0) + 1
            else:
                self._refuse_twice(row, values[0], line)
        return sizes

    def _refuse_twice(self, row: Row, pair: int, line: int) -> None:
        """The same twice is no harm."""
        known = self._database.rows(
            "SELECT target_id, gone_at, line FROM arrivals WHERE pair = ? AND source_id = ?", (pair, row.source_id)
        )[0]
        if known[:2] != (row.mapped.target_id, row.mapped.gone_at):
            raise IdsRefused(
                f"lines {known[2]} and {line} contradict each other about the source record {row.source_id}",
                detail=f"{told(row.pair)}: {known[0]}, and {row.mapped.target_id}",
                hint="take one of them out; nothing was imported",
            )

    def _refuse_others(self) -> None:
        count = self._count(f"SELECT COUNT(*) {_MET} WHERE {_OTHER}")
        if not count:
            return
        columns = "a.line, a.source_id, m.target_id, a.target_id, p.target, p.collection, p.source"
        some = self._database.rows(
            f"SELECT {columns}, p.source_collection, p.part {_MET} JOIN pairs p ON p.pair = a.pair"
            f" WHERE {_OTHER} ORDER BY a.line LIMIT {NAMED}"
        )
        lines = [
            f"line {line}: {told(Pair(**dict(zip(asdict(_NO_PAIR), names, strict=True))))}: source record {source}"
            f" is {ours} here, {theirs} there"
            for line, source, ours, theirs, *names in some
        ]
        if count > len(lines):
            lines.append(f"and {count - len(lines):,} more")
        raise IdsRefused(
            f"{count:,} {'row names' if count == 1 else 'rows name'} another target record than this state knows",
            detail="\n".join(lines),
            hint="nothing was imported; --replace lets the file win",
        )

    def _differing(self) -> int:
        return self._count(f"SELECT COUNT(*) {_MET} WHERE {_CHANGED}")

    def _count(self, sql: str) -> int:
        return int(self._database.rows(sql)[0][0])


_NO_PAIR = Pair(target="", collection="", source="", source_collection="")


def told(pair: Pair) -> str:
    """A pair for people."""
    part = f" ({pair.part})" if pair.part else ""
    return f"{pair.source} {pair.source_collection} -> {pair.target} {pair.collection}{part}"
