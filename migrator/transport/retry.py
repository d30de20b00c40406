"""Reads are tried again: a capped number of times, within a capped time, with full jitter or as the server says.

Writes never pass through here: only the executor, which keeps the journal, may send one again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from migrator.contract import Answer, Call
from migrator.errors import BadAnswer, SystemFailed, Unreachable
from migrator.model.lean import dataclass
from migrator.transport.breakage import Broken
from migrator.transport.client import Streaming
from migrator.transport.dates import epoch
from migrator.transport.pace import Pace

log = logging.getLogger(__name__)

Tell = Callable[[type[SystemFailed], Call, str, str], SystemFailed]
"""(class, call, reason, hint) -> the error, worded for people."""

OUTAGES = frozenset({408, 421, 425, 500, 502, 503, 504})
"""The server is ill or restarting: this call waits, others need not. Any other busy answer asks us to be slower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a read is tried."""

    tries: int = 6
    """The first one included."""
    seconds: float = 900
    """No new try begins after waiting this long in all."""
    first: float = 1.0
    """Upper bound of the first wait without a word from the server; doubles each time."""
    longest: float = 60.0
    """Upper bound of such a wait."""
    told_cap: float = 300.0
    """Longest wait that a server can ask for; urllib3 would wait six hours."""
    told_floor: float = 1.0
    """Shortest wait after a server asked for one (a date in the past, a zero)."""


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
        slower = False
        try:
            answer = ask(call)
            if isinstance(answer, Streaming) or not self._busy(answer):
                return answer, last
            cause, hint = f"it answered {answer.status}", ""
            told, slower = self._told(answer), answer.status not in OUTAGES
        except Broken as error:
            if not error.again or (error.begun and not call.repeatable):
                kind = BadAnswer if error.answered else Unreachable
                raise self._tell(kind, call, error.reason, error.hint) from error
            cause, hint = error.reason, error.hint
        number = last.number + 1
        wait = self._wait(number) if told is None else told
        if number >= self._patience.tries or last.waited + wait > self._patience.seconds or self._pace.over():
            raise self._tell(Unreachable, call, f"{cause}; gave up after {number} tries", hint)
        log.info("%s: %s; trying again in %.0f s", call.method, cause, wait)
        if told is not None or slower:
            self._pace.budget.told(wait)
        self._pace.rest(wait)
        return None, Attempt(number=number, waited=last.waited + wait, cause=cause, hint=hint)

    def _wait(self, number: int) -> float:
        """Full jitter: anything between nothing and the bound, which doubles."""
        bound = min(self._patience.longest, self._patience.first * 2.0 ** (number - 1))
        return bound * self._chance()

    def _told(self, answer: Answer) -> float | None:
        said = retry_after(answer, self._pace.clock.wall())
        if said is None:
            return None
        if said > self._patience.told_cap:
            log.warning("a server asked to wait %.0f s; waiting %.0f s", said, self._patience.told_cap)
        return min(max(said, self._patience.told_floor), self._patience.told_cap)


def retry_after(answer: Answer, wall: float) -> float | None:
    """Seconds the answer asks to wait; a date in the past gives less than 0. None: nothing that can be understood.

    A date is counted from the answer's own Date, if it has one: our clock may be wrong.
    """
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])  # twelve digits are absurd enough
    until = epoch(text)
    if until is None:
        return None
    now = epoch(answer.headers.get("date", ""))
    return until - (wall if now is None else now)
