"""What a plan says about the source: unknown values, duplicates, keys that collide, columns, records that stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrator.emulators.server import Emulator
from tests.end_to_end.assets import PLAYBOOK
from tests.end_to_end.stage import Stage, served

HEADER = "serial,name,state,bought,cost\n"
MAPPED = PLAYBOOK.replace("steps:", "mappings: {state: {values: {on: 稼働中, off: 保管}}}\nsteps:").replace(
    "{{ record.state }}", "{{ record.state | map('state') }}"
)
USERS = """\
playbook: users
systems:
  sheet: {connector: csv, path: "."}
  cmdb:
    connector: glpi
    url: "{{ env.GLPI_URL }}"
    app_token: "{{ env.GLPI_APP_TOKEN }}"
    user_token: "{{ env.GLPI_USER_TOKEN }}"
limits: {update_percent: 100}
steps:
  - step: users
    source: {system: sheet, collection: users.csv, query: {id: id}}
    fields: {name: "{{ record.login }}", phone: "{{ record.phone }}"}
    target: {system: cmdb, collection: User, key: name}
"""


@pytest.fixture(scope="module")
def kintone() -> Iterator[tuple[dict[str, Emulator], dict[str, str]]]:
    """A Kintone that plans look at and nobody writes to."""
    with served(["kintone"]) as made:
        yield made


@pytest.fixture
def stage(here: Path, kintone: tuple[dict[str, Emulator], dict[str, str]]) -> Stage:
    """The working folder; each test writes its own sheet and playbook."""
    return Stage(here, *kintone)


@pytest.fixture
def glpi(here: Path) -> Iterator[Stage]:
    """Users of a sheet for a GLPI of the test's own."""
    with served(["glpi"]) as made:
        stage = Stage(here, *made)
        stage.write("p.yaml", USERS)
        yield stage


def planned(stage: Stage, book: str, sheet: str, *, code: int = 0, name: str = "assets.csv") -> dict[str, Any]:
    """The trailer, with the changes and what people saw."""
    stage.write("p.yaml", book)
    stage.write(name, sheet)
    done = stage.run("plan", "p.yaml", "-o", "a.plan")
    assert done.code == code, done.text
    lines = stage.run("show", "a.plan", "--json").lines()
    trailer = next(line for line in lines if line["line"] == "trailer")
    return {**trailer, "changes": [line for line in lines if line["line"] == "change"], "text": done.text}


def rows_of(states: list[str]) -> str:
    return HEADER + "".join(f"A-{nth},pc,{state},,\n" for nth, state in enumerate(states))


# ---------------------------------------------------------------- unknown values


def test_d13_choices_that_the_target_does_not_have_are_listed_once_with_their_counts(stage: Stage) -> None:
    """Not record by record, and never the first choice; the records have no line, `--full` names each."""
    trailer = planned(stage, PLAYBOOK, rows_of(["Lost"] * 30 + ["Sold"] * 10 + ["保管"]), code=5)
    (group,) = trailer["unknown"]
    assert (group["step"], group["why"], group["times"]) == ("assets", 'no choice of field "status"', 40)
    assert [(one["value"], one["records"], one["example"]) for one in group["values"]] == [
        ("Lost", 30, "A-0"),
        ("Sold", 10, "A-30"),
    ]
    assert [line["after"]["status"] for line in trailer["changes"]] == ["保管"]
    assert trailer["text"].count('"Lost"') == 1
    assert "there are:" in trailer["text"]
    assert stage.run("show", "a.plan", "--full").out.count('"Lost"') > 30


