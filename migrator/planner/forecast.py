"""What an apply will cost, from counts and documented limits alone: no clock, no quota already used."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Protocol

from migrator.contract import EVERY, Capabilities, Rate, Recheck
from migrator.model.plan import Action, Forecast, StepForecast, StepSummary

SCAN_AGE = 15 * 60
"""Seconds after which a scan for drift is read again."""


Calls = dict[tuple[str, str], int]
"""(target identity, kind of call) -> how many: steps on one tenant share its pace."""


class Costed(Protocol):
    """What the cost of a step depends on."""

    @property
    def capabilities(self) -> Capabilities:
        """Of the target under the step's WriteOptions."""
        ...

    @property
    def target_identity(self) -> str:
        """Its tenant."""
        ...


def forecast(lanes: Mapping[str, Costed], counts: Mapping[str, StepSummary]) -> Forecast:
    """Requests and least seconds per step and in all."""
    together: Calls = {}
    rates: dict[tuple[str, str], Rate] = {}
    steps = []
    for name, lane in lanes.items():
        step, calls = _step(name, lane, counts[name])
        steps.append(step)
        for kind, number in calls.items():
            for one in (kind, EVERY):
                together[lane.target_identity, one] = together.get((lane.target_identity, one), 0) + number
        rates.update({(lane.target_identity, rate.kind): rate for rate in lane.capabilities.pace})
    return Forecast(
        requests=sum(step.requests for step in steps),
        reads=sum(step.reads for step in steps),
        seconds=max((_seconds(rate, together.get(place, 0)) for place, rate in rates.items()), default=0),
        steps=tuple(steps),
    )


def _step(name: str, lane: Costed, summary: StepSummary) -> tuple[StepForecast, dict[str, int]]:
    capabilities = lane.capabilities
    calls: dict[str, int] = {}
    for action in (Action.UPLOAD, Action.CREATE, Action.UPDATE, Action.ACT, Action.DELETE):
        kind = capabilities.write_kinds.get(action, "write")
        size = capabilities.batch_max.get(action, 1)
        alone = _alone(capabilities, summary, action)
        number = alone + ceil(ceil((getattr(summary, action.value) - alone) / size) / capabilities.bundle)
        if action is Action.UPDATE:
            number += ceil(ceil(summary.self_reference / size) / capabilities.bundle)
        calls[kind] = calls.get(kind, 0) + number
    requests, kind = sum(calls.values()), capabilities.read_kind
    reads, window = _reads(capabilities, summary, calls.get(kind, 0))
    calls[kind] = calls.get(kind, 0) + reads
    quota, paced = capabilities.daily_quota, calls | {EVERY: requests + reads}
    step = StepForecast(
        step=name,
        requests=requests,
        reads=reads,
        seconds=max((_seconds(rate, paced.get(rate.kind, 0)) for rate in capabilities.pace), default=0),
        quota_share=None if quota is None else round((requests + reads) / quota, 4),
        window_seconds=window,
    )
    return step, calls


def _alone(capabilities: Capabilities, summary: StepSummary, action: Action) -> int:
    """Changes that carry a file: each is a request of its own."""
    if action is Action.UPLOAD:
        return summary.upload
    return summary.files if action is Action.CREATE and capabilities.whole_files else 0


def _reads(capabilities: Capabilities, summary: StepSummary, requests: int) -> tuple[int, float | None]:
    """Calls that look before writing, and the window in which a change of other people is not seen.

    `requests` are the writes that count against the same pace as reads.
    """
    size = max(1, capabilities.fetch_max)
    looked = [count for count in (summary.update, summary.self_reference, summary.delete) if count]
    if capabilities.recheck is Recheck.BY_IDS and looked:
        return sum(ceil(count / size) for count in looked), 1
    if capabilities.recheck is Recheck.SCAN and looked == [summary.delete] and capabilities.fetch_max:
        return ceil(summary.delete / size), 1
    if capabilities.recheck is Recheck.SCAN and looked:
        pages = ceil((summary.target_count or summary.matched) / capabilities.page_max)
        rates = [rate for rate in capabilities.pace if rate.kind == capabilities.read_kind]
        busy = max((_seconds(rate, requests + pages) for rate in rates), default=0)
        return pages * (1 + int(busy // SCAN_AGE)), min(SCAN_AGE, busy) if busy else SCAN_AGE
    return 0, None


def _seconds(rate: Rate, calls: int) -> float:
    """Least time for so many calls in a sliding window: the first `rate.calls` are free."""
    return 0 if calls <= rate.calls else (calls - 1) // rate.calls * rate.seconds
