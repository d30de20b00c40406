"""Which process this is, and whether another one that is named in a lease is surely gone."""

from __future__ import annotations

import getpass
import os
import socket
import time
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path

from migrator.model.lean import dataclass

STALE_SECONDS = 600.0
"""A holder that we cannot look at counts as silent when its last sign of life is older, by the wall clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process on one machine."""

    user: str
    """Login name."""
    host: str
    """Host name."""
    pid: int
    """Its number, which is given again one day."""
    began: str
    """When it began, in the kernel's own ticks; empty where that is not told."""
    space: str
    """Where its number counts: the machine's start and the container, `boot/namespace`; empty where not told."""


class Life(Enum):
    """What can be known of a holder."""

    HERE = "here"
    """It lives on this machine."""
    GONE = "gone"
    """It is surely gone."""
    AWAY = "away"
    """On another machine or in another container; it gave a sign of life not long ago."""
    SILENT = "silent"
    """The same, and it has been silent for long, as far as the clocks of two machines can be compared."""


def myself() -> Process:
    """This process."""
    pid = os.getpid()
    return Process(user=user(), host=socket.gethostname(), pid=pid, began=_began(pid), space=_space())


def life(holder: Process, beat: str, wall: float) -> Life:
    """What is known of a holder whose last sign of life was at `beat` (ISO 8601); `wall`: epoch seconds now."""
    said = datetime.fromisoformat(beat).timestamp()
    if holder.host == socket.gethostname():
        if holder.space in ("", _space()):
            return Life.GONE if _ended(holder) else Life.HERE
        if _boot(holder.space) != _boot(_space()) and said < wall - awake():
            return Life.GONE  # this machine has started since
    return Life.SILENT if wall - said > STALE_SECONDS else Life.AWAY


def halted(holder: Process) -> bool:
    """Stopped by a signal, here: it lives and does nothing. Linux: field 3 of /proc/PID/stat."""
    if holder.host != socket.gethostname() or holder.space != _space():
        return False
    try:
        return Path(f"/proc/{holder.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (OSError, IndexError):
        return False


def awake() -> float:
    """Seconds since the machine started, those of its sleep included: CLOCK_MONOTONIC stands still meanwhile."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.time() if clock is None else time.clock_gettime(clock)


def user() -> str:
    """The login name, or the number where the system knows no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid()) if hasattr(os, "getuid") else "?"


def _ended(holder: Process) -> bool:
    """Its number is free here, or belongs to a younger process."""
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return holder.began != _began(holder.pid)


def _began(pid: int) -> str:
    """Linux: field 22 of /proc/PID/stat."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@cache
def _space() -> str:
    """Linux: the id of this start of the kernel, and the namespace in which process numbers count."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _boot(space: str) -> str:
    return space.partition("/")[0]
