"""Bad input through the real command line against a real server: what is told, the exit code, and nothing written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.end_to_end.assets import PLAYBOOK, SHEET, sheet_of, untouched
from tests.end_to_end.stage import Stage

# ---------------------------------------------------------------- what ends at once


@dataclass(frozen=True)
class Case:
    """One thing that is wrong, and what must be told of it."""

    told: tuple[str, ...]
    """Place, sentence, hint: parts of stderr."""
    playbook: Mapping[str, str] = field(default_factory=dict)
    """Texts of the playbook and what stands there instead."""
    sheet: str | bytes = SHEET
    env: Mapping[str, str | None] = field(default_factory=dict)
    words: tuple[str, ...] = ("plan", "p.yaml", "-o", "a.plan")
    code: int = 1


REFUSED = {
    "an unknown connector": Case(
        ("p.yaml:5:16", 'there is no connector "kintome"', 'did you mean "kintone"?'),
        {"connector: kintone": "connector: kintome"},
    ),
    "a missing environment variable": Case(
        ("p.yaml:7:16", "KINTONE_API_TOKEN is missing or empty", "export KINTONE_API_TOKEN="),
        env={"KINTONE_API_TOKEN": None},
    ),
    "two empty environment variables": Case(
        ("p.yaml:6:10", "KINTONE_URL is missing", "p.yaml:7:16", "KINTONE_API_TOKEN is missing"),
        env={"KINTONE_API_TOKEN": "", "KINTONE_URL": ""},
    ),
    "a wrong token": Case(
        ("p.yaml:5:5", "Kintone refused the login for app 3", "GAIA_IA02", "check the token"),
        env={"KINTONE_API_TOKEN": "no-token-of-this-app"},
    ),
    "an app that does not exist": Case(
        ("p.yaml:17:42", "there is no app 99", "GAIA_AP01", "check the number"), {"collection: 3": "collection: 99"}
    ),
    "a name where an app's number should be": Case(
        ("p.yaml:17:42", "there is no app 'assets'", "apps go by their number"),
        {"collection: 3": "collection: assets"},
    ),
    "a source file that does not exist": Case(
        ("p.yaml:10:41", 'there is no file "asset.csv"'), {"assets.csv": "asset.csv"}
    ),
    "a target field that does not exist": Case(
        ("p.yaml:13:14", 'unknown field "lable" in target collection "3"', 'did you mean "label"?'),
        {"      label:": "      lable:"},
    ),
    "the same asked of validate": Case(
        ("p.yaml:13:14", 'unknown field "lable"', 'did you mean "label"?'),
        {"      label:": "      lable:"},
        words=("validate", "--online", "p.yaml"),
    ),
    "a filter that does not exist": Case(
        ("p.yaml:13:", 'unknown filter "trimm"', 'did you mean "trim"?'), {"| trim": "| trimm"}
    ),
    "an id that is empty": Case(
        ("assets.csv:3", "serial is empty"),
        {"assets.csv}": "assets.csv, query: {id: serial}}"},
        sheet=SHEET.replace("A-2", ""),
    ),
    "a sheet that is no UTF-8": Case(
        ("assets.csv:1", "not utf-8: byte 0xe9", "encoding"), sheet=SHEET.encode().replace(b"pc-2", b"\xe9")
    ),
    "a row that is too short": Case(("assets.csv:4", "2 cells, the header 5", "delimiter"), sheet=f"{SHEET}A-3,pc\n"),
    "an unknown step in --only": Case(
        ('no step "asets"', "its steps: assets"), words=("plan", "p.yaml", "--only", "asets"), code=3
    ),
    "an unknown step in --exclude": Case(
        ('no step "asets"', "its steps: assets"), words=("plan", "p.yaml", "--exclude", "asets"), code=3
    ),
    "a --where that is no expression": Case(
        ("--where", "record.serial =", "record.id > 9"),
        words=("plan", "p.yaml", "--where", "record.serial ="),
        code=3,
    ),
    "a --where of several pieces": Case(("--where",), words=("plan", "p.yaml", "--where", "a {{ b }}"), code=3),
    "a playbook that is not there": Case(("none.yaml", "does not exist"), words=("plan", "none.yaml"), code=3),
    "a plan to a folder": Case((". is a folder",), words=("plan", "p.yaml", "-o", "."), code=3),
    "a plan over the sheet": Case(
        ("assets.csv is there and is no plan",), words=("plan", "p.yaml", "-o", "assets.csv"), code=3
    ),
    "a plan to where nobody can write": Case(
        ("cannot write the plan /proc/a.plan", "name another place"),
        words=("plan", "p.yaml", "-o", "/proc/a.plan"),
        code=8,
    ),
    "an apply of a missing file": Case(("no.plan", "does not exist"), words=("apply", "no.plan"), code=3),
    "an apply of a folder": Case(("is a directory",), words=("apply", "."), code=3),
    "an apply of neither plan nor playbook": Case(
        ("assets.csv:1:1", "must be a map"), words=("apply", "assets.csv", "--auto-approve")
    ),
    "the same where nobody can be asked": Case(("assets.csv:1:1", "must be a map"), words=("apply", "assets.csv")),
    "a show of what is no plan": Case(
        ("this is no plan file", "migrator plan"), words=("show", "assets.csv"), code=4
    ),
}


def _altered(text: str, edits: Mapping[str, str]) -> str:
    for old, new in edits.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_planned_is_told_with_its_place(stage: Stage, name: str) -> None:
    """Exit code, place, sentence and hint; no plan, no state, no record."""
    case = REFUSED[name]
    stage.write("p.yaml", _altered(PLAYBOOK, case.playbook))
    stage.write("assets.csv", case.sheet)
    with untouched(stage):
        done = stage.run(*case.words, env=case.env)
    assert done.code == case.code, done.text
    assert [part for part in case.told if part not in done.err] == [], done.err
    assert done.out == ""


def test_the_same_through_real_processes(stage: Stage) -> None:
    """`python -m migrator`: the same code, the same words, and --json tells a program the place."""
    stage.write("p.yaml", PLAYBOOK.replace("connector: kintone", "connector: kintome"))
    with untouched(stage):
        told = stage.spawn("plan", "p.yaml", "-o", "a.plan")
        assert (told.code, told.out) == (1, "")
        assert "p.yaml:5:16" in told.err and "Traceback" not in told.err
        (line,) = stage.spawn("plan", "p.yaml", "--json").lines()
        assert (line["line"], line["place"]["line"], line["place"]["column"]) == ("problem", 5, 16)
        assert 'did you mean "kintone"?' in line["hint"]
        usage = stage.spawn("plan", "p.yaml", "--only")
        assert (usage.code, usage.out) == (3, "")
        assert "migrator plan --help" in usage.err


BYTES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "a NUL": (PLAYBOOK.replace("assets\n", "as\0sets\n", 1).encode(), ("p.yaml:1:13", "NUL byte at byte offset 12")),
    "Latin-1": (
        PLAYBOOK.replace("assets\n", "assets # café\n", 1).encode("latin-1"),
        ("p.yaml:1:23", "byte 0xe9", "save the file as UTF-8"),
    ),
    "UTF-16": (PLAYBOOK.encode("utf-16"), ("p.yaml:1:1", "UTF-16", "save it as UTF-8")),
    "nothing": (b"", ("p.yaml:1:1", "holds nothing", "migrator init")),
    "20 MB": (PLAYBOOK.encode() + b"#" * 20_000_000, ("p.yaml:1:1", "too large", "10 MB")),
}


@pytest.mark.parametrize("command", ["validate", "test", "plan", "apply", "verify"])
@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_playbook(stage: Stage, name: str, command: str) -> None:
    """Every command that takes a playbook tells them with their place."""
    data, told = BYTES[name]
    stage.write("p.yaml", data)
    with untouched(stage):
        done = stage.run(command, "p.yaml")
    assert (done.code, done.out) == (1, "")
    assert [part for part in told if part not in done.err] == [], done.err


def test_a_byte_order_mark_changes_nothing(stage: Stage) -> None:
    """Playbook and sheet with a BOM make the very plan that they make without."""
    plans = []
    for mark in (b"", b"\xef\xbb\xbf"):
        stage.write("p.yaml", mark + PLAYBOOK.encode())
        stage.write("assets.csv", mark + SHEET.encode())
        assert stage.run("plan", "p.yaml", "-o", "a.plan").code == 0
        plans.append((stage.folder / "a.plan").read_bytes())
    assert plans[0] == plans[1]


# ---------------------------------------------------------------- records that do not fit

WRONG = {
    "a value that is no choice": (
        "A-2,pc-2,Lost,,",
        ("record A-2, field status", 'no choice "Lost"', 'there are: "稼働中", "保管", "廃棄"'),
    ),
    "no number": ("A-2,pc-2,保管,,twelve", ("record A-2, field cost", '"twelve" is no number')),
    "no date": ("A-2,pc-2,保管,March,", ("record A-2, field bought", '"March" is no date', "2024-03-01")),
    "an empty key": (",pc-2,保管,,", ("record number 2 of the source, field serial", "serial")),
    "a bad value under an empty key": (",pc-2,保管,,x", ("record number 2 of the source, field cost", "no number")),
    "a key twice in the source": (
        "A-2,pc-2,保管,,\nA-2,pc-3,保管,,",
        ("record A-2", "2 source records have one key", "duplicates: first | last"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_record_that_does_not_fit_is_told_and_the_rest_is_planned(stage: Stage, name: str) -> None:
    """Exit 5, the record by key and field, a plan with the other one, whose view says what apply will want."""
    rows, told = WRONG[name]
    stage.write("assets.csv", SHEET.replace("A-2,pc-2,保管,2024-03-02,", rows))
    with untouched(stage, "a.plan"):
        done = stage.run("plan", "p.yaml", "-o", "a.plan")
    assert done.code == 5, done.text
    assert [part for part in told if part not in done.out] == [], done.out
    count = len(rows.split("\n"))
    assert f"next  migrator apply a.plan --allow-problems {count}" in done.out
    assert "  + A-1" in done.out


SINK = {
    "a text that is too long": ("n" * 101, "1", ("field title", "takes 100 characters, not 101", "truncate(100)")),
    "a number that is too small": ("n", "-5", ("field quantity", "numbers from 0, not -5")),
    "a number that is too large": ("n", "100001", ("field quantity", "numbers up to 100000, not 100001")),
}


@pytest.mark.parametrize("name", SINK)
def test_d14_limits_of_a_target_field_are_told(stage: Stage, name: str) -> None:
    """What the form allows is asked of the system, and held against each record while planning."""
    title, quantity, told = SINK[name]
    head, _, _ = PLAYBOOK.partition("    fields:")
    fields = '{code: "{{ record.serial }}", title: "{{ record.name }}", quantity: "{{ record.cost | number }}"}'
    stage.write("p.yaml", f"{head}    fields: {fields}\n    target: {{system: assets, collection: 1, key: code}}\n")
    stage.write("assets.csv", f"serial,name,cost\nX-1,{title},{quantity}\n")
    with untouched(stage):
        done = stage.run("plan", "p.yaml")
    assert done.code == 5, done.text
    assert [part for part in ("record X-1", *told) if part not in done.out] == [], done.out
    assert "as the playbook wants it" not in done.out


def test_a_key_that_stands_twice_in_the_target(own: Stage) -> None:
    """A field that is not unique there can find two: both ids are told, and neither is touched."""
    store = own.emulators["kintone"].store
    ids = store.add_records("assets", [{"serial": f"T-{number}", "label": "pc-1"} for number in range(2)])
    own.write("p.yaml", PLAYBOOK.replace("key: serial}", "key: label}"))
    with untouched(own):
        done = own.run("plan", "p.yaml")
    assert done.code == 5, done.text
    assert f"2 records of the target have the key: {ids[0]}, {ids[1]}" in done.out


def test_a_template_that_fails_on_record_4711(stage: Stage) -> None:
    """It and what comes after it is told, the others are planned."""
    rows = sheet_of(5000).replace("B-4710,pc,稼働中,2024-03-01,1\n", "B-4710,pc,稼働中,2024-03-01,one\n")
    stage.write("assets.csv", rows.replace("B-4999,pc,", "B-4999,pc,Lost ,").replace("Lost ,稼働中", "Lost"))
    done = stage.run("plan", "p.yaml", "-o", "a.plan")
    assert done.code == 5, done.text
    assert "step assets, record B-4710, field cost" in done.out
    assert "step assets, record B-4999, field status" in done.out
    trailer = next(line for line in stage.run("show", "a.plan", "--json").lines() if line["line"] == "trailer")
    counts = trailer["counts"]["assets"]
    assert (counts["read"], counts["create"], counts["problems"]) == (5000, 4998, 2)


def test_d06_a_column_that_the_source_does_not_have_is_told_once_where_the_playbook_reads_it(stage: Stage) -> None:
    """By a plan and by `validate --online`, with the likely column, not once for each of 250 records."""
    stage.write("p.yaml", PLAYBOOK.replace("record.name", "record.nam"))
    stage.write("assets.csv", sheet_of(250))
    for words in (("plan", "p.yaml", "-o", "a.plan"), ("validate", "--online", "p.yaml")):
        done = stage.run(*words)
        assert done.code == 1, done.text
        assert 'the source collection "assets.csv" has no field "nam"' in done.err
        assert 'did you mean "name"?' in done.err
        assert done.err.count("PB047") == 1
        assert "p.yaml:" in done.err


def test_a_template_that_fails_on_every_record(stage: Stage) -> None:
    """All are counted, a hundred stand in the plan, one line a value on the screen."""
    stage.write("p.yaml", PLAYBOOK.replace("record.state", "record.state ~ '!'"))
    stage.write("assets.csv", sheet_of(250))
    done = stage.run("plan", "p.yaml", "-o", "a.plan")
    assert done.code == 5, done.text
    assert 'no choice of field "status"' in done.out
    assert "250  " in done.out
    assert "could not be planned: 250 records" in done.out
    assert len(done.out.splitlines()) < 30
    assert len(stage.run("show", "a.plan", "--full").out.splitlines()) > 100
    trailer = next(line for line in stage.run("show", "a.plan", "--json").lines() if line["line"] == "trailer")
    assert (len(trailer["problems"]), trailer["problem_counts"]) == (100, {"assets/TR024": 250})
