"""Runs a process and says what it cost; runs the stand-in server beside it.

CPU is user and system time of the process and of the children it waited for, by `wait4`. The peak is the largest
resident set, by `wait4` too; there the kernel counts what the forking parent held, so for processes smaller than we
are it is the high-water mark that /proc told last, read fifty times a second.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CORES = sorted(os.sched_getaffinity(0))
PROGRAM = [sys.executable, "-m", "migrator"]
SHOWN = 3000
"""Characters of the output that a failure shows."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process, or several one after another, took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds."""
    peak: float
    """MB of the largest resident set."""
    code: int = 0
    """Exit status; of several the first that is not 0."""
    out: str = ""
    """The end of what was printed."""

    def __add__(self, other: Cost) -> Cost:
        peak, code = max(self.peak, other.peak), self.code or other.code
        return Cost(self.wall + other.wall, self.cpu + other.cpu, peak, code, self.out + other.out)


def run(words: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Run to the end on the last core, with the checkout importable."""
    log = folder / "out.txt"
    whole = {**os.environ, "PYTHONPATH": str(HERE.parent), **(env or {})}
    with log.open("wb") as out:
        start = time.perf_counter()
        child = subprocess.Popen(
            words, cwd=folder, env=whole, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            preexec_fn=_to_last_core,
        )  # fmt: skip
        mark = HighWater(child.pid)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = max(used.ru_maxrss if used.ru_maxrss > ours else 0, mark.end()) / 1024
    text = log.read_text("utf-8", "replace")[-SHOWN:]
    return Cost(wall, used.ru_utime + used.ru_stime, peak, child.returncode, text)


class HighWater(threading.Thread):
    """Reads a process's largest resident set while it runs."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._done = threading.Event()
        self._largest = 0
        self.start()

    def run(self) -> None:
        """Until the process is gone, or `end`."""
        while not self._done.wait(0.02):
            try:
                told = re.search(r"VmHWM:\s+(\d+)", self._status.read_text("ascii"))
            except OSError:
                return
            self._largest = max(self._largest, int(told[1]) if told else 0)

    def end(self) -> int:
        """In kB."""
        self._done.set()
        self.join()
        return self._largest


def _to_last_core() -> None:
    os.sched_setaffinity(0, {CORES[-1]})


class Stand:
    """A stand-in server in a process of its own, on the first core; a context manager."""

    def __init__(self, script: str, *options: str) -> None:
        words = [sys.executable, str(HERE / script), "--core", str(CORES[0]), *options]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{script} did not start")
        told = json.loads(line)
        self.url, self.token = told["url"], told["token"]
        self.env = {"BENCH_URL": self.url, "BENCH_TOKEN": self.token}
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def control(self, what: str, **asked: Any) -> dict[str, Any]:
        """`setup`, `change` or `figures`."""
        body = json.dumps(asked).encode() if what != "figures" else None
        with self._open(f"{self.url}/control/{what}", body, timeout=600) as answer:
            return dict(json.loads(answer.read()))

    def __enter__(self) -> Stand:
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
