"""What a copy costs in requests, rows, commits, objects and memory: counts, so no noise of the machine is in them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import Stand
from benchmarks.records import SHAPES, playbook

ROOT = Path(__file__).resolve().parents[2]
RECORDS = 5_100
PAGES = -(-RECORDS // 500)


@dataclass
class Bench:
    """A stand-in and a folder with the playbook that copies its app 1 to its app 2."""

    stand: Stand
    folder: Path

    def run(self, *words: str, counted: bool = True) -> dict[str, Any]:
        """What was counted in the process, and the requests and writes that the stand-in saw meanwhile."""
        before = self.stand.control("figures")
        script = [str(Path(__file__).with_name("counted.py"))] if counted else ["-m", "migrator"]
        env = {**os.environ, **self.stand.env, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, *script, *words], cwd=self.folder, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        after = self.stand.control("figures")
        told = json.loads(done.stderr.splitlines()[-1]) if counted else {}
        return {**told, **{name: after[name] - before[name] for name in ("requests", "writes")}, "after": after}

    def rows(self, table: str) -> int:
        """Rows in a table of the state."""
        state = self.folder / ".migrator" / "state.db"
        with closing(sqlite3.connect(state)) as base:
            return int(base.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """5,100 records, which is 11 pages, and an empty target."""
    with Stand("kintone_server.py", "--records", str(RECORDS)) as stand:
        (tmp_path / "copy.yaml").write_text(playbook(SHAPES["default"], ""), "utf-8")
        stand.control("setup", target="empty")
        yield Bench(stand, tmp_path)


def test_a_copy_makes_one_request_a_page_and_one_a_bundle(bench: Bench) -> None:
    """Into an empty target: pages of 500 read once, bundles of 5 x 100 written once, two commits a bundle."""
    planned = bench.run("plan", "copy.yaml", "-o", "a.plan")
    assert planned["requests"] <= PAGES + 12
    assert planned["writes"] == 0
    applied = bench.run("apply", "a.plan")
    assert applied["writes"] == PAGES
    assert applied["requests"] <= PAGES + 8
    assert applied["commits"] <= 2 * PAGES + 15
    assert max(run["shared"] / run["requests"] for run in (planned, applied)) <= 3.5  # a place, under way, answered
    assert applied["after"]["verdict"]["right"]
    assert bench.rows("id_map") == RECORDS


def test_a22_three_times_the_records_need_no_more_objects(tmp_path: Path) -> None:
    """What is asked ahead (two pages here) is bounded; a record dies when its line is written. So in the apply."""
    most: list[tuple[int, int]] = []
    for count in (3_000, 9_000):
        with Stand("kintone_server.py", "--records", str(count)) as stand:
            folder = tmp_path / str(count)
            folder.mkdir()
            (folder / "copy.yaml").write_text(playbook(SHAPES["default"], ", in_flight: 2"), "utf-8")
            stand.control("setup", target="changed")
            bench = Bench(stand, folder)
            planned, applied = bench.run("plan", "copy.yaml", "-o", "a.plan"), bench.run("apply", "a.plan")
            most.append((planned["blocks"], applied["blocks"]))
    (plan, apply), (larger_plan, larger_apply) = most
    assert larger_plan < 1.4 * plan
    assert larger_apply < 1.4 * apply


def test_nothing_changed_costs_two_requests_a_page_and_no_write(bench: Bench) -> None:
    """Both sides equal: each page is read, and looked up by its keys; the apply sends nothing at all."""
    bench.stand.control("setup", target="equal")
    planned = bench.run("plan", "copy.yaml", "-o", "a.plan")
    assert planned["requests"] <= 2 * PAGES + 10
    applied = bench.run("apply", "a.plan")
    assert applied["writes"] == 0
    assert applied["requests"] <= 10
    assert applied["commits"] <= RECORDS / 1000 + 15


def test_few_changes_are_gathered_across_pages(bench: Bench) -> None:
    """One record in a hundred differs: 51 updates fill one bundle, not one batch a page."""
    bench.stand.control("setup", target="changed")
    bench.run("plan", "copy.yaml", "-o", "a.plan")
    assert bench.run("apply", "a.plan")["writes"] == 1


@pytest.mark.long
def test_a22_memory_of_a_plan_and_an_apply_is_bounded(tmp_path: Path) -> None:
    """100,000 records compared, 1,000 of them to be changed: far under what they would take together."""
    with Stand("kintone_server.py", "--records", "100000") as stand:
        (tmp_path / "copy.yaml").write_text(playbook(SHAPES["default"], ""), "utf-8")
        stand.control("setup", target="changed")
        bench = Bench(stand, tmp_path)
        assert bench.run("plan", "copy.yaml", "-o", "a.plan")["peak"] < 150
        assert bench.run("apply", "a.plan")["peak"] < 120
