"""The n-th-fault loop: every point where a run can break is broken once; taken up, it ends as an unbroken run does.

One effect a record, no outcome lost, a second plan without changes. The points are the requests of an apply (eleven
kinds of fault each) and what it writes to the disk (killed, or full from then on). By default each kind is tried in
every other world, at another point than the kind before; every kind at every point of every world with
`pytest -m "long or not long" tests/proof`. The summary tells how many.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import get_args

import pytest

from migrator.errors import LocalFault, MigratorError, PlanRefused
from migrator.executor.after import After
from migrator.executor.load import Load
from migrator.model.run import RunEnded, RunStatus
from migrator.state import database
from tests.proof.tally import TALLY
from tests.proof.wire import Killed, LocalKind, Points, WireKind, faulty_disk
from tests.proof.world import Kept, World
from tests.proof.worlds import WORLDS

TRIES = 6
"""Takings-up after one fault, at most."""
AGAIN = (
    "upsert by key", "three steps with references", "unguarded, with parents", "found by a marker line",
    "deletes, into the trash", "files into attachments", "an undo",
)  # fmt: skip
"""Worlds that break in their takings-up too."""
LONG = (pytest.mark.long, pytest.mark.timeout(1800))
EVERY, DISK = 3, 2
"""The short form: every third kind of fault strikes a read too; so many writes to the disk are struck."""


def chosen(worlds: Iterable[str], kinds: Sequence[str]) -> list[object]:
    """World, kind, turn: in the short form each kind in every other world, in the long form (no turn) in all."""
    pairs = [(at + turn, name, kind, turn) for at, name in enumerate(worlds) for turn, kind in enumerate(kinds)]
    some = [
        pytest.param(name, kind, turn, id=f"{name}, some-{kind}") for at, name, kind, turn in pairs if at % 2 == 0
    ]
    return [*some, *(pytest.param(*pair[1:3], None, id=f"{pair[1]}, all-{pair[2]}", marks=LONG) for pair in pairs)]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process dies here, so nothing needs the disk: real kills are in test_kills.py."""
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")


@dataclass(frozen=True)
class Ready:
    """A world whose plan is ready, and how it is when nothing broke."""

    kept: Kept
    requests: Points
    writes: Points
    """To the disk."""
    seen: object
    told: object


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ready]:
    """Makes a world when it is first asked for: all its faults begin with the same plan."""
    return functools.cache(lambda name: done_once(WORLDS[name](tmp_path_factory.mktemp("worlds") / "world")))


ON_A_WIRE = [name for name in WORLDS if name != "into a file"]


@pytest.mark.parametrize(("name", "kind", "turn"), chosen(ON_A_WIRE, get_args(WireKind)))
def test_a01_a02_a03_a05_b01_b02_b03_b04_b10_b26_a_broken_request_leaves_one_effect_a_record(
    ready: Callable[[str], Ready], name: str, kind: WireKind, turn: int | None
) -> None:
    """Refused, lost before or after the commit, committed late, cut, answered by a gateway, or the process killed."""
    world = ready(name)
    numbers = every(world.requests) if turn is None else in_turn(world.requests, turn // 2)
    TALLY[f"{name}: {kind}"] = loop(world, numbers, broken_wire(kind))


@pytest.mark.parametrize(("name", "kind", "turn"), chosen(WORLDS, get_args(LocalKind)))
def test_a04_a10_a11_a_broken_write_to_the_disk_leaves_one_effect_a_record(
    ready: Callable[[str], Ready], name: str, kind: LocalKind, turn: int | None
) -> None:
    """Killed in a transaction, before a commit, a sync or a rename; or a disk that is full from then on."""
    world = ready(name)
    numbers = every(world.writes)
    some = numbers if turn is None else numbers[turn :: len(numbers) // DISK]
    TALLY[f"{name}: {kind}"] = loop(world, some, broken_disk(kind))


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 64), marks=LONG)], ids=["some", "all"])
@pytest.mark.parametrize("name", AGAIN)
def test_a01_a02_a03_a04_b01_b10_a_run_that_breaks_again_and_again_leaves_one_effect_a_record(
    ready: Callable[[str], Ready], name: str, seeds: range
) -> None:
    """The run and each of its first two takings-up break, each at a point and in a way of its own."""
    unbroken, struck = ready(name), 0
    for seed in seeds:
        chance = random.Random(f"{name} {seed}")  # a text seeds the same in every process
        faults = [one_of(chance, unbroken) for _ in range(3)]
        world = unbroken.kept.back()
        told = until_done(world, [fault.arm for fault in faults])
        check(world, told, unbroken, [fault.said for fault in faults])
        struck += sum(fault.points.passed >= fault.points.wanted for fault in faults)
    TALLY[f"{name}: three faults in a row"] = struck
    assert struck >= len(seeds)


