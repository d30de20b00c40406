"""SIGHUP, SIGINT, SIGTERM: the first asks, the second ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

NAMES = ("SIGHUP", "SIGINT", "SIGTERM")
"""Those that exist on this machine are listened to."""


class Signalled(BaseException):
    """A signal came while nothing had to be drained. No Exception: nothing on the way may take it for a fault."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


class Signals:
    """Listens while it is entered. `drain` says that the work will ask `stop` and end by itself."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._wake: Callable[[], None] | None = None
        self._before: dict[int, Any] = {}

    def stop(self) -> int | None:
        """The signal that asks the run to stop, if one came."""
        return self._first

    def drain(self, wake: Callable[[], None]) -> None:
        """From now on the first signal calls `wake` and waits for the work to end."""
        self._wake = wake

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for name in NAMES:
                number = getattr(signal, name, None)
                # nohup ignores SIGHUP on purpose
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._came)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _came(self, number: int, frame: FrameType | None) -> None:
        if self._first is not None:
            os._exit(128 + number)
        self._first = number
        if self._wake is None:
            raise Signalled(number)
        said = f"\n{signal.Signals(number).name}: stopping after what is in flight; once more ends at once\n"
        with contextlib.suppress(OSError):
            os.write(2, said.encode())
        self._wake()