POLICIES = {
    "fail": ("", 5, [None, "稼働中"]),
    "null": (', unknown: "null"', 0, [None, None, "稼働中"]),
    "keep": (", unknown: keep", 5, ["稼働中"]),
    "default": (", default: 廃棄", 0, ["廃棄", "廃棄", "稼働中"]),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_whatever_becomes_of_unknown_values_they_are_counted(stage: Stage, policy: str) -> None:
    """A policy that makes them good hides nothing: values, counts and an example stand in both views."""
    words, code, statuses = POLICIES[policy]
    book = MAPPED.replace("off: 保管}}", f"off: 保管}}{words}}}")
    trailer = planned(stage, book, rows_of(["gone", "Gone", "on", ""][: 4 if policy == "fail" else 3]), code=code)
    found = {group["policy"]: [one.get("value", "") for one in group["values"]] for group in trailer["unknown"]}
    expected = ["", "Gone", "gone"] if policy == "fail" else ["Gone", "gone"]
    assert found[policy] == expected
    assert [line["after"]["status"] for line in trailer["changes"]] == [
        one for one in statuses if policy != "fail" or one
    ]
    assert 'not in mapping "state"' in trailer["text"]
    assert ("none_if_empty" in trailer["text"]) is (policy == "fail")


# ---------------------------------------------------------------- duplicates and keys

TWICE = "id,login,phone\nu1,zoe,1\nu2,max,2\nu1,zoe,3\n"


@pytest.mark.parametrize(("policy", "phone"), [("first", "1"), ("last", "3")])
def test_d02_duplicates_say_which_counts_also_where_the_id_is_the_key(glpi: Stage, policy: str, phone: str) -> None:
    """`query.id` names the record and the key is made of it: the rows are one record told twice."""
    book = USERS.replace("query: {id: id}", f"query: {{id: id}}, duplicates: {policy}")
    trailer = planned(glpi, book, TWICE, name="users.csv")
    assert {line["key"][0]: line["after"]["phone"] for line in trailer["changes"]} == {"zoe": phone, "max": "2"}
    assert trailer["counts"]["users"]["skipped"] == 1


def test_d02_duplicates_are_told_with_their_lines_and_counted_alike_in_every_case(glpi: Stage) -> None:
    """New, changed and unchanged records alike: each of a group is a problem, with the lines of all."""
    planned(glpi, USERS, "id,login,phone\nu1,zoe,1\nu2,max,2\n", name="users.csv")
    assert glpi.run("apply", "a.plan").code == 0
    sheet = 'id,login,phone\nu1,zoe,1\nu3,zoe,3\nu2,max,"2"\nu4,max,2\nu5,new,1\nu6,new,2\n'
    trailer = planned(glpi, USERS, sheet, code=5, name="users.csv")
    assert trailer["changes"] == []
    assert trailer["problem_counts"] == {"users/PL002": 6}
    assert (trailer["counts"]["users"]["problems"], trailer["counts"]["users"]["unchanged"]) == (6, 0)
    for lines in ("line 2, line 3", "line 4, line 5", "line 6, line 7"):
        assert trailer["text"].count(lines) == 2
    assert "duplicates: first | last" in trailer["text"]


def test_d03_keys_that_are_one_for_the_target_are_shown_side_by_side(glpi: Stage) -> None:
    """By the target's own comparison: case, accents and width; what it tells apart stays apart."""
    sheet = "id,login,phone\na,Zoé,1\nb,zoe,2\nc,ＺＯＥ,3\nd,zoo,4\n"
    trailer = planned(glpi, USERS, sheet, code=5, name="users.csv")
    assert [line["key"] for line in trailer["changes"]] == [["zoo"]]
    assert trailer["problem_counts"] == {"users/PL002": 3}
    assert trailer["problems"][0]["detail"] == 'source record a: line 2 "Zoé", line 3 "zoe", line 4 "ＺＯＥ"'


def test_d04_a_key_of_nothing_is_a_problem_and_meets_no_record_with_such_a_key(here: Path) -> None:
    """Empty, blank and null keys: the target's own records without one are never taken for them."""
    stage = Stage(here)
    stage.write("t/out.csv", 'no,name\n"",theirs\n" ",blank\n')
    rows = '{"no": "", "name": "a"}\n{"no": null, "name": "b"}\n{"no": "  ", "name": "c"}\n{"no": "1", "name": "d"}\n'
    book = """\
playbook: p
systems: {a: {connector: jsonl, path: "."}, b: {connector: csv, path: t}}
steps:
  - step: s
    source: {system: a, collection: in.jsonl}
    fields: {"no": "{{ record.no }}", name: "{{ record.name }}"}
    target: {system: b, collection: out.csv, key: "no"}
"""
    trailer = planned(stage, book, rows, code=5, name="in.jsonl")
    assert [line["key"] for line in trailer["changes"]] == [["1"]]
    assert trailer["problem_counts"] == {"s/PL001": 3}
    assert trailer["counts"]["s"]["matched"] == 0


# ---------------------------------------------------------------- columns


def test_d06_a_missing_field_an_empty_one_and_null_are_three_things(here: Path) -> None:
    """Missing is a problem told once with its count, empty stays an empty text, null clears; `default` takes all."""
    stage = Stage(here)
    rows = '{"no": "1", "name": ""}\n{"no": "2", "name": null}\n{"no": "3"}\n{"no": "4"}\n'
    book = """\
playbook: p
systems: {a: {connector: jsonl, path: "."}, b: {connector: jsonl, path: out}}
steps:
  - step: s
    source: {system: a, collection: in.jsonl}
    fields: {"no": "{{ record.no }}", name: "{{ record.name }}"}
    target: {system: b, collection: out.jsonl, key: "no"}
"""
    trailer = planned(stage, book, rows, code=5, name="in.jsonl")
    assert [line["after"]["name"] for line in trailer["changes"]] == ["", None]
    (group,) = trailer["unknown"]
    assert (group["why"], group["times"]) == ("no field of the source record", 2)
    trailer = planned(stage, book.replace("record.name", "record.name | default('?')"), rows, name="in.jsonl")
    assert [line["after"]["name"] for line in trailer["changes"]] == ["", None, "?", "?"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("query: {id: id}", "query: {id: no}"), ('"users.csv" has no column "no"', "its columns: id, login, phone")),
        (("users.csv", "user.csv"), ('there is no file "user.csv"',)),
        (("record.phone", "record.fone"), ('has no field "fone"', 'did you mean "phone"?')),
    ],
)
def test_what_is_wrong_with_the_source_is_told_before_a_row_is_read(
    glpi: Stage, words: tuple[str, str], told: tuple[str, ...]
) -> None:
    """At its place in the playbook, by a plan and by `validate --online`; nothing is planned."""
    glpi.write("p.yaml", USERS.replace(*words))
    glpi.write("users.csv", TWICE)
    for command in (("plan", "p.yaml", "-o", "a.plan"), ("validate", "--online", "p.yaml")):
        done = glpi.run(*command)
        assert done.code == 1, done.text
        assert [part for part in told if part not in done.err] == [], done.err
        assert "p.yaml:1" in done.err
    assert "a.plan" not in glpi.files()


