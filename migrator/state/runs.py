"""Runs and their steps: the tables `runs` and `run_steps`."""
# ruff: noqa: S608  statements are put together from constants of this module and question marks, never from values

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence

from migrator.contract import Pair
from migrator.errors import PlanRefused
from migrator.failpoint import failpoint
from migrator.model.lean import dataclass
from migrator.model.run import RunStatus
from migrator.state.database import Database
from migrator.state.idmap import IdRows
from migrator.state.lease import Lease
from migrator.state.process import user


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run."""

    number: int
    """Counts up from 1."""
    id: str
    """Random."""
    plan: str
    """Hash of its plan; the copy lies in plans/."""
    kind: str
    """Kind of the plan."""
    playbook: str
    """Name."""
    started: str
    """ISO 8601, UTC."""
    ended: str | None
    """ISO 8601, UTC; of the last taking-up."""
    status: RunStatus
    """Where it stands."""
    os_user: str
    """Who."""
    host: str
    """Where."""
    seconds: float
    """Wall time spent, all takings-up together."""

    @property
    def unfinished(self) -> bool:
        """It can be taken up."""
        return self.status not in (RunStatus.DONE, RunStatus.SUPERSEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """One step of a run."""

    step: str
    """Name."""
    target: str
    """Identity of the target system."""
    collection: str
    """Target collection."""
    pair: Pair | None
    """Where its id-map rows are; None without a source."""
    read: int
    """Source records while planning."""
    partial: bool
    """The plan did not tell the whole story."""
    target_count: int | None
    """Records in the target before."""
    target_after: int | None = None
    """Records in the target when the run was done."""
    stamp_after: str | None = None
    """The collection's stamp after our own completion."""


