"""Cuts changes into homogeneous batches: one step, phase and action, at most batch_max. For people only."""

from __future__ import annotations

from migrator.model.plan import Action
from migrator.planner.lane import Lane


class Batches:
    """Numbers the batches of a plan from 1: each action of a step fills its own."""

    def __init__(self) -> None:
        self._last = 0
        self._open: dict[tuple[str, int, Action], tuple[int, int]] = {}

    def place(self, lane: Lane, phase: int, action: Action) -> int | None:
        """The batch of the next change, or None for a link: nothing is sent."""
        if action in (Action.LINK, Action.UNLINK):
            return None
        size = lane.capabilities.batch_max.get(action, 1)
        slot = (lane.step.name, phase, action)
        number, held = self._open.get(slot, (0, size))
        if held >= size:
            self._last += 1
            number, held = self._last, 0
        self._open[slot] = (number, held + 1)
        return number