def test_d16_fields_that_cannot_be_written_or_must_be_given_are_told_by_the_plan(stage: Stage) -> None:
    """A read-only field is a mistake of the playbook; a required one that is left out a problem of each record."""
    stage.write("assets.csv", rows_of(["保管"]))
    stage.write(
        "p.yaml", PLAYBOOK.replace('{{ record.serial }}"\n', '{{ record.serial }}"\n      更新日時: "x"\n', 1)
    )
    done = stage.run("plan", "p.yaml")
    assert (done.code, "unknown field" in done.err or "cannot be written" in done.err) == (1, True)
    book = PLAYBOOK.replace("collection: 3, key: serial", "collection: 2, key: customer_no").replace(
        "serial:", "customer_no:"
    )
    fields = [
        line for line in book.splitlines() if not line.strip().startswith(("label", "status", "bought", "cost"))
    ]
    trailer = planned(stage, "\n".join(fields) + "\n", rows_of(["保管"]), code=5)
    assert trailer["problem_counts"] == {"assets/PL006": 1}


# ---------------------------------------------------------------- records that stand already


def test_records_that_stand_are_adopted_by_a_key_over_several_fields(here: Path) -> None:
    """What is equal is a link, what differs an update, and twins in the target are listed for both sides."""
    stage = Stage(here)
    stage.write("t/out.csv", "site,no,name\nA,1,one\nA,2,old\nB,1,x\nB,1,y\n")
    book = """\
playbook: p
systems: {a: {connector: csv, path: "."}, b: {connector: csv, path: t}}
limits: {update_percent: 100}
steps:
  - step: s
    source: {system: a, collection: in.csv, query: {id: id}}
    fields: {site: "{{ record.site }}", "no": "{{ record.nr }}", name: "{{ record.name }}"}
    target: {system: b, collection: out.csv, key: [site, "no"]}
"""
    trailer = planned(stage, book, "id,site,nr,name\ni1,A,1,one\ni2,A,2,new\ni3,B,1,z\n", code=5, name="in.csv")
    assert [(line["action"], line["origin"]["id"]) for line in trailer["changes"]] == [
        ("link", "i1"),
        ("update", "i2"),
    ]
    (problem,) = trailer["problems"]
    assert (problem["code"], problem["place"]["record"]) == ("PL003", "B, 1")
    assert problem["detail"] == "source record i3 of in.csv"
    assert stage.run("apply", "a.plan", "--allow-problems", "1").code == 5
    sheet = "id,site,nr,name\ni1,A,1,one\ni2,A,2,new\n"
    assert planned(stage, book, sheet, name="in.csv")["changes"] == []
