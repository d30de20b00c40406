"""Stand-ins that go on serving when the command has told how to reach them: for a shell's eval."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.cli.invocation import Invocation
    from migrator.rehearsal.stands import Stand


def served_in_background(invocation: Invocation, making: AbstractContextManager[dict[str, Stand]]) -> int:
    """Serve in a process of its own until SIGTERM; print `export` lines, EMULATOR_PID among them, when it is ready.

    A shell's `$(…)` waits for the end of the output and of the command: so the one that serves is another process,
    and lets go of the terminal's streams. What goes wrong before is told there as ever; the exit code is the same.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as told:
            text = told.read()
        if not text:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        invocation.out.write(text)
        return 0
    os.setsid()
    os.close(reading)
    with making as served:
        variables = {name: value for stand in served.values() for name, value in stand.env.items()}
        variables["EMULATOR_PID"] = str(os.getpid())
        os.write(writing, "".join(_export(name, value) for name, value in variables.items()).encode())
        os.close(writing)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        while invocation.signals.stop() is None:
            invocation.clock.wait(3600)
    return 0


def _export(name: str, value: str) -> str:
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'\n"
