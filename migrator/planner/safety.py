"""Brakes: surprises that apply does not carry out without the exact count."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.model.plan import Brake, StepSummary
from migrator.model.playbook import Limits

FROM = 10
"""A percentage of fewer records than this says nothing."""


def brakes(step: str, summary: StepSummary, limits: Limits) -> Iterator[Brake]:
    """What is over the limits in one step."""
    if summary.matched >= FROM and summary.update > summary.matched * limits.update_percent / 100:
        yield Brake(
            kind="updates", step=step, count=summary.update, of=summary.matched, percent=limits.update_percent
        )
