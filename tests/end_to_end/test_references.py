"""Records that refer to other records: parents first, a tree within one step, what nobody brought over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.stage import Ran, Stage, served

CUSTOMERS, ASSETS = 2, 3
BOOK = """\
playbook: inventory
systems:
  sheet: {connector: csv, path: "."}
  kt: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}"}
limits: {update_percent: 100}
steps:
  - step: assets
    source: {system: sheet, collection: assets.csv, query: {id: serial}}
    fields:
      serial: "{{ record.serial }}"
      label: "{{ record.label }}"
      owner: "{{ ref('people', record.person) }}"
      location: "{{ ref('assets', record.inside) }}"
    target: {system: kt, collection: 3, key: serial}
  - step: people
    source: {system: sheet, collection: people.csv, query: {id: number}}
    fields: {customer_no: "{{ 'P-' ~ record.number }}", name: "{{ record.name }}"}
    target: {system: kt, collection: 2, key: customer_no}
"""
PEOPLE = "number,name\n7,Ann\n8,Bob\n"
TREE = "serial,label,person,inside\nscreen,Screen,8,desk\ndesk,Desk,7,room\nroom,Room,,\n"
"""Children before their parents."""


@pytest.fixture
def stage(here: Path) -> Iterator[Stage]:
    """The playbook, its sheets and an empty Kintone."""
    with served(["kintone"], seed="empty") as kintone:
        made = Stage(here, *kintone)
        made.write("p.yaml", BOOK)
        made.write("people.csv", PEOPLE)
        made.write("assets.csv", TREE)
        yield made


def records(stage: Stage, app: int, key: str) -> dict[str, dict[str, Any]]:
    """What stands in an app, by its key: field -> value, `id` included."""
    return {record[key]: {**record, "id": record["$id"]} for record in stage.truth()["kintone"][app]}


def plan(stage: Stage, name: str = "a.plan", code: int = 0) -> list[dict[str, Any]]:
    """The change lines of a plan."""
    done = stage.run("plan", "p.yaml", "-o", name)
    assert done.code == code, done.text
    lines = [json.loads(line) for line in (stage.folder / name).read_text().splitlines()]
    return [line for line in lines if line["line"] == "change"]


def apply(stage: Stage, name: str = "a.plan", *words: str, code: int = 0) -> Ran:
    """Carry it out."""
    done = stage.run("apply", name, *words)
    assert done.code == code, done.text
    return done


def test_children_hold_the_ids_of_what_this_very_run_made(stage: Stage) -> None:
    """Parents are made first whatever the playbook's order; a tree within one step is made first and joined after."""
    lines = plan(stage)
    assert [(line["step"], line["phase"], line["action"]) for line in lines] == [
        *[("people", 1, "create")] * 2,
        *[("assets", 1, "create")] * 3,
        *[("assets", 2, "update")] * 2,
    ]
    apply(stage)
    people, assets = records(stage, CUSTOMERS, "customer_no"), records(stage, ASSETS, "serial")
    assert assets["screen"]["owner"] == people["P-8"]["id"]
    assert assets["desk"]["owner"] == people["P-7"]["id"]
    assert [assets[name]["location"] for name in ("screen", "desk", "room")] == [
        assets["desk"]["id"],
        assets["room"]["id"],
        "",
    ]
    assert plan(stage, "again.plan") == []
    assert stage.run("verify", "p.yaml").code == 0
