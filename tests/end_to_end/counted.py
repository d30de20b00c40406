"""Run inside a process of its own: the program, with what it did counted. Prints one line of JSON to stderr.

Counted are commits (what SQLite was asked to commit; those of the pace budget, which wait for no disk, apart, as
shared), the most blocks of memory that objects had at any look (a thread looks every few milliseconds), and the
largest resident set in MB.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any


def main(words: list[str]) -> int:
    """The program's own exit code."""
    commits: Counter[str] = Counter()
    plain = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        made = plain(*args, **kwargs)
        which = "shared" if "budget.db" in str(args[0]) else "commits"
        made.set_trace_callback(lambda text: commits.update([which]) if text == "COMMIT" else None)
        return made

    sqlite3.connect = connect  # type: ignore[assignment]  # only in this process
    most = [sys.getallocatedblocks()]
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(most, over), daemon=True)
    watch.start()
    from migrator.cli.main import main as program

    sys.argv = ["migrator", *words]
    try:
        code = program()
    except SystemExit as end:
        code = end.code
    over.set()
    watch.join()
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    told = {
        "commits": commits["commits"],
        "shared": commits["shared"],
        "blocks": most[0],
        "peak": int(peak[1]) / 1024 if peak else 0,
    }
    print(json.dumps(told), file=sys.stderr)
    return int(code or 0)


def _watch(most: list[int], over: threading.Event) -> None:
    while not over.wait(0.005):
        most[0] = max(most[0], sys.getallocatedblocks())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
