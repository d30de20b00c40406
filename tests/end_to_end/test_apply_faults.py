"""Faults of the wire and of the server in the middle of an apply, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.emulators.faults import FaultKind
from migrator.emulators.proxy import WireFaultKind
from migrator.model.run import Cause
from tests.end_to_end.rows import bench

COUNT = 620
"""Two requests of creates."""

WIRE: list[WireFaultKind] = ["reset_before", "reset_after", "cut", "late"]
SERVER: list[tuple[FaultKind, int | None]] = [
    ("status", 502),
    ("after_commit_status", 504),
    ("html", None),
    ("truncate_json", None),
    ("empty", None),
]


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("kind", WIRE)
def test_a_lost_answer_leaves_each_record_once(tmp_path: Path, kind: WireFaultKind, after: int) -> None:
    """B01, B26, B36: the request is lost before or after the commit, or commits late; nothing is there twice."""
    with bench(tmp_path) as here:
        here.rows(COUNT, "pc")
        here.plan("one.plan")
        here.proxy.add("POST /k/v1/", kind=kind, after=after, at_byte=20, seconds=0.5)
        assert here.apply("one.plan").exit_code == 0
        assert here.seen() == {f"S-{number:05}": (f"pc {number}", 1) for number in range(COUNT)}


@pytest.mark.parametrize(("kind", "status"), SERVER)
def test_an_answer_that_does_not_tell_leaves_each_record_once(
    tmp_path: Path, kind: FaultKind, status: int | None
) -> None:
    """B10, B25: a gateway's page or half an answer is a doubt; somebody looks before anything goes again."""
    with bench(tmp_path) as here:
        here.rows(COUNT, "pc")
        here.plan("one.plan")
        words = {} if status is None else {"status": status}
        here.emulator.faults.add("POST /k/v1/", kind=kind, **words)  # type: ignore[arg-type]  # a status or nothing
        assert here.apply("one.plan").exit_code == 0
        assert here.seen() == {f"S-{number:05}": (f"pc {number}", 1) for number in range(COUNT)}


def test_what_somebody_wrote_meanwhile_stands(tmp_path: Path) -> None:
    """B22: exit 5, the record listed with planned and found; the others are written."""
    with bench(tmp_path) as here:
        here.rows(150, "pc")
        here.plan("one.plan")
        assert here.apply("one.plan").exit_code == 0
        here.rows(150, "laptop")
        here.plan("two.plan")
        theirs = {"id": 8, "record": {"label": {"value": "theirs"}}}
        assert here.write("PUT", "/k/v1/record.json", {"app": 3, **theirs}) == 200
        done = here.apply("two.plan")
        (one,) = done.report.changes
        assert (done.exit_code, one.key, one.outcome.cause) == (5, "S-00007", Cause.MOVED)
        assert (one.before, one.after) == ({"label": "pc 7"}, {"label": "laptop 7"})
        assert one.outcome.found == {"label": "theirs"}
        seen = here.seen()
        assert seen.pop("S-00007") == ("theirs", 2)
        assert seen == {f"S-{n:05}": (f"laptop {n}", 2) for n in range(150) if n != 7}
