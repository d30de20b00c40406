"""Places where a test can end the process: nothing happens unless MIGRATOR_FAILPOINT names one."""

from __future__ import annotations

import os
import signal

_WANTED, _, _NTH = os.environ.get("MIGRATOR_FAILPOINT", "").partition(":")
_passed = 0


def failpoint(name: str) -> None:
    """End the process with SIGKILL when MIGRATOR_FAILPOINT is `name`, or `name:N` at the N-th passing."""
    global _passed
    if name != _WANTED:
        return
    _passed += 1
    if _passed >= int(_NTH or 1):
        os.kill(os.getpid(), signal.SIGKILL)
