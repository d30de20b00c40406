"""Which target record was made from which source record: the tables `pairs` and `id_map`."""
# ruff: noqa: S608  statements are put together from constants of this module and question marks, never from values

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import astuple

from migrator.contract import Mapped, Pair
from migrator.model.lean import dataclass
from migrator.state.database import Database

_AT_ONCE = 500
"""Ids in one question: SQLite takes 32,766 values, small ones keep the statement cached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an outcome does to the id map. `target_id` None: the row goes (undo of a create or link)."""

    pair: Pair
    """Where."""
    source_id: str
    """The source record."""
    target_id: str | None
    """The record that now stands for it, or stood."""
    gone: bool = False
    """Our own delete: the row stays and says so."""
    back: bool = False
    """An undo wrote to it: a row that says it is gone says so no more; no other row is touched."""


class IdRows:
    """The id map; `write` is for the journal alone, inside its transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pairs: dict[Pair, int] = {}

    def lookup(self, pair: Pair, source_ids: Sequence[str]) -> Mapping[str, Mapped]:
        """Source id -> row, for those that have one (rows with gone_at included)."""
        number = self._number(pair)
        found: dict[str, Mapped] = {}
        if number is None:
            return found
        for some in _chunks(source_ids):
            marks = ",".join("?" * len(some))
            for source_id, target_id, run, gone in self._database.rows(
                f"SELECT source_id, target_id, run, gone_at FROM id_map WHERE pair = ? AND source_id IN ({marks})",
                (number, *some),
            ):
                found[source_id] = Mapped(target_id=target_id, run=run, gone_at=gone)
        return found

    def owners(self, target: str, collection: str, target_ids: Sequence[str]) -> Mapping[str, tuple[Pair, str]]:
        """Target id -> (pair, source id) that claims it, over all pairs of this target collection; gone rows not."""
        found = self._claims(target, collection, target_ids)
        return {target_id: (pair, source_id) for pair, target_id, source_id, _ in found}

    def claims(self, target: str, collection: str, target_ids: Sequence[str]) -> Iterator[tuple[Pair, str, Mapped]]:
        """Every row, of all pairs of this target collection, that claims one of these records; gone rows not."""
        for pair, target_id, source_id, run in self._claims(target, collection, target_ids):
            yield pair, source_id, Mapped(target_id=target_id, run=run)

    def _claims(
        self, target: str, collection: str, target_ids: Sequence[str]
    ) -> Iterator[tuple[Pair, str, str, int]]:
        """Pair, target id, source id, run."""
        for number, pair in self._pairs_of(target, collection):
            for some in _chunks(target_ids):
                marks = ",".join("?" * len(some))
                for target_id, source_id, run in self._database.rows(
                    "SELECT target_id, source_id, run FROM id_map"
                    f" WHERE pair = ? AND gone_at IS NULL AND target_id IN ({marks})",
                    (number, *some),
                ):
                    yield pair, target_id, source_id, run

    def rows(self, pair: Pair) -> Iterator[tuple[str, Mapped]]:
        """All rows of a pair, by source id."""
        number, last = self._number(pair), ""
        first = True
        while number is not None:
            some = self._database.rows(
                "SELECT source_id, target_id, run, gone_at FROM id_map"
                f" WHERE pair = ? AND source_id {'>=' if first else '>'} ? ORDER BY source_id LIMIT ?",
                (number, last, _AT_ONCE),
            )
            for source_id, target_id, run, gone in some:
                yield source_id, Mapped(target_id=target_id, run=run, gone_at=gone)
            if len(some) < _AT_ONCE:
                return
            first, last = False, some[-1][0]

    def size(self, pair: Pair) -> int:
        """How many rows a pair has, gone ones not."""
        number = self._number(pair)
        count = "SELECT COUNT(*) FROM id_map WHERE pair = ? AND gone_at IS NULL"
        return 0 if number is None else int(self._database.rows(count, (number,))[0][0])

    def gone(self, pair: Pair) -> int:
        """How many rows of a pair tell of records that we deleted."""
        number = self._number(pair)
        count = "SELECT COUNT(*) FROM id_map WHERE pair = ? AND gone_at IS NOT NULL"
        return 0 if number is None else int(self._database.rows(count, (number,))[0][0])

    def at_once(self) -> AbstractContextManager[None]:
        """Inside it, all that is read is of one moment."""
        return self._database.moment()

    def known(self, target: str, collection: str) -> bool:
        """Any row points into this target collection."""
        return any(self.size(pair) for _, pair in self._pairs_of(target, collection))

    def pairs(self) -> tuple[Pair, ...]:
        """All pairs, in the order of their numbers."""
        return tuple(
            Pair(**_named(row)) for row in self._database.rows(f"SELECT {_COLUMNS} FROM pairs ORDER BY pair")
        )

    def number(self, pair: Pair) -> int:
        """The number of a pair, given to it when it is new. Inside a transaction."""
        number = self._number(pair)
        if number is None:
            self._database.run(f"INSERT INTO pairs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", astuple(pair))
            number = self._number(pair)
        assert number is not None  # noqa: S101  it was just written
        return number

    def write(self, run: int, entries: Sequence[Entry], now: str) -> None:
        """Enter what outcomes did. Inside the transaction that writes the outcomes."""
        for entry in entries:
            where = (self.number(entry.pair), entry.source_id)
            if entry.gone:
                self._database.run(
                    "UPDATE id_map SET gone_at = ?, run = ? WHERE pair = ? AND source_id = ?", (now, run, *where)
                )
            elif entry.back:
                self._database.run(
                    "UPDATE id_map SET gone_at = NULL, run = ? WHERE pair = ? AND source_id = ? AND target_id = ?"
                    " AND gone_at IS NOT NULL",
                    (run, *where, entry.target_id),
                )
            elif entry.target_id:
                self._database.run(
                    "INSERT OR REPLACE INTO id_map VALUES (?, ?, ?, ?, NULL)", (*where, entry.target_id, run)
                )
            else:
                self._database.run("DELETE FROM id_map WHERE pair = ? AND source_id = ?", where)

    def stand(self, run: int, pair: Pair, source_ids: Sequence[str], target_ids: Sequence[str]) -> None:
        """Target records stand for these source records. Inside the transaction that writes the outcomes."""
        row = f"({self.number(pair):d}, ?, ?, {run:d}, NULL)"  # nothing but numbers is put into a statement
        self._database.insert("INSERT OR REPLACE INTO id_map", row, (source_ids, target_ids))

    def forget_new(self) -> None:
        """A transaction was rolled back: numbers given inside it are not there."""
        self._pairs.clear()

    def _number(self, pair: Pair) -> int | None:
        if pair not in self._pairs:
            rows = self._database.rows(
                "SELECT pair FROM pairs WHERE target = ? AND collection = ? AND source = ? AND source_collection = ?"
                " AND part = ?",
                astuple(pair),
            )
            if not rows:
                return None
            self._pairs[pair] = rows[0][0]
        return self._pairs[pair]

    def _pairs_of(self, target: str, collection: str) -> list[tuple[int, Pair]]:
        rows = self._database.rows(
            f"SELECT pair, {_COLUMNS} FROM pairs WHERE target = ? AND collection = ?",
            (target, collection),
        )
        return [(number, Pair(**_named(row))) for number, *row in rows]


_COLUMNS = "target, collection, source, source_collection, part"


def _named(row: Sequence[str]) -> dict[str, str]:
    return dict(zip(("target", "collection", "source", "source_collection", "part"), row, strict=True))


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
