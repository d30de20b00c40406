"""The record of runs: intents before requests leave, outcomes after, each in one synced transaction.

Outcomes are keyed by (run, line): a line is the byte offset of its change in the run's copy of the plan. So rows
are appended in plan order, and a resume merges two ordered streams: `docs/decisions/0004-outcomes-by-line.md`.
"""
# ruff: noqa: S608  statements are put together from constants of this module and question marks, never from values

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from migrator.codec.paper import fields_from_paper, fields_to_paper
from migrator.contract import Call, Pair
from migrator.failpoint import failpoint
from migrator.model.lean import dataclass
from migrator.model.plan import Action
from migrator.model.run import AllDone, Cause, Outcome, Status
from migrator.state.database import Database
from migrator.state.idmap import Entry, IdRows
from migrator.state.lease import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The final outcome of one line."""

    line: int
    """Byte offset in the run's copy of the plan."""
    outcome: Outcome
    """What became of it."""
    entry: Entry | None = None
    """What it does to the id map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Changes of a request, or links, that simply came about: nearly all of a run, so their rows are made of columns.

    None of them has more to tell than the columns hold, and each makes its target record stand for its source record.
    """

    lines: Sequence[int]
    """Byte offsets in the run's copy of the plan."""
    outcomes: AllDone
    """One a line."""
    pair: Pair | None
    """Where their rows of the id map are; None: none of them has a source record."""
    source_ids: Sequence[str]
    """One a line, where there is a pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A request that left (or was about to), with lines that have no outcome."""

    seq: int
    """Its number."""
    step: str
    """Step."""
    phase: int
    """Phase."""
    repeatable: bool
    """It can simply be sent again."""
    lines: tuple[int, ...]
    """Those without an outcome."""


