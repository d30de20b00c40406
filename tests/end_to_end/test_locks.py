"""Real processes on one state: who waits, who goes on beside the other, and who stops when it was taken over."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.test_cli_processes import start, stuck_run

COPY = """\
playbook: copy
systems:
  here: {connector: csv, path: "."}
steps:
  - step: copy
    source: {system: here, collection: rows.csv, query: {id: serial}}
    fields: {serial: "{{ record.serial }}", label: "{{ record.label }}"}
    target: {system: here, collection: copy.csv, key: serial}
"""


def _told(folder: Path, env: dict[str, str], *words: object) -> tuple[int, str]:
    with start(*words, env=env, cwd=folder) as asked:
        out, err = asked.communicate(timeout=60)
    assert "Traceback" not in err
    return asked.returncode, out + err


def _statuses(text: str) -> dict[int, str]:
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {row["run"]: row["status"] for row in rows}


def test_a16_another_collection_is_written_while_a_run_goes_on(here: Path) -> None:
    """One state, two runs at a time: the second ends while the first still waits; both are listed."""
    with stuck_run(here) as (run, release, env):
        (here / "copy.yaml").write_text(COPY)
        assert _told(here, env, "plan", "copy.yaml", "-o", "copy.plan")[0] == 0
        code, text = _told(here, env, "apply", "copy.plan")
        assert code == 0, text
        assert len((here / "copy.csv").read_text().splitlines()) == 2001
        assert _statuses(_told(here, env, "runs", "--json")[1]) == {1: "running", 2: "done"}
        listed = _told(here, env, "runs")[1]
        assert f"process {run.pid}, run 1, since 20" in listed
        assert "is gone" not in listed
        release.set()
        assert run.wait(60) == 0
    assert _statuses(_told(here, env, "runs", "--json")[1]) == {1: "done", 2: "done"}


def test_a16_the_second_of_two_runs_on_one_collection_fails_at_once_or_waits(here: Path) -> None:
    """Exit 6 with the holder; with --lock-timeout it waits, and then finds that the work is done."""
    with stuck_run(here) as (run, release, env):
        code, text = _told(here, env, "apply", "rows.plan")
        assert code == 6
        assert f"process {run.pid}, run 1, since 20" in text and "last sign of life 20" in text
        assert "--lock-timeout" in text
        assert _told(here, env, "apply", "rows.plan", "--lock-timeout", "0.2")[0] == 6
        waits = start("apply", "rows.plan", "--lock-timeout", "60", env=env, cwd=here)
        assert waits.stderr is not None
        assert "another run holds 3 (" in waits.stderr.readline()
        release.set()
        assert run.wait(60) == 0
        rest = waits.communicate(timeout=60)[1]
        assert (waits.returncode, "applied already, by run 1" in rest) == (4, True), rest


def test_a16_whoever_waits_heeds_a_signal(here: Path) -> None:
    """SIGTERM ends the waiting with 143; nothing was begun."""
    with stuck_run(here) as (_, _, env):
        waits = start("apply", "rows.plan", "--lock-timeout", "60", env=env, cwd=here)
        assert waits.stderr is not None
        waits.stderr.readline()
        waits.send_signal(signal.SIGTERM)
        assert waits.wait(30) == 143
        waits.communicate()


def test_a17_a18_a_run_that_slept_and_lost_its_place_stops_and_each_record_is_there_once(here: Path) -> None:
    """SIGSTOP for a closed lid: a second run takes over and ends the work; on waking the late answer is refused."""
    with stuck_run(here) as (run, release, env):
        run.send_signal(signal.SIGSTOP)
        _rows(here, "UPDATE leases SET began = '1'")
        with start("resume", env=env, cwd=here) as taking:
            release.set()
            assert taking.communicate(timeout=60)[1] and taking.returncode == 0
        before = _rows(here, "SELECT COUNT(*) FROM requests")
        run.send_signal(signal.SIGCONT)
        _, err = run.communicate(timeout=60)
        assert (run.returncode, "another process took over this run" in err) == (6, True), err
        assert _rows(here, "SELECT COUNT(*) FROM requests") == before
        code, text = _told(here, env, "verify", "rows.yaml")
        assert (code, "2,000" in text) == (0, True), text
        assert _statuses(_told(here, env, "runs", "--json")[1]) == {1: "done"}


def _rows(folder: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(folder / ".migrator" / "state.db")) as connection, connection:
        return connection.execute(sql).fetchall()


@pytest.mark.skipif(not Path("/proc/mounts").exists(), reason="only Linux tells what a folder lies on")
def test_the_rows_of_a_lease_name_this_very_process(here: Path) -> None:
    """Host, number, beginning and space of the process that runs, as the kernel tells them."""
    with stuck_run(here) as (run, _, _):
        ((pid, began, space),) = _rows(here, "SELECT pid, began, space FROM leases")
        assert pid == run.pid
        assert began == Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        assert space.endswith(str(Path(f"/proc/{pid}/ns/pid").readlink()))
