"""References while planning: what they come to, whatever the order; laws and single cases."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contract import Mapped, Pair
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Limits, Mode
from migrator.model.values import Field, IfMissing, Kind, Origin, Record, Ref, Value
from migrator.planfile import PlanFile
from migrator.planner.lane import Lane
from migrator.planner.standing import Standing
from tests.planner.shelf import Image, Shelf, lane, planned

FIELDS = {
    name: Field(name=name, kind=kind)
    for name, kind in {"code": Kind.TEXT, "name": Kind.TEXT, "boss": Kind.TEXT, "crew": Kind.REFERENCES}.items()
}
PEOPLE = Pair(target="to", collection="shelf", source="from", source_collection="shelf")
TEAMS = Pair(target="yard", collection="shelf", source="club", source_collection="shelf")


def ref(pair: Pair, source_id: str, missing: IfMissing = IfMissing.PROBLEM) -> Ref:
    """What a template's `ref()` gives."""
    return Ref(
        target=pair.target,
        collection=pair.collection,
        source=pair.source,
        source_collection=pair.source_collection,
        source_id=source_id,
        missing=missing,
    )


def people(rows: Mapping[str, Mapping[str, Value]], target: Shelf, ids: Mapping[str, Mapped], **words: Any) -> Lane:
    """A step whose field `boss` names another of its records, and whose `crew` holds refs as they are."""
    source = Shelf("from", [Record(id=name, fields={"code": name, **row}) for name, row in rows.items()], FIELDS)
    missing = words.pop("missing", IfMissing.PROBLEM)

    def render(record: Record, origin: Origin) -> Image:
        boss = record.fields.get("boss")
        named = {"boss": ref(PEOPLE, str(boss), missing) if boss is not None else None}
        return Image({name: value for name, value in {**record.fields, **named}.items() if name in FIELDS})

    words = {"find": 0, "limits": Limits(update_percent=100), **words}
    made = lane(source, target, ids, **words)
    return replace(made, render=render, refs={PEOPLE: "people", TEAMS: "teams"}, referred=True)


def lines(plan: PlanFile) -> list[Change]:
    return [change for _, change in plan.changes()]


def carried_out(plan: PlanFile, target: Shelf, ids: dict[str, Mapped]) -> None:
    """What an apply does, on a shelf, in the order of the plan."""

    def filled(value: Value) -> Value:
        if isinstance(value, Ref):
            return ids[value.source_id].target_id
        return tuple(map(filled, value)) if isinstance(value, tuple) else value

    for at, change in enumerate(lines(plan)):
        assert change.origin is not None
        after = {name: filled(value) for name, value in (change.after or {}).items()}
        name = change.target_id
        if change.action is Action.CREATE:
            name = f"new{at}-{len(target.records)}"
            target.records.append(Record(id=name, fields=after))
        elif name is None:
            assert change.needs
            name = ids[change.origin.id].target_id
        for place, record in enumerate(target.records):
            if record.id == name:
                target.records[place] = Record(id=name, fields={**record.fields, **after})
        ids[change.origin.id] = Mapped(target_id=str(name), run=1)


NAMES = "abcdefg"
TREE = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([None, *NAMES]), max_size=7)


def rows_of(tree: Mapping[str, str | None]) -> dict[str, dict[str, Value]]:
    """Everybody in the tree, with those who are only named as a boss."""
    everybody = {**dict.fromkeys(boss for boss in tree.values() if boss is not None), **tree}
    return {name: {"name": f"name {name}", "boss": boss} for name, boss in everybody.items()}


@settings(max_examples=60, deadline=None)
@given(TREE, TREE, st.booleans())
def test_what_is_carried_out_plans_to_nothing(first: dict[str, Any], then: dict[str, Any], ordered: bool) -> None:
    """Any tree, circles within it and records that refer to themselves too; and any change of it afterwards."""
    target, ids = Shelf("to", [], FIELDS), dict[str, Mapped]()
    with tempfile.TemporaryDirectory() as folder:
        for number, tree in enumerate((first, then)):
            step = people(rows_of(tree), target, ids, ordered=ordered)
            carried_out(planned(Path(folder) / f"{number}", step), target, ids)
            again = planned(Path(folder) / "again", people(rows_of(tree), target, ids, ordered=ordered))
            assert lines(again) == []
            assert again.trailer.counts["things"].unchanged == len(rows_of(tree))
            known = {ids[name].target_id: name for name in ids}
            shown = {str(record.fields["code"]): record.fields.get("boss") for record in target.records}
            for name, row in rows_of(tree).items():
                boss = shown[name]
                assert (None if boss is None else known[str(boss)]) == row["boss"]


