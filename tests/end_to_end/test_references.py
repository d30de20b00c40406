"""Records that refer to other records: parents first, a tree within one step, what nobody brought over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

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
EITHER = """\
  - step: assets
    source: {system: sheet, collection: assets.csv, query: {id: serial}}
    fields:
      code: "{{ record.serial }}"
      title: "{{ ref('people', record.person) if record.person else ref('assets', record.inside) }}"
      lines: "{{ [{'line_item': ref('people', record.person)}, {'line_item': ref('assets', record.inside)}] }}"
    target: {system: kt, collection: 1, key: code}
"""
"""Two sorts of parents in one field, and cells of a table."""
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


def others(stage: Stage, method: str, path: str, body: dict[str, Any]) -> None:
    """Somebody else's request to Kintone."""
    headers = {"X-Cybozu-API-Token": stage.env["KINTONE_API_TOKEN"]}
    with Client(stage.emulators["kintone"].app).open(path, method=method, json=body, headers=headers) as answer:
        assert answer.status_code == 200, answer.text


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


def test_an_answer_of_the_plan_shows_what_is_known_only_afterwards(stage: Stage) -> None:
    """The view names the parent; what stands already is an id in the very first line."""
    shown = stage.run("plan", "p.yaml", "-o", "a.plan").out
    assert "(known after apply: people.csv 8)" in shown
    assert "references within the step" in shown
    apply(stage)
    stage.write("assets.csv", TREE + "lamp,Lamp,7,room\n")
    (made, second) = plan(stage, "b.plan")
    assert made["after"]["owner"] == records(stage, CUSTOMERS, "customer_no")["P-7"]["id"]
    assert second["after"] == {"location": records(stage, ASSETS, "serial")["room"]["id"]}
    assert second["needs"] == [made["id"]]


def test_a_moved_parent_is_one_update_of_what_stands(stage: Stage) -> None:
    """Records that stand are compared as a whole: what moved is set, with what was found as the before-image."""
    plan(stage)
    apply(stage)
    before = records(stage, ASSETS, "serial")
    stage.write("assets.csv", TREE.replace("Screen,8,desk", "Display,8,room").replace("Room,,", "Room,,room"))
    lines = plan(stage, "b.plan")
    assert [(line["phase"], line["after"], line["before"]) for line in lines] == [
        (1, {"label": "Display"}, {"label": "Screen"}),
        (2, {"location": before["room"]["id"]}, {"location": before["desk"]["id"]}),
        (2, {"location": before["room"]["id"]}, {"location": None}),
    ]
    done = apply(stage, "b.plan")
    assert "self-references" in done.out
    after = records(stage, ASSETS, "serial")
    assert (after["screen"]["location"], after["room"]["location"]) == (after["room"]["id"],) * 2
    assert plan(stage, "c.plan") == []


@pytest.mark.parametrize("policy", ["none", "omit"])
def test_d15_a_missing_parent_is_null_or_left_alone_until_it_is_there(stage: Stage, policy: str) -> None:
    """The note groups what is missing; a later plan that finds the parent sets the field and nothing else."""
    plan(stage)
    apply(stage)
    book = BOOK.replace("record.person)", f"record.person, missing={policy})")
    stage.write("p.yaml", book)
    stage.write("assets.csv", TREE.replace("Screen,8", "Screen,9"))
    lines = plan(stage, "b.plan")
    assert [line["after"] for line in lines] == ([{"owner": None}] if policy == "none" else [])
    told = stage.run("show", "b.plan").out
    assert "1 record refers to 1 record of people.csv that nobody brought over (people): 9 (1 time)" in told
    stage.write("people.csv", PEOPLE + "9,Chie\n")
    lines = plan(stage, "c.plan")
    assert [(line["step"], line["action"]) for line in lines] == [("people", "create"), ("assets", "update")]
    apply(stage, "c.plan")
    assert (
        records(stage, ASSETS, "serial")["screen"]["owner"] == records(stage, CUSTOMERS, "customer_no")["P-9"]["id"]
    )