class Journal:
    """The record of runs. Readers work on a database that is open to read; writers need the lease."""

    def __init__(self, database: Database, ids: IdRows, lease: Lease, now: Callable[[], str]) -> None:
        self._database = database
        self._ids = ids
        self._lease = lease
        self._now = now
        self._seq: dict[int, int] = {}
        self._indexed: int | None = None

    def intent(
        self, run: int, step: str, phase: int, call: Call, lines: Sequence[int], *, extra: bool = False
    ) -> int:
        """About to send: committed and synced before it returns. The request's number.

        `extra`: it is sent only since another one was refused for some of its records.
        """
        failpoint("before_intent")
        with self._lease.transaction():
            if run not in self._seq:
                rows = self._database.rows("SELECT COALESCE(MAX(seq), 0) FROM requests WHERE run = ?", (run,))
                self._seq[run] = rows[0][0]
            seq = self._seq[run] + 1
            self._database.run(
                "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    run,
                    seq,
                    step,
                    phase,
                    self._lease.fence,
                    f"{_EXTRA}{call.kind}" if extra else call.kind,
                    call.repeatable,
                    _digest(call),
                    _packed(lines),
                    self._now(),
                ),
            )
        self._seq[run] = seq
        self._lease.still()
        failpoint("after_intent")
        return seq

    def settle(
        self, run: int, settled: Sequence[Settled], answered: Sequence[int] = (), landed: Landed | None = None
    ) -> None:
        """Outcomes with their rows of the id map, and requests that leave no doubt any more: one transaction."""
        if not settled and not answered and landed is None:
            return
        failpoint("before_outcomes")
        with self._lease.transaction():
            now = self._now()
            if landed is not None:
                self._land(run, landed)
            self._enter(run, settled)
            self._ids.write(run, [one.entry for one in settled if one.entry is not None], now)
            failpoint("within_outcomes")
            self._database.run_many(
                "UPDATE requests SET answered = ? WHERE run = ? AND seq = ?", [(now, run, seq) for seq in answered]
            )
        failpoint("after_outcomes")

    def _land(self, run: int, landed: Landed) -> None:
        told = landed.outcomes
        # nothing but numbers and the name of an action is put into the statement: a constant need not be bound
        row = f"({run:d}, ?, ?, 'done', '{told.did.value}', ?, ?, {told.attempts:d})"
        keys = list(map(bytes.fromhex, told.change_ids))
        columns = (landed.lines, keys, told.target_ids, told.versions)
        self._database.insert(f"INSERT INTO outcomes {_DONE}", row, columns)
        if landed.pair is not None:
            self._ids.stand(run, landed.pair, landed.source_ids, told.target_ids)

    def _enter(self, run: int, settled: Sequence[Settled]) -> None:
        self._database.run_many(
            "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(run, one.line, *_row(one.outcome)) for one in settled],
        )

    def renew(self, run: int, line: int, target_id: str, attempts: int) -> None:
        """An upload that was done before was done again, under another handle."""
        with self._lease.transaction():
            self._database.run(
                "UPDATE outcomes SET target_id = ?, attempts = attempts + ? WHERE run = ? AND line = ?",
                (target_id, attempts, run, line),
            )

    def overturn(self, run: int, ranges: Sequence[tuple[int, int]], place: tuple[str, str], reason: str) -> None:
        """What was done between these offsets came to nothing after all; its rows of the id map go.

        Links of the same run go with them: the next plan finds them again.
        """
        with self._lease.transaction():
            self._database.run_many(
                "UPDATE outcomes SET status = 'conflict', cause = 'moved', code = 'RN044', reason = ?"
                " WHERE run = ? AND line >= ? AND line < ? AND status = 'done'"
                " AND COALESCE(did, '') NOT IN ('link', 'unlink')",
                [(reason, run, start, stop) for start, stop in ranges],
            )
            self._database.run(
                "DELETE FROM id_map WHERE run = ?"
                " AND pair IN (SELECT pair FROM pairs WHERE target = ? AND collection = ?)",
                (run, *place),
            )

    def doubts(self, run: int) -> tuple[Doubt, ...]:
        """Requests without an answer, oldest first, and what of them has no outcome. Reads only."""
        rows = self._database.rows(
            "SELECT seq, step, phase, repeatable, lines FROM requests"
            " WHERE run = ? AND answered IS NULL ORDER BY seq",
            (run,),
        )
        return tuple(
            Doubt(seq=seq, step=step, phase=phase, repeatable=bool(again), lines=self._without_outcome(run, lines))
            for seq, step, phase, again, lines in rows
        )

    def settled_lines(self, run: int, start: int, stop: int, limit: int) -> list[int]:
        """The first `limit` lines between two offsets that have an outcome, in order."""
        rows = self._database.rows(
            "SELECT line FROM outcomes WHERE run = ? AND line >= ? AND line < ? ORDER BY line LIMIT ?",
            (run, start, stop, limit),
        )
        return [row[0] for row in rows]

    def outcomes(
        self, run: int, *, start: int = 0, stop: int = sys.maxsize, but_done: bool = False, limit: int = -1
    ) -> Iterator[tuple[int, Outcome]]:
        """(line, outcome) between two offsets, in order; `but_done`: only what did not simply succeed."""
        at_once = 1000
        while limit:
            size = at_once if limit < 0 else min(at_once, limit)
            rows = self._database.rows(
                f"SELECT line, {_COLUMNS} FROM outcomes WHERE run = ? AND line >= ? AND line < ?"
                f" {'AND status <> ' + chr(39) + 'done' + chr(39) if but_done else ''} ORDER BY line LIMIT ?",
                (run, start, stop, size),
            )
            for line, *row in rows:
                yield line, _outcome(row)
            if len(rows) < size:
                return
            start = rows[-1][0] + 1
            limit -= len(rows) if limit > 0 else 0

    def outcomes_of(self, run: int, change_ids: Sequence[str]) -> Mapping[str, tuple[int, Outcome]]:
        """Change id -> (line, outcome), for earlier sections; the first question of a section makes an index."""
        if self._indexed != run:
            self._database.run("DROP TABLE IF EXISTS temp.by_change")
            self._database.run(
                "CREATE TEMP TABLE by_change AS SELECT change_id, line FROM outcomes WHERE run = ?", (run,)
            )
            self._database.run("CREATE INDEX temp.by_change_id ON by_change (change_id)")
            self._indexed = run
        found: dict[str, tuple[int, Outcome]] = {}
        for start in range(0, len(change_ids), 500):
            some = [bytes.fromhex(name) for name in change_ids[start : start + 500]]
            for line, *row in self._database.rows(
                f"SELECT o.line, {_OF_O} FROM temp.by_change AS b JOIN outcomes AS o ON o.run = ? AND o.line = b.line"
                f" WHERE b.change_id IN ({','.join('?' * len(some))})",
                (run, *some),
            ):
                outcome = _outcome(row)
                found[outcome.change_id] = (line, outcome)
        return found

    def outcomes_at(self, run: int, change_ids: Sequence[str]) -> list[tuple[int, Outcome]]:
        """(line, outcome) of these changes, in order; reads the run's outcomes once per 500, and makes no index."""
        found: list[tuple[int, Outcome]] = []
        for start in range(0, len(change_ids), 500):
            some = [bytes.fromhex(name) for name in change_ids[start : start + 500]]
            rows = self._database.rows(
                f"SELECT line, {_COLUMNS} FROM outcomes WHERE run = ? AND change_id IN ({','.join('?' * len(some))})",
                (run, *some),
            )
            found.extend((line, _outcome(row)) for line, *row in rows)
        return sorted(found, key=lambda pair: pair[0])

    def versions_since(self, run: int, target_ids: Sequence[str]) -> Mapping[str, set[str]]:
        """Target id -> versions that later runs left there, in any collection. Reads their outcomes whole."""
        found: dict[str, set[str]] = {}
        for start in range(0, len(target_ids), 500):
            some = target_ids[start : start + 500]
            for target_id, version in self._database.rows(
                "SELECT target_id, version FROM outcomes WHERE run > ? AND status = 'done' AND version IS NOT NULL"
                f" AND target_id IN ({','.join('?' * len(some))})",
                (run, *some),
            ):
                found.setdefault(target_id, set()).add(version)
        return found

    def last_run_at(self, run: int, target_ids: Sequence[str]) -> Mapping[str, int]:
        """Target id -> the last run from `run` on that did something to it, in any collection."""
        found: dict[str, int] = {}
        for start in range(0, len(target_ids), 500):
            some = target_ids[start : start + 500]
            found.update(
                (target_id, last)
                for target_id, last in self._database.rows(
                    "SELECT target_id, MAX(run) FROM outcomes WHERE run >= ? AND status = 'done'"
                    f" AND target_id IN ({','.join('?' * len(some))}) GROUP BY target_id",
                    (run, *some),
                )
            )
        return found

    def section_begins(self) -> None:
        """Outcomes came in since the last question by change id."""
        self._indexed = None

    def counts(self, run: int, start: int, stop: int) -> Mapping[tuple[Status, str | None], int]:
        """(status, what was done) -> how many, between two offsets.

        Nearly all are like the first: those are counted, the rest is grouped, a third of grouping all (measured).
        """
        there = "FROM outcomes WHERE run = ? AND line >= ? AND line < ?"
        where = (run, start, stop)
        first = self._database.rows(f"SELECT status, did {there} ORDER BY line LIMIT 1", where)
        if not first:
            return {}
        alike = "status = ? AND did IS ?"
        ((count, total),) = self._database.rows(
            f"SELECT COUNT(*) FILTER (WHERE {alike}), COUNT(*) {there}", (*first[0], *where)
        )
        rows = [(*first[0], count)]
        if count < total:
            rest = f"SELECT status, did, COUNT(*) {there} AND NOT ({alike}) GROUP BY 1, 2"
            rows += self._database.rows(rest, (*where, *first[0]))
        return {(Status(status), did): size for status, did, size in rows}

    def total(self, run: int) -> int:
        """Lines that have an outcome."""
        return int(self._database.rows("SELECT COUNT(*) FROM outcomes WHERE run = ?", (run,))[0][0])

    def requests(self, run: int) -> int:
        """Requests that were about to be sent."""
        return int(self._database.rows("SELECT COUNT(*) FROM requests WHERE run = ?", (run,))[0][0])

    def extras(self, run: int) -> Mapping[str, int]:
        """Step -> requests that were sent only since others were refused."""
        rows = self._database.rows(
            "SELECT step, COUNT(*) FROM requests WHERE run = ? AND kind LIKE ? GROUP BY step", (run, f"{_EXTRA}%")
        )
        return dict(rows)

    def last_answered(self, run: int) -> int:
        """Number of the last request that left no doubt; 0 without one."""
        sql = "SELECT COALESCE(MAX(seq), 0) FROM requests WHERE run = ? AND answered IS NOT NULL"
        return int(self._database.rows(sql, (run,))[0][0])

    def _without_outcome(self, run: int, lines: bytes) -> tuple[int, ...]:
        wanted = _unpacked(lines)
        if not wanted:
            return ()
        settled = set(self.settled_lines(run, min(wanted), max(wanted) + 1, -1))
        return tuple(line for line in wanted if line not in settled)


