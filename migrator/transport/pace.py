"""Pace: how many calls may leave in a time, and the clocks that all waiting goes through."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from migrator.contract import EVERY, Answer, Budget, Call, Clock, Rate
from migrator.errors import Paused

Bare = Callable[[Call, Mapping[str, str]], Answer]
"""A call with the login's headers beside it."""

DAY = 86_400
LONGEST_WAIT = 900.0
"""Seconds that a read waits for its turn; more means a quota, and the run pauses instead."""
SHORTEST_WAIT = 0.001
"""Never wait less, lest rounding turns the last microsecond into a loop."""

UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": DAY}


class SystemClock:
    """The machine's clock. `stop` (from any thread or signal handler) ends every wait, now and later."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def wall(self) -> float:
        """Epoch seconds."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Let time pass; returns early after `stop`."""
        self._stopped.wait(max(0.0, seconds))

    def stop(self) -> None:
        """Ask the run to stop: waits return early."""
        self._stopped.set()


class ManualClock:
    """A clock that moves only when somebody waits on it, at once; for tests."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._passed = 0.0
        self.waited: list[float] = []
        """Every wait, in order."""

    def monotonic(self) -> float:
        """Seconds waited so far."""
        return self._passed

    def wall(self) -> float:
        """The start plus the seconds waited."""
        return self._start + self._passed

    def wait(self, seconds: float) -> None:
        """Time has passed."""
        with self._lock:
            self.waited.append(seconds)
            self._passed += max(0.0, seconds)


class ProcessBudget:
    """The budget of one process: a sliding window per rate, a count per UTC day. Safe for many threads.

    (A quota that resets at 09:00 in Japan, as Kintone's does by its manual, resets at midnight UTC.)
    """

    def __init__(self, rates: Sequence[Rate], daily_quota: int | None, clock: Clock) -> None:
        self._windows = [(rate, deque[float]()) for rate in rates]
        self._quota = daily_quota
        self._clock = clock
        self._lock = threading.Lock()
        self._rest_until = float("-inf")
        self._day = 0
        self._today = 0

    def take(self, kind: str) -> float:
        """Take a place for one call. 0.0: taken; else seconds until asking again makes sense."""
        with self._lock:
            now = self._clock.monotonic()
            mine = [(rate, calls) for rate, calls in self._windows if rate.kind in (kind, EVERY)]
            wait = max(self._rest_until - now, self._quota_wait(), *(_window(*each, now) for each in mine), 0.0)
            if wait > 0:
                return max(wait, SHORTEST_WAIT)
            for _, calls in mine:
                calls.append(now)
            self._today += 1
            return 0.0

    def told(self, seconds: float) -> None:
        """The server asked for a rest: no call of any kind before these seconds are over."""
        with self._lock:
            self._rest_until = max(self._rest_until, self._clock.monotonic() + seconds)

    def _quota_wait(self) -> float:
        if self._quota is None:
            return 0.0
        wall = self._clock.wall()
        day = max(self._day, int(wall // DAY))  # a clock set back does not open a new day
        if day != self._day:
            self._day, self._today = day, 0
        return (day + 1) * DAY - wall if self._today >= self._quota else 0.0


def _window(rate: Rate, calls: deque[float], now: float) -> float:
    """Seconds until the window has a place."""
    while calls and calls[0] + rate.seconds <= now:
        calls.popleft()
    return calls[0] + rate.seconds - now if len(calls) >= rate.calls else 0.0


def parse_pace(text: str | None, rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """The rates that hold: the documented ones, or the user's own in the place of each of them.

    "5/min" (also s, h, day, "20/10s"), "off". A system that documents no rate gets one for all its calls together.
    Raises ValueError with a sentence for people.
    """
    if text is None:
        return tuple(rates)
    if text.strip().lower() == "off":
        return ()
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d*)\s*([a-z]+?)s?\s*", text.lower())
    if match is None or match[3] not in UNITS | {"": 1} or int(match[1]) < 1 or match[2] == "0":
        raise ValueError(f'"{text}" is no pace; write calls per time, such as "5/min", "10/s", "20/10s", or "off"')
    calls, seconds = int(match[1]), float(int(match[2] or 1) * UNITS[match[3]])
    kinds = sorted({rate.kind for rate in rates}) or [EVERY]
    return tuple(Rate(kind=kind, calls=calls, seconds=seconds) for kind in kinds)


class Pace:
    """Where all waiting happens: for a place in the budget before each read leaves, and between tries."""

    def __init__(self, budget: Budget, clock: Clock, over: Callable[[], bool]) -> None:
        self.budget = budget
        self.clock = clock
        self.over = over
        """Whether the wire is closing."""

    def around(self, client: Bare) -> Bare:
        """`client`, in its turn. Raises Paused where the turn is too far away, or the run is asked to stop."""

        def paced(call: Call, headers: Mapping[str, str]) -> Answer:
            while (wait := self.budget.take(call.kind)) > 0:
                if wait > LONGEST_WAIT:
                    raise Paused("the quota of calls is used up", seconds=wait)  # whoever catches it tells the hour
                self.rest(wait)
            return client(call, headers)

        return paced

    def rest(self, seconds: float) -> None:
        """Let time pass in slices of a second at most, so that a closing wire is not kept waiting.

        Raises Paused when the run is asked to stop (the clock returned early) or the wire is closing.
        """
        left = seconds
        while left > 1e-6:  # what sums of floats leave behind is no wait
            begun = self.clock.monotonic()
            self.clock.wait(min(left, 1.0))
            passed = self.clock.monotonic() - begun
            if self.over() or passed < min(left, 1.0) * 0.5:
                raise Paused("stopped while waiting for a turn to call", seconds=left)
            left -= passed
