"""The real command line, really killed: at every named point and at random moments; resumed, it ends as it should.

One effect a record, a second plan without changes. `pytest -m long tests/proof/test_kills.py`: every passing of every
point, and a hundred random moments.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.stage import ROOT, Stage, served
from tests.proof.standing import SEEN

STORIES = {
    "glpi-inventory-to-kintone": ("glpi", "kintone"),
    "kintone-to-jsonl": ("kintone",),
    "csv-to-kintone": ("kintone",),
}
"""With references over three steps; into a file; links and updates after the state was lost. Their creates are
guarded or staged: none waits a minute to be looked for."""
APPLYING = re.compile(r"failpoint\(\"(\w+)\"\)")
ELSEWHERE = {"plan_before_rename": "test_local_faults.py"}
"""Points that an apply does not pass -> where they are killed."""


def named_points() -> list[str]:
    """Every failpoint of the program that carrying out a plan may pass."""
    sources = [path.read_text("utf-8") for path in (ROOT / "migrator").rglob("*.py")]
    found = {name for source in sources for name in APPLYING.findall(source)}
    return sorted(name for name in found if name not in ELSEWHERE and not name.startswith(("upgrade", "purge")))


@contextmanager
def staged(folder: Path, story: str) -> Iterator[Stage]:
    """The playbook with a plan of it, and its emulators on loopback."""
    shutil.copytree(ROOT / "playbooks", folder)
    with served(STORIES[story]) as (emulators, env), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stage = Stage(folder, emulators, env)
        assert stage.run("plan", f"{story}.yaml", "-o", "a.plan").code == 0
        if story == "csv-to-kintone":
            lose_the_state(stage)
        yield stage


def lose_the_state(stage: Stage) -> None:
    """All of it stands, one record is edited since, and nobody knows where they came from."""
    assert stage.run("apply", "a.plan").code == 0
    shutil.rmtree(stage.folder / ".migrator")
    sheet = stage.folder / "demo-assets.csv"
    sheet.write_text(sheet.read_text("utf-8").replace("old-server", "older server"), "utf-8")
    assert stage.run("plan", "csv-to-kintone.yaml", "-o", "a.plan").code == 0


def seen(stage: Stage) -> dict[str, Counter[str]]:
    """What stands in Kintone and in files, without what a second try may change."""
    found = {"kintone": Counter(SEEN["kintone"](stage.emulators["kintone"].store, True))}
    for path in (stage.folder / "archive").glob("*.jsonl"):
        found[path.name] = Counter(path.read_text("utf-8").splitlines())
    return found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Counter[str]]]:
    """What stands after a run that nothing broke."""
    found = {}
    for story in STORIES:
        with staged(tmp_path_factory.mktemp("unbroken") / "books", story) as stage:
            assert stage.run("apply", "a.plan").code == 0
            found[story] = seen(stage)
    return found


def finished(stage: Stage, story: str) -> None:
    """Resumed as its own words say; nothing is left to do."""
    resumed = stage.run("resume")
    if resumed.code != 0:  # killed before it had begun, or when it was over
        assert "resume" in resumed.text
        again = stage.run("apply", "a.plan")
        assert again.code == 0 or (again.code == 4 and "applied already" in again.text), again.text
    verified = stage.run("verify", f"{story}.yaml")
    assert verified.code == 0, verified.text


@pytest.mark.parametrize("nth", [1, *(pytest.param(nth, marks=pytest.mark.long) for nth in range(2, 9))])
@pytest.mark.parametrize("point", named_points())
def test_a01_a02_a03_a04_killed_at_a_named_point_each_record_has_one_effect(
    tmp_path: Path, unbroken: dict[str, dict[str, Counter[str]]], point: str, nth: int
) -> None:
    """SIGKILL itself, in a process of its own, at the first passing that any of the stories has."""
    for story in STORIES:
        with staged(tmp_path / story, story) as stage:
            done = stage.spawn("apply", "a.plan", env={"MIGRATOR_FAILPOINT": f"{point}:{nth}"})
            if done.code == 0:
                continue
            assert done.code == -signal.SIGKILL, done.text
            finished(stage, story)
            assert seen(stage) == unbroken[story]
            return
    assert nth > 1, f"no story passes the failpoint {point}"


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 104))])
def test_a01_a02_a03_a04_killed_at_random_moments_each_record_has_one_effect(
    tmp_path: Path, unbroken: dict[str, dict[str, Counter[str]]], seed: int
) -> None:
    """Twice in one run, at moments that nobody chose."""
    chance, story = random.Random(seed), next(iter(STORIES))
    with staged(tmp_path / story, story) as stage:
        for words in (("apply", "a.plan"), ("resume",)):
            process = stage.start(*words)
            try:
                process.wait(timeout=chance.uniform(0.1, 1.2))
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        finished(stage, story)
        assert seen(stage) == unbroken[story]
