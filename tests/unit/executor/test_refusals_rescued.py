"""A refused request loses its culprits and nothing else; a run that goes wrong wholly stops."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from math import log2
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contract import Answer, Batch, Call, Result, Unknown
from migrator.errors import RunStopped
from migrator.executor.report import report as report_of
from migrator.model.plan import Action
from migrator.model.run import Cause, Noticed, Report, Status
from migrator.state.state import State
from tests.unit.executor.shelf import Shelf, capabilities
from tests.unit.executor.story import Story, create


def _story(folder: Path, size: int, bundle: int = 1, **shelf: object) -> Story:
    can = capabilities(batch_max={Action.CREATE: size}, bundle=bundle, in_flight=1)
    return Story(folder=folder, can=can, shelf=Shelf(**shelf))  # type: ignore[arg-type]


def _failed(report: Report) -> dict[str, tuple[str, Cause | None]]:
    return {
        one.key: (one.outcome.code or "", one.outcome.cause)
        for one in report.changes
        if one.outcome.status is Status.FAILED
    }


def test_b13_named_culprits_fail_and_the_rest_goes_again_in_one_request(tmp_path: Path) -> None:
    """three bad ones of twenty cost one request more, and each has the server's own word."""
    story = _story(tmp_path, 20, bad={"bad3", "bad7", "bad11"})
    lines = [create("people", f"E{n}", name=f"bad{n}") for n in range(20)]
    report = story.run(story.plan(lines), max_errors=100)
    assert _failed(report) == {f"E{n}": ("bad", Cause.REFUSED) for n in (3, 7, 11)}
    assert len(story.shelf.plain("people")) == 17
    assert story.shelf.writes == 2
    assert set(story.shelf.effects.values()) == {1}


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 31), max_size=5), st.sampled_from([1, 3]))
def test_b14_unnamed_culprits_are_found_by_halving(bad: set[int], bundle: int) -> None:
    """k bad ones of a batch of n cost at most k·(2·log2(n)+1) requests beside the first, and fail alone."""
    with tempfile.TemporaryDirectory() as folder:
        story = _story(Path(folder), 32, bundle, bad={f"bad{n}" for n in bad}, names_culprits=False)
        lines = [create("people", f"E{n}", name=f"bad{n}") for n in range(32)]
        report = story.run(story.plan(lines), max_errors=100)
    assert set(_failed(report)) == {f"E{n}" for n in bad}
    assert len(story.shelf.plain("people")) == 32 - len(bad)
    assert story.shelf.writes <= 1 + len(bad) * (2 * log2(32) + 1)
    assert set(story.shelf.effects.values()) <= {1}


def test_a_refused_bundle_goes_again_as_single_batches(tmp_path: Path) -> None:
    """Two good batches of a bundle land with one request each, only the bad one is taken apart."""
    story = _story(tmp_path, 4, 3, bad={"bad5"}, names_culprits=False)
    lines = [create("people", f"E{n}", name=f"bad{n}") for n in range(12)]
    report = story.run(story.plan(lines), max_errors=100)
    assert set(_failed(report)) == {"E5"}
    assert story.shelf.writes == 1 + 3 + 4


def test_a_right_that_is_missing_for_all_fails_the_batch_after_one_more_try(tmp_path: Path) -> None:
    """Denied, and the first record alone denied too: the whole batch failed, two requests."""
    story = _story(tmp_path, 50, denied={"no"})
    lines = [create("people", f"E{n}", name="no") for n in range(50)]
    report = story.run(story.plan(lines))
    assert {cause for _, cause in _failed(report).values()} == {Cause.DENIED}
    assert len(_failed(report)) == 50
    assert story.shelf.writes == 2


def test_b19_a_right_that_is_missing_for_some_records_fails_those(tmp_path: Path) -> None:
    """the first record alone is taken, so the others are found by halving and the rest lands."""
    story = _story(tmp_path, 16, denied={"no"})
    lines = [create("people", f"E{n}", name="no" if n in (5, 6) else "yes") for n in range(16)]
    report = story.run(story.plan(lines), max_errors=100)
    assert set(_failed(report)) == {"E5", "E6"}
    assert len(story.shelf.plain("people")) == 14
    assert set(story.shelf.effects.values()) == {1}


