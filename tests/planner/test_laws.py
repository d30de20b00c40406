"""Laws of planning: what is carried out plans to nothing, bytes repeat, order does not decide."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contract import EVERY, Mapped, Rate
from migrator.model.plan import Action
from migrator.model.playbook import Limits, Marker, OnGone
from migrator.model.values import Field, Kind, Record
from migrator.planfile import PlanFile
from tests.planner.shelf import Shelf, lane, planned

FIELDS = {
    "code": Field(name="code", kind=Kind.TEXT, unique=True),
    "name": Field(name="name", kind=Kind.TEXT),
    "cost": Field(name="cost", kind=Kind.NUMBER),
    "mark": Field(name="mark", kind=Kind.TEXT),
}
CODES = st.text("abABﾞé '\"\\\n%日", min_size=1, max_size=3).filter(lambda text: text.strip())
ROW = st.fixed_dictionaries(
    {"name": st.sampled_from(["", "one", "two"]), "cost": st.sampled_from([None, 1, "1.00", 2.5, "7"])}
)


def shelf_of(name: str, rows: dict[str, dict[str, Any]], prefix: str) -> Shelf:
    return Shelf(
        name,
        [Record(id=f"{prefix}{at}", fields={"code": code, **row}) for at, (code, row) in enumerate(rows.items())],
        FIELDS,
    )


def folded_apart(rows: dict[str, Any]) -> dict[str, Any]:
    return {code.strip().lower(): row for code, row in rows.items()}


def carry_out(plan: PlanFile, target: Shelf) -> dict[str, Mapped]:
    """What an apply does, on a shelf. Returns the id map."""
    rows = {}
    for at, (_, change) in enumerate(plan.changes()):
        assert change.origin is not None
        if change.action is Action.CREATE:
            target.records.append(Record(id=f"new{at}", fields=dict(change.after or {})))
            rows[change.origin.id] = Mapped(target_id=f"new{at}", run=1)
            continue
        assert change.target_id is not None
        rows[change.origin.id] = Mapped(target_id=change.target_id, run=1)
        for place, record in enumerate(target.records):
            if record.id == change.target_id:
                target.records[place] = Record(id=record.id, fields={**record.fields, **(change.after or {})})
    return rows


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(CODES, ROW, max_size=9), st.dictionaries(CODES, ROW, max_size=9), st.booleans())
def test_what_is_carried_out_plans_to_nothing(have: dict[str, Any], want: dict[str, Any], asked: bool) -> None:
    """A plan, carried out, leaves nothing to plan, with the id map and without it (then only links)."""
    source = shelf_of("from", folded_apart(want), "s")
    target = shelf_of("to", folded_apart(have), "t")
    with tempfile.TemporaryDirectory() as folder:
        first = planned(Path(folder) / "1", lane(source, target, {}, find=2 * asked))
        rows = carry_out(first, target)
        known = planned(Path(folder) / "2", lane(source, target, rows, find=2 * asked))
        forgotten = planned(Path(folder) / "3", lane(source, target, {}, find=2 * asked))
        assert list(known.changes()) == []
        assert {change.action for _, change in forgotten.changes()} <= {Action.LINK}
    assert known.trailer.counts["things"].unchanged == len(source.records)
    assert forgotten.trailer.counts["things"].link == len(source.records)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(CODES, ROW, max_size=9), st.dictionaries(CODES, ROW, max_size=9), st.randoms())
def test_a_source_without_order_still_gives_the_same_bytes(
    have: dict[str, Any], want: dict[str, Any], dice: random.Random
) -> None:
    """Two readings of one source in different orders make one plan, byte for byte."""
    source, target = shelf_of("from", folded_apart(want), "s"), shelf_of("to", folded_apart(have), "t")
    with tempfile.TemporaryDirectory() as folder:
        planned(Path(folder) / "1", lane(source, target, {}, ordered=False))
        dice.shuffle(source.records)
        planned(Path(folder) / "2", lane(source, target, {}, ordered=False))
        assert (Path(folder) / "1").read_bytes() == (Path(folder) / "2").read_bytes()


def test_calls_to_the_target_are_the_fewer_of_two(tmp_path: Path) -> None:
    """Few records among many are looked up by key; many among few are compared with a full read."""
    many = {f"k{at}": {"name": "x"} for at in range(30)}
    few = {f"k{at}": {"name": "x"} for at in range(2)}
    big = shelf_of("to", many, "t")
    planned(tmp_path / "1", lane(shelf_of("from", few, "s"), big, {}))
    assert big.calls == ["find"]
    small = shelf_of("to", few, "t")
    planned(tmp_path / "2", lane(shelf_of("from", many, "s"), small, {}))
    assert small.calls == ["read"]


def test_a_marker_finds_its_record_again(tmp_path: Path) -> None:
    """Without a key a create carries its origin, and the next plan, with no id map, meets it."""
    for marker in (Marker(field="mark"), Marker(line="name")):
        source = shelf_of("from", {"a": {"name": "one"}, "b/ö": {"name": "two"}}, "s")
        target = shelf_of("to", {}, "t")
        first = planned(tmp_path / "1", lane(source, target, {}, key=(), marker=marker))
        carry_out(first, target)
        text = target.records[0].fields[marker.field or "name"]
        assert str(text).endswith("migrator:from/shelf/s0")
        second = planned(tmp_path / "2", lane(source, target, {}, key=(), marker=marker))
        assert [change.action for _, change in second.changes()] == [Action.LINK, Action.LINK]
        source.records[1] = Record(id="s1", fields={**source.records[1].fields, "name": "three"})
        third = planned(tmp_path / "3", lane(source, target, {}, key=(), marker=marker))
        assert [change.action for _, change in third.changes()] == [Action.LINK, Action.UPDATE]


def test_updates_over_the_limit_pull_the_brake(tmp_path: Path) -> None:
    """From ten matched records on, more updates than the limit allows are a brake; below ten they are not."""
    for size, braked in ((9, False), (10, True)):
        rows = {f"k{at}": {"name": "new"} for at in range(size)}
        old = {code: {"name": "old" if at < 4 else "new"} for at, code in enumerate(rows)}
        plan = planned(
            tmp_path / "p",
            lane(shelf_of("from", rows, "s"), shelf_of("to", old, "t"), {}, limits=Limits(update_percent=30)),
        )
        assert bool(plan.trailer.brakes) is braked


def test_one_target_record_is_not_written_by_two_steps(tmp_path: Path) -> None:
    """Two steps whose records meet in one target record are both told so, and neither has a line."""
    target = shelf_of("to", {"a": {"name": "old"}}, "t")
    one = lane(shelf_of("from", {"a": {"name": "1"}}, "s"), target, {}, step="one")
    two = lane(shelf_of("other", {"a": {"name": "2"}}, "s"), target, {}, step="two")
    plan = planned(tmp_path / "p", one, two)
    assert list(plan.changes()) == []
    assert plan.trailer.problem_counts == {"one/PL002": 1, "two/PL002": 1}


def test_problems_are_all_counted_and_a_hundred_listed(tmp_path: Path) -> None:
    """Per code and step a hundred problems are listed; every one is counted."""
    source = Shelf("from", [Record(id=str(at), fields={"code": ""}) for at in range(250)], FIELDS)
    plan = planned(tmp_path / "p", lane(source, shelf_of("to", {}, "t"), {}))
    assert len(plan.trailer.problems) == 100
    assert plan.trailer.problem_counts == {"things/PL001": 250}


def test_a_target_record_stays_with_its_source_record(tmp_path: Path) -> None:
    """B wants the key that A gave up: where A is still there, or may be, B does not take A's record over."""
    target = shelf_of("to", {"k1": {"name": "A's"}}, "t")
    rows = {"A": Mapped(target_id="t0", run=1)}
    b = Record(id="B", fields={"code": "k1", "name": "B's"})
    for a, words in (
        (Record(id="A", fields={"code": "k2", "!": "no date"}), {}),
        (Record(id="A", fields={"code": "k2", "hidden": True}), {}),
    ):
        for find in (0, 2):
            plan = planned(tmp_path / "p", lane(Shelf("from", [a, b], FIELDS), target, rows, find=find, **words))
            assert list(plan.changes()) == []
            assert plan.trailer.problem_counts["things/PL004"] == 1
    alone = planned(tmp_path / "p", lane(Shelf("from", [b], FIELDS), target, rows))
    assert [change.action for _, change in alone.changes()] == [Action.UPDATE]


