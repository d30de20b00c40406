"""Each worked playbook goes the whole way against fresh servers: validated, applied, verified, edited."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.sample import TOKEN
from migrator.emulators.kitemaker.sight import Sight
from tests.end_to_end.stage import ROOT, Stage, served

PLAYBOOKS = sorted(path.name for path in (ROOT / "playbooks").iterdir() if path.suffix in (".yaml", ".yml", ".json"))


@dataclass(frozen=True)
class World:
    """What a playbook moves, and what somebody edits in its source afterwards."""

    systems: tuple[str, ...]
    """Emulators that it needs."""
    creates: int
    """Records that the first plan makes."""
    holds: Callable[[Stage], bool]
    """Something that is true of the target after the first apply, seen behind the connector's back."""
    edit: Callable[[Stage], object]
    """Somebody changes one source record in one field."""
    before: Mapping[str, Any]
    """What the second plan shows of the target's field, and nothing else."""
    after: Mapping[str, Any]
    """And what it shall become."""
    within: int = 0
    """References within a step, set when its records stand."""


def kintone_record(stage: Stage, app: int, **wanted: Any) -> bool:
    """The app holds exactly one record with these values."""
    found = [one for one in stage.truth()["kintone"][app] if all(one[name] == wanted[name] for name in wanted)]
    return len(found) == 1


def kainexus_item(stage: Stage, **wanted: Any) -> bool:
    """The organization holds exactly one item with these values."""
    items = stage.truth()["kainexus"].values()
    return len([one for one in items if all(one.get(name) == wanted[name] for name in wanted)]) == 1


def kainexus_below(stage: Stage, summary: str, above: str) -> bool:
    """The item of this summary that the migration made stands below the one of the other."""
    items = stage.truth()["kainexus"]
    (parent,) = [number for number, item in items.items() if item["summary"] == above]
    return any(item["summary"] == summary and item.get("parentId") == parent for item in items.values())


def ketryx_item(stage: Stage, title: str, **wanted: Any) -> bool:
    """The project holds exactly one item of this title, and its fields have these values."""
    found = [one for one in stage.truth()["ketryx"].values() if one.title == title]
    return len(found) == 1 and all(found[0].fields.get(name) == value for name, value in wanted.items())


def work_item(stage: Stage, **wanted: Any) -> bool:
    """The organization holds exactly one work item with these values."""
    items = stage.truth()["kitemaker"].values()
    return len([one for one in items if all(one[name] == wanted[name] for name in wanted)]) == 1


def jsonl_row(stage: Stage, wanted: Mapping[str, Any], file: str = "ideas") -> bool:
    """The file holds exactly one such line."""
    rows = [json.loads(line) for line in (stage.folder / f"archive/{file}.jsonl").read_text("utf-8").splitlines()]
    return len([one for one in rows if all(one[name] == wanted[name] for name in wanted)]) == 1


