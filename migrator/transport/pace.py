"""Pace: how many calls may leave in a time, and the clocks that all waiting goes through."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from migrator.contract import EVERY, Answer, Bounds, Budget, Call, Clock, Rate, Wait
from migrator.errors import Paused

Bare = Callable[[Call, Mapping[str, str]], Answer]
"""A call with the login's headers beside it."""

DAY = 86_400
NOTICED = 1.0
"""Seconds of waiting that people are told of."""

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

    def __init__(
        self,
        budget: Budget,
        clock: Clock,
        over: Callable[[], bool],
        bounds: Bounds | None = None,
        tell: Callable[[Wait], None] = lambda wait: None,
    ) -> None:
        self.budget = budget
        self.clock = clock
        self.over = over
        """Whether the wire is closing."""
        self.bounds = bounds or Bounds()
        """How long people let us wait."""
        self._tell = tell
        self._told_until = float("-inf")

    def around(self, client: Bare, *, enters: bool = True) -> Bare:
        """`client`, in its turn. Raises Paused where the turn is too far away, or the run is asked to stop.

        `enters`: it counts as under way. What a call that is under way itself waits for (a login, the file that it
        sends) MUST not, or the two would wait for each other.
        """

        def paced(call: Call, headers: Mapping[str, str]) -> Answer:
            while (wait := self.budget.take(call.kind, call.quota)) is not None:
                self.rest(wait)
            if not enters:
                return client(call, headers)
            while (wait := self.budget.enter()) is not None:
                self.rest(wait)
            try:
                return client(call, headers)
            finally:
                self.budget.leave()

        return paced

    def rest(self, wait: Wait) -> None:
        """Let time pass in slices of a second at most, so that a closing wire is not kept waiting.

        Raises Paused when people do not let us wait so long, the run is asked to stop (the clock returned early) or
        the wire is closing.
        """
        refusal = self.bounds.refusal(wait, self.clock.wall())
        if refusal is not None:
            raise refusal
        self.tell(wait)
        left = wait.seconds
        while left > 1e-6:  # what sums of floats leave behind is no wait
            begun = self.clock.monotonic()
            self.clock.wait(min(left, 1.0))
            passed = self.clock.monotonic() - begun
            if self.over() or passed < min(left, 1.0) * 0.5:
                raise Paused("stopped while waiting for a turn to call", seconds=left)
            left -= passed

    def tell(self, wait: Wait) -> None:
        """A wait that people would notice, once, however many threads wait."""
        until = self.clock.monotonic() + wait.seconds
        if wait.seconds >= NOTICED and until > self._told_until + 0.5:
            self._told_until = until
            self._tell(wait)
