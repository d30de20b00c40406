"""What happens to an apply at one of its requests: a broken line, a kill, or something that others do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import requests


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Fault:
    """Breaks the n-th request from now, before or after the server worked. `kill`: the process too."""

    def __init__(self, at: int, *, kill: bool, after: bool) -> None:
        self.left, self.kill, self.after, self.hit = at, kill, after, False

    def point(self, after: bool) -> None:
        """A request passes, on one side or the other."""
        if self.hit or after is not self.after:
            return
        self.left -= 1
        if self.left <= 0:
            self.hit = True
            self.strike()

    def strike(self) -> None:
        """Raises what the sender sees."""
        raise Killed if self.kill else requests.ConnectionError("reset by peer")


class Meanwhile(Fault):
    """Others act while the n-th request is under way; then it goes on."""

    def __init__(self, at: int, *, after: bool, act: Callable[[], Any]) -> None:
        super().__init__(at, kill=False, after=after)
        self._act = act
        self.came: Any = None
        """What the act gave, or what it raised."""

    def strike(self) -> None:
        """In a thread of its own: what the program keeps by thread is another one's."""
        acting = Thread(target=self._acted)
        acting.start()
        acting.join()

    def _acted(self) -> None:
        try:
            self.came = self._act()
        except BaseException as error:
            self.came = error
