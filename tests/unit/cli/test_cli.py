"""The command line in this process: usage, exit codes, the whole way of a plan."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest

from migrator import __version__
from migrator.cli import options
from migrator.cli.main import COMMANDS, cli
from migrator.cli.reference import reference
from migrator.emulators.server import create_emulator, serve
from migrator.state.process import user
from migrator.state.state import State
from migrator.views import FORMATS
from migrator.views import LATER as FORMATS_LATER
from tests.unit.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[3]


# ---------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "nowhere.yaml"),
        ("plan", "."),
        ("show", "nowhere.plan"),
        ("apply", "nowhere.plan"),
        ("apply",),
        ("frobnicate",),
        ("plan", "--frobnicate", "playbook.yaml"),
        ("resume", "zero"),
        ("report", "99"),
        ("resume",),
        ("--format", "yaml", "runs"),
        ("emulate", "sap"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run: Run, project: Path, words: tuple[str, ...]) -> None:
    """Exit 3, one sentence, no traceback, and nothing on stdout."""
    done = run(*words)
    assert (done.code, done.out) == (3, "")
    assert done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "html", "runs"),
        ("emulate", "--format", "markdown"),
    ],
)
def test_options_of_later_are_refused_by_name(run: Run, project: Path, words: tuple[str, ...]) -> None:
    """An option that is not carried out is never accepted and ignored."""
    done = run(*words)
    assert done.code == 3
    assert "later version" in done.err
    assert not Path(".migrator").exists()


def test_an_unreadable_playbook_is_told(run: Run, here: Path) -> None:
    """A file that is no text is a finding with its name, not a traceback."""
    (here / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    done = run("plan", "bad.yaml")
    assert done.code == 1
    assert "bad.yaml" in done.err


def test_the_version_is_told(run: Run) -> None:
    """--version prints it."""
    assert __version__ in run("--version").out


def test_formats_of_the_options_are_those_of_the_views() -> None:
    """The two lists, apart so that help stays light, say the same."""
    assert options.FORMATS == FORMATS
    assert options.FORMATS_LATER == FORMATS_LATER


def test_the_reference_is_up_to_date() -> None:
    """docs/reference/commands.md is what --help says (`python -m pytest tests/unit/cli` with UPDATE_REFERENCE=1)."""
    page = ROOT / "docs" / "reference" / "commands.md"
    if os.environ.get("UPDATE_REFERENCE"):
        page.write_text(reference(), "utf-8", newline="\n")
    assert page.read_text("utf-8") == reference()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_keeps_to_a_screen(name: str) -> None:
    """One file a command, under 80 lines, whose options all say what they are for."""
    path = ROOT / "migrator" / "cli" / f"{name}.py"
    assert len(path.read_text("utf-8").splitlines()) < 80
    command: click.Command = importlib.import_module(f"migrator.cli.{name}").command
    assert command.help
    assert all(option.help or option.hidden for option in command.params if isinstance(option, click.Option))


HEAVY = {"requests", "urllib3", "jinja2", "jsonschema", "yaml", "orjson", "msgspec", "rich", "sqlite3", "werkzeug"}


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("plan", "--help")])
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    """--help and --version stand on click alone."""
    program = "import sys\nfrom migrator.cli.main import cli\ntry: cli.main(sys.argv[1:])\n"
    program += "except SystemExit: pass\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


def test_an_apply_imports_only_what_it_needs(run: Run, project: Path) -> None:
    """A plan is carried out without what playbooks are read with, nor a terminal's colours."""
    assert run("plan", "playbook.yaml", "-o", "a.plan").code == 0
    program = "import sys\nfrom migrator.cli.main import cli\ntry: cli.main(['apply', 'a.plan'])\n"
    program += "except SystemExit as end: print(end.code, *sys.modules)"
    words = [sys.executable, "-c", program]
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "0"
    assert not {"yaml", "jinja2", "jsonschema", "rich", "werkzeug"} & set(modules)


# ---------------------------------------------------------------- the way of a plan


