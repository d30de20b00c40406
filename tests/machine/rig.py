"""A file as the source, an emulator as the target, and a program that can be broken at any of its requests."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from migrator import lookback, pipeline
from migrator.emulators.server import create_emulator
from migrator.model.run import RunEnded
from migrator.pipeline import ApplyOptions, Planned, Surroundings
from migrator.planfile import PlanFile
from migrator.transport.secrets import Scrubber
from tests.end_to_end.sides import SYSTEMS
from tests.machine.hooks import Fault, Killed
from tests.machine.truth import SIDES, Row
from tests.one_clock import OneClock
from tests.wsgi import WsgiAdapter

LATER = 5.0
"""Seconds after which people act: a system may tell its times in whole seconds."""


class Slow:
    """The time of another clock, on which each wait takes longer than asked for, as it may on a busy machine.

    For a process that waits for a place that a sleeping one holds: it asks for it four times a second.
    """

    def __init__(self, clock: OneClock) -> None:
        self._clock = clock
        self.now = self.monotonic = self.wall = clock.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.wait(seconds + LATER)


class Rig:
    """One playbook, one state, one target."""

    def __init__(self, system: str, folder: Path, *, missing: bool = False) -> None:
        self.system, self.folder, self.side = system, folder, SIDES[system]
        self.missing = missing
        self.clock = OneClock()
        self.emulator = create_emulator(system, seed="empty", clock=self.clock)
        self.fault: Fault | None = None
        self.theirs = WsgiAdapter(self.emulator.app)
        """What another process sent through, the last time."""
        self._dead: list[tuple[Any, ...]] | None = None
        """The process was killed, and these are the rows of its lease."""
        self.notes: Collection[str] = ()
        """Codes of the last plan's notes."""
        self.links: Collection[str] = ()
        """Keys of its lines that enter a record into the id map; nothing is sent for them."""
        self.state, self.file, self.older = folder / ".migrator", folder / "a.plan", folder / "older.plan"
        self.adapter = WsgiAdapter(
            self.emulator.app,
            before=lambda _: self._passes(after=False),
            after=lambda _: self._passes(after=True),
        )
        (folder / "p.json").write_text(self._playbook(), "utf-8")

    def _playbook(self) -> str:
        taker = SYSTEMS[self.system].target
        step = {
            "step": "rows",
            "source": {"system": "sheet", "collection": "rows.jsonl", "query": {"id": "id"}},
            "fields": {taker.title: "{{ record.title }}", taker.text: "as it is", **taker.fixed},
            "target": {"system": "there", **taker.part, **({"missing": "delete"} if self.missing else {})},
        }
        there = {"connector": self.system, "in_flight": 1, **SYSTEMS[self.system].options}  # the same each time
        systems = {"sheet": {"connector": "jsonl", "path": "."}, "there": there}
        limits = {"update_percent": 100, "delete_percent": 100}
        return json.dumps({"playbook": "machine", "systems": systems, "limits": limits, "steps": [step]})

    def around(self, *, theirs: bool = False) -> Surroundings:
        """Fresh for each command, as a process would have it; `theirs`: one that nothing breaks."""
        env = {**os.environ, **self.emulator.env(f"http://{self.system}.localhost")}
        clock, adapter = (Slow(self.clock), self.theirs) if theirs else (self.clock, self.adapter)
        return Surroundings(env=env, clock=clock, scrubber=Scrubber(), adapters={"there": adapter})

    # ------------------------------------------------------------ both sides

    def source(self, rows: Mapping[str, str]) -> None:
        """What the file holds."""
        lines = [json.dumps({"id": key, "title": title}) for key, title in rows.items()]
        (self.folder / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def standing(self) -> dict[str, Row]:
        """What stands in the target; no key twice."""
        found = self.side.rows(self.emulator)
        assert len({row.key for row in found}) == len(found), f"a record stands twice: {sorted(found)}"
        return {row.key: row for row in found}

    def edit(self, key: str, title: str) -> None:
        """Somebody gives a record another title."""
        self.clock.wait(LATER)
        self.side.title(self.emulator, self.standing()[key].number, title)

    def edit_other(self, key: str, text: str) -> None:
        """Somebody writes into its field that the playbook does not name."""
        self.clock.wait(LATER)
        self.side.other(self.emulator, self.standing()[key].number, text)

    def delete(self, key: str) -> None:
        """Somebody deletes it."""
        self.clock.wait(LATER)
        assert self.side.delete is not None
        self.side.delete(self.emulator, self.standing()[key].number)

    # ------------------------------------------------------------ the program

    def plan(self) -> dict[str, str]:
        """Key -> action of each line that sends something. The plan before stays, as `older`."""
        if self.file.exists():
            shutil.copy(self.file, self.older)
        making = pipeline.plan(self.folder / "p.json", self.file, self.around(), state=self.state)
        planned = _result(making)
        assert planned.trailer.problem_total == 0, planned.trailer.problems
        lines = [change for _, change in PlanFile(self.file).changes()]
        told = {line.origin.id: line.action.value for line in lines if line.origin}
        self.notes = {note.code for note in planned.trailer.notes}
        self.links = {key for key, action in told.items() if action == "link"}
        return {key: action for key, action in told.items() if action != "link"}

    @property
    def another(self) -> bool:
        """The plan before is not the same, to the byte."""
        return self.older.exists() and PlanFile(self.older).hash != PlanFile(self.file).hash

    def apply(self, fault: Fault | None = None) -> RunEnded:
        """Raises Killed, PlanRefused and what ends a run early."""
        return self._run(lambda: pipeline.apply(self.file, self.around(), options=_OPTIONS, state=self.state), fault)

    def resume(self, fault: Fault | None = None) -> RunEnded:
        """The same for `migrator resume`. Raises UsageWrong where there is nothing to take up."""
        return self._run(lambda: pipeline.resume(None, self.around(), options=_OPTIONS, state=self.state), fault)

    def undo(self, run: int) -> RunEnded:
        """Plans what takes the run back, and carries that out."""
        _result(lookback.undo(run, self.file, self.around(), state=self.state))
        return self.apply()

    def elsewhere(self, file: Path) -> RunEnded:
        """Another process applies a plan file, perhaps while ours is at it. Raises Locked and what `apply` does."""
        self.theirs = WsgiAdapter(self.emulator.app)
        *_, last = pipeline.apply(file, self.around(theirs=True), options=_OPTIONS, state=self.state)
        assert isinstance(last, RunEnded)
        return last

    def _run(self, begin: Callable[[], Iterator[Any]], fault: Fault | None) -> RunEnded:
        self.fault = fault
        try:
            *_, last = begin()
        finally:
            self.fault = None
            self._bury()
        assert isinstance(last, RunEnded)
        return last

    def _passes(self, *, after: bool) -> None:
        if self._dead is not None:
            raise Killed  # the dead send nothing
        try:
            if self.fault is not None:
                self.fault.point(after)
        except Killed:
            self._dead = self.asked("SELECT * FROM leases")
            raise

    def _bury(self) -> None:
        """Where the process was killed, nobody has given its lease back: its rows name somebody who is gone."""
        rows, self._dead = self._dead or [], None
        for row in rows:
            self.asked(f"INSERT OR IGNORE INTO leases VALUES ({', '.join('?' * len(row))})", row)
        if rows:
            self.seem_dead()

    # ------------------------------------------------------------ the state, behind its back

    def asked(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of the state, or what changes them."""
        if not (self.state / "state.db").exists():
            return []
        with closing(sqlite3.connect(self.state / "state.db", timeout=30)) as connection, connection:
            return connection.execute(sql, values).fetchall()

    def held(self) -> bool:
        """A process that lives holds a lease."""
        return bool(self.asked("SELECT 1 FROM leases WHERE began <> '1'"))

    def seem_dead(self) -> None:
        """Whoever holds a lease seems to be a process that is gone: its number belongs to a younger one."""
        self.asked("UPDATE leases SET began = '1'")

    def journalled(self) -> list[tuple[Any, ...]]:
        """Everything that the journal tells."""
        found = []
        for table in ("requests", "outcomes", "id_map"):
            found += self.asked(f"SELECT * FROM {table}")
        return found


_OPTIONS = ApplyOptions(max_wait=7200)


def _result(making: Any) -> Planned:
    while True:
        try:
            next(making)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # what the generator returns
