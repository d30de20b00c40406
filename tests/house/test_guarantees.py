"""The table of guarantees is whole, and each of its rows is held by tests that are there and carry its number."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
ROW = re.compile(r"^\| ([A-E]\d\d) \| .+ \| .+ \| (.*) \|$", re.MULTILINE)
LINK = re.compile(r"\[`(test_\w+)`\]\(\.\./([\w/.]+)\)")
SERIES = {"A": range(1, 25), "B": range(1, 45), "D": (2, 3, 4, 5, 14, 15, 16), "E": (1, 2, 3, 4, 5, 6, 7, 13)}
"""What can go wrong with processes, servers, data and secrets while records are carried over."""


def test_every_fault_has_its_row_once() -> None:
    """None is left out in silence."""
    wanted = [f"{letter}{number:02}" for letter, numbers in SERIES.items() for number in numbers]
    assert [number for number, _ in ROW.findall(PAGE)] == wanted


def test_every_row_names_tests_that_are_there_and_carry_its_number() -> None:
    """A promise without a test is none."""
    for number, cells in ROW.findall(PAGE):
        links = LINK.findall(cells)
        assert links, number
        for name, path in links:
            assert f"_{number.lower()}_" in name, (number, name)
            assert re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), (number, name)
