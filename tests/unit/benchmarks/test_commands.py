"""Each command of benchmarks/ runs to its end on a few records and says that the copy was right."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import run
from benchmarks.peers.run import CACHE

ROOT = Path(__file__).resolve().parents[3]
TINY = ("--records", "120", "--repeat", "1")


def bench(script: str, *words: str) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


LONG = pytest.mark.long


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("run.py", "copy", "--floor", "sequential", "--floor", "threads16", "--most", "12"), id="copy"),
        pytest.param(("run.py", "few-changed", "--prime"), id="few-changed"),
        pytest.param(("run.py", "million-plan", "--floor", "none"), id="million-plan", marks=LONG),
        pytest.param(("run.py", "copy", "--shape", "wide", "--in-flight", "3"), id="wide", marks=LONG),
        pytest.param(("elsewhere.py", "kainexus"), id="kainexus"),
        pytest.param(("elsewhere.py", "csv"), id="csv"),
        pytest.param(("elsewhere.py", "jsonl"), id="jsonl", marks=LONG),
        pytest.param(("elsewhere.py", "steps"), id="steps", marks=LONG),
        pytest.param(("elsewhere.py", "problems"), id="problems", marks=LONG),
    ],
)
def test_a_workload_ends_well(words: tuple[str, ...]) -> None:
    """Program and floor leave a right target."""
    assert "WRONG" not in bench(*words, *TINY)


def test_figures_are_kept(tmp_path: Path) -> None:
    """`--json` holds every lane of every round, and nothing was written where nothing had to be."""
    bench("run.py", "unchanged", *TINY, "--json", str(tmp_path / "f.json"))
    told = json.loads((tmp_path / "f.json").read_text("utf-8"))
    (rows,) = told["rounds"]
    assert [row["lane"] for row in rows] == ["plan", "apply", "both", "sequential"]
    assert [row["writes"] for row in rows] == [0, 0, 0, 0]
    assert all(row["right"] and row["cost"]["cpu"] > 0 for row in rows)


def test_the_journals_share_is_told() -> None:
    """Calls of the state are found and timed."""
    told = bench("journal.py", *TINY)
    assert "Journal.settle" in told
    assert "journal / apply" in told


def test_the_start_is_told() -> None:
    """And neither option imports what is for work alone."""
    assert "imported though they are for work alone: {'--help': [], '--version': []}" in bench(
        "start.py", "--repeat", "1"
    )


def test_micro_benchmarks_hold() -> None:
    """Each runs once, untimed, and its own assertions hold."""
    command = [sys.executable, "-m", "pytest", "-q", "--benchmark-disable", "benchmarks/micro"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.vendor
def test_the_vendors_client_does_the_same_copy() -> None:
    """Its result is checked as the program's is."""
    if shutil.which("node") is None or not (CACHE / "migrator-vendor").is_dir():
        pytest.skip("the vendor's client is not installed: tests/vendor does that")
    assert "vendor-client" in bench("peers/run.py", *TINY, "--latency", "0")


def test_a_peak_is_the_measured_processs_own(tmp_path: Path) -> None:
    """Neither ours nor nothing: one that holds 64 MB, one that is smaller than we are."""
    large = run([sys.executable, "-c", "x = bytearray(64 << 20)"], tmp_path)
    small = run([sys.executable, "-S", "-c", "import time; time.sleep(0.2)"], tmp_path)
    assert 64 < large.peak < 64 + 60
    assert 3 < small.peak < 30
