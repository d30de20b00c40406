"""Each of the five systems to each: planned, applied, verified, edited, with documented limits and one clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from migrator import pipeline
from migrator.emulators.server import create_emulator
from migrator.model.run import RunStatus
from migrator.pipeline import Planned, Surroundings
from migrator.planfile import PlanFile
from migrator.transport.secrets import Scrubber
from tests.end_to_end.sides import EDITED, SYSTEMS, playbook
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


class Pair(World):
    """A source and a target; one system may be both."""

    def __init__(self, folder: Path, source: str, target: str) -> None:
        clock = OneClock()
        super().__init__(folder, clock, {name: create_emulator(name, clock=clock) for name in {source, target}})
        self.book = folder / "pair.json"
        self.book.write_text(playbook(source, target), "utf-8")
        self.giver, self.taker = self.emulators[source], self.emulators[target]
        self.source, self.target = SYSTEMS[source].source, SYSTEMS[target].target

    def around(self) -> Surroundings:
        env: dict[str, str] = {}
        for name, emulator in self.emulators.items():
            env |= emulator.env(f"http://{name}.localhost")
        adapters: dict[str, Any] = {"giver": WsgiAdapter(self.giver.app), "taker": WsgiAdapter(self.taker.app)}
        return Surroundings(env=env, clock=self.clock, scrubber=Scrubber(), adapters=adapters)

    def titles(self) -> Counter[str]:
        """What stands in the target, seen behind the connector's back."""
        return Counter(self.target.titles(self.taker.store))

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
    """All records come over, nothing is left to do; an edit at the source is the one line of the next plan."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, source, target)
    assert pipeline.validate([pair.book], pair.around(), online=True) == ()
    stood = pair.titles()

    first = pair.plan(pair.book)
    (counts,) = first.trailer.counts.values()
    assert (first.exit_code, counts.create, first.changes) == (0, pair.source.count, pair.source.count), first.trailer
    pair.carry_out()
    came = pair.titles() - stood
    assert (came.total(), came[pair.source.was], came[EDITED]) == (pair.source.count, 1, 0)

    pair.source.edit(pair.giver)
    assert pair.plan(pair.book).changes == 1
    (change,) = [line for _, line in PlanFile(pair.folder / "a.plan").changes()]
    title = pair.target.title
    assert (dict(change.before or {}), dict(change.after or {})) == ({title: pair.source.was}, {title: EDITED})
    pair.carry_out()
    assert pair.titles() - stood == came - Counter([pair.source.was]) + Counter([EDITED])
