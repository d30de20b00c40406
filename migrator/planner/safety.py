"""Brakes: surprises that apply does not carry out without the exact count."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.model.plan import Brake, StepSummary
from migrator.model.playbook import Limits

FROM = 10
"""A percentage of fewer records than this says nothing."""


def brakes(step: str, summary: StepSummary, limits: Limits, *, rewritten: int = 0, ours: int = 0) -> Iterator[Brake]:
    """What is over the limits in one step.

    `rewritten`: records that stand and get nothing but a self-reference; `ours`: migrated records, and others in
    scope.
    """
    if ours >= FROM and summary.delete > ours * limits.delete_percent / 100:
        yield Brake(kind="deletes", step=step, count=summary.delete, of=ours, percent=limits.delete_percent)
    updates = summary.update + rewritten
    if summary.matched >= FROM and updates > summary.matched * limits.update_percent / 100:
        yield Brake(kind="updates", step=step, count=updates, of=summary.matched, percent=limits.update_percent)
