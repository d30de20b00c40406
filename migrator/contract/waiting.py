"""Waiting for a turn: how long and why, how long people let us, and what a server's Retry-After says."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol

from migrator.contract.messages import Answer
from migrator.errors import Paused
from migrator.model.lean import dataclass

ABSURD = 86_400.0
"""Seconds: no limit of a server is longer than a day, so who asks for more is not believed."""
CAPPED = 300.0
"""Seconds that are waited in the place of an absurd word."""
SHORTEST = 1.0
"""Least seconds after a server asked for a rest at all (a date in the past, a zero)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """No call may leave yet."""

    seconds: float
    """Until asking again makes sense; more than 0."""
    why: str
    """For people: whose limit, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long people let us wait."""

    max_wait: float = 900.0
    """Seconds at a stretch; more pauses the run."""
    until: float | None = None
    """Epoch seconds after which no new call begins; None: whenever it ends."""

    def refusal(self, wait: Wait, wall: float) -> Paused | None:
        """Why this wait is not waited; None: it is. `wall` are the epoch seconds of now."""
        if self.until is not None and wall + wait.seconds >= self.until:
            return out_of_time(f"{wait.why}; the next call would come after the time of --until")
        if wait.seconds > self.max_wait:
            return Paused(wait.why, hint=LONGER, seconds=wait.seconds)
        return None


LONGER = "go on when it is over, or allow a longer wait with --max-wait"
"""What people can do about a wait that is too long."""


def out_of_time(summary: str) -> Paused:
    """The hour that people named has come."""
    return Paused(summary, hint="what was under way was waited for; go on whenever it suits")


class Budget(Protocol):
    """Pace, quota and calls under way of one tenant: all that speak to it share them. Safe for many threads.

    The defaults limit nothing.
    """

    def take(self, kind: str, quota: str = "") -> Wait | None:
        """Count one call of this kind, and against this quota (`Call.quota`). None: counted, it may leave."""
        return None

    def enter(self) -> Wait | None:
        """A call is about to be under way. None: it may be, and MUST be followed by `leave` once it was answered."""
        return None

    def leave(self) -> None:
        """The call was answered, or never left."""
        return

    def told(self, seconds: float) -> None:
        """The server asked for a rest: no call of any kind before these seconds are over."""
        return


class Unlimited(Budget):
    """Of what has no limits: a folder."""


def asked_rest(answer: Answer, wall: float) -> tuple[float | None, float | None]:
    """Seconds that an answer asks to rest (None: it says nothing that makes sense), and its word where absurd."""
    said = retry_after(answer, wall)
    if said is None:
        return None, None
    if said > ABSURD:
        return CAPPED, said
    return max(said, SHORTEST), None


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


def epoch(text: str) -> float | None:
    """An HTTP date as epoch seconds; None: it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