_EXTRA = "extra "
"""Before the kind of such a request."""
_COLUMNS = "change_id, status, did, target_id, version, code, field, cause, reason, attempts, found"
_DONE = "(run, line, change_id, status, did, target_id, version, attempts)"
_OF_O = ", ".join(f"o.{name}" for name in _COLUMNS.split(", "))


def _row(outcome: Outcome) -> tuple[object, ...]:
    return (
        bytes.fromhex(outcome.change_id),
        outcome.status.value,
        None if outcome.did is None else outcome.did.value,
        outcome.target_id,
        outcome.version,
        outcome.code,
        outcome.field,
        None if outcome.cause is None else outcome.cause.value,
        outcome.reason,
        outcome.attempts,
        None if outcome.found is None else orjson.dumps(fields_to_paper(outcome.found)).decode(),
    )


def _outcome(row: Sequence[Any]) -> Outcome:
    change_id, status, did, target_id, version, code, field, cause, reason, attempts, found = row
    return Outcome(
        change_id=bytes(change_id).hex(),
        status=Status(status),
        did=None if did is None else Action(did),
        target_id=target_id,
        version=version,
        code=code,
        field=field,
        cause=None if cause is None else Cause(cause),
        reason=reason,
        attempts=attempts,
        found=None if found is None else fields_from_paper(orjson.loads(found)),
    )


def _packed(lines: Sequence[int]) -> bytes:
    packed = array("Q", lines)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpacked(content: bytes) -> list[int]:
    packed = array("Q", content)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tolist()


def _digest(call: Call) -> bytes:
    """SHA-256 of the bytes that we know before they leave; a File's own are not among them."""
    body = call.body if isinstance(call.body, bytes) else call.body[0] + call.body[2]
    return sha256(f"{call.method} {call.path}\n".encode() + body).digest()