def test_source_records_with_one_id_are_told(tmp_path: Path) -> None:
    """An id that two source records share would make one of two records: both are problems; so is no id at all."""
    twice = [Record(id="7", fields={"code": code}) for code in ("a", "b")]
    plan = planned(tmp_path / "p", lane(Shelf("from", twice, FIELDS), shelf_of("to", {}, "t"), {}))
    assert (list(plan.changes()), plan.trailer.problem_counts) == ([], {"things/PL011": 2})
    nameless = [Record(id="", fields={"code": "a"})]
    words = {"key": (), "marker": Marker(field="mark")}
    plan = planned(tmp_path / "p", lane(Shelf("from", nameless, FIELDS), shelf_of("to", {}, "t"), {}, **words))
    assert (list(plan.changes()), plan.trailer.problem_counts) == ([], {"things/PL011": 1})


def test_rows_of_a_target_with_one_id_are_told(tmp_path: Path) -> None:
    """A file with two rows of one key: neither is changed, also where the id map knows the record."""
    rows = [Record(id="k", fields={"code": "k", "name": name}) for name in ("first", "second")]
    source = Shelf("from", [Record(id="s", fields={"code": "k", "name": "new"})], FIELDS)
    for ids in ({}, {"s": Mapped(target_id="k", run=1)}):
        plan = planned(tmp_path / "p", lane(source, Shelf("to", rows, FIELDS), ids, find=0))
        assert (list(plan.changes()), plan.trailer.problem_counts) == ([], {"things/PL003": 1})