@settings(max_examples=60, deadline=None)
@given(TREE, st.lists(st.sampled_from(NAMES)), st.randoms())
def test_the_order_of_source_records_does_not_matter(
    tree: dict[str, Any], known: list[str], dice: random.Random
) -> None:
    """Shuffled, the same lines come out; of a source without order, the same bytes."""
    rows = rows_of(tree)
    shuffled = list(rows)
    dice.shuffle(shuffled)
    other = {name: rows[name] for name in shuffled}
    standing = [Record(id=f"t{name}", fields={"code": name, "boss": "ta"}) for name in sorted(set(known))]
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for number, some in enumerate((rows, other)):
            for ordered in (True, False):
                target = Shelf("to", standing, FIELDS)
                path = Path(folder) / f"{number}{ordered}"
                made.append(planned(path, people(some, target, {}, ordered=ordered)))
        plain = [sorted((replace(one, batch=None) for one in lines(plan)), key=lambda one: one.id) for plan in made]
        assert plain[0] == plain[1] == plain[2] == plain[3]
        assert made[1].path.read_bytes() == made[3].path.read_bytes()


def teams(rows: list[str], standing: list[str]) -> Lane:
    """A step that `people` may refer to."""
    source = Shelf("club", [Record(id=name, fields={"code": name}) for name in rows], FIELDS)
    target = Shelf("yard", [Record(id=f"y{name}", fields={"code": name}) for name in standing], FIELDS)
    return replace(lane(source, target, {}, step="teams"), referred=True)


def test_a_ref_is_an_id_where_its_record_stands_and_stays_where_the_plan_makes_it(tmp_path: Path) -> None:
    """Matches of this plan are ids before the diff; creates stay; of a list each item by itself."""
    rows: dict[str, dict[str, Value]] = {
        "p": {"crew": (ref(TEAMS, "1"), ref(TEAMS, "2"))},
        "q": {"crew": (ref(TEAMS, "1"),)},
    }
    target = Shelf("to", [Record(id="tq", fields={"code": "q", "crew": ("y1",)})], FIELDS)
    plan = planned(tmp_path / "p", teams(["1", "2"], ["1"]), people(rows, target, {}))
    link, create, own, second = lines(plan)
    assert [change.action for change in (link, create, own, second)] == [
        *(Action.LINK, Action.CREATE),
        *(Action.CREATE, Action.LINK),
    ]
    assert (own.after or {})["crew"] == ("y1", ref(TEAMS, "2"))


@pytest.mark.parametrize(
    ("missing", "crew", "problems"),
    [
        (IfMissing.PROBLEM, None, {"things/PL012": 1}),
        (IfMissing.NULL, ("y1",), {}),
        (IfMissing.OMIT, ("y1",), {}),
    ],
)
def test_a_missing_one_leaves_the_list_or_is_a_problem(
    missing: IfMissing, crew: Value, problems: dict[str, int], tmp_path: Path
) -> None:
    """And a list of nothing but missing ones is missing itself: null, or left alone."""
    rows: dict[str, dict[str, Value]] = {
        "p": {"crew": (ref(TEAMS, "1", missing), ref(TEAMS, "9", missing))},
        "q": {"crew": (ref(TEAMS, "1", missing),)},
    }
    if missing is not IfMissing.PROBLEM:
        rows["r"] = {"crew": (ref(TEAMS, "9", missing),)}
    plan = planned(tmp_path / "p", teams(["1"], ["1"]), people(rows, Shelf("to", [], FIELDS), {}))
    assert plan.trailer.problem_counts == problems
    made = {str(one.key[0]): one.after or {} for one in lines(plan) if one.step == "things"}
    assert made["q"]["crew"] == ("y1",)
    if crew is not None:
        assert made["p"]["crew"] == crew
        assert made["r"].get("crew", "left alone") == (None if missing is IfMissing.NULL else "left alone")
    (note,) = plan.trailer.notes
    assert note.code == "PL022"
    assert "to 1 record of shelf that nobody brought over (teams): 9" in note.summary


def test_a_key_may_hold_what_the_plan_makes(tmp_path: Path) -> None:
    """Such a record is nobody's yet: it is made; of two with the same parent and the same rest neither is."""
    rows: dict[str, dict[str, Value]] = {
        "p": {"crew": (ref(TEAMS, "1"),)},
        "q": {"crew": (ref(TEAMS, "2"),)},
        "r": {"code": "r", "crew": (ref(TEAMS, "1"),)},
        "s": {"code": "R", "crew": (ref(TEAMS, "1"),)},
    }
    target = Shelf("to", [Record(id="t", fields={"code": "q", "crew": ("y2",)})], FIELDS)
    for find in (0, 2):
        step = people(rows, target, {}, key=("code", "crew"), find=find)
        plan = planned(tmp_path / "p", teams(["1", "2"], ["2"]), step)
        made = [change for change in lines(plan) if change.step == "things"]
        assert [(change.action, change.key) for change in made] == [
            (Action.CREATE, ("p", (ref(TEAMS, "1"),))),
            (Action.LINK, ("q", ("y2",))),
        ]
        assert plan.trailer.problem_counts == {"things/PL002": 2}