def test_three_batches_that_fail_alike_stop_the_run(tmp_path: Path) -> None:
    """Something is wrong with all of it: the run stops with the code, resumable, most of it not tried."""
    story = _story(tmp_path, 10, bad={"bad"}, names_culprits=True)
    file = story.plan([create("people", f"E{n}", name="bad") for n in range(90)])
    with pytest.raises(RunStopped, match=r"first 3 batches of step people failed wholly \(bad\)") as told:
        story.run(file)
    assert told.value.exit_code == 1
    assert story.shelf.writes == 3
    story.shelf.bad = set()
    report = story.run(file)
    assert (report.run, report.steps[0].created, report.steps[0].failed) == (1, 60, 30)


def test_too_many_failures_stop_the_run_unless_people_allow_them(tmp_path: Path) -> None:
    """Over 5 % after a hundred records; --max-errors moves the limit."""
    for name, percent in (("strict", None), ("mild", 20.0)):
        (tmp_path / name).mkdir()
        story = _story(tmp_path / name, 20, bad={"bad"})
        lines = [create("people", f"E{n}", name="bad" if n % 10 == 0 else "good") for n in range(200)]
        file = story.plan(lines)
        if percent is None:
            with pytest.raises(RunStopped, match="10 of 100 records of step people failed, more than 5 %"):
                story.run(file)
        else:
            assert story.run(file, max_errors=percent).steps[0].failed == 20


def test_b15_results_of_single_records_stand_for_themselves(tmp_path: Path) -> None:
    """one answer, some done and some failed: each has its own outcome, nothing is sent twice."""
    can = capabilities(batch_atomic=False, batch_max={Action.CREATE: 10})
    story = Story(folder=tmp_path, can=can, shelf=Shelf(atomic=False, bad={"bad"}))
    lines = [create("people", f"E{n}", name="bad" if n == 4 else "good") for n in range(10)]
    report = story.run(story.plan(lines))
    assert set(_failed(report)) == {"E4"}
    assert (story.shelf.writes, len(story.shelf.plain("people"))) == (1, 9)


def test_b16_results_that_are_missing_or_in_another_order_are_looked_for(tmp_path: Path) -> None:
    """Fewer results than items: those without one are in doubt and looked up; nothing is believed by its place."""
    can = capabilities(batch_atomic=False, batch_max={Action.CREATE: 6}, in_flight=1)
    story = Story(folder=tmp_path, can=can, shelf=Shelf(atomic=False))
    decode = story.target.decode

    def short(batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        told = decode(batches, answer)
        return tuple(Unknown(reason="not among the results") if place > 3 else one for place, one in enumerate(told))

    story.target.decode = short  # type: ignore[method-assign]  # one answer of a server that leaves two out
    report = story.run(story.plan([create("people", f"E{n}", name="a") for n in range(6)]))
    assert (report.steps[0].created, story.shelf.writes) == (6, 1)
    assert set(story.shelf.effects.values()) == {1}


def test_b17_of_a_half_written_batch_the_rest_is_sent(tmp_path: Path) -> None:
    """37 of 100 applied, then a 500: the 100 are read back, 37 recorded, 63 sent, each once."""
    can = capabilities(batch_atomic=False, batch_max={Action.CREATE: 100}, in_flight=1)
    story = Story(folder=tmp_path, can=can, shelf=Shelf(atomic=False))

    def half(kind: str, call: Call, move: Callable[[], Answer]) -> Answer:
        if kind != "send" or story.shelf.writes:
            return move()
        assert isinstance(call.body, bytes)
        story.shelf.write(replace(call, body=json.dumps(json.loads(call.body)[:37]).encode()))
        return Answer(status=500, headers={}, body=b"")

    story.wire.around = half
    report = story.run(story.plan([create("people", f"E{n}", name="a") for n in range(100)]))
    assert (report.steps[0].created, story.shelf.writes) == (100, 2)
    assert len(json.loads(story.wire.sent[1].body)) == 63  # type: ignore[arg-type]  # bytes, as above
    assert set(story.shelf.effects.values()) == {1}


def test_b14_the_bill_of_a_refusal_is_told_and_kept(tmp_path: Path) -> None:
    """What it cost in requests to find the bad ones stands in an event and in the report, also later."""
    story = _story(tmp_path, 32, bad={"bad7"}, names_culprits=False)
    file = story.plan([create("people", f"E{n}", name=f"bad{n}") for n in range(32)])
    events = list(story.apply(file, max_errors=100))
    told = [event.problem.summary for event in events if isinstance(event, Noticed)]
    assert told == [
        "the system refused records of step people: 10 requests more than planned parted them from the rest"
    ]
    assert story.shelf.writes == 11
    with State.open(tmp_path / ".migrator", write=False) as state:
        assert report_of(state, 1).steps[0].extra_requests == 10
