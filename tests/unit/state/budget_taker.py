"""A process of its own that uses a shared budget: `calls FOLDER N` takes N places, `hold FOLDER N` enters N times.

It says "ready", waits for a line, does its work and says "done"; one that holds then waits to be ended.
"""

from __future__ import annotations

import sys
from pathlib import Path

from migrator.contract import Rate
from migrator.state.budget import Budgets, Limits
from migrator.transport.pace import SystemClock

LIMITS = Limits(rates=(Rate(kind="list", calls=5, seconds=0.1),), in_flight=3)


def main(what: str, folder: str, count: str) -> None:
    clock = SystemClock()
    with Budgets(Path(folder), clock) as budgets:
        budget = budgets.of("acme", LIMITS)
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(int(count)):
            while (wait := budget.take("list") if what == "calls" else budget.enter()) is not None:
                clock.wait(wait.seconds)
        print("done", flush=True)
        if what == "hold":
            sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
