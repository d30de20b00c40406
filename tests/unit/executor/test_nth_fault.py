"""The n-th-fault loop: every point where a run can break is broken once; taken up, it ends as an unbroken run does.

Points are requests (before and after the server committed), reads, commits of the journal, and named failpoints.
A kill is an exception that nothing catches: what was committed by then is all that the next taking-up has.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Answer, Call, Creates, Recheck
from migrator.errors import LocalFault, Lost, MigratorError, NotSent, PlanRefused, Unreachable
from migrator.executor.report import report
from migrator.model.plan import Change
from migrator.model.playbook import Marker
from migrator.model.run import Report
from migrator.state import database
from migrator.state.database import Database
from migrator.state.state import State
from tests.unit.executor.shelf import Shelf, capabilities
from tests.unit.executor.story import Story, clearing, staff


class Killed(BaseException):
    """The process is gone."""


class Points:
    """Counts the points of a run and breaks it at the n-th."""

    def __init__(self, wanted: int, breaks: Callable[[], None]) -> None:
        self.wanted = wanted
        self.breaks = breaks
        self.passed = 0

    def __call__(self, *_: object) -> None:
        self.passed += 1
        if self.passed == self.wanted:
            self.breaks()

    @property
    def reached(self) -> bool:
        return self.passed >= self.wanted


def kill() -> None:
    raise Killed


def like_kintone(folder: Path) -> Story:
    """Versions, unique keys, all or nothing."""
    return Story(folder=folder)


def like_kainexus(folder: Path) -> Story:
    """No versions, no keys, no fetch: markers found by reading the whole list; each item has its own result."""
    can = capabilities(
        find=0, fetch_max=0, batch_atomic=False, creates=Creates.UNGUARDED, recheck=Recheck.SCAN, in_flight=1
    )
    shelf = Shelf(unique=None, versions=False, atomic=False)
    return Story(folder=folder, can=can, shelf=shelf, marker=Marker(field="mark"), key=())


def like_glpi(folder: Path) -> Story:
    """A key that nothing guards, no versions, looked at by ids, several batches a request."""
    can = capabilities(creates=Creates.UNGUARDED, recheck=Recheck.BY_IDS, bundle=2, batch_atomic=False)
    return Story(folder=folder, can=can, shelf=Shelf(unique=None, versions=False, atomic=False))


WORLDS = [like_kintone, like_kainexus, like_glpi]
STRIDES = [5, pytest.param(1, marks=pytest.mark.long)]
"""Every fifth point of the journal by default; every one in the long form."""


def before(points: Points, move: Callable[[], Answer]) -> Answer:
    """Broken before the server did anything."""
    points()
    return move()


def after(points: Points, move: Callable[[], Answer]) -> Answer:
    """Broken after the server did it."""
    answer = move()
    points()
    return answer


def raising(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


WIRE_FAULTS: dict[str, tuple[str, Callable[..., Answer], Callable[[], None]]] = {
    "no byte left": ("send", before, raising(NotSent("refused"))),
    "lost before the commit": ("send", before, raising(Lost("reset"))),
    "lost after the commit": ("send", after, raising(Lost("reset"))),
    "killed before sending": ("send", before, kill),
    "killed before the answer": ("send", after, kill),
    "a read fails": ("ask", before, raising(Unreachable("silent"))),
    "killed in a read": ("ask", before, kill),
}


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process dies here, so nothing needs the disk: real kills are in tests/end_to_end."""
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_a_broken_exchange_leaves_one_effect_a_line(
    world: Callable[[Path], Story], fault: str, tmp_path: Path
) -> None:
    """Whatever happens to the n-th request or read, each line takes effect once, and the world is the planned one."""
    kind, place, breaks = WIRE_FAULTS[fault]

    def arm(story: Story, points: Points) -> None:
        def around(of: str, call: Call, move: Callable[[], Answer]) -> Answer:
            return place(points, move) if of == kind else move()

        story.wire.around = around

    assert _loop(world, tmp_path, breaks, arm) >= 2


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_b03_a_broken_delete_takes_effect_once(world: Callable[[Path], Story], fault: str, tmp_path: Path) -> None:
    """Batches of deletes in two steps, broken at any exchange: each record goes once, and the id map says gone."""
    kind, place, breaks = WIRE_FAULTS[fault]

    def arm(story: Story, points: Points) -> None:
        def around(of: str, call: Call, move: Callable[[], Answer]) -> Answer:
            return place(points, move) if of == kind else move()

        story.wire.around = around

    assert _loop(world, tmp_path, breaks, arm, lines=clearing) >= 2
    with State.open(tmp_path / "1" / ".migrator", write=False) as state:
        gone = [row.gone_at for pair in state.ids.pairs() for _, row in state.ids.rows(pair)]
    assert len(gone) == 9 and all(gone)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("stride", STRIDES)
