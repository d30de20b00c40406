"""The file in which processes on one machine share paces and quotas: lost without harm, so never a reason to stop.

A damaged file, or one of another form, is set aside and made anew; where none can be written, this process counts for
itself. Either is said once. What is committed here may be lost in a power cut, so nothing waits for the disk.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from migrator.model.problem import Problem, Severity
from migrator.state.process import Life, Process, halted, life, myself

FILE = "budget.db"
"""Name of the file in the state folder."""
FORM = 1
"""Number of the tables' form, in the file's `user_version`."""
BUSY_SECONDS = 5.0
"""How long somebody else's transaction is waited for; each takes less than a millisecond."""
BEAT_SECONDS = 10.0
"""Time between two signs of life."""

TABLES = """
CREATE TABLE tenants (tenant TEXT PRIMARY KEY, span REAL NOT NULL, rest_from REAL NOT NULL DEFAULT 0,
    rest_until REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE calls (tenant TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX calls_kind ON calls (tenant, kind, at);
CREATE INDEX calls_at ON calls (tenant, at);
CREATE TABLE quotas (tenant TEXT NOT NULL, quota TEXT NOT NULL, opens REAL NOT NULL, calls INTEGER NOT NULL,
    PRIMARY KEY (tenant, quota)) WITHOUT ROWID;
CREATE TABLE holders (holder INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL,
    pid INTEGER NOT NULL, began TEXT NOT NULL, space TEXT NOT NULL, beat REAL NOT NULL);
CREATE TABLE under_way (tenant TEXT NOT NULL, holder INTEGER NOT NULL, calls INTEGER NOT NULL,
    at REAL NOT NULL, PRIMARY KEY (tenant, holder)) WITHOUT ROWID;
CREATE TABLE queue (tenant TEXT NOT NULL, holder INTEGER NOT NULL, kind TEXT NOT NULL, since REAL NOT NULL,
    asks_by REAL NOT NULL, PRIMARY KEY (tenant, holder, kind)) WITHOUT ROWID;
"""
"""Times are epoch seconds: the only clock that processes share. `span`: the longest window of anybody's rates.
`under_way.at`: when a call of this holder last began or was answered."""
HELD = ("under_way", "queue", "holders")
"""Tables with rows of one holder."""

