"""Each worked playbook does what it says, with documented limits on and one clock for all: no waiting."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migrator import pipeline
from migrator.contract import Pair
from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.sample import TOKEN
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Emulator, create_emulator
from migrator.idbook import links_of
from migrator.model.run import RunEnded, RunStatus
from migrator.pipeline import ApplyOptions, Planned, Surroundings
from migrator.planfile import PlanFile
from migrator.state.state import State
from migrator.transport.secrets import Scrubber
from tests.one_clock import OneClock
from tests.wsgi import WsgiAdapter

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


@dataclass
class World:
    """Emulators, the folder with the playbooks, and how to run one there."""

    folder: Path
    clock: OneClock
    emulators: Mapping[str, Emulator]

    def around(self) -> Surroundings:
        env: dict[str, str] = {}
        adapters: dict[str, Any] = {}
        for name, emulator in self.emulators.items():
            env |= emulator.env(f"http://{name}.localhost")
        for system, connector in SYSTEMS.items():
            adapters[system] = WsgiAdapter(self.emulators[connector].app)
        return Surroundings(env=env, clock=self.clock, scrubber=Scrubber(), adapters=adapters)

    def plan(self, book: Path) -> Planned:
        making = pipeline.plan(book, self.folder / "a.plan", self.around())
        while True:
            try:
                next(making)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # what the generator returns

    def apply(self) -> RunEnded:
        *_, last = pipeline.apply(self.folder / "a.plan", self.around(), options=ApplyOptions())
        assert isinstance(last, RunEnded)
        return last

    def kintone(self, app: str, key: str, value: str, edit: Mapping[str, str]) -> None:
        """Somebody edits a record of the Kintone emulator, over its own API."""
        import requests

        with requests.Session() as session:
            session.mount("http://", WsgiAdapter(self.emulators["kintone"].app))
            number = self.emulators["kintone"].collections[app]
            record = {name: {"value": text} for name, text in edit.items()}
            body = {"app": number, "updateKey": {"field": key, "value": value}, "record": record}
            token = {"X-Cybozu-API-Token": self.emulators["kintone"].env("x")["KINTONE_API_TOKEN"]}
            session.put("http://kintone.localhost/k/v1/record.json", json=body, headers=token).raise_for_status()


SYSTEMS = {
    "assets": "kintone",
    "cmdb": "glpi",
    "ideas": "kintone",
    "show": "kintone",
    "board": "kainexus",
    "pump": "ketryx",
    "space": "kitemaker",
}
"""The playbooks' names of their systems -> the emulator."""


def edit_sheet(world: World) -> None:
    """Somebody corrects the spreadsheet."""
    sheet = world.folder / "demo-assets.csv"
    sheet.write_text(sheet.read_text("utf-8").replace("old-server", "older server"), "utf-8")


def edit_idea(world: World) -> None:
    """Somebody renames an idea in Kintone."""
    world.kintone("ideas", "idea_no", "I-0003", {"title": "One form for all travel"})


def edit_active_idea(world: World) -> None:
    """Somebody renames one that is worked on."""
    world.kintone("ideas", "idea_no", "I-0002", {"title": "Shared tool walls"})


def edit_improvement(world: World) -> None:
    """Somebody renames an improvement in KaiNexus."""
    store: Any = world.emulators["kainexus"].store
    store.write([{"id": 13002, "summary": "Improvement 2, shorter"}])


def edit_item(world: World) -> None:
    """Somebody renames a requirement in Ketryx."""
    emulator = world.emulators["ketryx"]
    emulator.store.write(emulator.collections["sample"], {"sourceId": "sample:RQ-5", "title": "Show doses"})


def edit_room(world: World) -> None:
    """Somebody renames a room in the spreadsheet."""
    sheet = world.folder / "demo-rooms.csv"
    sheet.write_text(sheet.read_text("utf-8").replace("Lab 201", "Lab <201>"), "utf-8")


def edit_computer(world: World) -> None:
    """Somebody renames a computer in GLPI."""
    store: Any = world.emulators["glpi"].store
    store.row("Computer", 1)["name"] = "pc-one"


def edit_work_item(world: World) -> None:
    """Somebody renames a work item in Kitemaker."""
    org = world.emulators["kitemaker"].store
    item = org.numbered[org.space("ACM").id][3]
    Desk(Sight(org, org.tokens[TOKEN])).edit_work_item({"id": item.id, "title": "Move both printers"})


@dataclass(frozen=True)
class Story:
    """What a playbook brings over, and what an edit at the source becomes."""

    creates: int
    edit: Callable[[World], None]
    before: Mapping[str, str]
    after: Mapping[str, str]
    within: int = 0
    """References within a step, set when its records stand."""


