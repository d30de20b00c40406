"""The fault loop in its short form: a plan carried out again and again, broken at another point each time.

Each time fresh stand-ins answer on loopback: one whose key refuses a second record, and one without keys, where
only looking keeps a record from being made twice. Then the n-th request of the apply is broken on the wire, or the
program is killed at a named point in a process of its own, and the same plan is applied again until it is done. What
must hold: each record has one effect, no outcome is lost, a second plan has no changes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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

Standing = Counter[str]
"""What stands in a system -> how often."""
WIRE: Mapping[WireFaultKind, str] = {
    "reset_before": "connection reset before the server saw the request",
    "reset_after": "connection reset after the server had worked",
    "cut": "answer cut in its middle",
}
"""Fault of the wire -> its name for people."""
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
    unbroken = {story: _unbroken(around, story) for story in STORIES}
    for kind, words in WIRE.items():
        violations = []
        for story, (points, wanted) in unbroken.items():
            for number in range(points):
                with _stage(around, story) as stage:
                    stage.proxy.add(kind=kind, after=number, at_byte=20)
                    said = stage.judged(stage.until_done(), wanted)
                    violations += [f"{story.named}, request {number + 1}: {each}" for each in said]
        tried = sum(points for points, _ in unbroken.values())
        yield Tried(fault=words, points=tried, violations=tuple(violations))
    violations = []
    for story, (_, wanted) in unbroken.items():
        for name in story.kills:
            with _stage(around, story) as stage:
                killed = stage.killed(name)
                said = stage.judged(stage.until_done(), wanted) if killed else iter(["the process did not pass it"])
                violations += [f"{story.named}, {name}: {each}" for each in said]
    tried = sum(len(story.kills) for story in STORIES)
    yield Tried(fault="process killed (SIGKILL) at a named point", points=tried, violations=tuple(violations))


def _unbroken(around: Surroundings, story: type[_Stage]) -> tuple[int, Standing]:
    """Requests of an apply that nothing breaks, and what stands after it."""
    with _stage(around, story) as stage:
        return stage.requests(), stage.standing()


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
def _stage(around: Surroundings, story: type[_Stage]) -> Iterator[_Stage]:
    """A folder, stand-ins behind proxies, and a plan that is ready."""
    try:
        from migrator.emulators.proxy import Proxy
        from migrator.emulators.server import create_emulator, serve
    except ImportError as error:
        raise UsageWrong(
            f"the emulators need more packages ({error.name} is missing)", hint="pip install 'migrator[emulators]'"
        ) from error
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="migrator-selftest-")))
        env = dict(around.env)
        for system in story.systems:
            emulator = create_emulator(system, seed=story.seed, pace="off")
            proxy = held.enter_context(Proxy(held.enter_context(serve(emulator.app)).port))
            env |= emulator.env(proxy.url)
        for file in story.files:
            shutil.copyfile(shipped() / file, folder / file)
        stage = story(folder, emulator, proxy, replace(around, env=env, clock=_Hurried()))
        stage.prepare()
        yield stage


class _Stage:
    """One story: its playbook is the first of `files`, the last of `systems` is written to and broken."""

    named = ""
    files: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    seed = "empty"
    kills: tuple[str, ...] = ()

    def __init__(self, folder: Path, emulator: Any, proxy: Any, around: Surroundings) -> None:
        self.folder, self.emulator, self.proxy, self.around = folder, emulator, proxy, around

    def prepare(self) -> None:
        """What stands before, and the plan."""
        raise NotImplementedError

    def standing(self) -> Standing:
        """All that stands, with its count of effects where the system has one, and how often."""
        raise NotImplementedError

    def plan(self) -> Planned:
        """A plan of how things stand now."""
        making = plan(
            self.folder / self.files[0], self.folder / "a.plan", self.around, state=self.folder / ".migrator"
        )
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

    def judged(self, told: RunEnded | None, wanted: Standing) -> Iterator[str]:
        """What does not hold."""
        if self.standing() != wanted:
            yield "the records are not those of an unbroken run"
        if told is not None and (told.exit_code or told.report.changes):
            yield f"the run ended with exit code {told.exit_code}"
        again = self.plan()
        if again.changes or again.trailer.problem_total:
            yield f"a second plan has {again.changes} changes"


class _Keyed(_Stage):
    """A sheet into Kintone, whose unique key refuses a second record: creates, updates and links."""

    named = "by key"
    files = FILES
    systems = ("kintone",)
    kills = (
        "before_intent", "after_intent", "before_outcomes", "within_outcomes", "after_outcomes", "before_links",
        "after_links", "before_complete", "after_complete", "before_end", "after_end",
    )  # fmt: skip

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

    def standing(self) -> Standing:
        """Records with their revisions."""
        records = self.emulator.store.records("assets")
        return Counter(
            repr(sorted((name, repr(each)) for name, each in record.items() if not name.endswith("datetime")))
            for record in records
        )


class _Unkeyed(_Stage):
    """Ideas of Kintone into KaiNexus, which takes a second create as it took the first: a marker tells them."""

    named = "without a key"
    files = ("kintone-to-kainexus.yaml",)
    systems = ("kintone", "kainexus")
    seed = "sample"
    kills = ("before_intent", "after_intent", "before_outcomes", "within_outcomes", "after_outcomes")

    def prepare(self) -> None:
        """Nothing stands. A process of its own shall not wait for the pace of a real server."""
        book = self.folder / self.files[0]
        text = book.read_text("utf-8")
        book.write_text(text.replace("tenant: sample\n", 'tenant: sample\n    pace: "off"\n'), "utf-8")
        self.plan()

    def standing(self) -> Standing:
        """Items by their summary."""
        store = self.emulator.store
        with store.lock:
            return Counter(store.read(number)["summary"] for number, item in store.items.items() if not item.deleted)


STORIES: tuple[type[_Stage], ...] = (_Keyed, _Unkeyed)
"""What is carried out and broken."""


def _counting(seen: list[str]) -> Callable[[str, bytes], bool]:
    def count(line: str, _: bytes) -> bool:
        seen.append(line)
        return False

    return count
