"""A rate limit that tests may switch on: none is published."""

import math
from collections import deque


class Pace:
    """A sliding window of calls for each key. A refused call does not count. [assumption]"""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}

    def wait(self, token: str, now: float, bucket: tuple[int, float] | None) -> int | None:
        """Count a call at `now` (seconds); None if it may pass, else the whole seconds until one would."""
        if bucket is None:
            return None
        size, seconds = bucket
        calls = self._calls.setdefault(token, deque())
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if len(calls) < size:
            calls.append(now)
            return None
        return max(1, math.ceil(calls[0] + seconds - now))