def test_a_kill_at_any_failpoint_leaves_one_effect_a_line(
    world: Callable[[Path], Story], stride: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before or after any row of the journal is written, the run ends as an unbroken one does."""

    def arm(story: Story, points: Points) -> None:
        for module in ("state.journal", "state.runs", "executor.apply", "executor.feed"):
            monkeypatch.setattr(f"migrator.{module}.failpoint", points)

    assert _loop(world, tmp_path, kill, arm, stride) > 30


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("breaks", ["killed", "disk full"])
def test_a_commit_that_fails_leaves_one_effect_a_line(
    world: Callable[[Path], Story], stride: int, breaks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in a transaction, or with a disk that is full from then on, nothing is lost and nothing done twice."""

    def full() -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    original = Database.run

    def arm(story: Story, points: Points) -> None:
        def run(self: Database, sql: str, values: Any = ()) -> int:
            with database.told(self.path):
                if not sql.startswith("DELETE FROM leases"):
                    points()
            return original(self, sql, values)

        monkeypatch.setattr(Database, "run", run)

    assert _loop(world, tmp_path, kill if breaks == "killed" else full, arm, stride) > 10


def _loop(
    world: Callable[[Path], Story],
    folder: Path,
    breaks: Callable[[], None],
    arm: Callable[[Story, Points], None],
    stride: int = 1,
    lines: Callable[[Story], list[Change]] = staff,
) -> int:
    """Break a fresh world at each point in turn. How many points there were."""
    wanted = _unbroken(world(_made(folder / "unbroken")), lines)
    for number in itertools.count(1, stride):
        story = world(_made(folder / str(number)))
        file = story.plan(lines(story))
        points = Points(number, breaks)
        arm(story, points)
        told = _until_done(story, file)
        broken, points.wanted = points.reached, 0
        assert not told.changes, number
        assert _seen(story) == wanted, number
        assert set(story.shelf.effects.values()) == {1}, (number, story.shelf.effects)
        with pytest.raises(PlanRefused, match="applied already"):
            story.run(file)
        if not broken:
            return number - 1
    raise AssertionError


def _until_done(story: Story, file: Any) -> Report:
    """The same call again until it ends; a few times at most."""
    for _ in range(4):
        try:
            return story.run(file)
        except (Killed, MigratorError) as error:
            if isinstance(error, LocalFault):
                assert "state.db" in str(error)
            if isinstance(error, PlanRefused):  # killed after its last row
                assert "applied already" in str(error)
                with State.open(story.folder / ".migrator", write=False) as state:
                    return report(state, 1)
    raise AssertionError("it never ended")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _unbroken(story: Story, lines: Callable[[Story], list[Change]]) -> Any:
    told = story.run(story.plan(lines(story)))
    assert not told.changes
    assert set(story.shelf.effects.values()) == {1}
    return _seen(story)


def _seen(story: Story) -> Any:
    """The world by names: ids replaced by what they stand for, for they may differ."""
    names = {
        name: record.get("no", record.get("mark"))
        for records in story.shelf.records.values()
        for name, record in records.items()
    }

    def told(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for field, value in sorted(record.items()):
            if field != "$version":
                yield field, names[value] if field in ("owner", "boss") else value

    return {
        collection: Counter(tuple(told(record)) for record in records.values())
        for collection, records in story.shelf.records.items()
    }
