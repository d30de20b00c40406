"""People across systems: mapped by e-mail, name or login through the lists that the systems themselves tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.stage import Stage, served

BOOK = """\
playbook: people
systems:
  sheet: {connector: csv, path: "."}
  board:
    connector: kainexus
    url: "{{ env.KAINEXUS_URL }}"
    api_key: "{{ env.KAINEXUS_API_KEY }}"
    tenant: t
    pace: 1000/s
  cmdb:
    connector: glpi
    url: "{{ env.GLPI_URL }}"
    app_token: "{{ env.GLPI_APP_TOKEN }}"
    user_token: "{{ env.GLPI_USER_TOKEN }}"
  space: {connector: kitemaker, url: "{{ env.KITEMAKER_URL }}", token: "{{ env.KITEMAKER_TOKEN }}"}
limits: {update_percent: 100}
mappings:
  on_board: {people: board, by: email}
  in_cmdb: {people: cmdb}
  name_of: {people: cmdb, by: user, gives: name}
  in_space: {people: space, by: name}
steps:
  - step: ideas
    source: {system: sheet, collection: ideas.csv, query: {id: number}}
    fields:
      summary: "{{ record.title }}"
      status: NEW
      authors: "{{ record.who | split(';') | map('on_board') }}"
    target: {system: board, collection: Idea, marker: {field: External key}, options: {list: 345}}
  - step: computers
    source: {system: sheet, collection: ideas.csv, query: {id: number}}
    fields:
      serial: "{{ record.number }}"
      name: "{{ record.title }}"
      users_id: "{{ record.who | split(';') | first | map('in_cmdb') }}"
    target: {system: cmdb, collection: Computer, key: serial}
  - step: tasks
    source: {system: cmdb, collection: Computer, query: {searchText: {serial: ^N-}}}
    fields:
      title: "{{ record.name }}"
      members: "{{ [record.users_id | map('name_of') | map('in_space')] if record.users_id else [] }}"
    target: {system: space, collection: ACM, marker: {line: description}, options: {call: graphql}}
"""
SHEET = "number,title,who\nN-1,Label,ANN@example.com ;greg@example.com\nN-2,Move,sato@example.com\n"


@pytest.fixture
def stage(here: Path) -> Iterator[Stage]:
    """Three systems with the same people under other names, and a sheet that knows their addresses."""
    with served(["kainexus", "glpi", "kitemaker"]) as systems:
        made = Stage(here, *systems)
        made.write("p.yaml", BOOK)
        made.write("ideas.csv", SHEET)
        yield made


def planned(stage: Stage, step: str, *, code: int = 0) -> dict[str, Any]:
    """The trailer of a plan of one step, with the lines under `changes`."""
    done = stage.run("plan", "p.yaml", "-o", "a.plan", "--only", step)
    assert done.code == code, done.text
    lines = stage.run("show", "a.plan", "--json").lines()
    return {**lines[-1], "changes": [line for line in lines if line["line"] == "change"], "text": done.text}


def only(stage: Stage, step: str, marker: str, wanted: str) -> None:
    """Another word in the playbook."""
    stage.write("p.yaml", (stage.folder / "p.yaml").read_text().replace(marker, wanted))


def test_people_are_found_by_their_addresses_and_names_in_every_system_that_tells_them(stage: Stage) -> None:
    """KaiNexus by e-mail, GLPI by e-mail to its ids, GLPI's ids by name to Kitemaker; then nothing is left to do."""
    for step in ("ideas", "computers", "tasks"):
        trailer = planned(stage, step)
        made = [line["after"] for line in trailer["changes"]]
        if step == "ideas":
            assert [one["authors"] for one in made] == [["ann", "greg"], ["sato"]]
        if step == "computers":
            ids = {row["name"]: str(row["id"]) for row in stage.emulators["glpi"].store.rows("User")}
            assert [one["users_id"] for one in made] == [ids["ann"], ids["sato"]]
        if step == "tasks":
            assert [one["members"] for one in made] == [["ann"], ["sato"]]
        assert stage.run("apply", "a.plan").code == 0
    assert stage.run("verify", "p.yaml").code == 0


