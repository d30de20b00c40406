"""The real command line, really killed: at every named point and at random moments; resumed, it ends as it should.

One effect a record, a second plan without changes. By default each point is killed in one story, by turns, and those
around a request in the unguarded one too; `pytest -m long tests/proof/test_kills.py`: every passing of every point in
every story, and a hundred random moments.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator import failpoint
from migrator.transport import pace
from tests.end_to_end.stage import ROOT, Stage, served
from tests.proof.standing import SEEN
from tests.proof.world import Taken

STORIES: Mapping[str, tuple[str, ...]] = {
    "glpi-inventory-to-kintone": ("glpi", "kintone"),
    "kintone-to-jsonl": ("kintone",),
    "csv-to-kintone": ("kintone",),
    "csv-to-glpi": ("glpi",),
}
"""With references over three steps; into a file; links and updates after the state was lost; and into a system that
takes a second create as it took the first."""
APPLYING = re.compile(r"failpoint\(\"(\w+)\"\)")
ELSEWHERE = {"plan_before_rename": "test_local_faults.py"}
"""Points that an apply does not pass -> where they are killed."""


def named_points() -> list[str]:
    """Every failpoint of the program that carrying out a plan may pass."""
    sources = [path.read_text("utf-8") for path in (ROOT / "migrator").rglob("*.py")]
    found = {name for source in sources for name in APPLYING.findall(source)}
    return sorted(name for name in found if name not in ELSEWHERE and not name.startswith(("upgrade", "purge")))


class Hurried(pace.SystemClock):
    """Its waits are over at once: a killed process has nothing on its way that could come late."""

    _ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def wall(self) -> float:
        return super().wall() + self._ahead

    def wait(self, seconds: float) -> None:
        self._ahead += max(0.0, seconds)


class Passings(Counter[str]):
    """Stands for the failpoint that is wanted, and is none: counts those that are passed."""

    def __ne__(self, name: object) -> bool:
        self[str(name)] += 1
        return True


@dataclass(frozen=True)
class Story:
    """A playbook with a plan of it, its emulators on loopback, and how it ends unbroken."""

    name: str
    stage: Stage
    aside: Path
    stores: Mapping[str, Taken]
    passed: Counter[str]
    """Named point -> how often an unbroken run passes it."""
    ends: dict[str, Counter[str]]

    def back(self) -> Stage:
        """All as it was when the plan was made."""
        put_back(self.stage, self.aside, self.stores)
        return self.stage


def put_back(stage: Stage, aside: Path, stores: Mapping[str, Taken]) -> None:
    """The folder and what stands in the emulators."""
    shutil.rmtree(stage.folder)
    shutil.copytree(aside, stage.folder)
    os.chdir(stage.folder)
    for name, taken in stores.items():
        with stage.emulators[name].store.lock:
            vars(stage.emulators[name].store).update(taken.again())


def told(name: str, stage: Stage) -> Story:
    """The story, carried out once."""
    assert stage.run("plan", f"{name}.yaml", "-o", "a.plan").code == 0
    if name == "csv-to-kintone":
        lose_the_state(stage)
    aside = stage.folder.with_name("aside")
    shutil.copytree(stage.folder, aside)
    stores = {system: Taken(one.store, one.store.clock) for system, one in stage.emulators.items()}
    passed = Passings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(failpoint, "_WANTED", passed)
        assert stage.run("apply", "a.plan").code == 0
    return Story(name, stage, aside, stores, passed, seen(stage))


def lose_the_state(stage: Stage) -> None:
    """All of it stands, one record is edited since, and nobody knows where they came from."""
    assert stage.run("apply", "a.plan").code == 0
    shutil.rmtree(stage.folder / ".migrator")
    sheet = stage.folder / "demo-assets.csv"
    sheet.write_text(sheet.read_text("utf-8").replace("old-server", "older server"), "utf-8")
    assert stage.run("plan", "csv-to-kintone.yaml", "-o", "a.plan").code == 0


def seen(stage: Stage) -> dict[str, Counter[str]]:
    """What stands in the systems and in files, without what a second try may change."""
    found = {name: Counter(SEEN[name](emulator.store, True)) for name, emulator in stage.emulators.items()}
    for path in (stage.folder / "archive").glob("*.jsonl"):
        found[path.name] = Counter(path.read_text("utf-8").splitlines())
    return found


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Story]]:
    """All of them, each told once."""
    with ExitStack() as held, pytest.MonkeyPatch.context() as patch:
        made = []
        for name, systems in STORIES.items():
            folder = tmp_path_factory.mktemp("kills") / "books"
            shutil.copytree(ROOT / "playbooks", folder)
            patch.chdir(folder)
            emulators, env = held.enter_context(served(systems))
            made.append(told(name, Stage(folder, emulators, env)))
        yield made


def finished(story: Story, patch: pytest.MonkeyPatch) -> None:
    """Resumed as its own words say, it ends as if nothing had been, and nothing is left to do."""
    stage = story.stage
    patch.setattr(pace, "SystemClock", Hurried)
    resumed = stage.run("resume")
    if resumed.code != 0:  # killed before it had begun, or when it was over
        assert "resume" in resumed.text
        again = stage.run("apply", "a.plan")
        assert again.code == 0 or (again.code == 4 and "applied already" in again.text), again.text
    verified = stage.run("verify", f"{story.name}.yaml")
    assert verified.code == 0, verified.text
    assert seen(stage) == story.ends


def doubtful(story: Story, point: str) -> bool:
    """Whoever is killed here does not know whether there is a record that a repeat would make twice."""
    return story.name == "csv-to-glpi" and ("intent" in point or "outcomes" in point)


LONG = [pytest.param(nth, True, marks=pytest.mark.long) for nth in range(1, 9)]


@pytest.mark.parametrize(("nth", "everywhere"), [pytest.param(1, False), *LONG])
@pytest.mark.parametrize("point", named_points())
def test_a01_a02_a03_a04_killed_at_a_named_point_each_record_has_one_effect(
    stories: list[Story], monkeypatch: pytest.MonkeyPatch, point: str, nth: int, everywhere: bool
) -> None:
    """SIGKILL itself, in a process of its own, at the n-th passing."""
    passing = [story for story in stories if story.passed[point] >= nth]
    assert passing or nth > 1, f"no story passes the failpoint {point}"
    if not everywhere:
        turn = named_points().index(point) % len(passing)
        passing = [*passing[turn : turn + 1], *(each for each in passing[turn + 1 :] if doubtful(each, point))]
    for story in passing:
        stage = story.back()
        done = stage.spawn("apply", "a.plan", env={"MIGRATOR_FAILPOINT": f"{point}:{nth}"})
        assert done.code == -signal.SIGKILL, done.text
        finished(story, monkeypatch)


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 104))])
def test_a01_a02_a03_a04_killed_at_random_moments_each_record_has_one_effect(
    stories: list[Story], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Twice in one run, at moments that nobody chose; the stories by turns."""
    chance, story = random.Random(seed), stories[seed % len(stories)]
    stage = story.back()
    for words in (("apply", "a.plan"), ("resume",)):
        process = stage.start(*words)
        try:
            process.wait(timeout=chance.uniform(0.1, 1.2))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    finished(story, monkeypatch)
