"""What an apply will cost, from counts and documented limits alone: no clock, no quota already used."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from migrator.contract import Capabilities, Rate, Recheck
from migrator.model.plan import Action, Forecast, StepForecast, StepSummary
from migrator.planner.lane import Lane

SCAN_AGE = 15 * 60
"""Seconds after which a scan for drift is read again."""


def forecast(lanes: Mapping[str, Lane], counts: Mapping[str, StepSummary]) -> Forecast:
    """Requests and least seconds per step and in all."""
    steps = tuple(_step(lane, counts[name]) for name, lane in lanes.items())
    return Forecast(
        requests=sum(step.requests for step in steps),
        reads=sum(step.reads for step in steps),
        seconds=sum(step.seconds for step in steps),
        steps=steps,
    )


def _step(lane: Lane, summary: StepSummary) -> StepForecast:
    capabilities = lane.capabilities
    writes = {
        action: ceil(getattr(summary, action.value) / capabilities.batch_max.get(action, 1))
        for action in (Action.UPLOAD, Action.CREATE, Action.UPDATE, Action.ACT, Action.DELETE)
    }
    reads, window = _reads(capabilities, summary, sum(writes.values()))
    calls: dict[str, int] = {}
    for action, number in writes.items():
        kind = capabilities.write_kinds.get(action, "write")
        calls[kind] = calls.get(kind, 0) + number
    calls[capabilities.read_kind] = calls.get(capabilities.read_kind, 0) + reads
    requests, quota = sum(writes.values()), capabilities.daily_quota
    return StepForecast(
        step=lane.step.name,
        requests=requests,
        reads=reads,
        seconds=max((_seconds(rate, calls.get(rate.kind, 0)) for rate in capabilities.pace), default=0),
        quota_share=None if quota is None else round((requests + reads) / quota, 4),
        window_seconds=window,
    )


def _reads(capabilities: Capabilities, summary: StepSummary, requests: int) -> tuple[int, float | None]:
    """Calls that look before writing, and the window in which a change of other people is not seen."""
    if capabilities.recheck is Recheck.BY_IDS and summary.update:
        return ceil(summary.update / max(1, capabilities.fetch_max)), 1
    if capabilities.recheck is Recheck.SCAN and summary.update:
        pages = ceil((summary.target_count or summary.matched) / capabilities.page_max)
        rates = [rate for rate in capabilities.pace if rate.kind == capabilities.read_kind]
        busy = max((_seconds(rate, requests + pages) for rate in rates), default=0)
        return pages * (1 + int(busy // SCAN_AGE)), min(SCAN_AGE, busy) if busy else SCAN_AGE
    return 0, None


def _seconds(rate: Rate, calls: int) -> float:
    """Least time for so many calls in a sliding window: the first `rate.calls` are free."""
    return 0 if calls <= rate.calls else (calls - 1) // rate.calls * rate.seconds
