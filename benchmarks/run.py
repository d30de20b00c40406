"""Runs a workload by the program and by its floor, alternately, and prints what each cost and the ratios.

    python benchmarks/run.py copy
    python benchmarks/run.py copy-latency --records 20000 --repeat 1
    python benchmarks/run.py unchanged --prime   # the program itself fills the target first, unmeasured
    python benchmarks/run.py million-plan --repeat 1 --json figures.json

The program plans and applies as two processes, with journal and plan file, on a fresh folder each round. The stand-in
(kintone_server.py) has the first core, whoever is measured the last. The exit status is 0 only if every process ended
with 0 and the stand-in found the target right, with no record missing, extra, or written without need. What is right
is decided there, what is fast by the reader: look at ratios, seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from benchmarks.figures import Row, growth, keep, ratios
from benchmarks.measure import HERE, PROGRAM, Cost, Stand, run
from benchmarks.records import SHAPES, playbook
from benchmarks.workloads import WORKLOADS, Workload


class Bench:
    """One workload with the options of a command line."""

    def __init__(self, work: Workload, wanted: argparse.Namespace) -> None:
        self._work = work
        self.wanted = wanted
        self._primed = wanted.prime or work.primed
        self._latency = work.latency if wanted.latency is None else wanted.latency

    def rounds(self) -> Iterator[list[Row]]:
        """All lanes of each round."""
        records = self.wanted.records or self._work.records
        for size in self._work.sizes:
            count = max(1, round(records * size))
            with Stand("kintone_server.py", "--records", str(count), "--shape", self.wanted.shape) as stand:
                for _ in range(self.wanted.repeat):
                    yield [*self._program(stand, count), *self.floors(stand, count)]

    def _program(self, stand: Stand, count: int) -> Iterator[Row]:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            folder = Path(name)
            settings = f", in_flight: {self.wanted.in_flight}" if self.wanted.in_flight else ""
            (folder / "copy.yaml").write_text(playbook(SHAPES[self.wanted.shape], settings), "utf-8")
            if self._primed:
                self._prime(stand, folder)
            else:
                self.set_up(stand, self._work.target)
            plan = self.lane(
                "plan", run([*PROGRAM, "plan", "copy.yaml", "-o", "a.plan"], folder, stand.env), stand, count
            )
            yield plan
            if not self._work.plan_only:
                yield from self._applied(stand, folder, plan)

    def _applied(self, stand: Stand, folder: Path, plan: Row) -> Iterator[Row]:
        cost = run([*PROGRAM, "apply", "a.plan"], folder, stand.env)
        both = self.lane("both", plan.cost + cost, stand, plan.records)
        requests = both.requests - plan.requests
        yield Row(
            "apply",
            plan.records,
            cost,
            requests,
            both.writes,
            both.refused - plan.refused,
            both.in_flight,
            both.right,
            "",
        )
        yield both

    def _prime(self, stand: Stand, folder: Path) -> None:
        """The target as the program itself leaves it, and then as the workload wants it."""
        stand.control("setup", target="empty")
        for words in (["plan", "copy.yaml", "-o", "first.plan"], ["apply", "first.plan"]):
            cost = run([*PROGRAM, *words], folder, stand.env)
            if cost.code:
                raise SystemExit(f"filling the target: {words[0]} ended with {cost.code}\n{cost.out}")
        if not stand.control("figures")["verdict"]["right"]:
            raise SystemExit("filling the target: it is not right")
        stand.control("change" if self._work.target == "changed" else "settle")
        self.set_up(stand, None)

    def set_up(self, stand: Stand, target: str | None) -> None:
        """The stand-in as the workload wants it; None: the target as it stands."""
        stand.control("setup", target=target, latency_ms=self._latency, most_in_flight=self.wanted.most)

    def floors(self, stand: Stand, count: int) -> Iterator[Row]:
        """A row each."""
        for floor in self.wanted.floor or [self._work.floor]:
            if floor == "none":
                continue
            self.set_up(stand, self._work.target)
            words = [sys.executable, str(HERE / "floors.py"), floor, self._work.floor_work, stand.url, stand.token]
            with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
                yield self.lane(floor, run(words, Path(folder)), stand, count)

    def lane(self, name: str, cost: Cost, stand: Stand, count: int) -> Row:
        """What the stand-in saw, and whether it is right."""
        told = stand.control("figures")
        verdict = told["verdict"]
        done = name != "plan" and not self._work.plan_only
        right = verdict["right"] and verdict["exact"] if done else told["written"] == 0
        why = [] if cost.code == 0 else [f"exit {cost.code}: {cost.out.strip()}"]
        if not right:
            why.append(f"written {told['written']}, needed {told['needed'] if done else 0}, {verdict}")
        figures = {key: told[key] for key in ("requests", "writes", "refused", "in_flight")}
        return Row(name, count, cost, **figures, right=right and not cost.code, why="; ".join(why)[:3000])


def options() -> argparse.Namespace:
    """The command line."""
    about = "\n".join(f"  {name:14} {work.records:>9,} records: {work.about}" for name, work in WORKLOADS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\nworkloads:\n{about}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=WORKLOADS, metavar="WORKLOAD")
    parser.add_argument("--records", type=int, help="so many records instead")
    parser.add_argument("--repeat", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--shape", choices=SHAPES, default="default", help="how records look")
    parser.add_argument("--prime", action="store_true", help="the program fills the target first, unmeasured")
    parser.add_argument("--latency", type=float, help="milliseconds a request")
    parser.add_argument("--most", type=int, default=0, help="requests at a time that the server allows: 429 beyond")
    parser.add_argument("--in-flight", type=int, help="`in_flight` of both systems (default: the connector's own)")
    parser.add_argument(
        "--floor", action="append", help="sequential, threads8, threads16, … or none; may be repeated"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures of all rounds")
    return parser.parse_args()


def main() -> int:
    """Run, print, say whether all was right."""
    wanted = options()
    work = WORKLOADS[wanted.workload]
    if wanted.prime and work.target == "empty":
        raise SystemExit("--prime is for workloads whose target is full: unchanged, few-changed, million-plan")
    print(
        f"{wanted.workload}: {work.about}; shape {wanted.shape}{', primed' if wanted.prime or work.primed else ''}",
        flush=True,
    )
    rounds = []
    for rows in Bench(work, wanted).rounds():
        rounds.append(rows)
        print("\n".join(row.line() for row in rows), flush=True)
    told: list[str] = []
    for floor in wanted.floor or [work.floor]:
        told += ratios(rounds, floor, work.goals if floor == work.floor else {})
    if len(work.sizes) > 1:
        told += growth(rounds)
    print("\n".join(told))
    if wanted.json:
        keep(wanted.json, wanted.workload, rounds, told)
    return 0 if all(row.right for rows in rounds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
