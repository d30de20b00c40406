"""What a system looks like as the source of a playbook and as its target: any two make a pair, none is told alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import requests

from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.sample import TOKEN
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Emulator
from tests.wsgi import WsgiAdapter

EDITED = 'Edited: 40 % of "a" & b, 会議'
"""The title that somebody gives a record of the source."""


@dataclass(frozen=True)
class SourceSide:
    """Where records come from: the playbook's `source`, two expressions, and what somebody edits."""

    part: Mapping[str, Any]
    """Collection, query and where."""
    title: str
    text: str
    count: int
    """Records of the sample that it names."""
    was: str
    """Title of the record that is edited."""
    says: str
    """Its text."""
    edit: Callable[[Emulator], object]
    """Gives it the title EDITED, behind the connector's back."""


@dataclass(frozen=True)
class TargetSide:
    """Where they go: the playbook's `target`, the names of the fields, and how to look behind the connector."""

    part: Mapping[str, Any]
    """Collection, key or marker, options."""
    title: str
    text: str
    stands: Callable[[Any], list[tuple[str, str]]]
    """The store -> title and text of all that stands in the collection."""
    fixed: Mapping[str, Any]
    """Fields that the system wants, whatever comes; the key, where there is one, made from the origin."""


@dataclass(frozen=True)
class System:
    """One system, in both parts."""

    options: Mapping[str, Any]
    """The playbook's `systems` entry."""
    source: SourceSide
    target: TargetSide


def edit_idea(emulator: Emulator) -> None:
    """By the call that a browser's script would make."""
    record = {"title": {"value": EDITED}}
    body = {"app": 4, "updateKey": {"field": "idea_no", "value": "I-0003"}, "record": record}
    headers = {"X-Cybozu-API-Token": emulator.variables["KINTONE_API_TOKEN"]}
    with requests.Session() as session:
        session.mount("http://", WsgiAdapter(emulator.app))
        session.put("http://kintone.localhost/k/v1/record.json", json=body, headers=headers).raise_for_status()


def edit_improvement(emulator: Emulator) -> None:
    """In the store."""
    (written,) = emulator.store.write([{"id": 13002, "summary": EDITED}])
    assert written.refusal is None


def edit_test_case(emulator: Emulator) -> None:
    """In the store."""
    emulator.store.write(emulator.collections["sample"], {"sourceId": "sample:TC-3", "title": EDITED})


def edit_computer(emulator: Emulator) -> None:
    """In the table, as GLPI keeps it: a sign that would be HTML stands there encoded."""
    emulator.store.row("Computer", 3)["name"] = EDITED.replace("&", "&#38;")


def edit_work_item(emulator: Emulator) -> None:
    """As one of its people."""
    org = emulator.store
    item = org.numbered[org.space("ACM").id][3]
    Desk(Sight(org, org.tokens[TOKEN])).edit_work_item({"id": item.id, "title": EDITED})


def records_of(store: Any) -> list[tuple[str, str]]:
    """A record of the Kintone app each."""
    return [(record["summary"], record["details"]) for record in store.records(6)]


def ideas_of(store: Any) -> list[tuple[str, str]]:
    """An item of the KaiNexus template each."""
    shown = [store.read(number) for number, item in store.items.items() if item.template.name == "Idea"]
    return [(idea["summary"], idea["fields"][0].get("value", "")) for idea in shown]


def requirements_of(store: Any) -> list[tuple[str, str]]:
    """A requirement of the Ketryx project each."""
    current = [item.current for item in store.items.values()]
    return [(item.title, item.fields["Description"]) for item in current if item.type == "Requirement"]


def monitors_of(store: Any) -> list[tuple[str, str]]:
    """A row of the GLPI table each; its texts stand there with signs of HTML encoded by number."""
    return [(unescape(row["name"]), unescape(row["comment"] or "")) for row in store.rows("Monitor")]


def labs_of(store: Any) -> list[tuple[str, str]]:
    """A work item of the Kitemaker space each, without the marker's line."""
    items = [item for item in store.work_items.values() if item.space.key == "LAB"]
    return [(item.title, item.description.partition("migrator:")[0].strip()) for item in items]


