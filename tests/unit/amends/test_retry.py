"""What a run failed on goes into a file, is corrected there, and comes back as a plan against what stands now."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.amends.cells import bare, guarded
from migrator.errors import FixesInvalid
from migrator.model.plan import Action, Change, Phase, PlanKind
from migrator.model.run import Cause, Status
from migrator.planfile import PlanFile
from tests.unit.executor.shelf import Shelf
from tests.unit.executor.story import Story, change, create, ref


def _story(folder: Path, **shelf: Any) -> Story:
    return Story(folder=folder, shelf=Shelf(**shelf))


def _update(no: str, record: str, **more: Any) -> Change:
    known = {"before": {"name": "old"}, "after": {"name": "new"}, "version": "0", **more}
    return change("people", Action.UPDATE, no, key=(no,), target_id=record, **known)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as content:
        return list(csv.DictReader(content))


def _corrected(file: Path, *fixes: tuple[str, str, str]) -> Path:
    """The quarantine with (key, field, cell) written into it, as a spreadsheet would save it."""
    rows = _rows(file)
    for key, field, cell in fixes:
        (row,) = [row for row in rows if row["#key"] == key]
        row[field] = cell
    place = file.with_name("fixes.csv")
    with place.open("w", encoding="utf-8", newline="") as content:
        writer = csv.DictWriter(content, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return place


def _lines(plan: PlanFile) -> dict[str, Change]:
    return {str(one.key[0]): one for _, one in plan.changes()}


def test_a_quarantine_names_each_record_with_the_systems_own_words(tmp_path: Path) -> None:
    """Key, origin, id, planned values, what was said, why in plain words, what to do: in CSV and in JSON Lines."""
    story = _story(tmp_path, bad={"bad"})
    old = story.shelf.put("people", no="E1", name="theirs")
    lines = [
        _update("E1", old),
        *(create("people", f"E{n}", name="bad" if n == 3 else "ok") for n in range(2, 5)),
    ]
    report = story.run(story.plan(lines))
    assert {one.key for one in report.changes} == {"E1", "E3"}
    file = story.quarantine(1)
    assert (file.stat().st_mode & 0o777, file.with_suffix(".jsonl").stat().st_mode & 0o777) == (0o600, 0o600)
    moved, bad = _rows(file)
    assert (bad["change_id"], bad["#key"], bad["#origin"]) == (lines[2].id, "E3", "E3")
    assert (bad["#status"], bad["#code"], bad["#said"], bad["name"]) == ("failed", "bad", "it is bad", "bad")
    assert "does not take" in bad["#reason"]
    assert "retry" in bad["#hint"]
    assert (moved["#id"], moved["#status"], moved["name"]) == (old, "conflict", "new")
    paper = [json.loads(line) for line in file.with_suffix(".jsonl").read_text().splitlines()]
    assert paper[0]["found"] == {"name": "theirs"}
    assert paper[1]["wanted"] == {"no": "E3", "name": "bad"}
    assert paper[1]["origin"] == ["csv:data", "people", "E3"]


def test_a_corrected_quarantine_is_a_plan_that_lands(tmp_path: Path) -> None:
    """The corrected cell is in the line, with what the run had wanted; nothing is written before it is applied."""
    story = _story(tmp_path, bad={"bad"})
    story.run(story.plan([create("people", f"E{n}", name="bad" if n == 3 else "ok") for n in range(2, 5)]))
    fixes = _corrected(story.quarantine(1), ("E3", "name", "good"))
    writes = story.shelf.writes
    plan = story.retry(1, fixes=fixes)
    assert story.shelf.writes == writes
    (line,) = _lines(plan).values()
    assert (line.action, line.after, line.corrected) == (
        Action.CREATE,
        {"no": "E3", "name": "good"},
        {"name": "bad"},
    )
    assert (plan.header.kind, plan.header.of_run[0] if plan.header.of_run else 0) == (PlanKind.RETRY, 1)
    report = story.run(plan)
    assert not report.changes
    assert [one["name"] for one in story.shelf.plain("people")] == ["good", "ok", "ok"]


def test_what_landed_meanwhile_has_no_line_and_what_moved_is_shown_as_it_stands(tmp_path: Path) -> None:
    """The target is read again: a record that somebody made is linked, one as wanted needs nothing, one that moved
    is an update over what stands there now."""
    story = _story(tmp_path, bad={"bad"})
    old, other = (story.shelf.put("people", no=no, name="theirs") for no in ("E1", "E2"))
    lines = [
        _update("E1", old),
        _update("E2", other),
        create("people", "E3", name="bad"),
        create("people", "E4", name="bad"),
    ]
    story.run(story.plan(lines), max_errors=100)
    story.shelf.bad = set()
    story.shelf.put("people", no="E3", name="bad")
    story.shelf.put("people", no="E4", name="else")
    story.shelf.records["people"][other]["name"] = "new"
    plan = story.retry(1)
    found = _lines(plan)
    assert {key: line.action for key, line in found.items()} == {
        "E1": Action.UPDATE,
        "E2": Action.LINK,
        "E3": Action.LINK,
        "E4": Action.UPDATE,
    }
    assert (found["E1"].before, found["E1"].after) == ({"name": "theirs"}, {"name": "new"})
    assert (found["E4"].before, found["E4"].after) == ({"name": "else"}, {"name": "bad"})
    assert not story.run(plan).changes
    assert not list(story.retry(2, "again.jsonl").changes())


def test_references_to_failed_records_are_retried_with_them(tmp_path: Path) -> None:
    """What was skipped since its parent failed comes after it, within a step and between steps."""
    story = _story(tmp_path, bad={"bad"})
    lines = [
        create("people", "E1", name="bad"),
        create("people", "E2", name="ok"),
        create("things", "A1", owner=ref("E1")),
        change("people", Action.UPDATE, "E2", Phase.SELF_REFERENCE, key=("E2",), after={"boss": ref("E1")},
               needs=(create("people", "E2").id,)),
        change("people", Action.UPDATE, "E1", Phase.SELF_REFERENCE, key=("E1",), after={"boss": ref("E2")},
               needs=(create("people", "E1").id,)),
    ]  # fmt: skip
    report = story.run(story.plan(lines), max_errors=100)
    assert {one.outcome.cause for one in report.changes} == {Cause.REFUSED, Cause.NEEDS}
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(f"change_id,name\n{lines[0].id},good\n")
    assert not story.run(story.retry(1, fixes=fixes)).changes
    people = {one["no"]: one for one in story.shelf.records["people"].values()}
    ids = {one["no"]: name for name, one in story.shelf.records["people"].items()}
    assert (people["E1"]["name"], people["E1"]["boss"], people["E2"]["boss"]) == ("good", ids["E2"], ids["E1"])
    assert [one["owner"] for one in story.shelf.plain("things")] == [ids["E1"]]


def test_everything_that_is_wrong_with_the_corrections_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    """Unknown ids and columns, a row twice, a row too long, a value of another kind: nothing is planned."""
    story = _story(tmp_path, bad={"bad"})
    made = create("people", "E1", name="bad")
    story.run(story.plan([made, create("people", "E2", name="ok")]), max_errors=100)
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(
        f"change_id,name,nmae,#note\n{made.id},x,,\n{'0' * 32},x,,\n{made.id},y,,\n,z,,\n{'1' * 32},x,,,,\n"
        f"{create('people', 'E2').id},x,,\n"
    )
    with pytest.raises(FixesInvalid) as told:
        story.retry(1, fixes=fixes)
    assert [(one.place.line if one.place else 0, one.summary.split(":")[0]) for one in told.value.problems] == [
        (1, 'the column "nmae" is no field of the target'),
        (3, f"run 1 has no failed record with the change_id {'0' * 32}"),
        (4, f"the change_id {made.id} stands in line 2 already"),
        (5, "the row has no change_id"),
        (6, "the row has more cells than the header"),
        (7, f"run 1 has no failed record with the change_id {create('people', 'E2').id}"),
    ]
    assert told.value.problems[0].hint == 'did you mean "name"?'
    assert not (tmp_path / "retry.jsonl").exists()


def test_an_empty_cell_changes_nothing_and_null_clears(tmp_path: Path) -> None:
    """And a field that the run did not want may be given too."""
    story = _story(tmp_path, bad={"bad"})
    made = create("people", "E1", name="bad", boss="B", owner="O")
    story.run(story.plan([made]), max_errors=100)
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(f"change_id,name,boss,owner,mark\n{made.id},good,,null,m\n")
    (line,) = _lines(story.retry(1, fixes=fixes)).values()
    assert line.after == {"no": "E1", "name": "good", "boss": "B", "owner": None, "mark": "m"}
    assert line.corrected == {"name": "bad", "owner": "O", "mark": None}


def test_e08_a_formula_in_a_value_is_text_in_a_spreadsheet_and_itself_again_in_a_retry(tmp_path: Path) -> None:
    """The cell begins with an apostrophe; handed back as it is, it corrects nothing."""
    story = _story(tmp_path, bad={'=HYPERLINK("x")'})
    made = create("people", "E1", name='=HYPERLINK("x")', boss="-5", owner="＝1+1", mark="'=1")
    story.run(story.plan([made]), max_errors=100)
    file = story.quarantine(1)
    (row,) = _rows(file)
    assert (row["name"], row["boss"], row["owner"], row["mark"]) == ('\'=HYPERLINK("x")', "-5", "'＝1+1", "''=1")
    (line,) = _lines(story.retry(1, fixes=_corrected(file))).values()
    assert (line.after, line.corrected) == (made.after, None)


@given(st.text(st.sampled_from("'=+-@\t\r＝a1.")))
def test_e08_guarding_a_cell_loses_nothing(text: str) -> None:
    """Whatever the text, what is read back is what was written, and no formula begins the cell."""
    assert bare(guarded(text)) == text
    number = text.strip("+-").replace(".", "", 1).isdigit()
    assert number or not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


def test_b22_only_the_conflicts_are_planned_anew_where_that_is_asked(tmp_path: Path) -> None:
    """--on-conflict replan: a new plan of what moved, which is reviewed; what was refused is not in it."""
    story = _story(tmp_path, bad={"bad"})
    old = story.shelf.put("people", no="E1", name="theirs")
    story.run(story.plan([_update("E1", old), create("people", "E2", name="bad")]), max_errors=100)
    assert list(_lines(story.retry(1, only=frozenset({Status.CONFLICT})))) == ["E1"]


def test_what_is_gone_or_belongs_to_another_record_is_told(tmp_path: Path) -> None:
    """An update of a deleted record, a key that another source record's record has: no line, and why."""
    story = _story(tmp_path, bad={"bad"})
    old = story.shelf.put("people", no="E1", name="old")
    file = story.plan([_update("E1", old), create("people", "E2", name="ok"), create("people", "E3", name="bad")])
    del story.shelf.records["people"][old]
    story.run(file, max_errors=100)
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(f"change_id,no\n{create('people', 'E3').id},E2\n")
    plan = story.retry(1, fixes=fixes)
    assert not list(plan.changes())
    codes = {one.place.record: (one.code, one.summary) for one in plan.trailer.problems if one.place}
    assert codes == {
        "E1": ("PL032", "it is gone from the target"),
        "E3": ("PL036", "the record with its key was made from source record E2"),
    }
