"""What makes that nothing is removed, what `scope` adds, and what a reference to a record that leaves comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.contract import Mapped, Pair, Query
from migrator.contract.messages import Page
from migrator.errors import CountDrift
from migrator.model.plan import Action
from migrator.model.playbook import Limits, Missing
from migrator.model.values import Field, IfMissing, Kind, Record
from migrator.planfile import PlanFile
from migrator.planner.lane import Lane, Past
from tests.planner.shelf import Rows, Shelf, lane, planned
from tests.planner.test_references import FIELDS as BOTH
from tests.planner.test_references import people

FIELDS = {name: Field(name=name, kind=Kind.TEXT) for name in ("code", "name", "mark")}


def shelf(name: str, *records: str, **more: Any) -> Shelf:
    """Records "id:code"; of a source, the id in small letters."""
    pairs = [one.split(":") for one in records]
    return Shelf(name, [Record(id=id_, fields={"code": code}) for id_, code in pairs], FIELDS, **more)


def step(source: Shelf, target: Shelf, ids: Mapping[str, str], **words: Any) -> Lane:
    """A step that removes; the id map has these rows, of run 1."""
    rows = {name: Mapped(target_id=target_id, run=1) for name, target_id in ids.items()}
    return lane(source, target, rows, missing="delete", **words)


def removed(plan: PlanFile) -> list[str | None]:
    """Target ids of the deletes."""
    return [change.target_id for _, change in plan.changes() if change.action is Action.DELETE]


def notes(plan: PlanFile, code: str) -> list[str]:
    """What the notes of this code say."""
    return [note.summary for note in plan.trailer.notes if note.code == code]


class Drifting(Shelf):
    """One whose total does not fit in the end."""

    def read(self, query: Query) -> Iterator[Page]:
        yield from super().read(query)
        raise CountDrift("it changed", announced=9, got=len(self.records))


class Announcing(Shelf):
    """One that counts a record more than it shows."""

    def count(self, query: Query) -> int | None:
        return len(self.records) + 1


TARGET = ("1:A", "2:B", "3:C")
IDS = {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("words", [{"partial": True}, {"limit": 5}], ids=str)
def test_a_partial_plan_removes_nothing(words: dict[str, Any], tmp_path: Path) -> None:
    """Who has not looked at all of the source cannot know what is gone."""
    one = replace(step(shelf("from", "a:A", "b:B"), shelf("to", *TARGET), IDS), **words)
    plan = planned(tmp_path / "a.plan", one)
    assert removed(plan) == []
    assert notes(plan, "PL040") == [
        "no deletes are planned: the plan is a part only (--only, --exclude, --limit or --where)"
    ]


def test_b33_an_empty_source_removes_nothing(tmp_path: Path) -> None:
    """A right that was lost, or a slip in the query, looks just like that."""
    plan = planned(tmp_path / "a.plan", step(shelf("from"), shelf("to", *TARGET), IDS))
    assert (removed(plan), notes(plan, "PL040")) == ([], ["no deletes are planned: the source came back empty"])


@pytest.mark.parametrize(("last", "gone"), [(None, 2), (2, 2), (3, 0), (40, 0)])
def test_b33_fewer_than_half_of_the_last_run_removes_nothing(last: int | None, gone: int, tmp_path: Path) -> None:
    """One record came: as much as half of two is believed, fewer than half of three is not."""
    one = replace(step(shelf("from", "a:A"), shelf("to", *TARGET), IDS), past=Past(read=last))
    plan = planned(tmp_path / "a.plan", one)
    assert len(removed(plan)) == gone
    assert notes(plan, "PL040") == (
        [] if gone else [f"no deletes are planned: 1 record came, fewer than half of the {last} of the last run"]
    )


def test_b32_a_read_that_falls_short_of_its_count_removes_nothing(tmp_path: Path) -> None:
    """Three were announced, two came, and the system saw nothing strange in that."""
    source = Announcing("from", shelf("from", "a:A", "b:B").records, FIELDS)
    plan = planned(tmp_path / "a.plan", step(source, shelf("to", *TARGET), IDS))
    assert removed(plan) == []
    assert notes(plan, "PL040") == ["no deletes are planned: 2 records came, and the source had announced 3"]


def test_b32_a_source_that_changed_is_an_error_or_told(tmp_path: Path) -> None:
    """Without --allow-count-drift there is no plan; with it the plan says so, and removes nothing."""
    source = Drifting("from", shelf("from", "a:A", "n:N").records, FIELDS)
    one = step(source, shelf("to", *TARGET), IDS)
    with pytest.raises(CountDrift):
        planned(tmp_path / "a.plan", one)
    plan = planned(tmp_path / "a.plan", replace(one, allow_drift=True))
    assert [change.action for _, change in plan.changes()] == [Action.CREATE]
    assert notes(plan, "PL023") == ["the source changed while it was read: 2 of 9 records came"]
    assert notes(plan, "PL040") == [
        "no deletes are planned: the source changed while it was read (--allow-count-drift)"
    ]


def test_an_untellable_id_removes_nothing(tmp_path: Path) -> None:
    """Where the key is the id and cannot be made, any row of the id map may be that record's."""
    source = shelf("from", ":A", ":B")
    source.records.append(Record(id="", fields={"!": "bad"}))
    plan = planned(tmp_path / "a.plan", step(source, shelf("to", *TARGET), {"a": "1", "b": "2", "c": "3"}))
    assert removed(plan) == []
    assert notes(plan, "PL040") == [
        "no deletes are planned: the keys of 1 record could not be made, and these are their ids"
    ]


