"""Disks, rights and damage here, with real processes: told before the next request, nothing half written."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import formatdate
from pathlib import Path

import pytest

from migrator.emulators.server import create_emulator, serve
from tests.end_to_end.rows import BOOK, ROOT, bench

COUNT = 620
"""Two requests of creates; their plan has 150 kB."""
NOBODY_ANSWERS = {"KINTONE_URL": "http://127.0.0.1:9", "KINTONE_API_TOKEN": "t"}
"""Any request would end as a failed connection, with exit code 1."""


def small_files(size: int) -> Callable[[], None]:
    """No file may grow beyond this: what a full disk is to whoever writes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def heed_rights() -> None:
    """Root writes wherever it likes by a capability of its own (1, DAC_OVERRIDE): not this process."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP; what exec starts has it no more


def run(
    folder: Path, *words: object, env: dict[str, str] | None = None, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "migrator", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr and "a fault of migrator" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("size", [40_000, 200_000, 225_000])
def test_a10_a_disk_that_fills_up_stops_the_run_and_the_resume_ends_it(tmp_path: Path, size: int) -> None:
    """In the plan's copy, in the journal: exit 8, path and remedy; taken up with room, each record is there once."""
    with bench(tmp_path) as here:
        here.rows(COUNT, "pc")
        here.plan("one.plan")
        words = ("apply", "one.plan", "--state", ".migrator")
        done = run(tmp_path, *words, env=dict(here.env), before=small_files(size))
        assert done.returncode == 8, done.stderr
        assert ".migrator" in done.stderr and "free space" in done.stderr
        if size < 150_000:
            assert here.seen() == {}
            assert not list((tmp_path / ".migrator" / "plans").iterdir())
        assert run(tmp_path, *words, env=dict(here.env)).returncode == 0
        assert here.seen() == {f"S-{number:05}": (f"pc {number}", 1) for number in range(COUNT)}


def test_a11_a_plan_that_finds_no_room_leaves_what_was_there(tmp_path: Path) -> None:
    """Temporary files or the plan itself: exit 8, the path is told, the older plan of that name is untouched."""
    with bench(tmp_path) as here:
        here.rows(5, "pc")
        here.plan("one.plan")
        older = (tmp_path / "one.plan").read_bytes()
        here.rows(COUNT, "pc")
        said = []
        for size in (20_000, 120_000):
            done = run(
                tmp_path, "plan", "assets.yaml", "-o", "one.plan", env=dict(here.env), before=small_files(size)
            )
            assert done.returncode == 8, done.stderr
            said.append(done.stderr)
        assert "TMPDIR" in said[0]
        assert (tmp_path / "one.plan").read_bytes() == older
        assert not list(tmp_path.glob(".one.plan*"))