def test_a_playbook_goes_all_the_way(run: Run, project: Path) -> None:
    """validate, test, plan, show, apply, apply again, verify, runs, report: each with its promised exit code."""
    assert run("validate", "playbook.yaml").out == "playbook.yaml: valid\n"
    assert run("test", "playbook.yaml").code == 0
    planned = run("plan", "playbook.yaml", "-o", "a.plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "next  migrator apply a.plan" in planned.out
    assert run("show", "a.plan").out == planned.out
    applied = run("apply", "a.plan")
    assert applied.code == 0
    assert "run 1 of playbook first: done" in applied.out
    assert (project / "contacts.csv").read_text().split() == ["number,name", "1,Ito", "2,Sato"]
    again = run("apply", "a.plan")
    assert again.code == 4
    assert "applied already, by run 1" in again.err
    assert run("show", "a.plan").code == 0
    assert run("verify", "playbook.yaml").code == 0
    assert run("plan", "playbook.yaml", "--detailed-exitcode").code == 0
    assert "done" in run("runs").out
    assert "run 1 of playbook first: done" in run("report").out
    assert "nothing to resume" in run("resume").err


def test_b41_verify_says_which_field_differs(run: Run, project: Path) -> None:
    """A target that somebody changed is 2, with the field."""
    assert run("apply", "playbook.yaml", "--auto-approve").code == 0
    (project / "contacts.csv").write_text("number,name\n1,Ito\n2,Satoh\n")
    done = run("verify", "playbook.yaml")
    assert done.code == 2
    assert '"Satoh" -> "Sato"' in done.out
    assert "field name differs in 1 of the records" in done.out


def test_a_record_that_cannot_be_planned_is_5(run: Run, project: Path) -> None:
    """Problems of records are shown, the rest is planned; apply needs the count."""
    playbook = project / "playbook.yaml"
    playbook.write_text(playbook.read_text().replace("record.name | trim", "record.name | date"))
    (project / "people.csv").write_text("number,name\n1,2024-01-31\n2,Nobody\n")
    planned = run("plan", "playbook.yaml", "-o", "a.plan")
    assert planned.code == 5
    assert "could not be planned: 1 record" in planned.out
    refused = run("apply", "a.plan")
    assert refused.code == 4
    assert "--allow-problems 1" in planned.out
    applied = run("apply", "a.plan", "--allow-problems", "1")
    assert applied.code == 5
    assert "left out" in applied.err
    assert (project / "contacts.csv").read_text().split() == ["number,name", "1,2024-01-31"]


def test_a_playbook_is_applied_only_after_a_yes(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal it is a usage error; with one, no means no."""
    refused = run("apply", "playbook.yaml")
    assert refused.code == 3
    assert "--auto-approve" in refused.err
    assert not (project / ".migrator").exists()
    monkeypatch.setattr("migrator.cli.approval._is_terminal", lambda: True)
    assert run("apply", "playbook.yaml", answer="n\n").code == 0
    assert not (project / "contacts.csv").exists()
    assert run("apply", "playbook.yaml", answer="y\n").code == 0
    assert (project / "contacts.csv").exists()


def test_a_plan_is_never_written_over_something_else(run: Run, project: Path) -> None:
    """-o refuses the playbook, data and folders, and takes an old plan."""
    for place in ("playbook.yaml", "people.csv", "schemas"):
        before = {path: path.read_bytes() for path in project.iterdir() if path.is_file()}
        assert run("plan", "playbook.yaml", "-o", place).code == 3
        assert before == {path: path.read_bytes() for path in project.iterdir() if path.is_file()}
    assert run("plan", "playbook.yaml", "-o", "a.plan").code == 0
    assert run("plan", "playbook.yaml", "-o", "a.plan").code == 0


def test_an_edited_plan_is_refused_by_all(run: Run, project: Path) -> None:
    """Neither shown nor applied as if it were true."""
    run("plan", "playbook.yaml", "-o", "a.plan")
    plan = project / "a.plan"
    plan.write_bytes(plan.read_bytes().replace(b"Sato", b"Sako"))
    assert run("show", "a.plan").code == 4
    assert run("apply", "a.plan").code == 4
    assert not (project / "contacts.csv").exists()


def test_programs_get_one_object_a_line(run: Run, project: Path) -> None:
    """--json, before the command or after it: every line of stdout is an object that says what it is."""
    seen = set()
    for words in (
        ("validate", "playbook.yaml", "--json"),
        ("--json", "test", "playbook.yaml"),
        ("plan", "playbook.yaml", "-o", "a.plan", "--json"),
        ("apply", "a.plan", "--json"),
        ("runs", "--json"),
        ("report", "--format", "jsonl"),
        ("plan", "nowhere.yaml", "--json"),
        ("doctor", "--json"),
    ):
        seen |= {json.loads(line)["line"] for line in run(*words).out.splitlines()}
    assert seen >= {
        *("valid", "test", "header", "change", "trailer", "run_started", "changes_settled", "run_ended", "run"),
        *("report", "problem", "doctor"),
    }


def test_the_kept_schemas_are_up_to_date(run: Run, here: Path) -> None:
    """`migrator schema` writes what stands in schemas/."""
    assert run("schema", "-o", "made").code == 0
    kept = {path.name: path.read_bytes() for path in (ROOT / "schemas").iterdir()}
    assert kept == {path.name: path.read_bytes() for path in (here / "made").iterdir()}


def test_plans_and_reports_fit_their_schemas(run: Run, project: Path) -> None:
    """Every line of a plan file, and what `report --json` prints."""
    checks = {
        name: jsonschema.Draft7Validator(json.loads((project / "schemas" / f"{name}.schema.json").read_text()))
        for name in ("plan", "report")
    }
    assert run("plan", "playbook.yaml", "-o", "a.plan").code == 0
    for line in (project / "a.plan").read_text().splitlines():
        checks["plan"].validate(json.loads(line))
    assert not checks["plan"].is_valid({"line": "change", "action": "explode"})
    assert run("apply", "a.plan").code == 0
    checks["report"].validate(json.loads(run("report", "--json").out))
    assert not checks["report"].is_valid({"line": "report"})


def test_options_stand_in_the_environment_too(run: Run, project: Path) -> None:
    """MIGRATOR_… for the global options, and with the command's name for its own."""
    assert run("runs", env={"MIGRATOR_FORMAT": "html"}).code == 3
    env = {"MIGRATOR_STATE": "elsewhere", "MIGRATOR_APPLY_AUTO_APPROVE": "1"}
    assert run("apply", "playbook.yaml", env=env).code == 0
    assert (project / "elsewhere" / "state.db").exists()


def test_the_command_that_goes_on_names_the_state(run: Run, project: Path) -> None:
    """A paused run ends with the exact command; typed as it stands, it goes on."""
    assert run("plan", "playbook.yaml", "-o", "a.plan").code == 0
    paused = run("apply", "a.plan", "--state", "other state", "--first", "1")
    assert paused.code == 7
    last = paused.err.splitlines()[-1]
    assert last == "go on with  migrator --state 'other state' resume 1"
    assert run("--state", "other state", "resume", "1").code == 0


def test_init_writes_over_nothing(run: Run, project: Path) -> None:
    """Run twice it keeps what is there, and .gitignore grows no second line."""
    (project / "playbook.yaml").write_text("mine")
    assert run("init").code == 0
    assert (project / "playbook.yaml").read_text() == "mine"
    assert (project / ".gitignore").read_text().split() == [".migrator/", "*.plan"]


def test_a_fault_of_the_program_is_one_sentence(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1, no traceback on the terminal; the details are in a file without secrets."""

    def broken(paths: object, around: object, **more: object) -> None:
        around.scrubber.learn("hunter2-hunter2")  # type: ignore[attr-defined]  # the Surroundings
        raise ZeroDivisionError("with hunter2-hunter2")

    (project / ".migrator").mkdir()
    monkeypatch.setattr("migrator.pipeline.validate", broken)
    done = run("validate", "playbook.yaml")
    assert done.code == 1
    assert "a fault of migrator" in done.err
    assert "Traceback" not in done.err
    (kept,) = (project / ".migrator").glob("migrator-fault-*.txt")
    assert "ZeroDivisionError" in kept.read_text()
    assert "hunter2" not in kept.read_text() + done.err


def test_the_demo_plays_to_its_end(run: Run) -> None:
    """Emulator, plan, apply, an edit, its diff, apply, and a second plan without changes; nothing is left."""
    before = set(Path.cwd().iterdir())
    done = run("demo")
    assert (done.code, 'Laser printer, 3rd floor" -> "Laser printer, 4th floor' in done.out) == (0, True)
    assert done.out.splitlines()[-1].startswith("A second plan finds no changes")
    assert set(Path.cwd().iterdir()) == before


def test_the_group_knows_its_commands() -> None:
    """Each name of the table is a command of that name."""
    context = click.Context(cli)
    assert [cli.get_command(context, name).name for name in COMMANDS] == list(COMMANDS)  # type: ignore[union-attr]  # None would fail too


def test_doctor_logs_in_to_each_system(run: Run, project: Path) -> None:
    """All well is 0; a system that cannot be reached is 1, by name, and the others are looked at too."""
    well = run("doctor", "--playbook", "playbook.yaml")
    assert (well.code, "system here: csv:" in well.out) == (0, True)
    playbook = project / "playbook.yaml"
    playbook.write_text(playbook.read_text().replace('path: "."}', 'path: "{{ env.NOWHERE }}"}'))
    ill = run("doctor", "--playbook", "playbook.yaml")
    assert ill.code == 1
    assert "NOWHERE" in ill.out


def test_e13_doctor_tells_what_is_wrong_with_the_state(run: Run, project: Path) -> None:
    """Whole, for us alone, nobody holds it: 0. Rights too wide, a run that was broken off, a holder: told by name."""
    assert run("apply", "playbook.yaml", "--auto-approve").code == 0
    well = run("doctor")
    assert (well.code, "whole, 1 runs" in well.out) == (0, True), well.out
    (project / ".migrator" / "state.db").chmod(0o644)
    ill = run("doctor", "--json")
    looks = [json.loads(line) for line in ill.out.splitlines()]
    (rights,) = [look for look in looks if look["what"] == "rights"]
    assert (ill.code, rights["well"], "chmod -R go=" in rights["found"]) == (1, False, True)
    (project / ".migrator" / "state.db").chmod(0o600)
    with State.open(project / ".migrator", write=True) as state, state.lease([("csv:.", "contacts.csv")]):
        held = run("doctor")
    assert (held.code, f"contacts.csv (csv:.): {user()} on " in held.out) == (0, True)


def test_doctor_asks_what_our_login_may_do(run: Run, project: Path) -> None:
    """Each step's two collections are looked for; a systems file alone is logged in to as well."""
    told = run("doctor", "--playbook", "playbook.yaml")
    assert (told.code, "step contacts: source and target found" in told.out) == (0, True)
    (project / "people.csv").unlink()
    gone = run("doctor", "--playbook", "playbook.yaml")
    assert (gone.code, "PROBLEM  step contacts:" in gone.out) == (1, True)
    (project / "systems.yaml").write_text('systems:\n  there: {connector: csv, path: "."}\n')
    alone = run("doctor", "--systems", "systems.yaml")
    assert (alone.code, "system there: csv:." in alone.out) == (0, True)


def test_runs_that_are_purged_are_told_with_what_stays(run: Run, project: Path) -> None:
    """The runs, the bytes, that nothing of them can be undone, and why the last one stays; ages are read strictly."""
    for name in ("Ito", "Sato"):
        (project / "people.csv").write_text(f"number,name\n1,{name}\n")
        assert run("apply", "playbook.yaml", "--auto-approve", "--allow-updates", "1").code == 0
    assert run("runs", "--purge", "90").code == 3
    assert "nothing to remove" in run("runs", "--purge", "90d").out
    done = run("runs", "--purge", "0h")
    assert done.code == 0
    assert "removed 1 run (1) with plans, logs and journal rows" in done.out
    assert "can't be undone or reported on any more; the id map is as it was" in done.out
    assert "run 2 is kept: it is the last on contacts.csv (csv:.)" in done.out
    told = json.loads(run("runs", "--purge", "0h", "--json").out)
    assert (told["removed"], list(told["kept"])) == ([], ["2"])
    assert run("report", "1").code == 3
    assert run("runs", "--purge", "0h", "--state", "nowhere").code == 3


KINTONE = """\
playbook: unchecked
systems:
  here: {connector: csv, path: "."}
  kt:
    connector: kintone
    url: "{{ env.KINTONE_URL }}"
    api_token: "{{ env.KINTONE_API_TOKEN }}"
    insecure: true
limits: {update_percent: 0}
steps:
  - step: rows
    source: {system: here, collection: rows.csv, query: {id: serial}}
    fields: {serial: "{{ record.serial }}", label: "{{ record.label }}"}
    target: {system: kt, collection: 3, key: serial}
"""


def test_brakes_and_unchecked_tls_cannot_be_overlooked(run: Run, here: Path) -> None:
    """A banner while planning and applying; over the brake: 4, with the option that allows the exact count."""
    emulator = create_emulator("kintone", pace="off")
    (here / "rows.yaml").write_text(KINTONE)
    with serve(emulator.app) as server:
        env = {**emulator.env(server.url)}
        for label in ("old", "new"):
            (here / "rows.csv").write_text("serial,label\n" + "".join(f"S-{n},{label}\n" for n in range(12)))
            planned = run("plan", "rows.yaml", "-o", f"{label}.plan", env=env)
            assert "TLS IS NOT CHECKED for system kt" in planned.out
            applied = run("apply", f"{label}.plan", env=env)
            if label == "old":
                assert (planned.code, applied.code) == (0, 0)
                assert "TLS IS NOT CHECKED for system kt" in applied.err
        assert (planned.code, applied.code) == (4, 4)
        assert "apply refuses this plan without  --allow-updates 12" in planned.out
        assert run("apply", "new.plan", "--allow-updates", "11", env=env).code == 4
        assert run("apply", "new.plan", "--allow-updates", "12", env=env).code == 0
        for secret in emulator.variables.values():
            assert secret not in planned.out + planned.err + applied.out + applied.err


def test_no_damage_to_a_plan_is_a_fault_of_the_program(run: Run, project: Path) -> None:
    """Any byte changed, any end cut, lines that fit their hash and nothing else: refused, never a crash."""
    assert run("plan", "playbook.yaml", "-o", "a.plan").code == 0
    whole = (project / "a.plan").read_bytes()
    chosen = random.Random(11)
    damaged = [whole[: chosen.randrange(len(whole))] for _ in range(20)]
    for _ in range(60):
        place = chosen.randrange(len(whole))
        damaged.append(whole[:place] + bytes([chosen.randrange(256)]) + whole[place + 1 :])
    body = whole[: whole.rindex(b'{"line":"end"')]
    for old, new in (
        (b'"action":"create"', b'"action":"crash!"'),
        (b'"phase":1', b'"phase":9'),
        (b'"key":', b'"kei":'),
    ):
        changed = body.replace(old, new)
        end = {
            "line": "end",
            "sha256": hashlib.sha256(changed).hexdigest(),
            "trailer": changed.rindex(b"\n", 0, -1) + 1,
        }
        damaged.append(changed + json.dumps(end, separators=(",", ":")).encode() + b"\n")
    for content in damaged:
        (project / "b.plan").write_bytes(content)
        done = run("show", "b.plan")
        assert done.code == 4 or (done.code == 0 and content.endswith(b"}\n")), (done, content)
        assert "fault of migrator" not in done.err
