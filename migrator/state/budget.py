"""Pace, quota and calls under way: one budget a tenant, in `budget.db`, for all processes that use this state folder.

Who waits has a place in a queue, so that a busy process cannot keep another waiting for ever: a call leaves only when
there are places for those who came before, too. A place in the queue is lost by not asking again when it was time to.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.contract import EVERY, Budget, Clock, Rate, Wait
from migrator.model.lean import dataclass
from migrator.model.problem import Problem
from migrator.state.budgetfile import FILE, BudgetFile
from migrator.state.days import ends

SHORTEST = 0.001
"""Never wait less, lest rounding turns the last microsecond into a loop."""
LOOK_AGAIN = 0.05
"""Seconds after which is looked again for a place that no clock frees: a call of somebody else that is answered."""
GRACE = 1.0
"""Seconds after its time by which who waits must have asked again, to keep the place in the queue."""
HUNG = 120.0
"""Seconds after which calls are no more believed to be under way, where nobody of their process came or went."""
UNDER_WAY = ""
"""Kind, in the queue, of those who wait for other calls to be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one entry of `systems` keeps to; entries of one tenant may differ, what they use is counted together."""

    rates: tuple[Rate, ...] = ()
    """Calls in a sliding window."""
    quota: int | None = None
    """Calls a day, each `Call.quota` by itself."""
    quota_reset: str = "00:00Z"
    """When the day begins."""
    in_flight: int | None = None
    """Calls under way at a time."""


class Budgets:
    """The budgets of one state folder (None: in memory, of this process). A context manager."""

    def __init__(
        self, folder: Path | None, clock: Clock, say: Callable[[Problem], None] = lambda problem: None
    ) -> None:
        self._clock = clock
        self._file = BudgetFile(None if folder is None else folder / FILE, clock.wall, say)

    def of(self, tenant: str, limits: Limits) -> Budget:
        """The budget of a tenant, kept to these limits."""
        return TenantBudget(self._file, tenant, limits, self._clock)

    def close(self) -> None:
        """Give back what is held. Safe to repeat."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TenantBudget(Budget):
    """See Budget."""

    def __init__(self, file: BudgetFile, tenant: str, limits: Limits, clock: Clock) -> None:
        self._file = file
        self._tenant = tenant
        self._limits = limits
        self._clock = clock
        self._span = max((rate.seconds for rate in limits.rates), default=0.0)
        self._ours = 0
        self._freed = threading.Condition()

    def take(self, kind: str, quota: str = "") -> Wait | None:
        """Count one call, or tell how long to wait and why."""
        return self._file.work(lambda base: self._taken(base, kind, quota))

    def enter(self) -> Wait | None:
        """One more under way, where there is room. Waits a moment for our own calls, which other threads make."""
        if self._limits.in_flight is None:
            return None
        while (wait := self._file.work(self._entered)) is not None:
            with self._freed:
                if not (self._ours and self._freed.wait(LOOK_AGAIN)):
                    return wait
        with self._freed:
            self._ours += 1
        return None

    def leave(self) -> None:
        """One less."""
        if self._limits.in_flight is not None:
            self._file.work(self._left)
            with self._freed:
                self._ours -= 1
                self._freed.notify()

    def told(self, seconds: float) -> None:
        """A rest that was asked for holds for everybody."""
        self._file.work(lambda base: self._rested(base, seconds))

    # ------------------------------------------------------------ a call

    def _taken(self, base: sqlite3.Connection, kind: str, quota: str) -> Wait | None:
        now = self._clock.wall()
        waits = (self._rest(base, now), self._quota(base, quota, now), self._windows(base, kind, now))
        found = [wait for wait in waits if wait is not None]
        if found:
            longest = max(found, key=lambda wait: wait.seconds)
            if waits[-1] is not None:
                self._queued(base, kind, now, longest.seconds)
            return longest
        if self._rates(kind):
            self._unqueued(base, kind)
            base.execute("INSERT INTO calls VALUES (?, ?, ?)", (self._tenant, kind, now))
        if self._limits.quota is not None:
            base.execute("UPDATE quotas SET calls = calls + 1 WHERE tenant = ? AND quota = ?", (self._tenant, quota))
        return None

    def _rest(self, base: sqlite3.Connection, now: float) -> Wait | None:
        """What the server asked for. A clock that was set back since lets it begin anew."""
        row = base.execute("SELECT rest_from, rest_until FROM tenants WHERE tenant = ?", (self._tenant,)).fetchone()
        if row is None or now >= row[1]:
            return None
        left = row[1] - max(now, row[0])
        if now < row[0]:
            rest = (now, now + left, self._tenant)
            base.execute("UPDATE tenants SET rest_from = ?, rest_until = ? WHERE tenant = ?", rest)
        return _wait(left, f"{self._tenant} asked for a rest")

    def _quota(self, base: sqlite3.Connection, quota: str, now: float) -> Wait | None:
        """The day's calls. A clock that was set back does not open a new day."""
        if self._limits.quota is None:
            return None
        place = (self._tenant, quota)
        row = base.execute("SELECT opens, calls FROM quotas WHERE tenant = ? AND quota = ?", place).fetchone()
        if row is None or now >= row[0]:
            row = (ends(self._limits.quota_reset, now), 0)
            base.execute("INSERT OR REPLACE INTO quotas VALUES (?, ?, ?, ?)", (*place, *row))
        if row[1] < self._limits.quota:
            return None
        which = f"{self._tenant}, {quota}" if quota else self._tenant
        return _wait(row[0] - now, f"the daily quota of {self._limits.quota:,} calls of {which} is used up")

    def _windows(self, base: sqlite3.Connection, kind: str, now: float) -> Wait | None:
        """The window that has a place last, counted with those before us in the queue."""
        mine = self._rates(kind)
        if not mine:
            return None
        base.execute("UPDATE calls SET at = ? WHERE tenant = ? AND at > ?", (now, self._tenant, now))
        waits = []
        for rate in mine:
            ahead = self._ahead(base, rate.kind, kind, now)
            if ahead and self._file.dead(base):
                ahead = self._ahead(base, rate.kind, kind, now)
            left = self._window(base, rate, ahead, now)
            if left > 0:
                waits.append(_wait(left, f"the pace of {self._tenant}: {rate.calls:,} calls in {rate.seconds:g} s"))
        if not waits:
            span = self._spanned(base)
            base.execute("DELETE FROM calls WHERE tenant = ? AND at <= ?", (self._tenant, now - span))
        return max(waits, key=lambda wait: wait.seconds, default=None)

    def _rates(self, kind: str) -> list[Rate]:
        return [rate for rate in self._limits.rates if rate.kind in (kind, EVERY)]

    def _window(self, base: sqlite3.Connection, rate: Rate, ahead: int, now: float) -> float:
        """Seconds until there are places for us and for those ahead."""
        of_kind = "" if rate.kind == EVERY else "AND kind = :kind"
        nth = base.execute(
            f"SELECT at FROM calls WHERE tenant = :tenant {of_kind} ORDER BY at DESC LIMIT 1 OFFSET :skip",  # noqa: S608  of_kind is one of two texts
            {"tenant": self._tenant, "kind": rate.kind, "skip": max(0, rate.calls - 1 - ahead)},
        ).fetchone()
        left = 0.0 if nth is None else nth[0] + rate.seconds - now
        return max(left, LOOK_AGAIN) if ahead >= rate.calls else left

    def _spanned(self, base: sqlite3.Connection) -> float:
        """The longest window of anybody on this tenant: calls older than that are of no interest."""
        base.execute(
            """INSERT INTO tenants (tenant, span) VALUES (?, ?)
                ON CONFLICT DO UPDATE SET span = max(span, excluded.span)""",
            (self._tenant, self._span),
        )
        row = base.execute("SELECT span FROM tenants WHERE tenant = ?", (self._tenant,)).fetchone()
        return float(row[0])

    def _rested(self, base: sqlite3.Connection, seconds: float) -> None:
        self._spanned(base)
        now = self._clock.wall()
        base.execute(
            "UPDATE tenants SET rest_from = ?, rest_until = ? WHERE tenant = ? AND rest_until < ?",
            (now, now + seconds, self._tenant, now + seconds),
        )

    # ------------------------------------------------------------ under way

    def _entered(self, base: sqlite3.Connection) -> Wait | None:
        now, most = self._clock.wall(), self._limits.in_flight or 1
        if self._full(base, most, now) and not (self._file.dead(base) and not self._full(base, most, now)):
            self._queued(base, UNDER_WAY, now, LOOK_AGAIN)
            return _wait(LOOK_AGAIN, f"{most:,} calls to {self._tenant} are under way")
        self._unqueued(base, UNDER_WAY)
        base.execute(
            """INSERT INTO under_way VALUES (?, ?, 1, ?)
                ON CONFLICT DO UPDATE SET calls = calls + 1, at = excluded.at""",
            (self._tenant, self._file.holder, now),
        )
        return None

    def _full(self, base: sqlite3.Connection, most: int, now: float) -> bool:
        since = (self._tenant, now - HUNG)
        row = base.execute("SELECT sum(calls) FROM under_way WHERE tenant = ? AND at > ?", since).fetchone()
        return (row[0] or 0) + self._ahead(base, UNDER_WAY, UNDER_WAY, now) >= most

    def _left(self, base: sqlite3.Connection) -> None:
        base.execute(
            "UPDATE under_way SET calls = max(0, calls - 1), at = ? WHERE tenant = ? AND holder = ?",
            (self._clock.wall(), self._tenant, self._file.holder),
        )

    # ------------------------------------------------------------ the queue

    def _ahead(self, base: sqlite3.Connection, kinds: str, kind: str, now: float) -> int:
        """Others that wait for the same kinds of calls and came before us, or before anybody who does not wait.

        (One that came in the future tells of a clock that was set back: it does not count.)
        """
        of_kind = "AND kind <> ''" if kinds == EVERY else "AND kind = :kinds"
        row = base.execute(
            f"""SELECT count(*) FROM queue WHERE tenant = :tenant {of_kind} AND holder <> :me AND asks_by > :now
                AND since <= :now + 1 AND since < coalesce((SELECT since FROM queue WHERE tenant = :tenant
                    AND holder = :me AND kind = :kind), :now + 1)""",  # noqa: S608  of_kind is one of two texts
            {"tenant": self._tenant, "kinds": kinds, "kind": kind, "me": self._file.holder, "now": now},
        ).fetchone()
        return int(row[0])

    def _queued(self, base: sqlite3.Connection, kind: str, now: float, wait: float) -> None:
        base.execute(
            """INSERT INTO queue VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET asks_by = excluded.asks_by, since = min(since, excluded.since)""",
            (self._tenant, self._file.holder, kind, now, now + wait + GRACE),
        )

    def _unqueued(self, base: sqlite3.Connection, kind: str) -> None:
        base.execute(
            "DELETE FROM queue WHERE tenant = ? AND holder = ? AND kind = ?",
            (self._tenant, self._file.holder, kind),
        )


def _wait(seconds: float, why: str) -> Wait:
    return Wait(seconds=max(seconds, SHORTEST), why=why)