def test_a11_a_report_that_finds_no_room_is_told(tmp_path: Path) -> None:
    """`show > file` on a full disk ends with exit 8, not with half a file and 0."""
    with bench(tmp_path) as here:
        here.rows(COUNT, "pc")
        here.plan("one.plan")
        with (tmp_path / "shown.txt").open("wb") as out:
            done = subprocess.run(
                [sys.executable, "-m", "migrator", "show", "one.plan", "--full"],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                preexec_fn=small_files(4096),
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert (done.returncode, "could not be written" in done.stderr) == (8, True)


def test_a11_a_file_target_on_a_full_disk_keeps_its_old_content(tmp_path: Path) -> None:
    """What is staged finds no room: exit 8, the file stands as it was; taken up with room it is whole."""
    lines = [f"S-{number:05},{'pc' * 20} {number}" for number in range(COUNT)]
    (tmp_path / "rows.csv").write_text("\n".join(["serial,label", *lines]) + "\n")
    book = BOOK[: BOOK.index("  kt:")] + BOOK[BOOK.index("limits:") :]
    book = book.replace("limits:", '  out: {connector: jsonl, path: "out"}\nlimits:')
    book = book.replace("{system: kt, collection: 3,", "{system: out, collection: a.jsonl,")
    (tmp_path / "assets.yaml").write_text(book)
    (tmp_path / "out").mkdir()
    old = "".join(f'{{"label": "{"mine" * 20}", "serial": "X-{number}"}}\n' for number in range(5000))
    (tmp_path / "out" / "a.jsonl").write_text(old)
    assert run(tmp_path, "plan", "assets.yaml", "-o", "one.plan").returncode == 0
    done = run(tmp_path, "apply", "one.plan", before=small_files(400_000))
    assert (done.returncode, "a.jsonl" in done.stderr) == (8, True), done.stderr
    assert (tmp_path / "out" / "a.jsonl").read_text() == old
    assert run(tmp_path, "apply", "one.plan").returncode == 0
    assert len((tmp_path / "out" / "a.jsonl").read_text().splitlines()) == COUNT + 5000


def test_a12_a_state_that_may_only_be_read_serves_plans_and_refuses_an_apply_unasked(tmp_path: Path) -> None:
    """The plan is made; apply ends with exit 8 before it asks any system anything, and names place and remedy."""
    with bench(tmp_path) as here:
        here.rows(20, "pc")
        here.plan("one.plan")
        assert here.apply("one.plan").exit_code == 0
        here.rows(20, "laptop")
        state = tmp_path / ".migrator"
        for place in (state / "state.db", state / "plans", state / "runs", state):
            place.chmod(0o500 if place.is_dir() else 0o400)
        planned = run(tmp_path, "plan", "assets.yaml", "-o", "two.plan", env=dict(here.env), before=heed_rights)
        assert planned.returncode == 0, planned.stderr
        refused = run(tmp_path, "apply", "two.plan", env=NOBODY_ANSWERS, before=heed_rights)
        assert refused.returncode == 8, refused.stderr
        assert "read-only for us" in refused.stderr and "--state" in refused.stderr
        state.chmod(0o700)
        assert here.seen() == {f"S-{number:05}": (f"pc {number}", 1) for number in range(20)}


def test_a12_a_place_where_no_state_can_be_made_is_told_before_any_request(tmp_path: Path) -> None:
    """The folder is not there and cannot be made: exit 8, nothing asked, nothing made."""
    with bench(tmp_path) as here:
        here.rows(5, "pc")
        here.plan("one.plan")
        (tmp_path / "closed").mkdir(mode=0o500)
        words = ("apply", "one.plan", "--state", "closed/state")
        refused = run(tmp_path, *words, env=NOBODY_ANSWERS, before=heed_rights)
        assert (refused.returncode, "closed is read-only for us" in refused.stderr) == (8, True), refused.stderr
        assert not list((tmp_path / "closed").iterdir())


def _flip(content: bytes) -> bytes:
    """One bit of a target id in the id map's index."""
    at = content.rindex(b"S-00003")
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) - 5000],
    "one bit": _flip,
    "no SQLite": lambda content: b"notes\n" * (len(content) // 6),
    "emptied": lambda content: b"",
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a13_a_damaged_state_is_refused_unasked_and_left_as_it_is(tmp_path: Path, how: str) -> None:
    """Exit 8 before any request, with the file and the command that leads out; not a byte of it changes."""
    with bench(tmp_path) as here:
        here.rows(20, "pc")
        here.plan("one.plan")
        assert here.apply("one.plan").exit_code == 0
        here.rows(21, "pc")
        here.plan("two.plan")
        file = tmp_path / ".migrator" / "state.db"
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        damaged = DAMAGE[how](file.read_bytes())
        file.write_bytes(damaged)
        refused = run(tmp_path, "apply", "two.plan", env=NOBODY_ANSWERS)
        assert refused.returncode == 8, refused.stderr
        assert str(file) in refused.stderr and "is damaged" in refused.stderr
        assert "migrator ids rebuild PLAYBOOK" in refused.stderr
        looked = run(tmp_path, "doctor")
        assert (looked.returncode, "is damaged" in looked.stdout) == (1, True)
        assert file.read_bytes() == damaged
        assert len(here.seen()) == 20


def test_a13_a_lost_state_is_rebuilt_from_the_target(tmp_path: Path) -> None:
    """The command of the message, as it stands: the id map is found by key, a new plan has nothing to do."""
    with bench(tmp_path) as here:
        here.rows(20, "pc")
        here.plan("one.plan")
        assert here.apply("one.plan").exit_code == 0
        state = tmp_path / ".migrator"
        (state / "state.db").write_bytes(b"rubbish")
        state.rename(tmp_path / ".migrator.damaged")
        done = run(tmp_path, "ids", "rebuild", "assets.yaml", env=dict(here.env))
        assert done.returncode == 0, done.stderr
        assert here.plan("two.plan").changes == 0
        assert here.seen() == {f"S-{number:05}": (f"pc {number}", 1) for number in range(20)}


def test_a15_a_state_of_a_newer_program_is_refused_with_both_numbers(tmp_path: Path) -> None:
    """Apply and plan end with exit 8 before any request; the file stays as it is."""
    with bench(tmp_path) as here:
        here.rows(5, "pc")
        here.plan("one.plan")
        assert here.apply("one.plan").exit_code == 0
        file = tmp_path / ".migrator" / "state.db"
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE name = 'version'")
        connection.close()
        content = file.read_bytes()
        for words in (("apply", "one.plan"), ("plan", "assets.yaml")):
            refused = run(tmp_path, *words, env=NOBODY_ANSWERS)
            assert refused.returncode == 8, refused.stderr
            assert "has version 99, this program knows version 2" in refused.stderr
        assert file.read_bytes() == content


def test_a20_a_server_whose_clock_is_wrong_is_told_before_anything_is_written(tmp_path: Path) -> None:
    """Ten minutes ahead, over a real socket: apply warns by the system's name and goes on; doctor minds."""
    emulator = create_emulator("kintone", seed="empty", pace="off")

    def ahead(environ, start_response):  # type: ignore[no-untyped-def]  # WSGI
        def dated(status, headers, *more):  # type: ignore[no-untyped-def]  # WSGI
            rest = [(name, value) for name, value in headers if name.lower() != "date"]
            return start_response(status, [*rest, ("Date", formatdate(time.time() + 600, usegmt=True))], *more)

        return emulator.app(environ, dated)

    (tmp_path / "assets.yaml").write_text(BOOK)
    (tmp_path / "rows.csv").write_text("serial,label\nS-1,pc\n")
    with serve(ahead) as server:
        env = dict(emulator.env(server.url))
        assert run(tmp_path, "plan", "assets.yaml", "-o", "one.plan", env=env).returncode == 0
        applied = run(tmp_path, "apply", "one.plan", env=env)
        assert applied.returncode == 0, applied.stderr
        assert re.search(r"the clock of system kt is (59\d|600) seconds ahead of ours", applied.stderr), (
            applied.stderr
        )
        looked = run(tmp_path, "doctor", "--playbook", "assets.yaml", env=env)
        assert (looked.returncode, "PROBLEM  clock of kt: " in looked.stdout) == (1, True), looked.stdout
        assert "step assets: source and target found" in looked.stdout


def test_a06_a_plan_that_was_killed_leaves_no_half_plan_and_no_state(tmp_path: Path) -> None:
    """kill -9 before the rename: the older plan of that name stands, no state was made, the next plan is whole."""
    with bench(tmp_path) as here:
        here.rows(5, "pc")
        here.plan("one.plan")
        older = (tmp_path / "one.plan").read_bytes()
        here.rows(6, "pc")
        env = {**here.env, "MIGRATOR_FAILPOINT": "plan_before_rename"}
        killed = run(tmp_path, "plan", "assets.yaml", "-o", "one.plan", env=env)
        assert killed.returncode == -signal.SIGKILL
        assert ((tmp_path / "one.plan").read_bytes(), (tmp_path / ".migrator" / "state.db").exists()) == (
            older,
            False,
        )
        assert here.plan("one.plan").changes == 6
        assert here.apply("one.plan").exit_code == 0


ZONES = """\
playbook: zones
systems:
  here: {connector: csv, path: "."}
steps:
  - step: times
    source: {system: here, collection: times.csv, query: {id: n}}
    fields: {n: "{{ record.n }}", at: "{{ record.at | datetime | to_zone('Europe/Berlin') }}"}
    target: {system: here, collection: out.csv, key: n}
"""


def test_a21_a_change_of_clocks_and_a_machine_without_zones_change_nothing(tmp_path: Path) -> None:
    """Around the hour that comes twice, in any zone of the machine, with no zone data of its own: one plan; the
    journal's times are UTC."""
    (tmp_path / "zones.yaml").write_text(ZONES)
    (tmp_path / "times.csv").write_text(
        "n,at\n1,2024-10-27T00:30:00Z\n2,2024-10-27T01:30:00Z\n3,2024-03-31T01:00:00Z\n"
    )
    plans = set()
    for number, env in enumerate(
        ({"TZ": "Europe/Berlin"}, {"TZ": "nowhere/at all", "PYTHONTZPATH": ""}, {"TZ": "UTC"})
    ):
        made = run(tmp_path, "plan", "zones.yaml", "-o", f"{number}.plan", env=env)
        assert made.returncode == 0, made.stderr
        plans.add((tmp_path / f"{number}.plan").read_bytes())
    (plan,) = plans
    assert b"2024-10-27T02:30:00+02:00" in plan and b"2024-10-27T02:30:00+01:00" in plan
    assert run(tmp_path, "apply", "0.plan", env={"TZ": "Pacific/Apia"}).returncode == 0
    (listed,) = [json.loads(line) for line in run(tmp_path, "runs", "--json").stdout.splitlines()]
    assert listed["started"].endswith("Z") and abs(parsed(listed["started"]) - time.time()) < 600


def parsed(text: str) -> float:
    """Epoch seconds of a time of the journal."""
    return datetime.fromisoformat(text).timestamp()
