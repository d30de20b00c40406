"""The n-th-fault loop: every point where a run can break is broken once; taken up, it ends as an unbroken run does.

One effect a record, no outcome lost, a second plan without changes. The points are the requests of an apply (eight
kinds of fault each) and what it writes to the disk (killed, or full from then on). By default every some-th point of
some worlds is tried; all of all with `pytest -m long tests/proof`. The count is printed with `-s`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import get_args

import pytest

from migrator.errors import LocalFault, MigratorError, PlanRefused
from migrator.model.run import RunEnded, RunStatus
from migrator.state import database
from tests.proof.wire import Killed, LocalKind, Points, WireKind, faulty_disk
from tests.proof.worlds import WORLDS, World

TRIES = 6
"""Takings-up after one fault, at most."""
SHORT = ("upsert by key", "three steps with references", "unguarded, with parents", "into a file")
STRIDES = {"wire": 3, "disk": 17}
"""Every how many-th point is tried in the short form."""


def chosen(stride: str) -> list[object]:
    """The short form of some worlds, the long form of all. A file is written without requests."""
    names = [name for name in WORLDS if stride == "disk" or name != "into a file"]
    some = [pytest.param(name, STRIDES[stride], id=f"{name}, some") for name in names if name in SHORT]
    return [*some, *(pytest.param(name, 1, id=f"{name}, all", marks=pytest.mark.long) for name in names)]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process dies here, so nothing needs the disk: real kills are in test_kills.py."""
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@pytest.mark.parametrize("kind", get_args(WireKind))
@pytest.mark.parametrize(("name", "stride"), chosen("wire"))
def test_a01_a02_a03_b01_b02_b04_b10_b26_a_broken_request_leaves_one_effect_a_record(
    name: str, stride: int, kind: WireKind, tmp_path: Path
) -> None:
    """Refused, lost before or after the commit, committed late, cut, answered by a gateway, or the process killed."""

    @contextmanager
    def arm(world: World, points: Points) -> Iterator[None]:
        for adapter in world.adapter.values():
            adapter.points, adapter.kind = points, kind
        try:
            yield
        finally:
            for adapter in world.adapter.values():
                adapter.points = Points()

    tried = loop(WORLDS[name], tmp_path, stride, arm)
    print(f"{name}: {kind}: {tried} points, 0 violations")
    assert tried >= 2


@pytest.mark.parametrize("kind", get_args(LocalKind))
@pytest.mark.parametrize(("name", "stride"), chosen("disk"))
def test_a04_a10_a11_a_broken_write_to_the_disk_leaves_one_effect_a_record(
    name: str, stride: int, kind: LocalKind, tmp_path: Path
) -> None:
    """Killed in a transaction, before a sync or a rename; or a disk that is full from then on."""
    tried = loop(WORLDS[name], tmp_path, stride, lambda _, points: faulty_disk(points, kind))
    print(f"{name}: {kind}: {tried} points, 0 violations")
    assert tried >= 2


def loop(
    fresh: Callable[[Path], World],
    folder: Path,
    stride: int,
    arm: Callable[[World, Points], object],
) -> int:
    """Break a fresh world at each stride-th point in turn; how many were."""
    unbroken = fresh(folder / "unbroken")
    planned = unbroken.plan()
    counted = Points()
    with arm(unbroken, counted):  # type: ignore[attr-defined]  # a context manager
        assert unbroken.apply().exit_code == 0
    wanted = unbroken.seen()
    assert unbroken.plan("again.plan").changes == 0
    numbers = range(1, counted.passed + 1, stride)
    for number in numbers:
        world = fresh(folder / str(number))
        assert world.plan().changes == planned.changes
        points = Points(number)
        told = until_done(world, points, arm)
        assert points.passed >= number, "the clean run had more points than this one"
        check(world, told, wanted, number)
    return len(numbers)


def until_done(world: World, points: Points, arm: Callable[[World, Points], object]) -> RunEnded | None:
    """The same call again until it ends; None: it had ended when it was killed."""
    for attempt in range(TRIES):
        try:
            with arm(world, points) if attempt == 0 else nullcontext():  # type: ignore[attr-defined]  # see above
                return world.apply()
        except PlanRefused as error:
            assert attempt and "applied already" in str(error)
            return None
        except LocalFault as error:
            assert error.exit_code == 8
        except (Killed, MigratorError):
            pass
    raise AssertionError("it never ended")


def check(world: World, told: RunEnded | None, wanted: object, number: int) -> None:
    """One effect a record, no outcome lost, nothing left to do."""
    world.clock.arrive()
    assert world.seen() == wanted, number
    if told is not None:
        assert (told.report.status, told.exit_code, told.report.changes) == (RunStatus.DONE, 0, ()), number
    with pytest.raises(PlanRefused, match="applied already"):
        world.apply()
    again = world.plan("again.plan")
    assert (again.changes, again.trailer.problem_total) == (0, 0), number
