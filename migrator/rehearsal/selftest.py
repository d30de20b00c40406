"""The fault loop in its short form: a plan carried out again and again, broken at another point each time.

Each time a fresh stand-in answers on loopback; a part of the sheet stands already and some of it is edited, so that
the plan holds creates, updates and links. Then the n-th request of the apply is broken on the wire, or the program
is killed at a named point in a process of its own, and the same plan is applied again until it is done. What must
hold: each record has one effect, no outcome is lost, a second plan has no changes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.errors import MigratorError, PlanRefused, UsageWrong
from migrator.model.lean import dataclass
from migrator.model.run import RunEnded
from migrator.pipeline import ApplyOptions, Planned, Surroundings, apply, plan
from migrator.rehearsal.demo import FILES, shipped

if TYPE_CHECKING:
    from migrator.emulators.proxy import WireFaultKind

APP = "assets"
"""The collection that the playbook fills."""
WIRE: Mapping[WireFaultKind, str] = {
    "reset_before": "connection reset before the server saw the request",
    "reset_after": "connection reset after the server had worked",
    "cut": "answer cut in its middle",
}
"""Fault of the wire -> its name for people."""
KILLS = (
    "before_intent", "after_intent", "before_outcomes", "within_outcomes", "after_outcomes", "before_links",
    "after_links", "before_complete", "after_complete", "before_end", "after_end",
)  # fmt: skip
"""Named points at which a process is killed; `migrator.failpoint` tells where they are."""
TRIES = 5
"""How often the same plan is applied after a fault."""


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
    with _stage(around) as unbroken:
        points = unbroken.requests()
        wanted = unbroken.standing()
    for kind, words in WIRE.items():
        violations = []
        for number in range(points):
            with _stage(around) as stage:
                stage.proxy.add(kind=kind, after=number, at_byte=20)
                violations += [f"request {number + 1}: {said}" for said in stage.judged(stage.until_done(), wanted)]
        yield Tried(fault=words, points=points, violations=tuple(violations))
    violations = []
    for name in KILLS:
        with _stage(around) as stage:
            killed = stage.killed(name)
            said = stage.judged(stage.until_done(), wanted) if killed else ["the process did not pass it"]
            violations += [f"{name}: {each}" for each in said]
    yield Tried(fault="process killed (SIGKILL) at a named point", points=len(KILLS), violations=tuple(violations))


class _Hurried:
    """A clock whose waits are over at once: nothing here waits for a real server."""

    def __init__(self) -> None:
        self._passed = 0.0

    def monotonic(self) -> float:
        return self._passed

    def wall(self) -> float:
        return 1_700_000_000.0 + self._passed

    def wait(self, seconds: float) -> None:
        self._passed += seconds


@contextmanager
def _stage(around: Surroundings) -> Iterator[_Stage]:
    """A folder, a stand-in behind a proxy, and a plan that is ready."""
    try:
        from migrator.emulators.proxy import Proxy
        from migrator.emulators.server import create_emulator, serve
    except ImportError as error:
        raise UsageWrong(
            f"the emulators need more packages ({error.name} is missing)", hint="pip install 'migrator[emulators]'"
        ) from error
    emulator = create_emulator("kintone", seed="empty", pace="off")
    with (
        tempfile.TemporaryDirectory(prefix="migrator-selftest-") as name,
        serve(emulator.app) as server,
        Proxy(server.port) as proxy,
    ):
        for file in FILES:
            shutil.copyfile(shipped() / file, Path(name) / file)
        env = {**around.env, **emulator.env(proxy.url)}
        stage = _Stage(Path(name), emulator, proxy, replace(around, env=env, clock=_Hurried()))
        stage.prepare()
        yield stage


class _Stage:
    def __init__(self, folder: Path, emulator: Any, proxy: Any, around: Surroundings) -> None:
        self.folder, self.emulator, self.proxy, self.around = folder, emulator, proxy, around

    def prepare(self) -> None:
        """Most of the sheet stands, its id map is lost, a row is new and one is edited."""
        sheet = self.folder / FILES[1]
        lines = sheet.read_text("utf-8").splitlines(keepends=True)
        sheet.write_text("".join(lines[:-2]), "utf-8")
        self.plan()
        self.apply()
        shutil.rmtree(self.folder / ".migrator")
        sheet.write_text("".join(lines).replace(",Scrapped", ",In store"), "utf-8")
        self.plan()

    def plan(self) -> Planned:
        """A plan of how things stand now."""
        making = plan(self.folder / FILES[0], self.folder / "a.plan", self.around, state=self.folder / ".migrator")
        while True:
            try:
                next(making)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # what the generator returns

    def apply(self) -> RunEnded:
        """Carries it out, or takes it up. Raises MigratorError."""
        options = ApplyOptions()
        *_, last = apply(self.folder / "a.plan", self.around, options=options, state=self.folder / ".migrator")
        assert isinstance(last, RunEnded)  # noqa: S101  the stream's own promise
        return last

    def requests(self) -> int:
        """Carries it out unbroken; how many requests that took."""
        seen: list[str] = []
        self.proxy.add(kind="cut", times=None, when=_counting(seen))
        self.apply()
        self.proxy.clear()
        return len(seen)

    def killed(self, point: str) -> bool:
        """Carries it out in a process that kills itself at this point; whether it did."""
        words = [sys.executable, "-m", "migrator", "apply", "a.plan", "--state", str(self.folder / ".migrator")]
        env = {**os.environ, **self.around.env, "MIGRATOR_FAILPOINT": point}
        done = subprocess.run(  # noqa: S603  our own program
            words, cwd=self.folder, env=env, capture_output=True, check=False, timeout=60
        )
        return done.returncode == -signal.SIGKILL

    def until_done(self) -> RunEnded | None:
        """The same plan again until it is carried out; None: it was already."""
        for _ in range(TRIES):
            try:
                return self.apply()
            except PlanRefused:
                return None
            except MigratorError:
                continue
        raise MigratorError("the self-test's run never ended")

    def standing(self) -> dict[str, Any]:
        """Serial number -> all that stands under it, its count of effects included."""
        records = self.emulator.store.records(APP)
        rows = [{name: each for name, each in record.items() if not name.endswith("datetime")} for record in records]
        named = {str(row["serial"]): row for row in rows}
        return named if len(named) == len(rows) else {"twice": rows}

    def judged(self, told: RunEnded | None, wanted: Mapping[str, Any]) -> Iterator[str]:
        """What does not hold."""
        if self.standing() != wanted:
            yield "the records are not those of an unbroken run"
        if told is not None and (told.exit_code or told.report.changes):
            yield f"the run ended with exit code {told.exit_code}"
        again = self.plan()
        if again.changes or again.trailer.problem_total:
            yield f"a second plan has {again.changes} changes"


def _counting(seen: list[str]) -> Callable[[str, bytes], bool]:
    def count(line: str, _: bytes) -> bool:
        seen.append(line)
        return False

    return count
