"""Which process this is, so that another can tell whether it is gone."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

from migrator.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of one boot of one machine."""

    host: str
    """Host name."""
    boot: str
    """Id of the boot, where the system tells it (Linux): numbers of processes begin anew with it."""
    pid: int
    """Number."""
    began: str
    """Ticks of the boot's clock when it began, where the system tells: numbers are given again."""


def this_process() -> Process:
    """Ourselves."""
    return Process(host=socket.gethostname(), boot=_boot(), pid=os.getpid(), began=_began(os.getpid()))


def elsewhere(process: Process) -> bool:
    """It is, or was, on another machine: nobody here can tell whether it lives."""
    return process.host != socket.gethostname()


def gone(process: Process) -> bool:
    """Surely gone: it was here, and its number is free or belongs to a younger process."""
    if elsewhere(process):
        return False
    if process.boot != _boot():
        return True
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it lives, and is somebody else's
        return False
    return _began(process.pid) != process.began


def _began(pid: int) -> str:
    """Field 22 of /proc/PID/stat; "" where there is no such file."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
