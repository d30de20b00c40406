"""The rate limit: so many calls of one token in any window. That there is one is [seed], its numbers are not."""

import math
from collections import deque

from migrator.emulators.kitemaker.assumptions import PACE_CALLS, PACE_SECONDS


class Pace:
    """A sliding window of calls for each token; a refused call does not count."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}

    def wait(self, token: str, now: float) -> int | None:
        """Count a call at `now` (seconds); None if it may pass, else the whole seconds until one would."""
        calls = self._calls.setdefault(token, deque())
        while calls and calls[0] <= now - PACE_SECONDS:
            calls.popleft()
        if len(calls) < PACE_CALLS:
            calls.append(now)
            return None
        return max(1, math.ceil(calls[0] + PACE_SECONDS - now))
