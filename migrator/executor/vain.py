"""Requests that told nothing and, as looking showed, left nothing: the same again, then in halves, then no more.

A server that answers every write with an accident would else be asked for ever. One record that it cannot take makes
a whole batch vain: halving finds it, and the others are written. Where nothing else gets through either, it is the
server, and how long that is waited for is told by `--max-wait` (`stops.Outage`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from migrator.contract import Capabilities
from migrator.executor.after import After
from migrator.executor.load import Load, packed, settled_not
from migrator.executor.rescue import halves
from migrator.model.run import Cause, Status

WHOLE = 2
"""Times that a batch goes as it is."""
ALONE = 3
"""Times that a record goes alone."""


class Vain:
    """Of one section. `told`: answers so far that told what became of something."""

    def __init__(self) -> None:
        self.told = 0
        self._since: dict[int, int] = {}
        self._alone: Counter[int] = Counter()

    def sift(self, after: After, whys: Mapping[int, str], capabilities: Capabilities) -> None:
        """Take what went in vain too often out of `after.again`: halved, or failed where others get through."""
        tired = [load for load in after.again if load.attempts >= WHOLE]
        for load in tired:
            self._since.setdefault(load.line, self.told)
        if len(tired) == 1:
            self._alone_again(after, tired[0], whys)
        elif tired:
            after.again = [load for load in after.again if load.attempts < WHOLE]
            for parcel in packed(capabilities, tired):
                after.parcels += halves(parcel) if len(parcel.loads) > 1 else [parcel]

    def _alone_again(self, after: After, load: Load, whys: Mapping[int, str]) -> None:
        self._alone[load.line] += 1
        if self._alone[load.line] < ALONE or self.told == self._since[load.line]:
            return
        after.again.remove(load)
        why = whys.get(load.line, "no answer told")
        reason = f"sent {load.attempts} times, and nothing came of it: {why}"
        after.settled.append(
            (load, settled_not(load, Status.FAILED, code="RN046", reason=reason, cause=Cause.REFUSED))
        )
