"""What the answers' `Date` tells of the server's clock beside ours."""

from __future__ import annotations

from collections.abc import Mapping

from migrator.contract import Answer, Call, Clock
from migrator.contract.waiting import epoch
from migrator.transport.pace import Bare


class Dates:
    """Looks at answers until one has told the time; after that it costs nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._skew: float | None = None

    def skew(self) -> float | None:
        """Seconds that the server's clock was ahead of ours when its first answer came; None: it tells no time."""
        return self._skew

    def around(self, ask: Bare) -> Bare:
        """`ask`, looked at."""

        def looked(call: Call, headers: Mapping[str, str]) -> Answer:
            answer = ask(call, headers)
            if self._skew is None:
                said = epoch(answer.headers.get("date", ""))
                self._skew = None if said is None else said - self._clock.wall()
            return answer

        return looked
