"""Reads are tried again: a capped number of times, within a capped time, with full jitter or as the server says.

A server that says it is coming back, or asks us to be slower, is waited for as long as people let us; then the run
pauses.

Writes never pass through here: only the executor, which keeps the journal, may send one again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from migrator.contract import Answer, Call, Wait
from migrator.contract.waiting import LONGER, asked_rest
from migrator.errors import BadAnswer, Paused, SystemFailed, Unreachable
from migrator.model.lean import dataclass
from migrator.transport.breakage import Broken
from migrator.transport.client import Streaming
from migrator.transport.pace import Pace

log = logging.getLogger(__name__)

Tell = Callable[[type[SystemFailed], Call, str, str], SystemFailed]
"""(class, call, reason, hint) -> the error, worded for people."""

OUTAGES = frozenset({408, 421, 425, 500, 502, 503, 504})
"""The server is ill or restarting: this call waits, others need not. Any other busy answer asks us to be slower."""
MAINTENANCE = 503
"""The one of them that says it will be back: not the tries are counted, but the time that people give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a read is tried."""

    tries: int = 6
    """The first one included; of a server that only asks for time (MAINTENANCE, slow down) as many as it takes."""
    seconds: float = 900
    """No new try begins after waiting this long in all."""
    first: float = 1.0
    """Upper bound of the first wait without a word from the server; doubles each time."""
    longest: float = 60.0
    """Upper bound of such a wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try that came to nothing."""

    number: int
    """From 1."""
    waited: float
    """Seconds waited so far, over all tries."""
    cause: str
    """What went wrong."""
    hint: str = ""
    """What people could do."""


class Retry:
    """Tries again what a read can: one that moves something on (a cursor) only where no byte of it has left."""

    def __init__(
        self, pace: Pace, tell: Tell, busy: Callable[[Answer], bool], patience: Patience, chance: Callable[[], float]
    ) -> None:
        self._pace, self._tell, self._busy, self._patience, self._chance = pace, tell, busy, patience, chance

    def around(self, ask: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        """`ask`, patiently. Raises Unreachable after the last try; BadAnswer for what no second try can mend."""

        def patient(call: Call) -> Answer:
            attempt = Attempt(number=0, waited=0.0, cause="")
            while True:
                answer, attempt = self._attempt(ask, call, attempt)
                if answer is not None:
                    return answer

        return patient

    def _attempt(self, ask: Callable[[Call], Answer], call: Call, last: Attempt) -> tuple[Answer | None, Attempt]:
        """One try: the answer, or the attempt that failed, its wait already over."""
        told: float | None = None
        patient = slower = False
        try:
            answer = ask(call)
            if isinstance(answer, Streaming) or not self._busy(answer):
                return answer, last
            cause, hint = f"it answered {answer.status}", ""
            told, slower = self._told(answer), answer.status not in OUTAGES
            patient = slower or answer.status == MAINTENANCE
        except Broken as error:
            if not error.again or (error.begun and not call.repeatable):
                kind = BadAnswer if error.answered else Unreachable
                raise self._tell(kind, call, error.reason, error.hint) from error
            cause, hint = error.reason, error.hint
        number = last.number + 1
        wait = self._wait(number) if told is None else told
        attempt = Attempt(number=number, waited=last.waited, cause=cause, hint=hint)
        if told is not None or slower:
            self._pace.budget.told(wait)
        self._bounded(call, attempt, wait, told is not None, patient=patient)
        log.info("%s: %s; trying again in %.0f s", call.method, cause, wait)
        why = self._tell(Unreachable, call, cause, "").problems[0].summary
        self._pace.rest(Wait(seconds=wait, why=f"{why}; then it is tried again"))
        return None, replace(attempt, waited=last.waited + wait)

    def _bounded(self, call: Call, attempt: Attempt, wait: float, asked: bool, *, patient: bool) -> None:
        """Raises Paused where somebody who only asked for time needs more than people give, Unreachable else."""
        late = attempt.waited + wait > self._patience.seconds
        if self._pace.over() or (not patient and (late or attempt.number >= self._patience.tries)):
            reason = f"{attempt.cause}; gave up after {attempt.number} tries"
            raise self._tell(Unreachable, call, reason, attempt.hint)
        if late:
            reason = f"{attempt.cause} to each of {attempt.number} tries in {attempt.waited:,.0f} s"
            if asked:
                reason = f"{attempt.cause} and asks for a rest of {wait:,.0f} s"
            problem = replace(self._tell(Unreachable, call, reason, LONGER).problems[0], code=Paused.code)
            raise Paused(problem, seconds=wait if asked else None)

    def _wait(self, number: int) -> float:
        """Full jitter: anything between nothing and the bound, which doubles."""
        bound = min(self._patience.longest, self._patience.first * 2.0 ** (number - 1))
        return bound * self._chance()

    def _told(self, answer: Answer) -> float | None:
        said, absurd = asked_rest(answer, self._pace.clock.wall())
        if said is not None and absurd is not None:
            why = f"a server asked for a rest of {absurd:,.0f} s, which is not believed"
            self._pace.tell(Wait(seconds=said, why=why))
        return said