STORIES = {
    "csv-to-glpi": Story(5, edit_room, {"name": "Lab 201"}, {"name": "Lab <201>"}),
    "glpi-to-kintone": Story(11, edit_computer, {"label": "pc-001"}, {"label": "pc-one"}),
    "glpi-inventory-to-kintone": Story(18, edit_computer, {"label": "pc-001"}, {"label": "pc-one"}, within=1),
    "kitemaker-to-kainexus": Story(
        8, edit_work_item, {"summary": "Move the printer"}, {"summary": "Move both printers"}
    ),
    "kainexus-to-ketryx": Story(
        19, edit_improvement, {"title": "Improvement 2"}, {"title": "Improvement 2, shorter"}, within=3
    ),
    "csv-to-kintone": Story(6, edit_sheet, {"label": "old-server"}, {"label": "older server"}),
    "kintone-to-kainexus": Story(
        10, edit_idea, {"summary": "One form for travel"}, {"summary": "One form for all travel"}
    ),
    "kainexus-to-kintone": Story(
        12, edit_improvement, {"summary": "Improvement 2"}, {"summary": "Improvement 2, shorter"}
    ),
    "kintone-to-ketryx": Story(10, edit_idea, {"title": "One form for travel"}, {"title": "One form for all travel"}),
    "ketryx-to-jsonl": Story(15, edit_item, {"title": "Show doses in ml/h"}, {"title": "Show doses"}),
    "kintone-to-kitemaker": Story(4, edit_active_idea, {"title": "Shared tool wall"}, {"title": "Shared tool walls"}),
    "kintone-to-jsonl": Story(10, edit_idea, {"title": "One form for travel"}, {"title": "One form for all travel"}),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    folder = tmp_path / "books"
    shutil.copytree(PLAYBOOKS, folder)
    monkeypatch.chdir(folder)
    clock = OneClock()
    names = ("kintone", "kainexus", "ketryx", "glpi", "kitemaker")
    emulators = {name: create_emulator(name, clock=clock) for name in names}
    return World(folder, clock, emulators)


@pytest.mark.parametrize("book", sorted(PLAYBOOKS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_worked_playbook_brings_its_records_over(book: Path, world: World) -> None:
    """Validated, tested, planned, applied, verified; then an edit at the source is one line of the next plan."""
    story = STORIES[book.stem]
    path = world.folder / book.name
    assert pipeline.validate([path], world.around(), online=True) == ()
    results = pipeline.test([path])
    assert results and all(result.passed for result in results), results

    first = world.plan(path)
    creates = sum(counts.create for counts in first.trailer.counts.values())
    within = sum(counts.self_reference for counts in first.trailer.counts.values())
    assert (first.exit_code, creates, within) == (0, story.creates, story.within)
    assert first.changes == creates + within
    ended = world.apply()
    assert (ended.exit_code, ended.report.status) == (0, RunStatus.DONE)
    assert world.plan(path).changes == 0

    story.edit(world)
    assert world.plan(path).changes == 1
    (change,) = [line for _, line in PlanFile(world.folder / "a.plan").changes()]
    assert (dict(change.before or {}), dict(change.after or {})) == (story.before, story.after)
    assert world.apply().exit_code == 0
    assert world.plan(path).changes == 0


@pytest.mark.parametrize("book", sorted(PLAYBOOKS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_lost_id_map_is_found_again_by_key_or_marker(book: Path, world: World) -> None:
    """Row for row as it was, also of a record that was edited since; nothing is sent; the edit is planned after."""
    path, state = world.folder / book.name, world.folder / ".migrator"
    world.plan(path)
    world.apply()
    before = rows_of(state)
    STORIES[book.stem].edit(world)
    state.rename(world.folder / "lost")
    world.plan(path)
    links = links_of(world.folder / "a.plan", world.folder / "links.plan", state)
    (world.folder / "links.plan").replace(world.folder / "a.plan")
    ended = world.apply()
    edited_key = book.stem == "csv-to-glpi"  # its edit is of the key itself: that record only the lost map knew
    assert (ended.exit_code, ended.report.requests, links) == (0, 0, len(before) - edited_key)
    assert rows_of(state).items() <= before.items()
    assert len(rows_of(state)) == links
    assert world.plan(path).changes == 1


def rows_of(folder: Path) -> dict[tuple[Pair, str], str]:
    """Which record the id map has for each."""
    with State.open(folder, write=False) as state:
        ids = state.ids
        return {(pair, name): row.target_id for pair in ids.pairs() for name, row in ids.rows(pair)}


def test_records_go_on_pointing_to_each_other(world: World) -> None:
    """A computer has the number of the place where it stands and of its owner, a floor that of its building."""
    world.plan(world.folder / "glpi-inventory-to-kintone.yaml")
    assert world.apply().exit_code == 0
    store: Any = world.emulators["kintone"].store
    numbers = {"paris": 1, "floor": 2}
    assert [(place["name"], place["inside"]) for place in store.records(8)] == [
        ("Paris", ""), ("Floor 1", str(numbers["paris"])), ("東京", "")
    ]  # fmt: skip
    computer = next(record for record in store.records(3) if record["serial"] == "SN-001")
    people = {str(rank): record["login"] for rank, record in enumerate(store.records(7), 1)}
    assert (computer["location"], people[computer["owner"]]) == (str(numbers["floor"]), "greg")


def test_every_playbook_has_its_story() -> None:
    """A playbook that nothing runs is not worked."""
    assert {path.stem for path in PLAYBOOKS.glob("*.yaml")} == STORIES.keys()


def test_a_night_load_mails_nobody(world: World) -> None:
    """Ten ideas go into KaiNexus and no notification leaves; the plan says so beforehand."""
    planned = world.plan(world.folder / "kintone-to-kainexus.yaml")
    assert any("tells nobody" in note.summary for note in planned.trailer.notes)
    store: Any = world.emulators["kainexus"].store
    before = len(store.notifications)
    world.apply()
    assert len(store.notifications) == before
