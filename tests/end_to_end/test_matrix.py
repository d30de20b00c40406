"""Each of the five systems to each: planned, applied, verified, edited, with documented limits and one clock."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import requests

from migrator import pipeline
from migrator.emulators.server import SystemClock, create_emulator, serve
from migrator.model.run import RunStatus
from migrator.pipeline import Planned, Surroundings
from migrator.planfile import PlanFile
from migrator.transport.secrets import Scrubber
from tests.end_to_end.sides import EDITED, SYSTEMS, playbook
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_worked_playbooks import OneClock, World
from tests.wsgi import WsgiAdapter

PAIRS = list(product(SYSTEMS, SYSTEMS))


def finished(planning: Generator[Any, None, Planned]) -> Planned:
    """What a planning returns at its end."""
    while True:
        try:
            next(planning)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # what the generator returns


class Watched(WsgiAdapter):
    """What one command says to one system, and how often that refused it for its haste."""

    refused = 0

    def send(self, *given: Any, **more: Any) -> requests.Response:
        answer = super().send(*given, **more)
        self.refused += answer.status_code == 429
        return answer


class Pair(World):
    """A source and a target; one system may be both."""

    def __init__(self, folder: Path, source: str, target: str) -> None:
        clock = OneClock()
        names = dict.fromkeys((source, target))
        super().__init__(folder, clock, {name: create_emulator(name, clock=clock) for name in names})
        self.book = folder / "pair.json"
        self.book.write_text(playbook(source, target), "utf-8")
        self.giver, self.taker = self.emulators[source], self.emulators[target]
        self.heard: list[Watched] = []
        self.source, self.target = SYSTEMS[source].source, SYSTEMS[target].target

    def around(self) -> Surroundings:
        env: dict[str, str] = {}
        for name, emulator in self.emulators.items():
            env |= emulator.env(f"http://{name}.localhost")
        adapters = {name: Watched(emulator.app) for name, emulator in self.emulators.items()}
        self.heard += adapters.values()
        return Surroundings(env=env, clock=self.clock, scrubber=Scrubber(), adapters=adapters)

    def stands(self) -> Counter[tuple[str, str]]:
        """Titles and texts in the target, seen behind the connector's back."""
        return Counter(self.target.stands(self.taker.store))

    def carry_out(self) -> None:
        """Apply the plan; verify finds no change."""
        ended = self.apply()
        assert (ended.exit_code, ended.report.status) == (0, RunStatus.DONE), ended.report
        again = finished(pipeline.verify(self.book, self.around()))
        left = list(PlanFile(again.path).changes())
        again.path.unlink()
        assert (again.exit_code, again.changes) == (0, 0), left


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=[f"{one}-to-{other}" for one, other in PAIRS])
def test_any_system_goes_to_any(source: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All records come over and nothing is left; an edit is the one line of the next plan."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, source, target)
    assert pipeline.validate([pair.book], pair.around(), online=True) == ()
    stood = pair.stands()

    first = pair.plan(pair.book)
    (counts,) = first.trailer.counts.values()
    assert (first.exit_code, counts.create, first.changes) == (0, pair.source.count, pair.source.count), first.trailer
    pair.carry_out()
    came = pair.stands() - stood
    was, edited = (pair.source.was, pair.source.says), (EDITED, pair.source.says)
    assert (came.total(), came[was], came[edited]) == (pair.source.count, 1, 0), came

    pair.source.edit(pair.giver)
    assert pair.plan(pair.book).changes == 1
    (change,) = [line for _, line in PlanFile(pair.folder / "a.plan").changes()]
    title = pair.target.title
    assert (dict(change.before or {}), dict(change.after or {})) == ({title: pair.source.was}, {title: EDITED})
    pair.carry_out()
    assert pair.stands() - stood == came - Counter([was]) + Counter([edited])
    assert {emulator.pace for emulator in pair.emulators.values()} == {"documented"}


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=[f"{one}-to-{other}" for one, other in PAIRS])
def test_a_load_into_a_rested_system_is_never_refused_for_haste(
    source: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a command the documented limits are kept unasked: no call of a plan or of its apply is answered 429."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, source, target)
    pair.plan(pair.book)
    pair.clock.wait(60)
    assert pair.apply().exit_code == 0
    assert not any(each.refused for each in pair.heard)


def test_a_command_knows_what_the_one_before_has_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verifying right after an apply keeps KaiNexus' five calls a minute without being told so by a refusal."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "kintone", "kainexus")
    pair.plan(pair.book)
    pair.carry_out()
    assert not any(each.refused for each in pair.heard)


class Behind(SystemClock):
    """The machine's clock, so many seconds behind until it is set right."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return super().now() - self.seconds


def test_over_sockets_a_documented_limit_is_really_waited_for(here: Path) -> None:
    """Somebody used up KaiNexus' five calls a minute 58 seconds ago: the plan is refused, waits, and is made."""
    clock = Behind(58.5)
    giver, taker = create_emulator("kainexus", clock=clock), create_emulator("kintone")
    statuses: list[str] = []

    def heard(environ: Any, start: Any) -> Any:
        def told(status: str, *rest: Any) -> Any:
            statuses.append(status[:3])
            return start(status, *rest)

        return giver.app(environ, told)

    with serve(heard) as one, serve(taker.app) as other:
        env = giver.env(one.url) | taker.env(other.url)
        stage = Stage(here, {"kainexus": giver, "kintone": taker}, env)
        stage.write("pair.json", playbook("kainexus", "kintone"))
        address, login = f"{one.url}/api/public/v1/json/impactValueList", ("api", env["KAINEXUS_API_KEY"])
        for _ in range(5):
            requests.get(address, auth=login, timeout=10).raise_for_status()
        clock.seconds = 0
        began = time.monotonic()
        planned = stage.run("plan", "pair.json", "-o", "a.plan", "--detailed-exitcode")
        waited = time.monotonic() - began
        assert planned.code == 2, planned.text
        (here / ".migrator" / "budget.db").unlink()  # the minute that the plan's calls count for is over
        clock.seconds = -60
        applied = stage.run("apply", "a.plan")
    assert applied.code == 0, applied.text
    assert len(list(taker.store.records(6))) == SYSTEMS["kainexus"].source.count
    assert statuses[5] == "429" and statuses.count("429") < 3
    assert 1 <= waited < 10
