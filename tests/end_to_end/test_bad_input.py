"""Bad input through the real command line against a real server: what is told, the exit code, and nothing written."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migrator.emulators.server import Emulator, create_emulator, serve
from tests.end_to_end.stage import Ran, Stage, served

PLAYBOOK = """\
playbook: assets
systems:
  sheet: {connector: csv, path: "."}
  assets:
    connector: kintone
    url: "{{ env.KINTONE_URL }}"
    api_token: "{{ env.KINTONE_API_TOKEN }}"
steps:
  - step: assets
    source: {system: sheet, collection: assets.csv}
    fields:
      serial: "{{ record.serial }}"
      label: "{{ record.name | trim }}"
      status: "{{ record.state }}"
      bought: "{{ record.bought | date if record.bought else none }}"
      cost: "{{ record.cost | number if record.cost else none }}"
    target: {system: assets, collection: 3, key: serial}
"""
SHEET = """\
serial,name,state,bought,cost
A-1,pc-1,稼働中,2024-03-01,12
A-2,pc-2,保管,2024-03-02,
"""
Served = tuple[dict[str, Emulator], dict[str, str]]


@pytest.fixture(scope="module")
def quiet() -> Iterator[Served]:
    """A Kintone for all tests that must not write: each looks that it did not."""
    with served(["kintone"]) as kintone:
        yield kintone


@pytest.fixture
def stage(here: Path, quiet: Served) -> Stage:
    """The playbook, its sheet, and the system that nobody may touch."""
    return furnished(here, quiet)


@pytest.fixture
def own(here: Path) -> Iterator[Stage]:
    """The same with a system of the test's own, for what is written on purpose."""
    with served(["kintone"]) as kintone:
        yield furnished(here, kintone)


def furnished(folder: Path, kintone: Served) -> Stage:
    stage = Stage(folder, *kintone)
    stage.write("p.yaml", PLAYBOOK)
    stage.write("assets.csv", SHEET)
    return stage


@contextmanager
def untouched(stage: Stage, *but: str) -> Iterator[None]:
    """Neither the target nor the working folder is another one afterwards, but for these files."""

    def files() -> dict[str, bytes]:
        return {name: content for name, content in stage.files().items() if name not in but}

    before, truth = files(), stage.truth()
    yield
    assert files() == before
    assert stage.truth() == truth


def sheet_of(rows: int, start: str = "B", **instead: str) -> str:
    """So many good rows."""
    cells = {"name": "pc", "state": "稼働中", "bought": "2024-03-01", "cost": "1", **instead}
    lines = [",".join((f"{start}-{number}", *cells.values())) for number in range(rows)]
    return "\n".join(("serial,name,state,bought,cost", *lines, ""))


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
    "a key that is not carried out yet": Case(
        ("p.yaml:17:58", "not carried out yet: missing: delete", "take it out"),
        {"key: serial}": "key: serial, missing: delete}"},
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
def test_limits_of_a_target_field_are_told(stage: Stage, name: str) -> None:
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


def test_a_template_that_fails_on_every_record(stage: Stage) -> None:
    """All are counted, a hundred stand in the plan, a few on the screen, and the likely field is named."""
    stage.write("p.yaml", PLAYBOOK.replace("record.name", "record.nam"))
    stage.write("assets.csv", sheet_of(250))
    done = stage.run("plan", "p.yaml", "-o", "a.plan")
    assert done.code == 5, done.text
    assert 'there is no field "nam"' in done.out
    assert 'did you mean "name"?' in done.out
    assert "could not be planned: 250 records" in done.out
    assert len(done.out.splitlines()) < 300
    trailer = next(line for line in stage.run("show", "a.plan", "--json").lines() if line["line"] == "trailer")
    assert (len(trailer["problems"]), trailer["problem_counts"]) == (100, {"assets/TR010": 250})


# ---------------------------------------------------------------- plans that are not carried out


def plan(stage: Stage, name: str = "a.plan") -> bytes:
    """The good plan's bytes."""
    done = stage.run("plan", "p.yaml", "-o", name)
    assert done.code == 0, done.text
    return (stage.folder / name).read_bytes()


EDITED = {
    "a value edited": (lambda data: data.replace(b"pc-1", b"pc-9"), "was changed after it was made"),
    "its address edited": (lambda data: data.replace(b"env.KINTONE_URL", b"env.KINTONE_OTHER"), "was changed"),
    "the end cut off": (lambda data: data[:-200], "is cut"),
    "all but the beginning cut off": (lambda data: data[:300], "this is no plan file"),
    "a line end added": (lambda data: data + b"\n", "or something follows it"),
    "other line ends": (lambda data: data.replace(b"\n", b"\r\n"), "was changed"),
    "a byte order mark": (lambda data: b"\xef\xbb\xbf" + data, "this is no plan file"),
    "blanks put in by an editor": (lambda data: data.replace(b'"line":', b'"line": '), "was changed"),
}


@pytest.mark.parametrize("name", EDITED)
def test_an_edited_plan_is_refused(stage: Stage, name: str) -> None:
    """Exit 4 with the file's name, before the state is made or a request sent."""
    edit, told = EDITED[name]
    stage.write("e.plan", edit(plan(stage)))
    with untouched(stage):
        done = stage.run("apply", "e.plan")
        assert (done.code, done.out) == (4, ""), done.text
        assert told in done.err
        assert stage.run("show", "e.plan").code == 4


def test_an_edited_plan_is_refused_though_the_state_holds_the_true_one(own: Stage) -> None:
    """The kept copy of the plan as it was made does not stand in for what the file says now."""
    true = plan(own)
    other = own.run("apply", "a.plan", "--expect-hash", "0" * 64)
    assert other.code == 4 and "not the plan that was approved" in other.err
    assert (own.folder / ".migrator").is_dir()
    own.write("a.plan", true.replace(b"pc-1", b"pc-9"))
    with untouched(own):
        done = own.run("apply", "a.plan")
    assert done.code == 4 and "was changed after it was made" in done.err, done.text


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"KINTONE_API_TOKEN": None}, "KINTONE_API_TOKEN is missing"),
        ({"KINTONE_API_TOKEN": "no-token-of-this-app"}, "refused the login"),
    ],
)
def test_an_apply_that_cannot_log_in_makes_no_state(stage: Stage, env: dict[str, str | None], told: str) -> None:
    """Exit 1, and the plan can be applied when the environment is right."""
    plan(stage)
    with untouched(stage):
        done = stage.run("apply", "a.plan", env=env)
    assert done.code == 1 and told in done.err, done.text


