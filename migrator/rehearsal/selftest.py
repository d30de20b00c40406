"""The fault loop in its short form: a plan carried out again and again, broken at another point each time.

Each time fresh stand-ins answer on loopback: one whose key refuses a second record, and one without keys, where
only looking keeps a record from being made twice. Then the n-th request of the apply is broken on the wire, or the
program runs in a process of its own that is killed at a named point, or whose files may not grow, as on a full disk;
and the same plan is applied again until it is done. What must hold: each record has one effect, no outcome is lost, a
second plan has no changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from migrator.model.lean import dataclass
from migrator.pipeline import Surroundings
from migrator.rehearsal.stories import STORIES, Stage, Standing, staged

if TYPE_CHECKING:
    from migrator.emulators.proxy import WireFaultKind

WIRE: Mapping[WireFaultKind, str] = {
    "reset_before": "connection reset before the server saw the request",
    "reset_after": "connection reset after the server had worked",
    "cut": "answer cut in its middle",
}
"""Fault of the wire -> its name for people."""
ROOMS = (0.5, 1.0, 1.0625, 1.125, 1.3125)
"""Of the bytes of a state after a run: before it is made, in the middle of the run, at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One kind of fault, tried at each of its points."""

    fault: str
    """What went wrong, in words."""
    points: int
    """How many points were tried."""
    violations: tuple[str, ...]
    """What did not hold; empty when all did."""


def selftest(around: Surroundings) -> Iterator[Tried]:
    """All kinds, one after another; nothing is left, nothing leaves this machine. Raises UsageWrong without the
    emulators' packages."""
    unbroken = {story: _unbroken(around, story) for story in STORIES}
    for kind, words in WIRE.items():
        points = [
            _wire_point(story, kind, number) for story, one in unbroken.items() for number in range(one.requests)
        ]
        yield _tried(around, words, points, unbroken)
    kills = [_kill_point(story, name) for story in STORIES for name in story.kills]
    yield _tried(around, "process killed (SIGKILL) at a named point", kills, unbroken)
    if os.name == "posix":
        rooms = [_room_point(story, int(one.state * room)) for story, one in unbroken.items() for room in ROOMS]
        yield _tried(around, "no room on the disk for a write to the state", rooms, unbroken)


def _tried(
    around: Surroundings, fault: str, points: Sequence[_Point], unbroken: Mapping[type[Stage], _Unbroken]
) -> Tried:
    """Each point in a stage of its own. Those that did not strike are none; that none did is a violation."""
    struck, violations = 0, []
    for point in points:
        with staged(around, point.story) as stage:
            where = f"{point.story.named}, {point.said}"
            if point.strike(stage):
                struck += 1
                said = stage.judged(stage.until_done(), unbroken[point.story].standing)
                violations += [f"{where}: {each}" for each in said]
            elif point.must:
                violations.append(f"{where}: the process did not pass it")
    if points and not struck and not violations:
        violations.append("nothing was broken")
    return Tried(fault=fault, points=struck, violations=tuple(violations))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """Where a story is broken."""

    story: type[Stage]
    said: str
    """Which one, for people."""
    strike: Callable[[Stage], bool]
    """Breaks it; whether it did."""
    must: bool = True
    """It is there in every run."""


def _wire_point(story: type[Stage], kind: WireFaultKind, number: int) -> _Point:
    def strike(stage: Stage) -> bool:
        stage.proxy.add(kind=kind, after=number, at_byte=20)
        return True

    return _Point(story=story, said=f"request {number + 1}", strike=strike)


def _kill_point(story: type[Stage], name: str) -> _Point:
    return _Point(story=story, said=name, strike=lambda stage: stage.killed(name))


def _room_point(story: type[Stage], size: int) -> _Point:
    return _Point(
        story=story, said=f"files of {size} bytes at most", strike=lambda stage: stage.cramped(size), must=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unbroken:
    """An apply that nothing broke."""

    requests: int
    """That it sent."""
    standing: Standing
    """What stands after it."""
    state: int
    """Bytes of the largest file of its state."""


def _unbroken(around: Surroundings, story: type[Stage]) -> _Unbroken:
    with staged(around, story) as stage:
        requests = stage.requests()
        state = max(path.stat().st_size for path in (stage.folder / ".migrator").iterdir())
        return _Unbroken(requests=requests, standing=stage.standing(), state=state)