def test_a_key_that_is_the_id_counts_though_where_leaves_it_out(tmp_path: Path) -> None:
    """A row of a sheet without ids is there, whatever `where` says."""
    source = shelf("from", ":A")
    source.records.append(Record(id="", fields={"code": "B", "hidden": "yes"}))
    plan = planned(tmp_path / "a.plan", step(source, shelf("to", *TARGET), IDS))
    assert removed(plan) == ["3"]


def test_one_doubtful_step_holds_back_the_others_of_its_pair(tmp_path: Path) -> None:
    """Two steps read parts of one source: when one part comes back empty, all that it brought would look gone."""
    target = shelf("to", *TARGET)
    good, empty = step(shelf("from", "a:A"), target, IDS), step(shelf("from"), target, IDS, step="more")
    plan = planned(tmp_path / "a.plan", good, empty)
    assert removed(plan) == []
    assert len(notes(plan, "PL040")) == 2


def test_two_steps_of_a_pair_see_each_others_records(tmp_path: Path) -> None:
    """What has moved from one step to the other stays; what neither has goes, once."""
    target = shelf("to", *TARGET)
    one, other = step(shelf("from", "a:A"), target, IDS), step(shelf("from", "b:B"), target, IDS, step="more")
    plan = planned(tmp_path / "a.plan", one, other)
    assert removed(plan) == ["3"]


def test_what_another_playbook_brought_over_stays(tmp_path: Path) -> None:
    """Run 1 was of another playbook: its rows are none of ours, and a note says so."""
    one = replace(step(shelf("from", "a:A"), shelf("to", *TARGET), IDS), past=Past(others={1: "laptops"}))
    plan = planned(tmp_path / "a.plan", one)
    assert removed(plan) == []
    (said,) = notes(plan, "PL041")
    assert said.startswith("2 records") and "laptops" in said


class Shared(Rows):
    """Another pair has rows into the same collection."""

    def claims(self, target: str, collection: str, target_ids: Any) -> Iterator[tuple[Pair, str, Mapped]]:
        yield from super().claims(target, collection, target_ids)
        if "2" in target_ids:
            yield replace(self.pair, part="other"), "z", Mapped(target_id="2", run=1)


def test_a_record_of_another_pair_stays(tmp_path: Path) -> None:
    """A row of another part, source or playbook's pair that points to it keeps it."""
    one = step(shelf("from", "a:A"), shelf("to", *TARGET), IDS)
    assert isinstance(one.ids, Rows)
    plan = planned(tmp_path / "a.plan", replace(one, ids=Shared(one.ids._rows, one.ids.pair)))
    assert removed(plan) == ["3"]


class Both(Rows):
    """The same rows under two pairs."""

    def __init__(self, rows: Mapping[str, Mapped], pair: Pair, other: Pair) -> None:
        super().__init__(rows, pair)
        self.other = other

    def claims(self, target: str, collection: str, target_ids: Any) -> Iterator[tuple[Pair, str, Mapped]]:
        for _, name, row in super().claims(target, collection, target_ids):
            yield from ((pair, name, row) for pair in (self.pair, self.other))