def test_d13_people_whom_the_target_does_not_know_are_counted_and_never_the_first_of_a_list(stage: Stage) -> None:
    """Each unknown address once, with how many records have it and one of them; also what `unknown: "null"` did."""
    rows = [f"N-{n},t,{'zoe@example.com' if n % 3 else 'an@example.com'};bob@example.com" for n in range(9)]
    stage.write("ideas.csv", "number,title,who\n" + "\n".join(rows) + "\n")
    trailer = planned(stage, "ideas", code=5)
    (group,) = trailer["unknown"]
    assert (group["why"], group["policy"], group["times"], group["different"]) == (
        'not in mapping "on_board"',
        "fail",
        18,
        3,
    )
    assert [(one["value"], one["records"], one["example"]) for one in group["values"]] == [
        ("bob@example.com", 9, "N-0"),
        ("zoe@example.com", 6, "N-1"),
        ("an@example.com", 3, "N-0"),
    ]
    assert 'did you mean "ann@example.com"?' in trailer["text"]
    assert trailer["text"].count("bob@example.com") == 1
    only(stage, "ideas", "by: email}", 'by: email, unknown: "null"}')
    trailer = planned(stage, "ideas", code=5)  # a new idea needs an author, and nobody is none
    assert {group["policy"] for group in trailer["unknown"]} == {"null"}


def test_d15_two_people_of_one_name_are_listed_and_an_account_that_is_closed_gives_way(stage: Stage) -> None:
    """Both stand in the message with ids and addresses; of an active and an inactive one it is the active one."""
    store = stage.emulators["kainexus"].store
    store.add_user("ann2", first_name="Ann", last_name="Lee", email="lee@example.com", locations=[1])
    store.add_user("greg-old", first_name="Greg", last_name="Ito", email="g@example.com", type="INACTIVE")
    stage.write("ideas.csv", "number,title,who\nN-1,a,ito  GREG\nN-2,b,Ann Lee\n")
    only(stage, "ideas", "people: board, by: email", "people: board, by: name")
    trailer = planned(stage, "ideas", code=5)
    assert [line["after"]["authors"] for line in trailer["changes"]] == [["greg"]]
    (problem,) = trailer["problems"]
    assert (problem["code"], problem["place"]["record"]) == ("TR017", "N-2")
    assert "ann (Ann Lee, ann@example.com)" in problem["detail"]
    assert "ann2 (Ann Lee, lee@example.com)" in problem["detail"]
    assert trailer["unknown"][0]["why"] == 'several people in mapping "on_board"'


def test_a_system_that_does_not_tell_its_people_or_their_addresses_is_told_before_a_record_is_read(
    stage: Stage,
) -> None:
    """At the mapping, with what the system does tell; by `validate --online` too; a misspelt system offline."""
    only(stage, "tasks", "people: space, by: name", "people: space, by: email")
    for words in (("plan", "p.yaml", "--only", "tasks"), ("validate", "--online", "p.yaml")):
        done = stage.run(*words)
        assert done.code == 1, done.text
        assert 'p.yaml:21:13  PB048  the system "space" does not tell the e-mail addresses of its people' in done.err
        assert "it tells: name, login, user" in done.err
    only(stage, "tasks", "people: space, by: email", "people: sheet")
    done = stage.run("plan", "p.yaml", "--only", "tasks")
    assert 'the system "sheet" does not tell its people' in done.err
    only(stage, "tasks", "people: sheet", "people: spcae")
    done = stage.run("validate", "p.yaml")
    assert (done.code, 'did you mean "space"?' in done.err) == (1, True)


def test_d13_names_that_a_connector_looks_up_itself_are_counted_too(stage: Stage) -> None:
    """KaiNexus takes people by any of their names: unknown ones are listed once, and those that two share."""
    store = stage.emulators["kainexus"].store
    store.add_user("ann2", first_name="Ann", last_name="Lee", email="lee@example.com", locations=[1])
    stage.write("ideas.csv", "number,title,who\n" + "".join(f"N-{n},t,nobody;Ann Lee\n" for n in range(5)))
    only(stage, "ideas", " | map('on_board')", "")
    trailer = planned(stage, "ideas", code=5)
    found = {
        group["why"]: [(one["value"], one["records"]) for one in group["values"]] for group in trailer["unknown"]
    }
    assert found == {
        'no user of KaiNexus: field "authors"': [("nobody", 5)],
        'several users of KaiNexus: field "authors"': [("Ann Lee", 5)],
    }


def test_a_list_of_people_that_cannot_be_read_names_the_system_in_the_playbook(stage: Stage) -> None:
    """A login that is refused ends the plan before a record is read; steps that need no people are planned."""
    wrong = {"KITEMAKER_TOKEN": "km-wrong"}
    done = stage.run("plan", "p.yaml", "--only", "tasks", env=wrong)
    assert done.code == 1, done.text
    assert "p.yaml:15:" in done.err
    assert stage.run("plan", "p.yaml", "--only", "ideas", env=wrong).code == 0