def test_a_plan_of_another_tenant_is_refused(own: Stage) -> None:
    """Exit 4 with both tenants; neither is written to."""
    plan(own)
    with served(["kintone"]) as (others, env):
        other = Stage(own.folder, others, env)
        truths = own.truth(), other.truth()
        done = other.run("apply", "a.plan")
        assert (own.truth(), other.truth()) == truths
    assert done.code == 4, done.text
    ports = [address.rpartition(":")[2] for address in (own.env["KINTONE_URL"], env["KINTONE_URL"])]
    assert f"was kintone:localhost:{ports[0]}, now it is kintone:localhost:{ports[1]}" in done.err
    assert own.run("apply", "a.plan").code == 0


def test_a_plan_is_applied_once(own: Stage) -> None:
    """The second apply is 4, tells the run that did it, and sends nothing."""
    plan(own)
    assert own.run("apply", "a.plan").code == 0
    with untouched(own, *_kept_copies(own)):
        done = own.run("apply", "a.plan")
    assert (done.code, done.out) == (4, ""), done.text
    assert "applied already, by run 1" in done.err
    assert "plan again" in done.err


def test_a_plan_older_than_a_run_is_stale(own: Stage) -> None:
    """Exit 4, the run is named."""
    plan(own, "old.plan")
    own.write("assets.csv", SHEET.replace("pc-1", "pc-7"))
    assert own.run("apply", "p.yaml", "--auto-approve").code == 0
    with untouched(own, *_kept_copies(own)):
        done = own.run("apply", "old.plan")
    assert done.code == 4, done.text
    assert "the plan is stale: run 1 has written to 3" in done.err


def _kept_copies(stage: Stage) -> tuple[str, ...]:
    """Where the state's copies of the plans in the working folder stand, and its database."""
    hashes = [json.loads(path.read_bytes().splitlines()[-1])["sha256"] for path in stage.folder.glob("*.plan")]
    return (
        *(f".migrator/plans/{one}.jsonl" for one in hashes),
        *(f".migrator/{name}" for name in ("state.db", "state.db-wal", "state.db-shm")),
    )


# ---------------------------------------------------------------- what people have to allow


def test_brakes_hold_until_the_exact_number_is_allowed(own: Stage) -> None:
    """The plan is written (4); apply refuses every other number (4); the one that the view tells goes through (0)."""
    own.write("assets.csv", sheet_of(20))
    assert own.run("apply", "p.yaml", "--auto-approve").code == 0
    own.write("assets.csv", sheet_of(20, name="qc"))
    planned = own.run("plan", "p.yaml", "-o", "b.plan")
    assert planned.code == 4, planned.text
    assert "20 updates of 20 records, more than 30 %" in planned.out
    assert "next  migrator apply b.plan --allow-updates 20" in planned.out
    before = own.truth()
    for words in ((), ("--allow-updates", "19"), ("--allow-updates", "21"), ("--allow-deletes", "20")):
        done = own.run("apply", "b.plan", *words)
        assert (done.code, own.truth() == before) == (4, True), done.text
        assert "--allow-updates 20 allows them" in done.err
    assert own.run("apply", "b.plan", "--allow-updates", "20").code == 0
    assert {record["label"] for record in own.truth()["kintone"][3]} == {"qc"}


