"""What the source no longer has leaves the target: planned with its whole image, applied, verified, told."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from migrator import lookback, pipeline
from migrator.errors import PlanRefused, PlaybookInvalid
from migrator.model.plan import Action, Phase
from migrator.model.run import Cause, Status
from tests.end_to_end.removals import KINDS, Yard, code, monitor, monitors, remove_by_hand
from tests.end_to_end.sides import SYSTEMS
from tests.end_to_end.test_matrix import finished

MAKE = Callable[..., Yard]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MAKE:
    """A yard whose first twenty rows stand in the target."""
    monkeypatch.chdir(tmp_path)

    def made(kind: str, **words: Any) -> Yard:
        yard = Yard(tmp_path, kind, **words)
        yard.rows(range(20))
        yard.carry_out()
        return yard

    return made


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_source_no_longer_has_leaves_the_target(make: MAKE, kind: str) -> None:
    """Two of twenty are gone: two lines, the last of the plan, each with its whole image; then nothing is left."""
    yard = make(kind)
    yard.rows([*range(2, 20), 30], r5="other")
    planned = yard.plan()
    assert planned.exit_code == 0, planned.trailer
    assert [(line.action, line.phase) for line in yard.lines()][-2:] == [(Action.DELETE, Phase.DELETE)] * 2
    assert yard.deletes() == [code(0), code(1)]
    image = dict(yard.lines()[-1].before or {})
    assert (image[yard.kind.code], image[yard.kind.title]) == (code(1), "row 1")
    ended = yard.apply()
    (told,) = ended.report.steps
    assert (ended.exit_code, told.deleted, told.created, told.updated) == (0, 2, 1, 1)
    yard.settled()
    assert set(yard.stands()) == {code(one) for one in (*range(2, 20), 30)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_that_comes_back_in_the_source_is_made_again(make: MAKE, kind: str) -> None:
    """The plan says that it was brought over before, and makes a new record; a trashed one stays in the trash."""
    yard = make(kind)
    yard.rows(range(1, 20))
    yard.carry_out()
    yard.rows(range(20))
    planned = yard.plan()
    assert [(line.action, line.key) for line in yard.lines()] == [(Action.CREATE, (code(0),))]
    assert [note.code for note in planned.trailer.notes if note.code.startswith("PL02")][-1] == "PL021"
    yard.carry_out()
    assert yard.stands()[code(0)] == "row 0"


@pytest.mark.parametrize("kind", KINDS)
def test_the_exact_count_lets_deletes_over_the_brake(make: MAKE, kind: str) -> None:
    """Three of twenty are over ten percent: the plan is braked, and applied only with that count."""
    yard = make(kind)
    yard.rows(range(3, 20))
    planned = yard.plan()
    (brake,) = planned.trailer.brakes
    assert (planned.exit_code, brake.kind, brake.count, brake.of) == (4, "deletes", 3, 20)
    for wrong in (None, 2):
        with pytest.raises(PlanRefused, match=r"too many deletes: 3 of 20 .*\n?"):
            yard.apply(allow_deletes=wrong)
    assert len(yard.stands()) == 20
    assert yard.apply(allow_deletes=3).exit_code == 0
    assert len(yard.stands()) == 17


@pytest.mark.parametrize("kind", ["kintone", "glpi", "kainexus"])
def test_b22_a_record_that_moved_since_planning_is_not_deleted(make: MAKE, kind: str) -> None:
    """Somebody edits one of two: it stays and is told with what was planned and found; the other goes."""
    yard = make(kind)
    yard.rows(range(2, 20))
    yard.plan()
    yard.edit(0, "theirs")
    ended = yard.apply()
    (conflict,) = ended.report.changes
    assert (ended.exit_code, conflict.outcome.status, conflict.outcome.cause) == (5, Status.CONFLICT, Cause.MOVED)
    title = yard.kind.title
    assert ((conflict.before or {})[title], (conflict.outcome.found or {})[title]) == ("row 0", "theirs")
    stands = yard.stands()
    assert (stands[code(0)], code(1) in stands) == ("theirs", False)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_b22_a_file_that_moved_since_planning_loses_nothing(make: MAKE, kind: str) -> None:
    """The stamp guards the whole file: the plan is refused."""
    yard = make(kind)
    yard.rows(range(2, 20))
    yard.plan()
    yard.edit(0, "theirs")
    with pytest.raises(PlanRefused, match="changed since"):
        yard.apply()
    assert len(yard.stands()) == 20


@pytest.mark.parametrize("kind", ["kintone", "glpi", "kainexus"])
def test_b03_what_is_gone_already_counts_as_deleted(make: MAKE, kind: str) -> None:
    """Somebody was faster: nothing is a conflict, the id map says gone, and the next plan is empty."""
    yard = make(kind)
    yard.rows(range(2, 20))
    yard.plan()
    remove_by_hand(yard, str(yard.lines()[0].target_id))
    ended = yard.apply()
    assert (ended.exit_code, ended.report.steps[0].deleted) == (0, 2), ended.report
    yard.settled()


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        *product(("kintone", "glpi"), ("after_commit_status", "empty", "truncate_json", "status")),
        ("kainexus", "after_commit_status"),
    ],
)
def test_b03_a_delete_whose_answer_is_lost_is_settled_by_looking(make: MAKE, system: str, kind: Any) -> None:
    """Committed or not: absent is done, and what stands as planned is deleted once more."""
    yard = make(system)
    yard.rows(range(2, 20))
    yard.plan()
    assert yard.emulator is not None
    method = "PUT " if system == "kainexus" else "DELETE "
    fault = yard.emulator.faults.add(match=method, kind=kind, status=502 if "status" in kind else None)
    ended = yard.apply()
    assert (ended.exit_code, ended.report.steps[0].deleted) == (0, 2), ended.report
    assert fault.trigger.fired == 1
    assert len(yard.stands()) == 18
    yard.settled()


def test_glpi_trashes_unless_it_is_told_to_purge(make: MAKE) -> None:
    """By default the items lie in the trash; `options: {purge: true}` takes them away. Both count as gone."""
    yard = make("glpi")
    yard.rows(range(1, 20))
    yard.carry_out()
    assert monitors(yard)[code(0)]["is_deleted"] == 1
    yard.book(options={"purge": True})
    yard.rows(range(2, 20))
    yard.carry_out()
    assert code(1) not in monitors(yard)


def test_an_undo_takes_out_of_the_trash_what_the_run_put_there(make: MAKE) -> None:
    """The same items with their ids, in the id map again; what was purged meanwhile is made again."""
    yard = make("glpi")
    stood, ids = yard.stands(), {name: row["id"] for name, row in monitors(yard).items()}
    yard.rows(range(18))
    yard.carry_out()
    yard.emulator.store.table("Monitor").remove(ids[code(19)])  # type: ignore[union-attr]  # GLPI has one

    finished(lookback.undo(2, yard.folder / "a.plan", yard.around()))
    planned = {str(line.key[0]): (line.action, line.target_id) for line in yard.lines()}
    assert planned == {code(18): (Action.UPDATE, str(ids[code(18)])), code(19): (Action.CREATE, None)}
    assert yard.apply().exit_code == 0
    assert yard.stands() == stood
    assert monitors(yard)[code(18)]["id"] == ids[code(18)]
    yard.rows(range(20))
    yard.settled()

    finished(lookback.undo(3, yard.folder / "a.plan", yard.around()))
    assert yard.apply().exit_code == 0
    assert yard.stands() == {name: title for name, title in stood.items() if name not in (code(18), code(19))}


def test_what_is_taken_out_of_the_trash_by_hand_is_met_again(make: MAKE) -> None:
    """Restored in GLPI and back in the source: the item is linked, not made a second time."""
    yard = make("glpi")
    yard.rows(range(1, 20))
    yard.carry_out()
    monitor(yard, code(0))["is_deleted"] = 0
    yard.rows(range(20))
    yard.plan()
    assert [(line.action, line.key) for line in yard.lines()] == [(Action.LINK, (code(0),))]


@pytest.mark.parametrize("system", ["ketryx", "kitemaker", "kainexus"])
def test_a_system_without_deletes_is_refused_with_its_reason(make: MAKE, system: str) -> None:
    """`missing: delete` into a system that cannot is a finding of the playbook, in the connector's own words."""
    yard, side = make("kintone"), SYSTEMS[system]
    tree = json.loads(yard.path.read_text("utf-8"))
    tree["systems"]["yard"] = {"connector": system, **side.options}
    tree["steps"][0]["target"] = {"system": "yard", **side.target.part, "missing": "delete"}
    tree["steps"][0]["fields"] = {side.target.title: "{{ record.title }}", **side.target.fixed}
    yard.path.write_text(json.dumps(tree), "utf-8")
    with pytest.raises(PlaybookInvalid) as told:
        pipeline.validate([yard.path], yard.around())
    (problem,) = told.value.problems
    assert (problem.code, problem.place and problem.place.path) == ("PB037", "steps[0].target.missing")
    assert "delete" in problem.detail
