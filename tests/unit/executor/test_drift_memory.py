"""The scan that looks for drift holds what a section is about, and little more."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from migrator.contract import Page, Query, Recheck
from migrator.executor.drift import SCAN_AGE, Drift
from migrator.executor.way import Way
from migrator.model.plan import Action
from migrator.model.values import Record
from tests.unit.executor.shelf import capabilities
from tests.unit.executor.story import TARGET, Story, change

COUNT = 10_000


def test_a_scan_holds_some_hundred_bytes_a_record_also_while_it_is_read_again(tmp_path: Path) -> None:
    """Ten thousands of updates fit into a small machine; the old scan is let go before the new one is read."""
    story = Story(folder=tmp_path, can=capabilities(recheck=Recheck.SCAN, fetch_max=0))
    known = {"before": {"name": "o" * 20}, "after": {"name": "new"}}
    lines = [
        change("people", Action.UPDATE, f"E{n}", key=(f"E{n}",), target_id=str(n), **known) for n in range(COUNT)
    ]
    file = story.plan(lines)
    (section,) = file.sections()
    way = Way(
        step="people",
        target=story.target,
        wire=story.wire,
        budget=story.budget,
        writing=story.writing("people"),
        capabilities=story.can,
        identity=TARGET,
    )
    drift = Drift(SimpleNamespace(kept=file, clock=story.clock), way, section)  # type: ignore[arg-type]  # all it asks
    story.target.read = _page_by_page  # type: ignore[method-assign]  # the shelf's own is one page
    tracemalloc.start()
    try:
        drift.seen([])
        once = tracemalloc.get_traced_memory()[0]
        story.clock.wait(SCAN_AGE + 1)
        tracemalloc.reset_peak()
        drift.seen([])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert once / COUNT < 500
    assert peak < once * 1.4


def _page_by_page(query: Query) -> Iterator[Page]:
    for number in range(COUNT):
        record = Record(id=str(number), fields={"no": f"E{number}", "name": "o" * 20})
        yield Page(records=[record], size=1)