GLPI = ("deletes, into the trash", "an undo, unguarded")


@pytest.mark.parametrize(
    ("name", "kind", "guard"),
    [
        *((name, "killed after", "carry.after_doubt") for name in ("unguarded, with parents", *GLPI)),
        *((name, "lost after", "desk.after_doubt") for name in ("unguarded, with parents", *GLPI)),
        *((name, "killed late", "carry.needs_settling") for name in ("unguarded, with parents", *GLPI)),
        ("unguarded, with parents", "late", "desk.needs_settling"),  # GLPI's session would be over by then
    ],
)
def test_a02_a03_b01_a_guard_that_is_taken_away_is_missed(
    ready: Callable[[str], Ready], name: str, kind: WireKind, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop can fail: who does not look, or looks too soon, sends a record twice, and the loop says so."""
    world = ready(name)

    def again(way: object, plan: object, doubtful: Sequence[tuple[Load, str]]) -> After:
        return After(again=[load for load, _ in doubtful])

    unguarded = again if guard.endswith("doubt") else lambda *_: False
    monkeypatch.setattr(f"migrator.executor.{guard}", unguarded)
    with pytest.raises(AssertionError, match=r"Counter|conflicts=1"):
        loop(world, world.requests.writes, broken_wire(kind))


Arm = Callable[[World], AbstractContextManager[None]]
"""What breaks a world while it is entered."""


def broken_wire(kind: WireKind) -> Callable[[Points], Arm]:
    """Breaks the wanted request in this way."""
    return lambda points: partial(faulty_wire, points=points, kind=kind)


def broken_disk(kind: LocalKind) -> Callable[[Points], Arm]:
    """Breaks the wanted write to the disk in this way."""
    return lambda points: partial(faulty_state, points=points, kind=kind)


@contextmanager
def faulty_state(world: World, points: Points, kind: LocalKind) -> Iterator[None]:
    """Each write to the disk is a point."""
    for adapter in world.adapter.values():
        adapter.process = points
    try:
        with faulty_disk(points, kind):
            yield
    finally:
        for adapter in world.adapter.values():
            adapter.process = Points()


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


def one_of(chance: random.Random, world: Ready) -> Fault:
    """Some fault at some point, writes more often than reads."""
    if chance.random() < 0.8:
        kind = chance.choice(get_args(WireKind))
        points = Points(chance.choice([*world.requests.writes * 4, *every(world.requests)]))
        return Fault(broken_wire(kind)(points), points, f"{kind} at request {points.wanted}")
    local, points = chance.choice(get_args(LocalKind)), Points(chance.randint(1, world.writes.passed))
    return Fault(broken_disk(local)(points), points, f"{local} at write {points.wanted}")


def done_once(world: World) -> Ready:
    """Carried out once, its points counted."""
    kept, requests, writes = Kept(world), Points(), Points()
    with faulty_wire(world, requests, "refused"), faulty_disk(writes, "killed"):
        assert world.apply().exit_code == 0
    assert world.before in (None, world.seen(writes=False))
    assert world.plan("again.plan").changes == world.left
    return Ready(kept, requests, writes, world.seen(), world.told())


def loop(unbroken: Ready, numbers: Sequence[int], arm: Callable[[Points], Arm]) -> int:
    """Break the world at each of these points in turn; how many were."""
    assert numbers
    for number in numbers:
        world, points = unbroken.kept.back(), Points(number)
        told = until_done(world, [arm(points)])
        assert points.passed >= number, "the clean run had more points than this one"
        check(world, told, unbroken, number)
    return len(numbers)


def every(points: Points) -> Sequence[int]:
    """All of them."""
    return range(1, points.passed + 1)


def in_turn(points: Points, turn: int) -> Sequence[int]:
    """A write, each turn another; at every third turn a read too."""
    reads = [number for number in every(points) if number not in points.writes]
    some = [points.writes[turn % len(points.writes)]]
    return some if turn % EVERY else [reads[turn // EVERY * len(reads) // 4], *some]


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


def check(world: World, told: RunEnded | None, unbroken: Ready, where: object) -> None:
    """One effect a record, each outcome in the report, nothing left to do but what an undo leaves."""
    world.clock.arrive()
    assert world.seen() == unbroken.seen, where
    assert world.told() == unbroken.told, where
    if told is not None:
        assert (told.report.status, told.exit_code, told.report.changes) == (RunStatus.DONE, 0, ()), where
    with pytest.raises(PlanRefused, match="applied already"):
        world.apply()
    again = world.plan("again.plan")
    assert (again.changes, again.trailer.problem_total) == (world.left, 0), where