SYSTEMS: Mapping[str, System] = {
    "kintone": System(
        options={"url": "{{ env.KINTONE_URL }}", "api_token": "{{ env.KINTONE_API_TOKEN }}"},
        source=SourceSide(
            part={"collection": 4, "query": {"query": 'stage not in ("")'}},
            title="{{ record.title }}",
            text="{{ record.description }}",
            count=10,
            was="One form for travel",
            says="Why: one form for travel.\nWho gains: everybody.",
            edit=edit_idea,
        ),
        target=TargetSide(
            part={"collection": 6, "key": "item_id"},
            title="summary",
            text="details",
            stands=records_of,
            fixed={"item_id": "{{ origin.id }}"},
        ),
    ),
    "kainexus": System(
        options={
            "url": "{{ env.KAINEXUS_URL }}",
            "api_key": "{{ env.KAINEXUS_API_KEY }}",
            "tenant": "sample",
            "zone": "America/Chicago",
        },
        source=SourceSide(
            part={"collection": 347},
            title="{{ record.summary }}",
            text="Stands at {{ record.status }}",
            count=12,
            was="Improvement 2",
            says="Stands at NEW",
            edit=edit_improvement,
        ),
        target=TargetSide(
            part={"collection": "Idea", "marker": {"field": "External key"}, "options": {"list": 345}},
            title="summary",
            text="Description",
            stands=ideas_of,
            fixed={"status": "NEW", "authors": ["ann"]},
        ),
    ),
    "ketryx": System(
        options={"url": "{{ env.KETRYX_URL }}", "api_key": "{{ env.KETRYX_API_KEY }}"},
        source=SourceSide(
            part={"collection": "Infusion Pump", "query": {"kql": "type:TC"}},
            title="{{ record.title }}",
            text="{{ record.Steps }}",
            count=7,
            was="Check module 3",
            says="Prepare\nRun\nCompare",
            edit=edit_test_case,
        ),
        target=TargetSide(
            part={"collection": "Infusion Pump", "key": "sourceId", "options": {"type": "Requirement"}},
            title="title",
            text="Description",
            stands=requirements_of,
            fixed={"sourceId": "matrix:{{ origin.id }}"},
        ),
    ),
    "glpi": System(
        options={
            "url": "{{ env.GLPI_URL }}",
            "app_token": "{{ env.GLPI_APP_TOKEN }}",
            "user_token": "{{ env.GLPI_USER_TOKEN }}",
            "zone": "Asia/Tokyo",
        },
        source=SourceSide(
            part={"collection": "Computer"},
            title="{{ record.name }}",
            text="Serial {{ record.serial }}\n{{ record.comment | default('', true) }}",
            count=11,
            was="pc-003",
            says="Serial SN-003\na < b & c",
            edit=edit_computer,
        ),
        target=TargetSide(
            part={"collection": "Monitor", "key": "otherserial"},
            title="name",
            text="comment",
            stands=monitors_of,
            fixed={"otherserial": "{{ origin.id }}"},
        ),
    ),
    "kitemaker": System(
        options={"url": "{{ env.KITEMAKER_URL }}", "token": "{{ env.KITEMAKER_TOKEN }}"},
        source=SourceSide(
            part={"collection": "ACM"},
            title="{{ record.title }}",
            text="{{ record.description }}",
            count=7,
            was="Move the printer",
            says="Proposed as number 3.\n\n- **why**: it saves time",
            edit=edit_work_item,
        ),
        target=TargetSide(
            part={"collection": "LAB", "marker": {"line": "description"}},
            title="title",
            text="description",
            stands=labs_of,
            fixed={},
        ),
    ),
}
"""The five."""


def playbook(source: str, target: str) -> str:
    """The playbook that brings the records of one over to the other, as JSON."""
    giver, taker = SYSTEMS[source].source, SYSTEMS[target].target
    step = {
        "step": "records",
        "source": {"system": source, **giver.part},
        "fields": {taker.title: giver.title, taker.text: giver.text, **taker.fixed},
        "target": {"system": target, **taker.part},
    }
    systems = {name: {"connector": name, **SYSTEMS[name].options} for name in (source, target)}
    return json.dumps({"playbook": f"{source}-to-{target}", "systems": systems, "steps": [step]})
