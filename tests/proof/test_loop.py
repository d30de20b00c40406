"""The n-th-fault loop: every point where a run can break is broken once; taken up, it ends as an unbroken run does.

One effect a record, no outcome lost, a second plan without changes. The points are the requests of an apply (eleven
kinds of fault each) and what it writes to the disk (killed, or full from then on). By default the writes and some of
the other points are tried, all of them with `pytest -m "long or not long" tests/proof`; the summary tells how many.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from migrator.errors import LocalFault, MigratorError, PlanRefused
from migrator.executor.after import After
from migrator.executor.load import Load
from migrator.model.run import RunEnded, RunStatus
from migrator.state import database
from tests.proof.tally import TALLY
from tests.proof.wire import Killed, LocalKind, Points, WireKind, faulty_disk
from tests.proof.worlds import WORLDS, World

TRIES = 6
"""Takings-up after one fault, at most."""
AGAIN = ("upsert by key", "three steps with references", "unguarded, with parents", "found by a marker line")
"""Worlds that break in their takings-up too."""
LONG = (pytest.mark.long, pytest.mark.timeout(1800))
READS, WRITES, DISK = 2, 4, 4
"""How many points of a kind the short form tries in a world, spread over all there are."""


def chosen(worlds: Iterable[str]) -> list[object]:
    """Each world, in its short and in its long form."""
    names = list(worlds)
    some = [pytest.param(name, False, id=f"{name}, some") for name in names]
    return [*some, *(pytest.param(name, True, id=f"{name}, all", marks=LONG) for name in names)]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process dies here, so nothing needs the disk: real kills are in test_kills.py."""
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@pytest.mark.parametrize("kind", get_args(WireKind))
@pytest.mark.parametrize(("name", "whole"), chosen(name for name in WORLDS if name != "into a file"))
def test_a01_a02_a03_b01_b02_b04_b10_b26_a_broken_request_leaves_one_effect_a_record(
    name: str, whole: bool, kind: WireKind, tmp_path: Path
) -> None:
    """Refused, lost before or after the commit, committed late, cut, answered by a gateway, or the process killed."""
    tried = loop(WORLDS[name], tmp_path, whole, lambda points: partial(faulty_wire, points=points, kind=kind))
    TALLY[f"{name}: {kind}"] = tried
    assert tried >= 2


@pytest.mark.parametrize("kind", get_args(LocalKind))
@pytest.mark.parametrize(("name", "whole"), chosen(WORLDS))
def test_a04_a10_a11_a_broken_write_to_the_disk_leaves_one_effect_a_record(
    name: str, whole: bool, kind: LocalKind, tmp_path: Path
) -> None:
    """Killed in a transaction, before a commit, a sync or a rename; or a disk that is full from then on."""
    tried = loop(WORLDS[name], tmp_path, whole, lambda points: lambda _: faulty_disk(points, kind))
    TALLY[f"{name}: {kind}"] = tried
    assert tried >= 2


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(4, 64), marks=LONG)], ids=["some", "all"])
@pytest.mark.parametrize("name", AGAIN)
def test_a01_a02_a03_a04_b01_b10_a_run_that_breaks_again_and_again_leaves_one_effect_a_record(
    name: str, seeds: range, tmp_path: Path
) -> None:
    """The run and each of its first two takings-up break, each at a point and in a way of its own."""
    unbroken, struck = done_once(WORLDS[name], tmp_path / "unbroken"), 0
    for seed in seeds:
        chance = random.Random(f"{name} {seed}")  # a text seeds the same in every process
        faults = [one_of(chance, unbroken.points) for _ in range(3)]
        world = WORLDS[name](tmp_path / str(seed))
        world.plan()
        told = until_done(world, [fault.arm for fault in faults])
        check(world, told, unbroken, [fault.said for fault in faults])
        struck += sum(fault.points.passed >= fault.points.wanted for fault in faults)
    TALLY[f"{name}: three faults in a row"] = struck
    assert struck >= len(seeds)


