"""Plans that are not carried out, through the real command line: edited, foreign, stale, braked, locked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from migrator.emulators.server import create_emulator, serve
from tests.end_to_end.assets import PLAYBOOK, SHEET, furnished, plan, sheet_of, untouched
from tests.end_to_end.stage import Ran, Stage, served

# ---------------------------------------------------------------- plans that are not carried out


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
        *(f".migrator/plans/{one}.{kind}" for one in hashes for kind in ("jsonl", "home")),
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
    for words, most in (
        ((), "0 are allowed (limits.problems)"),
        (("--allow-problems", "2"), "2 are allowed (--allow-"),
    ):
        done = own.run("apply", "c.plan", *words)
        assert (done.code, own.truth() == before) == (4, True), done.text
        assert f"3 records could not be planned, and {most}" in done.err
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