class Runs:
    """Which runs there were, and where they stand. Writing needs the lease."""

    def __init__(self, database: Database, ids: IdRows, lease: Lease, now: Callable[[], str]) -> None:
        self._database = database
        self._ids = ids
        self._lease = lease
        self._now = now

    def start(self, plan: str, kind: str, playbook: str, steps: Iterable[RunStep]) -> RunRow:
        """A new run of this plan. Raises PlanRefused where one was done."""
        with self._lease.transaction():
            self._refuse_done(plan)
            number = self._insert(plan, kind, playbook, RunStatus.RUNNING, None, steps)
            self._lease.carries(number)
        return self.run(number)

    def done_at_once(self, plan: str, kind: str, playbook: str, steps: Iterable[RunStep]) -> int:
        """The number of a run that is over when the transaction is, inside which this is called."""
        return self._insert(plan, kind, playbook, RunStatus.DONE, self._now(), steps)

    def _insert(
        self, plan: str, kind: str, playbook: str, status: RunStatus, ended: str | None, steps: Iterable[RunStep]
    ) -> int:
        name, who = secrets.token_hex(16), (user(), socket.gethostname())
        self._database.run(
            "INSERT INTO runs (id, plan, kind, playbook, started, ended, status, os_user, host)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (name, plan, kind, playbook, self._now(), ended, status.value, *who),
        )
        number = int(self._database.rows("SELECT MAX(number) FROM runs")[0][0])
        self._database.run_many(
            "INSERT INTO run_steps (run, step, target, collection, pair, read, partial, target_count)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    number,
                    step.step,
                    step.target,
                    step.collection,
                    None if step.pair is None else self._ids.number(step.pair),
                    step.read,
                    step.partial,
                    step.target_count,
                )
                for step in steps
            ],
        )
        return number

    def take_up(self, plan: str) -> RunRow | None:
        """The unfinished run of this plan, running again; None: there is none. Raises PlanRefused: it is done."""
        run = self.unfinished(plan)
        if run is None:
            self._refuse_done(plan)
            return None
        with self._lease.transaction():
            self._database.run("UPDATE runs SET status = 'running', ended = NULL WHERE number = ?", (run.number,))
            self._lease.carries(run.number)
        return self.run(run.number)

    def unfinished(self, plan: str) -> RunRow | None:
        """The unfinished run of this plan."""
        return next((run for run in self._runs("plan = ?", plan) if run.unfinished), None)

    def done(self, plan: str) -> RunRow | None:
        """The run that carried this plan out."""
        return next((run for run in self._runs("plan = ?", plan) if run.status is RunStatus.DONE), None)

    def run(self, number: int) -> RunRow:
        """The run of this number. Raises PlanRefused where there is none."""
        for run in self._runs("number = ?", number):
            return run
        rows = self._database.rows("SELECT MAX(number) FROM runs")
        why = "it was removed by `runs --purge`; " if number < (rows[0][0] or 0) else ""
        raise PlanRefused(f"this state has no run {number}", hint=f"{why}`migrator runs` lists those it has")

    def runs(self) -> tuple[RunRow, ...]:
        """All runs, oldest first."""
        return tuple(self._runs("1 = ?", 1))

    def steps(self, run: int) -> tuple[RunStep, ...]:
        """The steps of a run."""
        pairs = dict(enumerate(self._ids.pairs(), 1))
        rows = self._database.rows(
            "SELECT step, target, collection, pair, read, partial, target_count, target_after, stamp_after"
            " FROM run_steps WHERE run = ?",
            (run,),
        )
        return tuple(
            RunStep(
                step=row[0],
                target=row[1],
                collection=row[2],
                pair=pairs.get(row[3]),
                read=row[4],
                partial=bool(row[5]),
                target_count=row[6],
                target_after=row[7],
                stamp_after=row[8],
            )
            for row in rows
        )

    def last_read(self, pair: Pair, playbook: str, steps: Sequence[str]) -> int | None:
        """Source records that the last whole plan of this playbook read for a pair, or for steps of these names.

        A step without a line has no pair in its row: there its name and target tell.
        """
        numbers = {known: number for number, known in enumerate(self._ids.pairs(), 1)}
        marks = ",".join("?" * len(steps))
        rows = self._database.rows(
            "SELECT SUM(read) FROM run_steps JOIN runs ON run = number"
            " WHERE playbook = ? AND kind = 'load' AND NOT partial AND target = ? AND collection = ?"
            f" AND (pair = ? OR step IN ({marks})) GROUP BY number ORDER BY number DESC LIMIT 1",
            (playbook, pair.target, pair.collection, numbers.get(pair), *steps),
        )
        return int(rows[0][0]) if rows else None

    def end(self, run: int, status: RunStatus, seconds: float) -> None:
        """The run stands so now; `seconds` are added."""
        failpoint("before_end")
        with self._lease.transaction():
            self._database.run(
                "UPDATE runs SET status = ?, ended = ?, seconds = seconds + ? WHERE number = ?",
                (status.value, self._now(), seconds, run),
            )
        failpoint("after_end")

    def last_runs(self) -> tuple[tuple[int, str, str], ...]:
        """(number of the last run, target identity, collection) of every target collection."""
        rows = self._database.rows("SELECT MAX(run), target, collection FROM run_steps GROUP BY target, collection")
        return tuple((run, target, collection) for run, target, collection in rows)

    def remove(self, run: int, tables: Iterable[str]) -> None:
        """All rows of a run, those of these tables among them. Rows of the id map keep its number."""
        with self._lease.transaction():
            for table in tables:
                self._database.run(f"DELETE FROM {table} WHERE run = ?", (run,))
            self._database.run("DELETE FROM runs WHERE number = ?", (run,))

    def completed(self, run: int, target: str, collection: str, stamp: str | None, count: int | None) -> None:
        """The target collection is finished: its stamp and record count afterwards."""
        with self._lease.transaction():
            self._database.run(
                "UPDATE run_steps SET stamp_after = ?, target_after = ?"
                " WHERE run = ? AND target = ? AND collection = ?",
                (stamp, count, run, target, collection),
            )

    def _refuse_done(self, plan: str) -> None:
        run = self.done(plan)
        if run is not None:
            raise PlanRefused(
                f"this plan was applied already, by run {run.number} ({run.ended})",
                hint="a plan is applied once; plan again to see what is left to do",
            )

    def _runs(self, where: str, value: str | int) -> Iterator[RunRow]:
        for row in self._database.rows(
            "SELECT number, id, plan, kind, playbook, started, ended, status, os_user, host, seconds"
            f" FROM runs WHERE {where} ORDER BY number",
            (value,),
        ):
            number, name, plan, kind, playbook, started, ended, status, os_user, host, seconds = row
            yield RunRow(
                number=number,
                id=name,
                plan=plan,
                kind=kind,
                playbook=playbook,
                started=started,
                ended=ended,
                status=RunStatus(status),
                os_user=os_user,
                host=host,
                seconds=seconds,
            )