def test_d15_a_missing_parent_is_a_problem_of_its_children_alone(stage: Stage) -> None:
    """PL012 names field and parent, once a record, in phase 1 and among self-references; the others are planned."""
    stage.write("assets.csv", "serial,label,person,inside\na,A,7,\nb,B,9,\nc,C,8,z\nd,D,,a\n")
    lines = plan(stage, code=5)
    assert [line["key"][0] for line in lines if line["step"] == "assets"] == ["a", "d", "d"]
    told = stage.run("show", "a.plan").text
    assert "it refers to people.csv 9, which nobody brought over" in told
    assert "it refers to assets.csv z, which nobody brought over" in told
    apply(stage, "a.plan", "--allow-problems", "2", code=5)
    assert sorted(records(stage, ASSETS, "serial")) == ["a", "d"]


def test_a_parent_that_could_not_be_made_skips_its_children_with_the_reason(stage: Stage) -> None:
    """Never the id of a record that is gone: an earlier run's row does not stand in for a create that failed."""
    plan(stage)
    apply(stage)
    gone = records(stage, CUSTOMERS, "customer_no")["P-7"]["id"]
    others(stage, "DELETE", "/k/v1/records.json", {"app": CUSTOMERS, "ids": [gone]})
    stage.write("assets.csv", TREE.replace("desk,Desk,7", "desk,Desk 2,7"))
    lines = plan(stage, "b.plan")
    assert [(line["step"], line["action"]) for line in lines] == [("people", "create"), ("assets", "update")]
    assert lines[1]["after"] == {
        "label": "Desk 2",
        "owner": {"$ref": lines[1]["after"]["owner"]["$ref"]},
    }
    theirs = {"customer_no": {"value": "P-7"}, "name": {"value": "Somebody else"}}
    others(stage, "POST", "/k/v1/record.json", {"app": CUSTOMERS, "record": theirs})
    done = apply(stage, "b.plan", code=5)
    assert "the record that it refers to was not migrated: people.csv 7" in done.out
    assert records(stage, ASSETS, "serial")["desk"]["label"] == "Desk"


def test_refs_find_what_another_playbook_brought_over(stage: Stage) -> None:
    """An entry of `refs:` leads to the same rows of the id map, whatever the step was called."""
    people = BOOK.split("  - step: people\n")[1]
    head = BOOK.split("steps:\n")[0]
    stage.write("people.yaml", f"{head}steps:\n  - step: staff\n{people}")
    entry = "refs: {people: {source: {system: sheet, collection: people.csv}, target: {system: kt, collection: 2}}}\n"
    stage.write("p.yaml", BOOK.split("  - step: people\n")[0] + entry)
    assert stage.run("apply", "people.yaml", "--auto-approve").code == 0
    assert {line["step"] for line in plan(stage)} == {"assets"}
    apply(stage)
    desk = records(stage, ASSETS, "serial")["desk"]
    assert desk["owner"] == records(stage, CUSTOMERS, "customer_no")["P-7"]["id"]


def test_only_one_step_refers_to_what_the_other_did_before(stage: Stage) -> None:
    """--only plans one step; what its refs name is looked up in the id map, and missing where it is not there."""
    assert stage.run("plan", "p.yaml", "--only", "assets", "-o", "a.plan").code == 5
    assert stage.run("plan", "p.yaml", "--only", "people", "-o", "a.plan").code == 0
    apply(stage)
    assert stage.run("plan", "p.yaml", "--only", "assets", "-o", "b.plan").code == 0
    apply(stage, "b.plan")
    assert plan(stage, "c.plan") == []


def test_lists_and_two_sorts_of_parents(stage: Stage) -> None:
    """A list of ids is a list of references in a table's cells; which step is meant may depend on the record."""
    head, rest = BOOK.split("  - step: assets\n")[0], BOOK[BOOK.index("  - step: people") :]
    stage.write("p.yaml", head + EITHER + rest)
    stage.write("assets.csv", "serial,label,person,inside\na,A,8,b\nb,B,,a\n")
    plan(stage)
    apply(stage)
    made, people = records(stage, 1, "code"), records(stage, CUSTOMERS, "customer_no")
    assert (made["a"]["title"], made["b"]["title"]) == (people["P-8"]["id"], made["a"]["id"])
    cells = [row["value"]["line_item"]["value"] for row in made["a"]["lines"]]
    assert cells == [people["P-8"]["id"], made["b"]["id"]]
    assert plan(stage, "b.plan") == []


