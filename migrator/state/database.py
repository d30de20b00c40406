"""The state's SQLite file: WAL and synchronous FULL, opened to read only or to write; every fault is a sentence.

A row that was committed survives a `kill -9` and a power cut. A damaged file is refused and never written to.
"""

from __future__ import annotations

import os
import secrets
import shlex
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from migrator.errors import LocalFault, Locked, MigratorError
from migrator.state.tables import LEASES, TABLES, TURNS, VERSION
from migrator.state.upgrade import upgrade, upgraded_copy, version_of

FILE = "state.db"
"""Name of the database in the state folder."""
SYNCHRONOUS = "FULL"
"""What was committed survives a power cut."""
BUSY_SECONDS = 30.0
"""How long a writer waits for the transaction of another: runs on other collections write too."""

_ROWS = 100
"""Rows in a statement: of up to nine values each, they stay below the 999 that every SQLite takes."""


class Database:
    """One connection. `transaction` is the only way to write; reading is `rows`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self.on_rollback: Callable[[], None] = lambda: None
        """Called when a transaction came to nothing."""
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises LocalFault."""
        with told(self.path):
            return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """One statement that changes something, inside a transaction; rows changed. Raises LocalFault."""
        with told(self.path):
            return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """The same statement for many rows. Raises LocalFault."""
        with told(self.path):
            self._connection.executemany(sql, values)

    def insert(self, into: str, row: str, columns: Sequence[Sequence[Any]]) -> None:
        """Rows into a table: `into` is the statement up to VALUES, `row` its marks in brackets. Raises LocalFault.

        A hundred a statement: half of what `run_many` costs, which steps for each row (measured).
        """
        width, size = len(columns), len(columns[0])
        values: list[Any] = [None] * (width * size)
        for place, column in enumerate(columns):
            values[place::width] = column
        for start in range(0, size, _ROWS):
            rows = min(_ROWS, size - start)
            self.run(_many(into, row, rows), values[start * width : (start + rows) * width])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; synced to the disk when it is left. Raises LocalFault."""
        with told(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with told(self.path):
                self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self.on_rollback()
            raise

    @contextmanager
    def moment(self) -> Iterator[None]:
        """All that is read inside is of one moment, whoever writes meanwhile. Raises LocalFault."""
        self.run("BEGIN")
        try:
            yield
        finally:
            self.run("ROLLBACK")

    def prove(self) -> None:
        """Every page and every index of it. Raises LocalFault for damage."""
        said = self.rows("PRAGMA integrity_check(1)")
        if said != [("ok",)]:
            raise damaged(self.path, str(said[0][0] if said else "the check says nothing"))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@lru_cache(maxsize=64)
def _many(into: str, row: str, rows: int) -> str:
    return f"{into} VALUES {', '.join([row] * rows)}"


def open_to_write(folder: Path, wall: Callable[[], float] = time.time) -> Database:
    """The database of this folder, made where there is none, upgraded where older. Raises LocalFault, Locked."""
    path = folder / FILE
    with told(path):
        if not path.exists():
            _make(path)
        connection = _connect(f"{path.absolute().as_uri()}?mode=rw")
        try:
            _check(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
            if version_of(connection) < VERSION:
                upgrade(connection, path, wall())
        except BaseException:
            connection.close()
            raise
    return Database(connection, path)


def open_to_read(folder: Path) -> Database:
    """The database of this folder, which cannot be changed through it; an empty one where there is none.

    Works beside a run in another process, and in a folder that we may not write to. Raises LocalFault.
    """
    path = folder / FILE
    if not path.exists():
        return empty(path)
    with told(path):
        connection = _reading(path)
        try:
            _version(connection, path)
            if version_of(connection) < VERSION:
                connection = upgraded_copy(connection)
            connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
    return Database(connection, path)


def empty(path: Path) -> Database:
    """A database in memory with nothing in it, that stands for one that does not exist yet."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _fill(connection)
    connection.execute("PRAGMA query_only = ON")
    return Database(connection, path)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Faults of the disk and of SQLite as LocalFault, a writer that does not let go as Locked, naming the file."""
    try:
        yield
    except MigratorError:
        raise
    except sqlite3.DatabaseError as error:
        raise _fault(path, error) from error
    except OSError as error:
        raise LocalFault(f"the state {path}: {error.strerror}", hint=_SPACE) from error


_SPACE = "free space or mend the rights, then go on with `migrator resume`"
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def _fault(path: Path, error: sqlite3.DatabaseError) -> MigratorError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return damaged(path, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Locked(f"the state {path} is being written by another process", hint="wait for it and try again")
    return LocalFault(f"the state {path}: {error}", hint=_SPACE)


def damaged(path: Path, why: str) -> LocalFault:
    """The error of a file that is no whole database, with the commands that lead out of it."""
    folder, aside = (
        shlex.quote(str(place)) for place in (path.parent, path.parent.with_name(f"{path.parent.name}.damaged"))
    )
    return LocalFault(
        f"the state {path} is damaged: {why}",
        detail="It was not changed. Nothing was sent.",
        hint=f"put back a copy of the folder; without one: mv {folder} {aside} && migrator ids rebuild PLAYBOOK "
        "(or: migrator ids import FILE, if you have an export)",
    )


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _reading(path: Path) -> sqlite3.Connection:
    """`mode=ro`; `immutable` only where there is no log beside the file and none could be made."""
    uri = path.absolute().as_uri()
    connection = _connect(f"{uri}?mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.OperationalError as error:
        connection.close()
        log = path.with_name(f"{FILE}-wal")
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or (
            log.exists() and log.stat().st_size
        ):
            raise
        connection = _connect(f"{uri}?mode=ro&immutable=1")
    return connection


def _make(path: Path) -> None:
    """A new database under a temporary name, whole before it gets its own: a file of 0 bytes is always damage."""
    temporary = path.with_name(f".{FILE}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(temporary, isolation_level=None)
    try:
        _fill(connection)
    finally:
        connection.close()
    try:
        path.hardlink_to(temporary)  # unlike a rename it never takes the place of what another process just made
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            temporary.replace(path)
    temporary.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection) -> None:
    rows = (("version", str(VERSION)), ("id", secrets.token_hex(16)), ("fence", "0"))
    connection.executescript(f"PRAGMA synchronous = {SYNCHRONOUS}; BEGIN; {TABLES} {TURNS} {LEASES}")
    connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    _version(connection, path)
    said = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if said != ("ok",):
        raise damaged(path, str(said[0] if said else "the check says nothing"))


def _version(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size == 0:
        raise damaged(path, "it is empty")
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise damaged(path, "it is no state of this program") from error
        raise
    if row is None:
        raise damaged(path, "it does not tell its version")
    if int(row[0]) > VERSION:
        raise LocalFault(
            f"the state {path} has version {row[0]}, this program knows version {VERSION}",
            hint="use the newer program that made it",
        )
