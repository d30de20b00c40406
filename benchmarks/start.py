"""How long `--help` and `--version` take against `python -I -c "import click"`, and what they import.

    python benchmarks/start.py [--repeat 15] [--json FILE]

Three processes take turns; printed are medians of wall and CPU, and their ratios. The exit status is 0 only if
neither option imports a package that is for work alone.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from benchmarks.measure import HERE, PROGRAM, Cost, run

LANES = {
    "import click": [sys.executable, "-I", "-c", "import click"],
    "--help": [*PROGRAM, "--help"],
    "--version": [*PROGRAM, "--version"],
}
GOAL = 1.6
"""Times the wall of importing click."""
FOR_WORK = frozenset({"requests", "jinja2", "jsonschema", "yaml"})
_IMPORTED = re.compile(r"^import time:[^|]*\|[^|]*\| +(\S+)$", re.MULTILINE)


def imported(words: list[str]) -> set[str]:
    """Packages that a command of Python imports."""
    asked = [words[0], "-X", "importtime", *words[1:]]
    done = subprocess.run(asked, cwd=HERE.parent, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in _IMPORTED.findall(done.stderr)}


def main() -> int:
    """Measure, print, judge the imports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--json", type=Path, metavar="FILE")
    wanted = parser.parse_args()
    costs: dict[str, list[Cost]] = {lane: [] for lane in LANES}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for at in range(wanted.repeat + 1):
            for lane, words in LANES.items():
                cost = run(words, Path(folder))
                if cost.code:
                    raise SystemExit(f"{lane}: exit {cost.code}\n{cost.out}")
                if at:  # the first round compiles and warms the disk's cache
                    costs[lane].append(cost)
    figures = {lane: _medians(each) for lane, each in costs.items()}
    floor = figures["import click"]
    for lane, (wall, cpu) in figures.items():
        times = f"wall x{wall / floor[0]:.2f} (goal {GOAL})  cpu x{cpu / floor[1]:.2f}"
        print(f"{lane:13} wall {wall * 1000:6.1f} ms  cpu {cpu * 1000:6.1f} ms  {times}")
    strays = {lane: sorted(imported(LANES[lane]) & FOR_WORK) for lane in ("--help", "--version")}
    print("imported though they are for work alone:", strays)
    if wanted.json:
        wanted.json.write_text(json.dumps({"medians": figures, "strays": strays}, indent=1), "utf-8")
    return 1 if any(strays.values()) else 0


def _medians(costs: list[Cost]) -> tuple[float, float]:
    return statistics.median(cost.wall for cost in costs), statistics.median(cost.cpu for cost in costs)


if __name__ == "__main__":
    sys.exit(main())