def test_problems_beyond_the_limit_have_to_be_allowed(own: Stage) -> None:
    """4 without, 4 with too few, 5 with the number that the view tells; `limits.problems` says the same."""
    own.write("assets.csv", sheet_of(3, "X", cost="x").rstrip() + "\n" + sheet_of(17).partition("\n")[2])
    planned = own.run("plan", "p.yaml", "-o", "c.plan")
    assert planned.code == 5, planned.text
    before = own.truth()
    for words in ((), ("--allow-problems", "2")):
        done = own.run("apply", "c.plan", *words)
        assert (done.code, own.truth() == before) == (4, True), done.text
        assert "3 records could not be planned, and 0 are allowed" in done.err
        assert "--allow-problems 3" in done.err
    done = own.run("apply", "c.plan", "--allow-problems", "3")
    assert done.code == 5, done.text
    assert len(own.truth()["kintone"][3]) == 17
    own.write("p.yaml", PLAYBOOK.replace("steps:", "limits: {problems: 3}\nsteps:"))
    assert own.run("apply", "p.yaml", "--auto-approve").code == 5


def test_two_applies_at_once(here: Path) -> None:
    """While the first one's write is on its way a second exits 6 and names the holder; then the first ends well."""
    emulator = create_emulator("kintone", pace="off")
    seconds: list[Ran] = []

    def app(environ: Any, start_response: Any) -> Any:
        """The emulator, at whose first write somebody else comes along."""
        write = environ["PATH_INFO"].endswith(("/records.json", "/bulkRequest.json"))
        read = environ["REQUEST_METHOD"] == "GET" or "HTTP_X_HTTP_METHOD_OVERRIDE" in environ
        if write and not read and not seconds:
            seconds.append(stage.spawn("apply", "b.plan"))
        return emulator.app(environ, start_response)

    with serve(app) as server:
        stage = furnished(here, ({"kintone": emulator}, emulator.env(server.url)))
        plan(stage, "a.plan")
        stage.write("assets.csv", sheet_of(3))
        plan(stage, "b.plan")
        assert stage.run("apply", "a.plan").code == 0
    (second,) = seconds
    assert second.code == 6, second.text
    assert f"process {os.getpid()}" in second.err, second.err
    assert [record["serial"] for record in stage.truth()["kintone"][3]] == ["A-1", "A-2"]


def test_a_reader_who_left(stage: Stage) -> None:
    """A closed pipe under stdout is no fault: the plan is written, the exit code is that of the work."""
    read, write = os.pipe()
    os.close(read)
    with stage.start("plan", "p.yaml", "-o", "a.plan", "--detailed-exitcode", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (2, "")
    assert stage.run("show", "a.plan").code == 0


# ---------------------------------------------------------------- a secret among the data

PLANTED = {
    "as a text": "A-2,pc SECRET,保管,,",
    "as a text of other letters": "A-2,pc QUOTED,保管,,",
    "as the key": "SECRET,pc-2,保管,,",
    "as a key within a long one": f"A{'x' * 70}SECRET,pc-2,保管,,",
    "where it is no choice": "A-2,pc-2,SECRET,,",
    "where a message would cut it": f"A-2,pc-2,{'x' * 25}SECRET,,",
    "where it is no date": "A-2,pc-2,保管,SECRET,",
    "where it is no number": "A-2,pc-2,保管,,SECRET",
    "beside a fault": "A-2,SECRET,保管,,twelve",
    "in a key that stands twice": "SECRET,pc-2,保管,,\nSECRET,pc-3,保管,,",
    "in an id map's origin": "SECRET,pc-2,保管,March,",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_secret_in_a_record_is_told_by_place_only(own: Stage, name: str) -> None:
    """A Problem that names the record; no output, plan, state or log holds it, nor a telling part of it."""
    token = own.env["KINTONE_API_TOKEN"]
    row = PLANTED[name].replace("SECRET", token).replace("QUOTED", base64.b64encode(token.encode()).decode())
    own.write("assets.csv", SHEET.replace("A-2,pc-2,保管,2024-03-02,", row))
    seen = []
    for words in (
        ("plan", "p.yaml", "-o", "a.plan"),
        ("plan", "p.yaml", "--json"),
        ("show", "a.plan", "--full"),
        ("apply", "a.plan", "--allow-problems", "2", "-v"),
        ("report",),
        ("report", "--json"),
        ("runs",),
    ):
        done = own.run(*words)
        assert done.code == (0 if words[0] in ("show", "report", "runs") else 5), done.text
        seen.append(done.text.encode())
    assert "a value holds a secret" in seen[0].decode()
    assert "record A-2" in seen[0].decode() or "record number 2 of the source" in seen[0].decode()
    del own.env["KINTONE_API_TOKEN"]
    kept = [content for path, content in own.files().items() if path != "assets.csv"]
    assert len(kept) > 5
    parts = [token[start : start + 10].encode() for start in range(len(token) - 9)]
    assert [text for text in (*seen, *kept) for part in parts if part in text] == []
    assert [record["serial"] for record in own.truth()["kintone"][3]] == ["A-1"]