T = TypeVar("T")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""Codes of a file that is not whole or not ours: ERROR tells of other tables."""


class BudgetFile:
    """One connection, for all threads of this process. `path` None: in memory alone."""

    def __init__(self, path: Path | None, wall: Callable[[], float], say: Callable[[Problem], None]) -> None:
        self._path = path
        self._wall = wall
        self._say = say
        self._lock = threading.RLock()
        self._base: sqlite3.Connection | None = None
        self._inode = 0
        self._set_aside = False
        self._beaten = 0.0
        self.holder = 0
        """Our number in the file."""

    def work(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """What `act` comes to, in one transaction. It MUST be fit to be called again."""
        with self._lock:
            while True:
                try:
                    return self._within(act)
                except (sqlite3.DatabaseError, OSError) as error:
                    self._let_go()
                    if self._path is None:  # memory does not fail: this is a fault of ours
                        raise
                    self._lost(self._path, error)

    def dead(self, base: sqlite3.Connection) -> bool:
        """Holders that are gone or stopped hold nothing any more; whether there were any. Inside a transaction.

        One that was only stopped is a holder again with its next sign of life.
        """
        rows = base.execute("SELECT * FROM holders WHERE holder <> ?", (self.holder,)).fetchall()
        left = [holder for holder, *row in rows if _dead(*row, wall=self._wall())]
        for holder in left:
            _forget(base, holder)
        return bool(left)

    def close(self) -> None:
        """Give back what we hold. Safe to repeat, and never a fault."""
        with self._lock:
            if self._base is not None:
                with suppress(sqlite3.DatabaseError):
                    self._within(lambda base: _forget(base, self.holder))
            self._let_go()

    # ------------------------------------------------------------ the connection

    def _within(self, act: Callable[[sqlite3.Connection], T]) -> T:
        base = self._base or self._open()
        base.execute("BEGIN IMMEDIATE")
        try:
            self._beat(base)
            came = act(base)
            base.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.DatabaseError):
                base.execute("ROLLBACK")
            raise
        return came

    def _beat(self, base: sqlite3.Connection) -> None:
        now = self._wall()
        if abs(now - self._beaten) >= BEAT_SECONDS:
            self._registered(base, self.holder, now)

    def _registered(self, base: sqlite3.Connection, holder: int | None, now: float) -> int:
        """Our row, made anew where somebody took us for gone; its number."""
        me = myself()
        row = (holder, me.host, me.pid, me.began, me.space, now)
        self._beaten = now
        return base.execute("INSERT OR REPLACE INTO holders VALUES (?, ?, ?, ?, ?, ?)", row).lastrowid or 0

    def _open(self) -> sqlite3.Connection:
        base = _connected(self._path)
        try:
            _prepared(base)
            self.holder = self._registered(base, None, self._wall())
            self._inode = self._path.stat().st_ino if self._path is not None else 0
        except BaseException:
            base.close()
            raise
        self._base = base
        return base

    def _let_go(self) -> None:
        if self._base is not None:
            with suppress(sqlite3.DatabaseError):
                self._base.close()
        self._base = None

    # ------------------------------------------------------------ faults

    def _lost(self, path: Path, error: sqlite3.DatabaseError | OSError) -> None:
        """Go on with a new file, or, where that did not help already or cannot, in memory."""
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _DAMAGED and not self._set_aside:
            self._set_aside = True
            try:
                if self._inode in (0, path.stat().st_ino):  # else another process was faster
                    place = _moved(path)
                    self._say(_warning(f"the pace budget {path} was damaged and is made anew", f"It is {place} now."))
                return
            except OSError as fault:
                error = fault
        self._path = None
        why = error.strerror if isinstance(error, OSError) else str(error)
        what = f"the pace budget {path} cannot be used: {why}"
        self._say(_warning(what, "Paces and quotas are counted for this command alone."))


def _warning(summary: str, detail: str) -> Problem:
    hint = "nothing is lost but what was counted; a system that is called too often says so itself"
    return Problem(code="ST015", severity=Severity.WARNING, summary=summary, detail=detail, hint=hint)


def _moved(path: Path) -> Path:
    """The file under a name that is free; its log goes with it, lest a new file gets it."""
    names = (path.with_name(f"{path.name}.damaged{'' if n == 1 else f'-{n}'}") for n in itertools.count(1))
    place = next(name for name in names if not name.exists())
    path.replace(place)
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).replace(place.with_name(place.name + end))
    return place


def _connected(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)


def _prepared(base: sqlite3.Connection) -> None:
    """Its tables, made where there are none. Raises DatabaseError for a file of another form."""
    base.execute("BEGIN IMMEDIATE")
    if not base.execute("SELECT 1 FROM sqlite_master").fetchone():
        for statement in TABLES.split(";"):
            base.execute(statement)
        base.execute(f"PRAGMA user_version = {FORM}")
    if base.execute("PRAGMA user_version").fetchone() != (FORM,):
        base.execute("SELECT * FROM a_budget_of_another_form")
    base.execute("COMMIT")
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = OFF")


def _dead(host: str, pid: int, began: str, space: str, beat: float, *, wall: float) -> bool:
    """Surely gone, stopped, or elsewhere and silent for so long that nobody waits for it."""
    process = Process(user="", host=host, pid=pid, began=began, space=space)
    return halted(process) or life(process, datetime.fromtimestamp(beat, UTC).isoformat(), wall) in (
        Life.GONE,
        Life.SILENT,
    )


def _forget(base: sqlite3.Connection, holder: int) -> None:
    for table in HELD:
        base.execute(f"DELETE FROM {table} WHERE holder = ?", (holder,))  # noqa: S608  our own names of tables