def test_a_record_that_cannot_be_planned_in_phase_2_loses_its_line_in_phase_1(tmp_path: Path) -> None:
    """Told once, counted once; one that stands already is told too, and is not unchanged."""
    rows: dict[str, dict[str, Value]] = {
        "a": {"name": "new", "boss": "nobody"},
        "b": {"name": "same", "boss": "nobody"},
        "c": {"name": "same", "boss": "b"},
    }
    standing = [Record(id=f"t{name}", fields={"code": name, "name": "same"}) for name in "abc"]
    ids = {name: Mapped(target_id=f"t{name}", run=1) for name in "abc"}
    plan = planned(tmp_path / "p", people(rows, Shelf("to", standing, FIELDS), ids))
    assert [(change.phase, change.key) for change in lines(plan)] == [(Phase.SELF_REFERENCE, ("c",))]
    assert plan.trailer.problem_counts == {"things/PL012": 2}
    counts = plan.trailer.counts["things"]
    assert (counts.unchanged, counts.update, counts.self_reference, counts.problems) == (0, 0, 1, 2)
    assert {one.place.record for one in plan.trailer.problems if one.place} == {"a", "b"}


def test_mode_decides_over_self_references_too(tmp_path: Path) -> None:
    """`insert` never touches what stands, `update` makes nothing."""
    rows: dict[str, dict[str, Value]] = {"a": {"boss": None}, "b": {"boss": "a"}, "c": {"boss": "a"}}
    standing = [Record(id=f"t{name}", fields={"code": name}) for name in "ab"]
    ids = {name: Mapped(target_id=f"t{name}", run=1) for name in "ab"}
    inserted = planned(tmp_path / "i", people(rows, Shelf("to", standing, FIELDS), ids, mode=Mode.INSERT))
    assert [(one.action, one.key, one.phase.name) for one in lines(inserted)] == [
        (Action.CREATE, ("c",), "WRITE"),
        (Action.UPDATE, ("c",), "SELF_REFERENCE"),
    ]
    updated = planned(tmp_path / "u", people(rows, Shelf("to", standing, FIELDS), ids, mode=Mode.UPDATE))
    assert [(one.key, dict(one.after or {})) for one in lines(updated)] == [(("b",), {"boss": "ta"})]


def test_many_moved_parents_pull_the_brake(tmp_path: Path) -> None:
    """A self-reference of a record that stands is an update of it; of one that is made it is not."""
    rows: dict[str, dict[str, Value]] = {f"r{at}": {"boss": "r0"} for at in range(12)}
    standing = [Record(id=f"t{name}", fields={"code": name}) for name in rows]
    ids = {name: Mapped(target_id=f"t{name}", run=1) for name in rows}
    limits = Limits(update_percent=30)
    plan = planned(tmp_path / "p", people(rows, Shelf("to", standing, FIELDS), ids, limits=limits))
    assert [(brake.count, brake.of) for brake in plan.trailer.brakes] == [(12, 12)]
    fresh = planned(tmp_path / "f", people(rows, Shelf("to", [], FIELDS), {}, limits=limits))
    assert fresh.trailer.counts["things"].self_reference == 12
    assert not fresh.trailer.brakes


def test_the_note_tells_apart_no_more_than_it_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound a note says "at least"."""
    monkeypatch.setattr("migrator.planner.refs._APART", 3)
    rows: dict[str, dict[str, Value]] = {
        f"r{at}": {"crew": (ref(TEAMS, str(at % 7), IfMissing.NULL),)} for at in range(20)
    }
    plan = planned(tmp_path / "p", people(rows, Shelf("to", [], FIELDS), {}))
    (note,) = plan.trailer.notes
    assert note.summary.startswith(
        "20 records refer to at least 3 records of shelf that nobody brought over (teams): 0"
    )


def test_a_note_withholds_an_id_that_is_a_secret(tmp_path: Path) -> None:
    """No plan holds it, whatever the policy."""
    for policy in IfMissing:
        rows: dict[str, dict[str, Value]] = {"r": {"crew": (ref(TEAMS, "hunter2hunter2", policy),)}}
        planned(tmp_path / "p", people(rows, Shelf("to", [], FIELDS), {}))
        assert b"hunter2hunter2" not in (tmp_path / "p").read_bytes()
        assert b"(holds a secret)" in (tmp_path / "p").read_bytes()


def test_where_nothing_refers_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan without references opens no file for them."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Standing, "add", never)
    monkeypatch.setattr(Standing, "find", never)
    source = Shelf("from", [Record(id="1", fields={"code": "a"})], FIELDS)
    plan = planned(tmp_path / "p", lane(source, Shelf("to", [], FIELDS), {}))
    assert json.loads((tmp_path / "p").read_text().splitlines()[1])["key"] == ["a"]
    assert plan.trailer.counts["things"].create == 1
