"""How much of an apply's CPU goes into the journal (intents, outcomes, the id map, each durable), and into telling.

    python benchmarks/journal.py [--records 100000] [--repeat 3] [--shape wide] [--json FILE]

A copy into an empty app, as `run.py copy`. The apply runs inside journal_inside.py, which takes the thread's CPU time
around every call of the state's parts, of the run's log and of the view (progress, events, report); nothing in the
program knows of it. Printed is that time as a share of the CPU of the whole process (by `wait4`), and of the floor's
CPU for the same copy. The exit status is 0 only if the target is right.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from benchmarks.measure import HERE, PROGRAM, Stand, run
from benchmarks.records import SHAPES, playbook

GOALS = {("journal", "apply"): 20, ("journal", "floor"): 8, ("telling", "apply"): 3}
"""Percent at most: what of what."""


def rounds(stand: Stand, wanted: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """CPU seconds of the apply, the journal in it, and the floor; calls by name."""
    for _ in range(wanted.repeat):
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            folder = Path(name)
            (folder / "copy.yaml").write_text(playbook(SHAPES[wanted.shape]), "utf-8")
            stand.control("setup", target="empty")
            _must(stand, folder, [*PROGRAM, "plan", "copy.yaml", "-o", "a.plan"])
            inside = [sys.executable, str(HERE / "journal_inside.py"), "inside.json", "apply", "a.plan"]
            apply = _must(stand, folder, inside)
            if not stand.control("figures")["verdict"]["right"]:
                raise SystemExit("the target is not right")
            told = json.loads((folder / "inside.json").read_text("utf-8"))
            stand.control("setup", target="empty")
            words = [sys.executable, str(HERE / "floors.py"), "sequential", "copy", stand.url, stand.token]
            yield {"apply": apply, "floor": _must(stand, folder, words), **told}


def _must(stand: Stand, folder: Path, words: list[str]) -> float:
    cost = run(words, folder, stand.env)
    if cost.code:
        raise SystemExit(f"{' '.join(words)[-60:]}: exit {cost.code}\n{cost.out}")
    return cost.cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--shape", choices=SHAPES, default="default")
    parser.add_argument("--json", type=Path, metavar="FILE")
    wanted = parser.parse_args()
    with Stand("kintone_server.py", "--records", str(wanted.records), "--shape", wanted.shape) as stand:
        found = list(rounds(stand, wanted))
    for one in found:
        each = one["journal"] / wanted.records * 1e6
        print(
            f"apply {one['apply']:6.2f} s CPU  journal {one['journal']:6.3f} s ({each:.1f} us a record)"
            f"  floor {one['floor']:6.2f} s"
        )
    for name, (seconds, times) in sorted(found[-1]["calls"].items(), key=lambda item: -item[1][0])[:8]:
        print(f"    {name:28} {seconds:7.3f} s in {times} calls")
    for (part, whole), goal in GOALS.items():
        share = statistics.median(one[part] / one[whole] for one in found) * 100
        print(f"{part} / {whole}: {share:.1f} % of the CPU (goal {goal} %)")
    if wanted.json:
        wanted.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
