"""What simply came about takes a short way into the journal: it is held against the long one, outcome by outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.contract import Done, Result, Unknown
from migrator.errors import MigratorError
from migrator.executor import after
from migrator.executor.after import After, after_results
from migrator.executor.load import Load, Parcel, ready, unsent
from migrator.executor.way import Way
from migrator.model.plan import Action, PlanKind
from migrator.model.run import AllDone
from migrator.planfile import change_line
from migrator.state.journal import Landed, Settled
from migrator.state.state import State
from tests.unit.executor.story import TARGET, Story, change, create

ids = st.sampled_from(["1", "2", "3", "4", ""])
results = st.one_of(
    st.builds(
        Done,
        target_id=ids,
        version=st.sampled_from([None, "7"]),
        created=st.sampled_from([None, True, False]),
        note=st.sampled_from(["", "", "", "not changed: x"]),
    ),
    st.builds(Done, target_id=ids),
    st.just(Unknown(reason="no word of it")),
)
lines = st.tuples(st.sampled_from(["create", "create", "update", "delete"]), ids, st.sampled_from([1, 1, 2]))


def way_of(folder: Path) -> Way:
    """To a shelf."""
    story = Story(folder=folder)
    return Way(
        step="people",
        target=story.target,
        wire=story.wire,
        budget=story.budget,
        writing=story.writing("people"),
        capabilities=story.can,
        identity=TARGET,
    )


def loads_of(way: Way, wanted: list[tuple[str, str, int]]) -> list[Load]:
    """Lines that were sent."""
    made = []
    for place, (action, target_id, attempts) in enumerate(wanted):
        name = f"E{place}"
        if action == "create":
            one = create("people", name, name="Ito")
        else:
            more: dict[str, Any] = {"before": {"name": "Sato"}, "after": {"name": "Ito"}}
            one = change("people", Action(action), name, key=(name,), target_id=target_id or None, **more)
        load = ready(way, place * 100, one, change_line(one))
        load.attempts = attempts
        made.append(load)
    return made


def told(way: Way, loads: list[Load], answers: list[Result]) -> After | str:
    """What follows, or how the contract was broken."""
    try:
        return after_results(way, PlanKind.LOAD, Parcel(batches=(tuple(loads),)), answers)
    except MigratorError as error:
        return error.problems[0].summary


def one_by_one(landed: Landed) -> list[Settled]:
    """The same as the long way has it."""
    return [
        Settled(line=line, outcome=outcome, entry=None)
        for line, outcome in zip(landed.lines, landed.outcomes, strict=True)
    ]


@given(st.lists(st.tuples(lines, results), min_size=1, max_size=4))
def test_the_short_way_tells_what_the_long_one_does(
    tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[tuple[str, str, int], Result]]
) -> None:
    """Whatever the answer holds: the same outcomes, the same rows of the id map, the same breaches."""
    way = way_of(tmp_path_factory.getbasetemp())
    loads, answers = loads_of(way, [line for line, _ in sent]), [answer for _, answer in sent]
    short = told(way, loads, answers)
    with patch.object(after, "landing_of", lambda *_: None):
        long = told(way, loads, answers)
    if isinstance(short, str) or isinstance(long, str) or short.landing is None:
        assert short == long
        return
    landed, settled = short.landing.landed, [one for _, one in long.settled]
    assert one_by_one(landed) == [Settled(line=one.line, outcome=one.outcome) for one in settled]
    rows = [(landed.pair, *row) for row in zip(landed.source_ids, landed.outcomes.target_ids, strict=True)]
    entries = [one.entry for one in settled if one.entry is not None]
    assert rows == [(entry.pair, entry.source_id, entry.target_id) for entry in entries]
    assert list(short.landing.names) == [load.name for load in loads]
    assert not long.again and not long.doubtful


def test_a_whole_request_of_creates_takes_the_short_way(tmp_path: Path) -> None:
    """Else all of this would be about nothing."""
    way = way_of(tmp_path)
    loads = loads_of(way, [("create", "", 1)] * 3)
    after = told(way, loads, [Done(target_id=str(number), version="1") for number in range(7, 10)])
    assert isinstance(after, After)
    assert after.landing is not None
    assert not after.settled


def test_a_line_under_way_is_no_tree_of_objects_until_it_is_asked_for(tmp_path: Path) -> None:
    """Thousands are under way; the few that are looked at say what the plan says."""
    way, wanted = way_of(tmp_path), create("people", "E1", name="Ito")
    load = ready(way, 0, wanted, change_line(wanted))
    assert load.made is None
    assert load.change == wanted
    assert load.change is load.change
    assert unsent(0, wanted).change is wanted


@pytest.mark.parametrize("size", [1, 99, 100, 101, 350])
def test_columns_become_the_rows_that_outcomes_one_by_one_become(tmp_path: Path, size: int) -> None:
    """Also where their number is no multiple of what one statement takes."""
    way, dumps = way_of(tmp_path), []
    loads = loads_of(way, [("create", "", 1)] * size)
    answers: list[Result] = [Done(target_id=f"T{number}", version="1") for number in range(size)]
    short = told(way, loads, answers)
    with patch.object(after, "landing_of", lambda *_: None):
        long = told(way, loads, answers)
    assert isinstance(short, After)
    assert isinstance(long, After)
    assert short.landing is not None
    for name, settled, landed in (("a", [], short.landing.landed), ("b", [one for _, one in long.settled], None)):
        with State.open(tmp_path / name, write=True, wall=lambda: 0.0) as state, state.lease([way.place]):
            state.journal.settle(1, settled, (), landed)
            pair = state.ids.pairs()[0]
            dumps.append(
                (list(state.journal.outcomes(1)), list(state.ids.rows(pair)), state.journal.counts(1, 0, 10**9))
            )
    assert dumps[0] == dumps[1]
    assert len(dumps[0][0]) == size


def test_outcomes_that_came_about_are_a_sequence_like_any_other() -> None:
    """Views may count, index and slice them."""
    all_done = AllDone(
        did=Action.CREATE, change_ids=["a", "b"], target_ids=["1", "2"], versions=["7", None], attempts=1
    )
    assert len(all_done) == 2
    assert all_done[1].target_id == "2"
    assert [one.change_id for one in all_done[:1]] == ["a"]
    assert [one.version for one in all_done] == ["7", None]