def test_two_targets_of_one_source_record_are_told_apart(stage: Stage) -> None:
    """`part` keeps their rows of the id map apart, and `ref()` takes the part of the step that it names."""
    both = BOOK + (
        "  - step: badges\n"
        "    source: {system: sheet, collection: people.csv, query: {id: number}}\n"
        "    fields: {customer_no: \"{{ 'B-' ~ record.number }}\", name: \"{{ ref('people', record.number) }}\"}\n"
        "    target: {system: kt, collection: 2, key: customer_no, part: badge}\n"
    )
    stage.write("p.yaml", both.replace("ref('people', record.person)", "ref('badges', record.person)"))
    assert [line["step"] for line in plan(stage)][:4] == ["people", "people", "badges", "badges"]
    apply(stage)
    people = records(stage, CUSTOMERS, "customer_no")
    assert people["B-7"]["name"] == people["P-7"]["id"]
    assert records(stage, ASSETS, "serial")["desk"]["owner"] == people["B-7"]["id"]
    assert plan(stage, "b.plan") == []


def test_d15_a_circle_between_steps_is_refused_with_its_path(stage: Stage) -> None:
    """Nothing is asked of any system."""
    stage.write("p.yaml", BOOK.replace('"{{ record.name }}"', "\"{{ ref('assets', record.name) }}\""))
    done = stage.run("validate", "p.yaml")
    assert done.code == 1
    assert "PB045" in done.text
    assert "assets -> people -> assets" in done.text


def test_what_cannot_be_set_later_cannot_refer_to_its_own_step(stage: Stage) -> None:
    """A field that every new record needs; and an entry of `refs:` is told where it stands."""
    stage.write("p.yaml", BOOK.replace('"{{ record.name }}"', "\"{{ ref('people', record.name) }}\""))
    done = stage.run("validate", "p.yaml", "--online")
    assert done.code == 1
    assert 'PB046  field "name" refers to records of its own step and is required on create' in done.text
    entry = "refs: {crew: {source: {system: sheet, collection: people.csv}, target: {system: kt, collection: 99}}}\n"
    stage.write("p.yaml", BOOK.replace("ref('people', ", "ref('crew', ") + entry)
    done = stage.run("plan", "p.yaml", "-o", "a.plan")
    assert done.code == 1
    assert f"p.yaml:{BOOK.count(chr(10)) + 1}:" in done.text


def test_a_playbooks_own_test_reads_the_words_of_the_call(stage: Stage) -> None:
    """Nothing is looked up offline."""
    case = (
        "tests:\n  - {test: t, step: assets, record: {serial: A, label: x, person: 4, inside: ''},"
        " expect: {owner: \"ref('people', 4)\", location: null}}\n"
    )
    stage.write("p.yaml", BOOK + case)
    assert stage.run("test", "p.yaml").code == 0


@pytest.mark.parametrize(
    "point", [f"{place}:{nth}" for nth in (2, 3) for place in ("before_intent", "after_intent", "before_outcomes")]
)
def test_killed_in_the_middle_it_ends_as_an_unbroken_run(stage: Stage, point: str) -> None:
    """References of a run that was killed and taken up lead to the records that its first half made."""
    rows = [f"s{number},thing,{7 + number % 2},s{number // 2}" for number in range(250)]
    stage.write("assets.csv", "\n".join(["serial,label,person,inside", *rows, ""]))
    plan(stage)
    broken = stage.spawn("apply", "a.plan", env={"MIGRATOR_FAILPOINT": point})
    assert broken.code == -9, broken.text
    apply(stage)
    made, people = records(stage, ASSETS, "serial"), records(stage, CUSTOMERS, "customer_no")
    ids = {record["id"]: name for name, record in made.items()}
    assert len(made) == 250
    assert all(ids[made[f"s{number}"]["location"]] == f"s{number // 2}" for number in range(250))
    assert {made[f"s{number}"]["owner"] for number in range(250)} == {people["P-7"]["id"], people["P-8"]["id"]}
    assert plan(stage, "b.plan") == []