def edit_idea(stage: Stage, number: str, field: str, value: str) -> None:
    """Somebody edits an idea in Kintone, by the call that a browser's script would make."""
    body = {"app": 4, "updateKey": {"field": "idea_no", "value": number}, "record": {field: {"value": value}}}
    answer = requests.put(
        f"{stage.env['KINTONE_URL']}/k/v1/record.json",
        json=body,
        headers={"X-Cybozu-API-Token": stage.env["KINTONE_API_TOKEN"]},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text


def edit_work_item(stage: Stage) -> None:
    """Somebody renames a work item in Kitemaker."""
    org = stage.emulators["kitemaker"].store
    item = org.numbered[org.space("ACM").id][3]
    Desk(Sight(org, org.tokens[TOKEN])).edit_work_item({"id": item.id, "title": "Move both printers"})


def edit_sheet(stage: Stage) -> None:
    sheet = stage.folder / "demo-assets.csv"
    text = sheet.read_text("utf-8")
    assert text.count("old-server,Scrapped") == 1
    sheet.write_text(text.replace("old-server,Scrapped", "old-server,In store"), "utf-8")


def edit_improvement(stage: Stage) -> None:
    (written,) = stage.emulators["kainexus"].store.write([{"id": 13003, "summary": "Improvement 3, done better"}])
    assert written.refusal is None


def edit_item(stage: Stage) -> None:
    store = stage.emulators["ketryx"].store
    store.write(stage.env["KETRYX_PROJECT"], {"sourceId": "sample:RQ-5", "title": "Show doses"})


def edit_room(stage: Stage) -> None:
    sheet = stage.folder / "demo-rooms.csv"
    text = sheet.read_text("utf-8")
    assert text.count("Lab 201") == 1
    sheet.write_text(text.replace("Lab 201", "Lab <201> & 202"), "utf-8")


def edit_computer(stage: Stage) -> None:
    """Somebody moves a computer in GLPI, as its own API does it."""
    url = stage.env["GLPI_URL"]
    headers = {"App-Token": stage.env["GLPI_APP_TOKEN"]}
    login = {**headers, "Authorization": f"user_token {stage.env['GLPI_USER_TOKEN']}"}
    headers["Session-Token"] = requests.get(f"{url}/initSession", headers=login, timeout=10).json()["session_token"]
    body = {"input": {"locations_id": 3}}
    answer = requests.put(f"{url}/Computer/1", json=body, headers=headers, timeout=10)
    assert answer.json() == [{"1": True, "message": ""}]


def glpi_location(stage: Stage, **wanted: Any) -> bool:
    """The server holds exactly one location with these columns, as they are stored."""
    rows = stage.truth()["glpi"]["Location"]
    return len([one for one in rows if all(one[name] == wanted[name] for name in wanted)]) == 1


WORLDS = {
    "csv-to-glpi.yaml": World(
        systems=("glpi",),
        creates=5,
        holds=lambda stage: glpi_location(
            stage, completename="Paris > Lab 201", locations_id=1, comment="Loads &#60; 2 t", town="Paris"
        ),
        edit=edit_room,
        before={"name": "Lab 201"},
        after={"name": "Lab <201> & 202"},
    ),
    "glpi-to-kintone.yaml": World(
        systems=("glpi", "kintone"),
        creates=11,
        holds=lambda stage: kintone_record(
            stage, 3, serial="SN-003", label="pc-003", status="稼働中", location="Paris", owner="lee ann"
        ),
        edit=edit_computer,
        before={"location": "Paris > Floor 1"},
        after={"location": "東京"},
    ),
    "glpi-inventory-to-kintone.yaml": World(
        systems=("glpi", "kintone"),
        creates=18,
        within=1,
        holds=lambda stage: kintone_record(stage, 8, path="Paris > Floor 1", name="Floor 1", inside="1"),
        edit=edit_computer,
        before={"location": "2"},
        after={"location": "3"},
    ),
    "kitemaker-to-kainexus.yaml": World(
        systems=("kitemaker", "kainexus"),
        creates=8,
        holds=lambda stage: kainexus_below(stage, "Shorter set-up times", "Faster rounds"),
        edit=edit_work_item,
        before={"summary": "Move the printer"},
        after={"summary": "Move both printers"},
    ),
    "kainexus-to-ketryx.yaml": World(
        systems=("kainexus", "ketryx"),
        creates=19,
        within=3,
        holds=lambda stage: ketryx_item(stage, "Improvement 3", **{"External key": "13003"}),
        edit=edit_improvement,
        before={"title": "Improvement 3"},
        after={"title": "Improvement 3, done better"},
    ),
    "csv-to-kintone.yaml": World(
        systems=("kintone",),
        creates=6,
        holds=lambda stage: kintone_record(
            stage,
            3,
            serial="A-1004",
            label="東京プロジェクター",
            status="稼働中",
            location="Osaka / 会議室",
            cost="95000",
        ),
        edit=edit_sheet,
        before={"status": "廃棄"},
        after={"status": "保管"},
    ),
    "kainexus-to-kintone.yaml": World(
        systems=("kainexus", "kintone"),
        creates=12,
        holds=lambda stage: kintone_record(stage, 6, item_id="13003", summary="Improvement 3", status="NEW"),
        edit=edit_improvement,
        before={"summary": "Improvement 3"},
        after={"summary": "Improvement 3, done better"},
    ),
    "ketryx-to-jsonl.yaml": World(
        systems=("ketryx",),
        creates=15,
        holds=lambda stage: jsonl_row(stage, {"number": "RQ-7", "title": "流量を表示する", "tests": 0}, "items"),
        edit=edit_item,
        before={"title": "Show doses in ml/h"},
        after={"title": "Show doses"},
    ),
    "kintone-to-jsonl.yaml": World(
        systems=("kintone",),
        creates=10,
        holds=lambda stage: jsonl_row(
            stage, {"number": "I-0006", "title": "朝会を十分に", "stage": "planned", "savings": None}
        ),
        edit=lambda stage: edit_idea(stage, "I-0006", "savings", "12.5"),
        before={"savings": None},
        after={"savings": "12.5"},
    ),
    "kintone-to-ketryx.yaml": World(
        systems=("kintone", "ketryx"),
        creates=10,
        holds=lambda stage: ketryx_item(stage, "朝会を十分に", **{"External key": "I-0006"}),
        edit=lambda stage: edit_idea(stage, "I-0006", "title", "朝会は五分"),
        before={"title": "朝会を十分に"},
        after={"title": "朝会は五分"},
    ),
    "kintone-to-kainexus.yaml": World(
        systems=("kintone", "kainexus"),
        creates=10,
        holds=lambda stage: kainexus_item(stage, summary="朝会を十分に", status="PLANNED", templateName="Idea"),
        edit=lambda stage: edit_idea(stage, "I-0006", "title", "朝会は五分"),
        before={"summary": "朝会を十分に"},
        after={"summary": "朝会は五分"},
    ),
    "kintone-to-kitemaker.yaml": World(
        systems=("kintone", "kitemaker"),
        creates=4,
        holds=lambda stage: work_item(stage, title="朝会を十分に", createdAt="2026-06-15T00:00:00.000Z", space="ACM"),
        edit=lambda stage: edit_idea(stage, "I-0006", "title", "朝会は五分"),
        before={"title": "朝会を十分に"},
        after={"title": "朝会は五分"},
    ),
}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_worked_playbook_does_what_it_says(here: Path, name: str) -> None:
    """Twice: all of it, then one edit in the source, which the plan shows as exactly that edit."""
    assert name in WORLDS, f"playbooks/{name} has no world here to run in: give it one"
    world = WORLDS[name]
    folder = here / "playbooks"
    shutil.copytree(ROOT / "playbooks", folder)
    unpaced(folder / name)
    with served(world.systems) as (emulators, env), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stage = Stage(folder, emulators, env)
        for words in (("validate", name), ("validate", "--online", name), ("test", name)):
            assert stage.run(*words).code == 0
        actions = [line["action"] for line in carried_out(stage, name)]
        assert actions == ["create"] * world.creates + ["update"] * world.within
        assert world.holds(stage)

        world.edit(stage)
        truth = everything(stage)
        assert stage.run("verify", name).code == 2
        assert everything(stage) == truth
        (change,) = carried_out(stage, name)
        assert change["action"] == "update"
        assert (change["before"], change["after"]) == (world.before, world.after)
        after = everything(stage)
        assert after.keys() == truth.keys()
        assert len([one for one in truth if after[one] != truth[one]]) == 1


def unpaced(playbook: Path) -> None:
    """The stand-ins here have no limits, neither KaiNexus' five list calls a minute nor Kitemaker's: nobody waits."""
    text = playbook.read_text("utf-8")
    for place in ("    tenant: sample\n", "    connector: kitemaker\n"):
        text = text.replace(place, f"{place}    pace: 1000/s\n")
    playbook.write_text(text, "utf-8")


def carried_out(stage: Stage, playbook: str) -> list[dict[str, Any]]:
    """Plan, apply and verify it; the lines of the plan."""
    planned = stage.run("plan", playbook, "-o", "the.plan", "--detailed-exitcode")
    assert planned.code == 2, planned.text
    shown = stage.run("show", "the.plan", "--json").lines()
    applied = stage.run("apply", "the.plan")
    assert applied.code == 0, applied.text
    assert ": done\n" in applied.out
    verified = stage.run("verify", playbook)
    assert verified.code == 0, verified.text
    return [line for line in shown if line["line"] == "change"]


def everything(stage: Stage) -> dict[tuple[str, ...], Any]:
    """Every record in every system and every file of the archive, apart from each other."""
    truth = stage.truth()
    found: dict[tuple[str, ...], Any] = {}
    for app, records in truth.get("kintone", {}).items():
        found |= {("kintone", str(app), str(record["$id"])): record for record in records}
    found |= {("ketryx", number): record for number, record in truth.get("ketryx", {}).items()}
    for itemtype, rows in truth.get("glpi", {}).items():
        found |= {("glpi", itemtype, str(row["id"])): row for row in rows}
    found |= {("kainexus", str(number)): item for number, item in truth.get("kainexus", {}).items()}
    found |= {("kitemaker", id_): item for id_, item in truth.get("kitemaker", {}).items()}
    for file in sorted((stage.folder / "archive").glob("*")):
        rows = map(json.loads, file.read_text("utf-8").splitlines())
        found |= {(file.name, row["number"]): row for row in rows}
    return found


def test_every_world_has_its_playbook() -> None:
    """Nothing here is left over from a playbook that is gone."""
    assert set(WORLDS) == set(PLAYBOOKS)
