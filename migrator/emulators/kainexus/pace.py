"""The rate limit: five calls in any sixty seconds for each key, except for updates of one item at a time."""

import math
from collections import deque

from migrator.emulators.kainexus.options import PACE_CALLS, PACE_SECONDS


class Pace:
    """A sliding window of calls for each key. A refused call does not count. [assumption]"""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}

    def wait(self, key: str, now: float) -> int | None:
        """Count a call at `now` (seconds); None if it may pass, else the whole seconds until one would."""
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - PACE_SECONDS:
            calls.popleft()
        if len(calls) < PACE_CALLS:
            calls.append(now)
            return None
        return max(1, math.ceil(calls[0] + PACE_SECONDS - now))
