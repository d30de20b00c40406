"""One clock for the program and the emulators that it speaks to."""

from __future__ import annotations


class OneClock:
    """Waiting lets the time of both pass, at once."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def now(self) -> float:
        """Seconds since the epoch; of a clock that never jumps."""
        return self.seconds

    monotonic = wall = now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
