"""What a lane of a round cost, how it is printed, and the ratios between lanes."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost

Rounds = list[list["Row"]]

FIGURES = ("wall", "cpu", "peak", "requests")


@dataclass(frozen=True, slots=True)
class Row:
    """One lane of one round."""

    lane: str
    """`plan`, `apply`, `both`, or the floor's name."""
    records: int
    cost: Cost
    requests: int
    writes: int
    refused: int
    """Answered with 429."""
    in_flight: int
    right: bool
    why: str
    """What is wrong."""

    def figure(self, name: str) -> float:
        """One of FIGURES."""
        return float(self.requests if name == "requests" else getattr(self.cost, name))

    def line(self) -> str:
        """As it is printed."""
        each = self.cost.cpu / self.records * 1e6
        words = f"{self.lane:13} {self.records:>8} {'right' if self.right else 'WRONG'}"
        used = f"wall {self.cost.wall:7.2f} s  cpu {self.cost.cpu:7.2f} s ({each:6.1f} us a record)"
        sent = (
            f"requests {self.requests:5} (writes {self.writes}, refused {self.refused})  in flight {self.in_flight}"
        )
        return f"{words}  {used}  peak {self.cost.peak:6.1f} MB  {sent}  {self.why}".rstrip()


def ratios(rounds: Rounds, other: str, goals: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Medians of what each lane of the program cost at the largest size, divided by the other's of the same round."""
    most = max(row.records for rows in rounds for row in rows)
    rounds = [rows for rows in rounds if rows[0].records == most]
    for lane in _LANES:
        pairs = [(_in(rows, lane), _in(rows, other)) for rows in rounds]
        whole = [(mine, theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
        if whole:
            shown = [figure for figure in FIGURES if any(theirs.figure(figure) for _, theirs in whole)]
            times = (_times(whole, figure, goals.get(lane, {})) for figure in shown)
            yield f"{_LANES[lane]} / {other}: " + "  ".join(times)


def _in(rows: list[Row], lane: str) -> Row | None:
    return next((row for row in rows if row.lane == lane), None)


def _times(pairs: list[tuple[Row, Row]], figure: str, asked: Mapping[str, float]) -> str:
    middle = statistics.median(mine.figure(figure) / max(other.figure(figure), 1e-9) for mine, other in pairs)
    return f"{figure} x{middle:.2f}" + (f" (goal {asked[figure]})" if figure in asked else "")


_LANES = {"plan": "plan alone", "apply": "apply alone", "both": "plan and apply"}


def growth(rounds: Rounds) -> Iterator[str]:
    """Of each lane the medians of a size, divided by those of the next smaller one."""
    sizes = sorted({row.records for rows in rounds for row in rows})
    for lane in dict.fromkeys(row.lane for row in rounds[0]):
        for small, large in pairwise(sizes):
            cpu, peak = (
                _median(rounds, lane, large, figure) / _median(rounds, lane, small, figure)
                for figure in ("cpu", "peak")
            )
            each = cpu * small / large
            yield f"{lane}: {large} records against {small}: cpu x{cpu:.2f} (a record x{each:.2f})  peak x{peak:.2f}"


def _median(rounds: Rounds, lane: str, records: int, figure: str) -> float:
    chosen = [row for rows in rounds for row in rows if (row.lane, row.records) == (lane, records)]
    return statistics.median(row.figure(figure) for row in chosen)


def keep(file: Path, name: str, rounds: Rounds, told: list[str]) -> None:
    """All figures of all rounds as JSON."""
    written: dict[str, Any] = {"workload": name, "rounds": [[asdict(row) for row in rows] for rows in rounds]}
    file.write_text(json.dumps({**written, "told": told}, indent=1), "utf-8")
