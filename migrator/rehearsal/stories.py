"""What the self-test carries out and breaks: two stories, each with fresh stand-ins behind a proxy and a plan."""

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
from typing import Any

from migrator.errors import LocalFault, MigratorError, PlanRefused, UsageWrong
from migrator.model.run import RunEnded
from migrator.pipeline import ApplyOptions, Planned, Surroundings, apply, plan
from migrator.rehearsal.demo import FILES, shipped

Standing = Counter[str]
"""What stands in a system -> how often."""
_CRAMPED = """
import resource, runpy, sys
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
runpy.run_module("migrator", run_name="__main__", alter_sys=True)
"""
"""The program, whose writes beyond a size come short and then fail."""
TRIES = 5
"""How often the same plan is applied after a fault."""


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
def staged(around: Surroundings, story: type[Stage]) -> Iterator[Stage]:
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


class Stage:
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
        return self._process({"MIGRATOR_FAILPOINT": point}, "-m", "migrator") == -signal.SIGKILL

    def cramped(self, size: int) -> bool:
        """Carries it out in a process whose files may grow to so many bytes; whether that stopped it as it must."""
        return self._process({}, "-c", _CRAMPED, str(size)) == LocalFault.exit_code

    def _process(self, env: Mapping[str, str], *program: str) -> int:
        """Its exit code."""
        words = [sys.executable, *program, "apply", "a.plan", "--state", str(self.folder / ".migrator")]
        known = {**os.environ, **self.around.env, **env}
        done = subprocess.run(  # noqa: S603  our own program
            words, cwd=self.folder, env=known, capture_output=True, check=False, timeout=60
        )
        return done.returncode

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


class Keyed(Stage):
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


class Unkeyed(Stage):
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


STORIES: tuple[type[Stage], ...] = (Keyed, Unkeyed)
"""What is carried out and broken."""


def _counting(seen: list[str]) -> Callable[[str, bytes], bool]:
    def count(line: str, _: bytes) -> bool:
        seen.append(line)
        return False

    return count
