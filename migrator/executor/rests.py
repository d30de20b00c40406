"""How long the target is left alone after an answer that was no outcome: as it says, else ever longer, jittered."""

from __future__ import annotations

from migrator.contract import Answer, Budget
from migrator.contract.waiting import LONGER, asked_rest
from migrator.errors import Paused, Throttled
from migrator.executor.running import Running
from migrator.model.problem import Problem, Severity

LONGEST = 60.0
"""Most seconds of a rest that no server asked for."""
ROUNDING = 0.01
"""Seconds by which two clocks may tell the same moment."""


class Rests:
    """Of one section."""

    def __init__(self, running: Running, budget: Budget) -> None:
        self._running = running
        self._budget = budget
        self._times = 0
        self._rested = 0.0
        self._until = float("-inf")

    def refused(self, tries: int, answer: Answer, error: Throttled) -> float:
        """Seconds after a refusal for haste, the `tries`th of the request (from 0); an absurd word is told."""
        said, absurd = asked_rest(answer, self._running.clock.wall())
        if absurd is not None:
            word = f"{error.problems[0].summary}, for {absurd:,.0f} s: that is not believed"
            self._running.notice(Problem(code=error.code, severity=Severity.WARNING, summary=word))
        said = error.seconds if said is None else said
        return self._jitter(tries + 1) if said is None else said

    def untold(self, why: str) -> None:
        """One more answer that tells nothing: the server is ill, and is given time, but after the first one.

        Those that were under way at the same time count as one. Raises Paused after as long as people let us wait.
        """
        now = self._running.clock.monotonic()
        if now < self._until - ROUNDING:
            return
        self._times += 1
        seconds = self._jitter(self._times - 1) if self._times > 1 else 0.0
        self._rested += seconds
        if self._rested > self._running.options.bounds.max_wait:
            raise Paused(f"{why}; {self._times} times in a row, for {self._rested:,.0f} s", hint=LONGER)
        self._until = now + seconds
        if seconds:
            self._budget.told(seconds)

    def over(self) -> None:
        """An answer made sense."""
        self._times, self._rested = 0, 0.0

    def _jitter(self, doublings: int) -> float:
        return min(LONGEST, 2.0**doublings) * self._running.chance()
