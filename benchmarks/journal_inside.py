"""Runs the program in this process and writes what the calls of its state, and of its telling, cost: see journal.py.

    python benchmarks/journal_inside.py OUT.json apply a.plan

Every public method of the state's parts, of the run's log and of the view is wrapped. The thread's CPU time is taken
around the outermost call, and around each step of one that yields, so nothing counts twice and no waiting counts.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from migrator.cli.main import main
from migrator.executor.runlog import RunLog
from migrator.state.idmap import IdRows
from migrator.state.journal import Journal
from migrator.state.lease import Lease
from migrator.state.runs import Runs
from migrator.state.turns import Turns
from migrator.views.text import TextView

PARTS = (Journal, Turns, IdRows, Runs, Lease)
TELLING = (RunLog, TextView)
MORE = frozenset({"__enter__", "__exit__"})
INSIDE_ANOTHER = frozenset({"transaction"})
"""A context manager whose body is somebody else's; the calls that enter it are counted whole."""


class Clock:
    """CPU seconds and calls by name."""

    def __init__(self) -> None:
        self.calls: dict[str, list[float]] = {}
        self._thread = threading.local()
        self._lock = threading.Lock()

    def run(self, name: str, call: Callable[[], Any]) -> Any:
        """Count the call, if no other that is counted goes on in this thread."""
        if getattr(self._thread, "inside", False):
            return call()
        self._thread.inside = True
        start = time.thread_time()
        try:
            return call()
        finally:
            took = time.thread_time() - start
            self._thread.inside = False
            with self._lock:
                entry = self.calls.setdefault(name, [0.0, 0])
                entry[0] += took
                entry[1] += 1

    def steps(self, name: str, rows: Iterator[Any]) -> Iterator[Any]:
        """Count each step of a generator."""
        end = object()
        while (row := self.run(name, lambda: next(rows, end))) is not end:
            yield row


def wrap(part: type, clock: Clock) -> None:
    """Put the clock around each public method of a class."""
    for name, method in list(vars(part).items()):
        if not inspect.isfunction(method) or name in INSIDE_ANOTHER or (name[0] == "_" and name not in MORE):
            continue
        setattr(part, name, _timed(f"{part.__name__}.{name}", method, clock))


def _timed(name: str, method: Callable[..., Any], clock: Clock) -> Callable[..., Any]:
    @functools.wraps(method)
    def timed(*words: Any, **named: Any) -> Any:
        if inspect.isgeneratorfunction(method):
            return clock.steps(name, method(*words, **named))
        return clock.run(name, lambda: method(*words, **named))

    return timed


if __name__ == "__main__":
    out, sys.argv[1:] = Path(sys.argv[1]), sys.argv[2:]
    kept = Clock()
    told = Clock()
    for each in PARTS:
        wrap(each, kept)
    for each in TELLING:
        wrap(each, told)
    try:
        main()
    finally:
        shares = {"journal": kept, "telling": told}
        whole = {name: sum(seconds for seconds, _ in clock.calls.values()) for name, clock in shares.items()}
        out.write_text(json.dumps({**whole, "calls": kept.calls | told.calls}), "utf-8")