@pytest.mark.parametrize(("there", "gone"), [((), ["2", "3"]), (("b:B",), ["3"])], ids=["neither has it", "one has"])
def test_a_record_of_two_pairs_leaves_once_when_both_have_lost_it(
    there: tuple[str, ...], gone: list[str], tmp_path: Path
) -> None:
    """Two sources share records of the target: one that either still has stays, else it makes one line."""
    target = shelf("to", *TARGET)
    one, other = (
        step(shelf("from", "a:A"), target, IDS),
        step(shelf("from2", "a:A", *there), target, IDS, step="more"),
    )
    ids = Both({name: Mapped(target_id=row, run=1) for name, row in IDS.items()}, one.pair, other.pair)
    lanes = (replace(one, ids=ids), replace(other, ids=ids))
    assert sorted(map(str, removed(planned(tmp_path / "a.plan", *lanes)))) == gone


def test_deletes_come_last_and_in_reverse_order_of_steps(tmp_path: Path) -> None:
    """Children go before what they point to: the last step's deletes are first, after all other lines."""
    parents = step(shelf("from", "a:A", "n:N"), shelf("to", *TARGET), IDS, step="parents")
    children = step(shelf("from2", "a:A", "n:N"), shelf("to2", *TARGET), IDS, step="children")
    lines = [
        (change.step, change.action.value) for _, change in planned(tmp_path / "a.plan", parents, children).changes()
    ]
    assert lines == [
        ("parents", "create"),
        ("children", "create"),
        *[("children", "delete")] * 2,
        *[("parents", "delete")] * 2,
    ]


@pytest.mark.parametrize(("known", "percent", "braked"), [(9, 10, False), (20, 10, True), (20, 50, False)])
def test_a_brake_stops_more_deletes_than_the_limit(known: int, percent: int, braked: bool, tmp_path: Path) -> None:
    """From ten migrated records on, more than delete_percent of them."""
    target = shelf("to", *(f"{number}:{number:02}" for number in range(known)))
    source = shelf("from", *(f"{number}:{number:02}" for number in range(known - 4)))
    ids = {str(number): str(number) for number in range(known)}
    plan = planned(tmp_path / "a.plan", step(source, target, ids, limits=Limits(delete_percent=percent)))
    assert len(removed(plan)) == 4
    assert [(brake.kind, brake.count, brake.of) for brake in plan.trailer.brakes] == (
        [("deletes", 4, known)] if braked else []
    )


def test_the_forecast_counts_deletes(tmp_path: Path) -> None:
    """Batches of two, for five records."""
    target = shelf("to", *(f"{number}:{number:02}" for number in range(8)))
    ids = {str(number): str(number) for number in range(8)}
    source = shelf("from", *(f"{number}:{number:02}" for number in range(3)))
    plan = planned(tmp_path / "a.plan", step(source, target, ids))
    assert (len(removed(plan)), plan.trailer.forecast.requests) == (5, 3)


# ---------------------------------------------------------------- scope


def scoped(one: Lane) -> Lane:
    """All of the target is ours."""
    return replace(one, scope=Query(collection=one.writing.collection, read="all", key=("code",)))


def test_scope_adds_records_that_nobody_migrated(tmp_path: Path) -> None:
    """What is in scope and has no source record goes, with or without a row of the id map; the rest stays."""
    target = shelf("to", *TARGET, "7:stray", "8:a")
    target.records.pop(0)
    plan = planned(tmp_path / "a.plan", scoped(step(shelf("from", "a:A", "b:B"), target, {"b": "2", "c": "3"})))
    lines = {change.target_id: change for _, change in plan.changes() if change.action is Action.DELETE}
    assert set(lines) == {"3", "7"}
    assert (lines["3"].origin is None, lines["7"].origin is None) == (False, True)
    assert dict(lines["7"].before or {}) == {"code": "stray"}


def test_scope_leaves_what_a_record_without_a_line_may_be(tmp_path: Path) -> None:
    """One left out by `where` is known by its key and stays in the target; the stray goes."""
    source = shelf("from", "a:A")
    source.records.append(Record(id="h", fields={"code": "B", "hidden": "yes"}))
    plan = planned(tmp_path / "a.plan", scoped(step(source, shelf("to", *TARGET), {"a": "1"})))
    assert removed(plan) == ["3"]


def test_scope_removes_nothing_while_a_key_is_unknown(tmp_path: Path) -> None:
    """A record whose fields cannot be made may be any in scope; what the id map knows still goes."""
    source = shelf("from", "a:A")
    source.records.append(Record(id="x", fields={"!": "bad"}))
    plan = planned(tmp_path / "a.plan", scoped(step(source, shelf("to", *TARGET), {"a": "1", "b": "2"})))
    assert removed(plan) == ["2"]
    assert notes(plan, "PL042") == [
        "nothing is removed by `scope`: the keys of 1 record are not known, and any record in scope may be theirs"
    ]