@pytest.mark.parametrize(
    ("kind", "guard"),
    [
        ("killed after", "carry.after_doubt"),
        ("lost after", "desk.after_doubt"),
        ("killed late", "carry.needs_settling"),
        ("late", "desk.needs_settling"),
    ],
)
def test_a02_a03_b01_a_guard_that_is_taken_away_is_missed(
    kind: WireKind, guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop can fail: who does not look, or looks too soon, makes a record twice, and the loop says so."""

    def again(way: object, plan: object, doubtful: Sequence[tuple[Load, str]]) -> After:
        return After(again=[load for load, _ in doubtful])

    unguarded = again if guard.endswith("doubt") else lambda *_: False
    monkeypatch.setattr(f"migrator.executor.{guard}", unguarded)
    with pytest.raises(AssertionError, match="Counter"):
        loop(
            WORLDS["unguarded, with parents"],
            tmp_path,
            False,
            lambda points: partial(faulty_wire, points=points, kind=kind),
        )


Arm = Callable[[World], AbstractContextManager[None]]
"""What breaks a world while it is entered."""


@contextmanager
def faulty_wire(world: World, points: Points, kind: WireKind) -> Iterator[None]:
    """Each request to any of its systems is a point."""
    for adapter in world.adapter.values():
        adapter.points, adapter.kind = points, kind
    try:
        yield
    finally:
        for adapter in world.adapter.values():
            adapter.points = Points()


@dataclass(frozen=True)
class Fault:
    """One at some point; a run that is shorter than that does not meet it."""

    arm: Arm
    points: Points
    said: str


def one_of(chance: random.Random, requests: Points) -> Fault:
    """Some fault at some point, writes more often than reads."""
    if chance.random() < 0.8:
        kind = chance.choice(get_args(WireKind))
        points = Points(chance.choice([*requests.writes * 4, *range(1, requests.passed + 1)]))
        return Fault(partial(faulty_wire, points=points, kind=kind), points, f"{kind} at request {points.wanted}")
    local, points = chance.choice(get_args(LocalKind)), Points(chance.randint(1, 40))
    return Fault(lambda _: faulty_disk(points, local), points, f"{local} at write {points.wanted}")


@dataclass(frozen=True)
class Unbroken:
    """How a world is when nothing broke."""

    changes: int
    points: Points
    seen: object
    told: object


def done_once(
    fresh: Callable[[Path], World],
    folder: Path,
    arm: Callable[[Points], Arm] = lambda points: partial(faulty_wire, points=points, kind="refused"),
) -> Unbroken:
    """Carried out once, its points counted: requests, unless told otherwise."""
    world, points = fresh(folder), Points()
    planned = world.plan()
    with arm(points)(world):
        assert world.apply().exit_code == 0
    found = Unbroken(planned.changes, points, world.seen(), world.told())
    assert world.plan("again.plan").changes == 0
    return found


def loop(
    fresh: Callable[[Path], World],
    folder: Path,
    whole: bool,
    arm: Callable[[Points], Arm],
) -> int:
    """Break a fresh world at each of its points in turn, or at some; how many were."""
    unbroken = done_once(fresh, folder / "unbroken", arm)
    numbers = to_try(unbroken.points, whole)
    for number in numbers:
        world, points = fresh(folder / str(number)), Points(number)
        assert world.plan().changes == unbroken.changes
        told = until_done(world, [arm(points)])
        assert points.passed >= number, "the clean run had more points than this one"
        check(world, told, unbroken, number)
    return len(numbers)


def to_try(points: Points, whole: bool) -> Sequence[int]:
    """Numbers of points, the first among them."""
    every = range(1, points.passed + 1)
    if whole:
        return every
    if not points.writes:
        return spread(every, DISK)
    reads = [number for number in every if number not in points.writes]
    return sorted([*spread(reads, READS), *spread(points.writes, WRITES)])


def spread(numbers: Sequence[int], most: int) -> Sequence[int]:
    """At most so many of them, from the first on."""
    return numbers[:: -(-len(numbers) // most) or 1]


def until_done(world: World, arms: Sequence[Arm]) -> RunEnded | None:
    """The same call again until it ends, the first ones broken; None: it had ended when it was killed."""
    said: list[str] = []
    for attempt in range(TRIES):
        try:
            with arms[attempt](world) if attempt < len(arms) else nullcontext():
                return world.apply()
        except PlanRefused as error:
            assert attempt and "applied already" in str(error)
            return None
        except LocalFault as error:
            assert error.exit_code == 8
        except Killed:
            pass
        except MigratorError as error:
            said.append(str(error))
    raise AssertionError(f"it never ended: {said}")


def check(world: World, told: RunEnded | None, unbroken: Unbroken, where: object) -> None:
    """One effect a record, each outcome in the report, nothing left to do."""
    world.clock.arrive()
    assert world.seen() == unbroken.seen, where
    assert world.told() == unbroken.told, where
    if told is not None:
        assert (told.report.status, told.exit_code, told.report.changes) == (RunStatus.DONE, 0, ()), where
    with pytest.raises(PlanRefused, match="applied already"):
        world.apply()
    again = world.plan("again.plan")
    assert (again.changes, again.trailer.problem_total) == (0, 0), where
