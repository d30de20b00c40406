"""What fails for every record is told before there is one."""

from __future__ import annotations

import pytest

from migrator.transform.template import check_template


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("{{ 'a' * 10**10 }}", 4),
        ("{{ [0] * 10**9 }}", 4),
        ("{{ 'x' | pad_left(10**10) }}", 10),
        ("{{ record.a ~ 2**99999999 }}", 15),
        ("{{ record.a if record.b else 1 / 0 }}", 30),
        ("before {{ '2024-13-01' | date }}", 26),
    ],
)
def test_a_part_that_reads_nothing_is_tried_while_checking(text: str, column: int) -> None:
    """A bomb or a mistake that needs no record is a problem at its place within the text."""
    ((path, problem),) = check_template({"deep": [text]})
    assert path == ("deep", 0)
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (1, column)


@pytest.mark.parametrize(
    "text", ["{{ 9**9 }}", "{{ [1, 2] | first }}", "{{ 'x' | map('table') }}", "{{ omit }}", "{{ 7 }}"]
)
def test_constants_that_work_are_left_alone(text: str) -> None:
    """A constant, and what needs the playbook's tables, is no problem."""
    assert check_template(text) == []
