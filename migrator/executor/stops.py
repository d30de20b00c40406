"""When a run stops by itself: the first three batches of a step fail wholly alike, too many records fail, or nothing
that a server answers makes sense for too long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from migrator.contract import Clock
from migrator.contract.waiting import LONGER
from migrator.errors import Paused, RunStopped
from migrator.executor.load import Load, Parcel
from migrator.model.lean import dataclass
from migrator.model.problem import Place, Problem
from migrator.model.run import Status
from migrator.state.journal import Settled

FIRST = 3
"""Requests at the start of a section that are watched."""
AFTER = 100
"""Records of a section after which the share counts."""
ROUNDING = 0.01
"""Seconds by which two clocks may tell the same moment."""
LONGEST_REST = 60.0
"""Most seconds of a rest that no server asked for."""
PERCENT = 5.0
"""Share of failures that stops a run, where people say nothing else."""


@dataclass(slots=True)
class _Watched:
    """One of the first requests."""

    lines: frozenset[int]
    failed: int = 0
    settled: int = 0
    codes: set[str] = field(default_factory=set)

    @property
    def wholly(self) -> bool:
        """All of it failed."""
        return self.failed == len(self.lines)


class Failures:
    """Counts the failures of one section."""

    def __init__(self, step: str, percent: float | None) -> None:
        self._step = step
        self._percent = PERCENT if percent is None else percent
        self._watched: dict[int, _Watched] = {}
        self._root_of: dict[int, _Watched] = {}
        self._failed = self._settled = 0
        self._last = ""

    def watch(self, parcel: Parcel) -> None:
        """A request leaves for the first time."""
        if 0 < parcel.root <= FIRST and parcel.root not in self._watched:
            watched = _Watched(frozenset(load.line for load in parcel.loads))
            self._watched[parcel.root] = watched
            self._root_of.update(dict.fromkeys(watched.lines, watched))

    def count(self, settled: Sequence[tuple[Load, Settled]]) -> None:
        """Outcomes came."""
        self._settled += len(settled)
        for _, one in settled:
            outcome = one.outcome
            failed = outcome.status is Status.FAILED
            if not failed and not self._root_of:
                continue
            self._failed += failed
            if failed:
                self._last = outcome.reason or ""
            watched = self._root_of.pop(one.line, None)
            if watched is not None:
                watched.settled += 1
                watched.failed += failed
                watched.codes.add(outcome.code or "" if failed else "")

    def landed(self, lines: Sequence[int]) -> None:
        """These came about."""
        self._settled += len(lines)
        for line in lines if self._root_of else ():
            watched = self._root_of.pop(line, None)
            if watched is not None:
                watched.settled += 1
                watched.codes.add("")

    def stop(self) -> RunStopped | None:
        """Why the run must not go on, if so."""
        first = list(self._watched.values())
        codes = {code for watched in first for code in watched.codes}
        if len(first) == FIRST and all(watched.wholly for watched in first) and len(codes) == 1:
            return self._stopped(f"the first {FIRST} batches of step {self._step} failed wholly ({codes.pop()})")
        if self._settled >= AFTER and self._failed * 100 > self._percent * self._settled:
            share = f"{self._failed} of {self._settled} records"
            return self._stopped(f"{share} of step {self._step} failed, more than {self._percent:g} %")
        return None

    def _stopped(self, summary: str) -> RunStopped:
        return RunStopped(
            Problem(
                code=RunStopped.code,
                summary=summary,
                detail=f"The last one: {self._last}" if self._last else "",
                place=Place(step=self._step),
                hint="look at the report; mend the cause and resume, or allow more with --max-errors",
            )
        )


class Outage:
    """Requests in a row whose answers tell nothing: the server is ill, and is given time. Of one section."""

    def __init__(self, clock: Clock, chance: Callable[[], float], most: float) -> None:
        self._clock = clock
        self._chance = chance
        self._most = most
        self._times = 0
        self._rested = 0.0
        self._until = float("-inf")

    def over(self) -> None:
        """An answer made sense."""
        self._times, self._rested = 0, 0.0

    def rest(self, why: str) -> float:
        """Seconds to rest after one more: nothing after the first, then a bound that doubles, full jitter.

        Those that were under way at the same time count as one. Raises Paused after as long as people let us wait.
        """
        now = self._clock.monotonic()
        if now < self._until - ROUNDING:
            return 0.0
        self._times += 1
        seconds = min(LONGEST_REST, 2.0 ** (self._times - 1)) * self._chance() if self._times > 1 else 0.0
        self._rested += seconds
        if self._rested > self._most:
            raise Paused(f"{why}; {self._times} times in a row, for {self._rested:,.0f} s", hint=LONGER)
        self._until = now + seconds
        return seconds
