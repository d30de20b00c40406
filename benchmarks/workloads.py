"""The workloads: what the stand-in holds before, and what is asked of the program."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Workload:
    """One line of `run.py --help`."""

    about: str
    records: int = 100_000
    latency: float = 0.0
    """Milliseconds a request."""
    target: str = "empty"
    """`empty`, `equal`, or `changed`: equal but for 1 %."""
    floor: str = "sequential"
    plan_only: bool = False
    primed: bool = False
    """The program fills the target first, unmeasured: its id map knows every record."""
    sizes: tuple[float, ...] = (1.0,)
    """Shares of `records` that are run one after another; the figures of each are divided by the one's before."""
    goals: dict[str, dict[str, float]] = field(default_factory=dict)
    """Lane -> figure -> at most so many times the floor's."""

    @property
    def floor_work(self) -> str:
        """What the floor does."""
        return "copy" if self.target == "empty" else "compare" if self.plan_only else "align"


WORKLOADS = {
    "copy": Workload(
        "into an empty app, no latency: CPU and memory",
        goals={"both": {"cpu": 1.6}, "apply": {"cpu": 0.7}},
    ),
    "copy-latency": Workload(
        "the same at 50 ms a request: wall",
        latency=50,
        floor="threads16",
        goals={"both": {"wall": 0.9}, "apply": {"wall": 0.45}},
    ),
    "unchanged": Workload(
        "both sides equal: reads all, writes nothing",
        target="equal",
        goals={"both": {"cpu": 1.4}},
    ),
    "few-changed": Workload("1 % of the target differs", target="changed", goals={"both": {"cpu": 1.4}}),
    "million-plan": Workload(
        "a plan of a million records, 1 % differs, and of a tenth: memory stays flat",
        records=1_000_000, target="changed", plan_only=True, sizes=(0.1, 1.0),
    ),
    "million-again": Workload(
        "a re-run with every one of a million records in the id map, and of a tenth",
        records=1_000_000, target="equal", primed=True, sizes=(0.1, 1.0),
    ),
    "growth": Workload(
        "copy a hundredth, a tenth and all of a million: CPU grows no faster than the records",
        records=1_000_000, sizes=(0.01, 0.1, 1.0),
    ),
}  # fmt: skip
