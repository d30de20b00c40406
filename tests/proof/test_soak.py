"""The soak in its short form: requests broken at random, the program killed at random moments."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.end_to_end.stage import ROOT


@pytest.mark.parametrize(
    "words",
    [
        ("--records", "800", "--rate", "0.12", "--kills", "3", "--seed", "3"),
        pytest.param((), marks=[pytest.mark.long, pytest.mark.timeout(1200)]),
    ],
    ids=["short", "100,000 records"],
)
def test_a_soak_on_bad_ground_leaves_each_record_once(words: tuple[str, ...]) -> None:
    """Made and edited, each with one effect a run; a second plan is empty; memory and open files do not grow."""
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 violations" in done.stdout
    assert int(re.search(r"(\d+) of them broken", done.stdout)[1]) >= 1  # type: ignore[index]  # it says so
