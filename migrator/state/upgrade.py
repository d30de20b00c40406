"""Brings the tables of an older state to today's form: one transaction, a backup beside it first.

`kill -9` anywhere leaves the old form or the new one. The backup is the whole database as it was; it has its own name
only when it is whole and synced. To read, an older state is copied and the copy is brought on: nothing changes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from migrator.errors import Locked
from migrator.failpoint import failpoint
from migrator.planfile import sync_folder
from migrator.state.process import Life, Process, life
from migrator.state.tables import LEASES, TURNS, VERSION


def upgrade(connection: sqlite3.Connection, path: Path, wall: float) -> None:
    """The database of this path in today's form; `state.db.backup-vN` beside it is what it was.

    Raises Locked while a run of the older program goes on, OSError and sqlite3's errors for the disk: nothing has
    changed then.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        number = version_of(connection)
        if number < VERSION:
            _refuse_running(connection, path, wall)
            failpoint("upgrade_begun")
            _back_up(path, path.with_name(f"{path.name}.backup-v{number}"))
            failpoint("upgrade_backed_up")
            _bring_on(connection, number)
            failpoint("upgrade_brought_on")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    failpoint("upgrade_committed")


def upgraded_copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy in today's form, in a temporary file that is gone when it is closed; the other is closed."""
    copy = sqlite3.connect("", isolation_level=None)
    try:
        connection.backup(copy)
        copy.execute("BEGIN")
        _bring_on(copy, version_of(copy))
        copy.execute("COMMIT")
    except BaseException:
        copy.close()
        raise
    connection.close()
    return copy


def version_of(connection: sqlite3.Connection) -> int:
    """The number in `meta`."""
    return int(connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()[0])


def _bring_on(connection: sqlite3.Connection, number: int) -> None:
    for step in range(number, VERSION):
        _STEPS[step](connection)
        failpoint("upgrade_step")
    connection.execute("UPDATE meta SET value = ? WHERE name = 'version'", (str(VERSION),))


def _from_1(connection: sqlite3.Connection) -> None:
    """Leases tell their run and where their process number counts. Nobody holds one while this is done."""
    connection.execute(TURNS)
    connection.execute("DROP TABLE leases")
    connection.execute(LEASES)


_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _from_1}
"""Version -> what makes the next one of it, inside a transaction."""


def _refuse_running(connection: sqlite3.Connection, path: Path, wall: float) -> None:
    """A process of the older program that holds the state would go on writing in its own form."""
    if version_of(connection) > 1:
        return
    for owner, host, pid, beat in connection.execute("SELECT owner, host, pid, beat FROM leases"):
        name, _, began = owner.partition("/")
        holder = Process(user=name, host=host, pid=pid, began=began, space="")
        if life(holder, beat, wall) not in (Life.GONE, Life.SILENT):
            raise Locked(
                f"a run of an older migrator holds the state: {name} on {host}, process {pid}",
                detail=f"Its last sign of life was at {beat}. It must end before {path} is upgraded.",
                hint="wait for it to end",
            )


def _back_up(path: Path, backup: Path) -> None:
    """Everything that is committed, as one file; an older try's is replaced: it is of the same version."""
    temporary = backup.with_name(f".{backup.name}.{os.getpid()}.tmp")
    for left in backup.parent.glob(f".{backup.name}.*.tmp"):  # of a process that was killed: we alone are here
        left.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            reader.execute("VACUUM INTO ?", (f"{temporary.absolute().as_uri()}",))
        finally:
            reader.close()
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        failpoint("upgrade_backup_written")
        temporary.replace(backup)
        sync_folder(backup.parent)
    finally:
        temporary.unlink(missing_ok=True)