def test_scope_leaves_records_of_other_rows_and_steps(tmp_path: Path) -> None:
    """Another pair's record, and one that another step of the plan meets, are not strays."""
    target = shelf("to", *TARGET, "7:M")
    one = step(shelf("from", "a:A"), target, {"a": "1"})
    assert isinstance(one.ids, Rows)
    ids = Shared(one.ids._rows, one.ids.pair)
    other = lane(shelf("from2", "m:M"), target, {}, step="more")
    plan = planned(tmp_path / "a.plan", replace(scoped(one), ids=ids), other)
    assert removed(plan) == ["3"]


def test_scope_counts_for_the_brake(tmp_path: Path) -> None:
    """The share is of the migrated records and of the others in scope together."""
    target = shelf("to", *(f"{number}:{number:02}" for number in range(30)))
    one = step(shelf("from", "0:00"), target, {"0": "0"})
    (brake,) = planned(tmp_path / "a.plan", scoped(one)).trailer.brakes
    assert (brake.kind, brake.count, brake.of) == ("deletes", 29, 30)


# ---------------------------------------------------------------- references to what leaves


def test_children_leave_before_their_parents(tmp_path: Path) -> None:
    """A tree is taken away from its leaves on, so that no delete changes a record whose own is still to come."""
    target = Shelf("to", [], BOTH)
    above = {"a": None, "b": "a", "c": "b", "d": "a", "e": "f", "f": "e", "keep": None}
    for name, boss in above.items():
        target.records.append(Record(id=f"t-{name}", fields={"code": name, "boss": boss and f"t-{boss}"}))
    ids = {name: Mapped(target_id=f"t-{name}", run=1) for name in above}
    plan = planned(tmp_path / "a.plan", removing(people({"keep": {}}, target, ids)))
    left = [str(one).removeprefix("t-") for one in removed(plan)]
    assert sorted(left) == list("abcdef")
    assert left.index("c") < left.index("b") < left.index("a") > left.index("d")


def removing(one: Lane) -> Lane:
    """The same with `missing: delete`."""
    write = replace(one.writing.write, missing=Missing.DELETE)
    return replace(one, writing=replace(one.writing, write=write))


def crew(target: Shelf, missing: IfMissing, *, elsewhere: bool) -> tuple[Lane, ...]:
    """Ann's boss Zoe is gone from the source; Ann is in Zoe's step, or in a step that comes after it."""
    ids = {"ann": Mapped(target_id="1", run=1), "zoe": Mapped(target_id="2", run=1)}
    bosses = removing(people({"bob": {}}, target, ids, missing=missing))
    rows = {"ann": {"name": "Ann", "boss": "zoe"}}
    if not elsewhere:
        return (removing(people({"bob": {}, **rows}, target, ids, missing=missing)),)
    staff = people(rows, Shelf("to", target.records, target.fields), ids, missing=missing, step="staff")
    source = Shelf("staff", staff.source.records, target.fields)  # type: ignore[attr-defined]  # a Shelf
    return bosses, replace(staff, source=source, source_identity="staff", referred=False)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in the step", "in a later step"])
@pytest.mark.parametrize("missing", IfMissing)
def test_d15_a_reference_to_a_record_that_leaves_is_a_missing_one(
    missing: IfMissing, elsewhere: bool, tmp_path: Path
) -> None:
    """The plan that removes a parent says at once what becomes of its children: a problem, null, or left alone."""
    target = Shelf("to", [], BOTH)
    target.records += [
        Record(id="1", fields={"code": "ann", "name": "Ann", "boss": "2"}),
        Record(id="2", fields={"code": "zoe"}),
    ]
    lanes = crew(target, missing, elsewhere=elsewhere)
    if elsewhere:
        lanes[0].ids._rows.pop("ann")  # type: ignore[attr-defined]  # she is of the other step
    plan = planned(tmp_path / "a.plan", *lanes)
    assert removed(plan) == ["2"]
    updates = [dict(change.after or {}) for _, change in plan.changes() if change.action is Action.UPDATE]
    assert updates == ([{"boss": None}] if missing is IfMissing.NULL else [])
    assert [code.rpartition("/")[2] for code in plan.trailer.problem_counts] == (
        ["PL012"] if missing is IfMissing.PROBLEM else []
    )
