"""What others do while a run is under way, at each of its requests in turn: the machine's rules, told as stories."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.machine.meanwhile import BusyMachine, story
from tests.machine.truth import SIDES

POINTS = range(5)
"""Of the requests of a run: 0 is the last one before it begins."""


def at_each(machine: BusyMachine, act: Callable[[int], object]) -> None:
    """Each time two records have another title and one is new."""
    for number in POINTS:
        machine.edit_source_and_plan(some=["k0", "k1", f"k{number % 3 + 3}"], out=f"k{(number + 1) % 3 + 3}")
        act(number)
        machine.nothing_else_ever_stands()


@pytest.mark.parametrize("system", SIDES)
def test_a16_whoever_applies_while_a_run_is_at_it_is_locked_out_and_changes_nothing(system: str) -> None:
    """The same plan, and one made before it; both go well before the run begins, and then ours is stale."""
    with story(system) as machine:
        at_each(
            machine,
            lambda at: machine.another_applies_while_ours_is_at_it(at=at, after=at % 2 == 0, same=True),
        )


@pytest.mark.parametrize("system", SIDES)
def test_a17_a18_whoever_was_taken_over_writes_no_more_and_each_record_is_there_once(system: str) -> None:
    """It slept at a request; another ended its run; its late outcomes are not in the journal."""
    with story(system) as machine:
        at_each(machine, lambda at: machine.another_takes_over_since_ours_seems_dead(at=at, after=True))


@pytest.mark.parametrize("system", SIDES)
def test_b05_b22_what_people_edit_while_a_run_rests_stands(system: str) -> None:
    """The server asks at each request in turn for a rest longer than a look holds, and somebody edits in it."""
    with story(system) as machine:
        at_each(
            machine,
            lambda at: machine.a_record_is_edited_while_a_run_rests(at=at, key="k0", title=True),
        )
