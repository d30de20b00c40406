"""Who may write: one holder for the whole state, named in a row for each target collection it wants.

A holder whose process is gone on this host is taken over with a higher fence; the journal refuses writes under an
older one. The row of another host is never taken over unseen: the message names it.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.errors import Locked, MigratorError
from migrator.state.database import Database

BEAT_SECONDS = 10.0
"""Time between two signs of life in the row."""


class Lease:
    """The right to write. A context manager; entering it again in the same State is nothing new."""

    def __init__(self, database: Database, now: Callable[[], str]) -> None:
        self._database = database
        self._now = now
        self._wanted: list[tuple[str, str]] = []
        self._depth = 0
        self._beaten = 0.0
        self.fence = 0
        """Our number while we hold it, else 0."""

    def on(self, collections: Iterable[tuple[str, str]]) -> Self:
        """The same lease, for these target identities and collections."""
        if not self._depth:
            self._wanted = sorted(set(collections))
        return self

    def __enter__(self) -> Self:
        if not self._depth:
            self._take()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if not self._depth:
            with suppress(MigratorError):  # a row that stays names a process that is gone soon: it is taken over
                with self._database.transaction():
                    self._database.run("DELETE FROM leases WHERE fence = ?", (self.fence,))
            self.fence = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, and only while we hold the lease. Raises Locked, LocalFault."""
        with self._database.transaction():
            self.check()
            yield

    def check(self) -> None:
        """We hold it still. Inside the transaction that writes. Raises Locked where somebody took it over."""
        rows = self._database.rows("SELECT MAX(fence) FROM leases")
        if not self.fence or not rows or rows[0][0] != self.fence:
            raise Locked(
                "another process took over this run; what we would write now is refused",
                hint="look at `migrator runs`; nothing more was sent",
            )

    def beat(self) -> None:
        """A sign of life, at most every ten seconds. Raises Locked where somebody took it over."""
        if self.fence and time.monotonic() - self._beaten >= BEAT_SECONDS:
            with self.transaction():
                self._database.run("UPDATE leases SET beat = ? WHERE fence = ?", (self._now(), self.fence))
            self._beaten = time.monotonic()

    def _take(self) -> None:
        with self._database.transaction():
            for row in self._database.rows("SELECT owner, host, pid, since, beat FROM leases"):
                if not _dead(*row[:3]):
                    raise _held(self._database.path, *row)
            fence = int(self._database.rows("SELECT value FROM meta WHERE name = 'fence'")[0][0]) + 1
            self._database.run("UPDATE meta SET value = ? WHERE name = 'fence'", (str(fence),))
            self._database.run("DELETE FROM leases")
            now, who = self._now(), (_owner(os.getpid()), socket.gethostname(), os.getpid())
            rows = [(*place, fence, *who, now, now) for place in self._wanted or [("", "")]]
            self._database.run_many("INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self.fence = fence
        self._beaten = time.monotonic()


def held(database: Database) -> bool:
    """A process that may be alive has taken a lease."""
    return not all(_dead(*row) for row in database.rows("SELECT owner, host, pid FROM leases"))


def _dead(owner: str, host: str, pid: int) -> bool:
    """The process is surely gone: it ran here, and its number is free or belongs to a younger process."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return owner.partition("/")[2] != _owner(pid).partition("/")[2]


def _owner(pid: int) -> str:
    """User, and when the process began (Linux: field 22 of /proc/PID/stat): two holders of a pid differ."""
    try:
        began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        began = ""
    return f"{user()}/{began}"


def user() -> str:
    """The login name, or the number where the system knows no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid()) if hasattr(os, "getuid") else "?"


def _held(path: Path, owner: str, host: str, pid: int, since: str, beat: str) -> Locked:
    return Locked(
        f"another run holds the state: {owner.partition('/')[0]} on {host}, process {pid}, since {since}",
        detail=f"Its last sign of life was at {beat}. State: {path}",
        hint="wait for it to end; a run whose process died on this machine is taken over by itself",
    )