def test_a_record_that_a_reading_hides_is_not_made_again(tmp_path: Path) -> None:
    """A list that does not show a mapped record that still stands: it is asked for by id before it counts as gone."""

    class Hiding(Shelf):
        def read(self, query: Any) -> Any:
            return self._pages([])

    target = Hiding("to", [Record(id="t0", fields={"code": "a", "name": "one"})], FIELDS)
    source = Shelf("from", [Record(id="s", fields={"code": "a", "name": "one"})], FIELDS)
    step = lane(source, target, {"s": Mapped(target_id="t0", run=1)}, find=0)
    step = replace(step, capabilities=replace(step.capabilities, fetch_max=1))
    plan = planned(tmp_path / "p", step)
    assert plan.trailer.counts["things"].unchanged == 1


def test_a_marker_line_survives_what_people_write_below_it(tmp_path: Path) -> None:
    """A text with lines below its marker is still found, and an update puts the marker back."""
    marker = "migrator:from/shelf/s0"
    target = Shelf("to", [Record(id="t0", fields={"name": f"text\n{marker}\nThanks, Bob"})], FIELDS)
    source = shelf_of("from", {"a": {"name": "new text"}}, "s")
    source.records[0] = Record(id="s0", fields={"name": "new text"})
    plan = planned(tmp_path / "p", lane(source, target, {}, key=(), marker=Marker(line="name")))
    (change,) = [change for _, change in plan.changes()]
    assert (change.action, dict(change.after or {})) == (Action.UPDATE, {"name": f"new text\n{marker}"})


def test_made_again_is_said(tmp_path: Path) -> None:
    """Records of earlier runs that are gone are made again, and the plan says so with the run."""
    source = shelf_of("from", {"a": {"name": "x"}}, "s")
    plan = planned(tmp_path / "p", lane(source, shelf_of("to", {}, "t"), {"s0": Mapped(target_id="9", run=3)}))
    (note,) = [note for note in plan.trailer.notes if note.code == "PL021"]
    assert "run 3" in note.detail


def test_steps_on_one_tenant_share_its_pace(tmp_path: Path) -> None:
    """Three steps of five calls each at five a minute take two minutes at least."""
    steps = []
    for name in ("one", "two", "three"):
        source = shelf_of(f"from-{name}", {f"{name}{at}": {"name": "x"} for at in range(10)}, name)
        step = lane(source, shelf_of("to", {}, "t"), {}, step=name)
        pace = (Rate(kind="write", calls=5, seconds=60),)
        steps.append(replace(step, capabilities=replace(step.capabilities, pace=pace)))
    assert planned(tmp_path / "p", *steps).trailer.forecast.seconds == 120


def test_the_forecast_counts_bundles_and_a_pace_of_all_calls(tmp_path: Path) -> None:
    """Five batches in bundles of two are three requests; at one call a second of any kind, two seconds at least."""
    source = shelf_of("from", {f"{at}": {"name": "x"} for at in range(10)}, "s")
    step = lane(source, shelf_of("to", {}, "t"), {})
    facts = replace(step.capabilities, bundle=2, pace=(Rate(kind=EVERY, calls=1, seconds=1),))
    told = planned(tmp_path / "p", replace(step, capabilities=facts)).trailer.forecast
    assert (told.requests, told.seconds) == (3, 2)


def test_problems_of_a_source_without_order_repeat(tmp_path: Path) -> None:
    """Which hundred are listed does not depend on the order of the reading."""
    records = [Record(id=f"{at:03}", fields={"code": f"c{at}", "!": f"bad {at}"}) for at in range(250)]
    plans = []
    for order in (records, records[::-1]):
        plan = planned(tmp_path / "p", lane(Shelf("from", order, FIELDS), shelf_of("to", {}, "t"), {}, ordered=False))
        plans.append((tmp_path / "p").read_bytes())
        assert len(plan.trailer.problems) == 100
    assert plans[0] == plans[1]


def test_an_update_that_may_become_a_create_holds_every_field(tmp_path: Path) -> None:
    """Under `on_gone: create` an update carries the whole record."""
    source, target = shelf_of("from", {"a": {"name": "new"}}, "s"), shelf_of("to", {"a": {"name": "old"}}, "t")
    plan = planned(tmp_path / "p", lane(source, target, {}, on_gone=OnGone.CREATE))
    (change,) = [change for _, change in plan.changes()]
    assert (dict(change.after or {}), dict(change.whole or {})) == ({"name": "new"}, {"code": "a", "name": "new"})
