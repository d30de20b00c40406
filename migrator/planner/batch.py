"""Cuts changes into homogeneous batches: one step, phase and action, at most batch_max. For people only."""

from __future__ import annotations

from migrator.model.plan import Action
from migrator.planner.lane import Lane


class Batches:
    """Numbers the batches of a plan from 1: each action of a step fills its own."""

    def __init__(self) -> None:
        self._last = 0
        self._open: dict[tuple[str, int, Action], list[int]] = {}
        """The number of the open batch, and how many it still takes."""

    def place(self, lane: Lane, phase: int, action: Action) -> int | None:
        """The batch of the next change, or None for a link: nothing is sent."""
        if action in (Action.LINK, Action.UNLINK):
            return None
        open_ = self._open.setdefault((lane.step.name, phase, action), [0, 0])
        if not open_[1]:
            self._last += 1
            open_[:] = self._last, lane.capabilities.batch_max.get(action, 1)
        open_[1] -= 1
        return open_[0]
