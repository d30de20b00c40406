"""What keeps a step from removing by mistake, with a real state behind it; and what `scope` says is ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from migrator import pipeline
from migrator.cli.main import cli
from migrator.errors import PlaybookInvalid
from tests.end_to_end.removals import Yard, code, monitors, stray


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """Twelve rows stand in a csv file."""
    return furnished(tmp_path, monkeypatch, "csv")


def furnished(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, **words: Any) -> Yard:
    monkeypatch.chdir(folder)
    made = Yard(folder, kind, **words)
    made.rows(range(12))
    made.carry_out()
    return made


def why(planned: pipeline.Planned) -> list[str]:
    """What the plan says of deletes that it does not have."""
    return [note.summary.partition(": ")[2] for note in planned.trailer.notes if note.code in ("PL040", "PL041")]


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ({}, ""),
        ({"only": ("rows",)}, "a part only"),
        ({"limit": 5}, "a part only"),
        ({"where": "record.code != 'R-003'"}, "a part only"),
        ({"allow_count_drift": True}, ""),
    ],
    ids=str,
)
def test_only_a_whole_plan_removes(yard: Yard, selection: dict[str, Any], told: str) -> None:
    """--only, --limit and --where see a part: no deletes, and the plan says why. An option without effect is none."""
    yard.rows(range(11))
    planned = yard.plan(**selection)
    assert yard.deletes() == ([] if told else [code(11)])
    assert all(told in one for one in why(planned))
    assert bool(why(planned)) == bool(told)


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (0, "the source came back empty"),
        (5, "5 records came, fewer than half of the 12 of the last run"),
        (6, ""),
    ],
)
def test_b33_too_little_of_the_source_removes_nothing(yard: Yard, left: int, told: str) -> None:
    """Empty, or fewer than half of what the last whole run read: a right or a query went wrong."""
    yard.rows(range(left))
    planned = yard.plan()
    assert (len(yard.deletes()), why(planned)) == (0 if told else 12 - left, [told] if told else [])


def test_b33_a_partial_run_is_no_measure(yard: Yard) -> None:
    """The last whole run counts, also where a part was applied since, and a run whose step had no line."""
    yard.rows([*range(12), 20])
    yard.plan(limit=1, where="record.code == 'R-020'")
    yard.rows([*range(12), 20])
    yard.plan(where="record.code == 'R-020'")
    assert yard.apply().exit_code == 0
    yard.rows(range(5))
    assert why(yard.plan()) == ["5 records came, fewer than half of the 12 of the last run"]


def test_where_plays_no_part_in_gone(yard: Yard) -> None:
    """A record that `where` now leaves out stays in the target as it is."""
    yard.book(source={"where": "{{ record.code != 'R-004' }}"})
    yard.rows(range(11))
    yard.plan()
    assert yard.deletes() == [code(11)]


def test_what_another_playbook_brought_over_stays(yard: Yard) -> None:
    """Two playbooks share source and target: neither removes what the other one brought, and a note says so."""
    yard.book(name="another")
    yard.rows(range(10, 22))
    yard.carry_out()
    planned = yard.plan()
    assert (yard.deletes(), planned.changes) == ([], 0)
    assert why(planned) == ["they stay"]
    assert set(yard.stands()) == {code(one) for one in range(22)}


def test_the_state_of_another_machine_removes_too(yard: Yard) -> None:
    """Rows that `ids import` brought are of no other playbook."""
    words = ["ids", "export", "rows.jsonl"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    for path in sorted((yard.folder / ".migrator").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert CliRunner().invoke(cli, ["ids", "import", "rows.jsonl"]).exit_code == 0
    yard.rows(range(11))
    yard.carry_out()
    assert set(yard.stands()) == {code(one) for one in range(11)}


def test_nobody_elses_record_is_removed_without_scope(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `scope` those go that it names: by the target's own query, here all whose code begins so."""
    yard = furnished(tmp_path, monkeypatch, "kintone")
    stray(yard, "Z-1", "theirs")
    stray(yard, "Z-2", "ours")
    yard.rows(range(12))
    yard.settled()
    yard.book(scope={"query": 'summary in ("ours", "row 3")'})
    yard.plan()
    assert yard.deletes() == ["Z-2"]
    yard.carry_out()
    assert set(yard.stands()) == {"Z-1", *(code(one) for one in range(12))}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "glpi"])
def test_scope_is_read_in_every_system_that_deletes(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty scope is all of the collection; what the samples hold in GLPI is left out by its search."""
    scope = {"searchText": {"otherserial": "^R-"}} if kind == "glpi" else {}
    yard = furnished(tmp_path, monkeypatch, kind, scope=scope)
    for path in sorted((tmp_path / ".migrator").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    yard.rows(range(11))
    planned = yard.plan()
    assert (yard.deletes(), planned.trailer.brakes) == ([code(11)], ())
    yard.carry_out()
    assert len(yard.stands()) == 11
    if kind == "glpi":
        assert monitors(yard)[code(11)]["is_deleted"] == 1


@pytest.mark.parametrize(
    ("target", "code_", "words"),
    [
        ({"scope": {"quary": ""}}, "PB020", "quary"),
        ({"scope": {"query": "x = {{ record.y }}"}}, "", "query"),
        ({"scope": {}, "missing": "keep"}, "PB024", "removes none"),
        ({"scope": {}, "key": None, "may_duplicate": True}, "PB024", "needs a key"),
    ],
    ids=["unknown word", "template", "nothing to remove", "no key"],
)
def test_a_scope_that_cannot_be_is_a_finding(
    target: dict[str, Any], code_: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is typed by the target's own query, and has a meaning only where records are removed and told by a key."""
    monkeypatch.chdir(tmp_path)
    yard = Yard(tmp_path, "kintone", **target)
    with pytest.raises(PlaybookInvalid) as told:
        pipeline.validate([yard.path], yard.around())
    problem = told.value.problems[0]
    assert code_ in problem.code and words in problem.summary + str(problem.place), problem


def test_a_plan_with_deletes_shows_them_first(yard: Yard) -> None:
    """In the text of a plan the deletes stand before everything else, with their count and whole images."""
    yard.rows([*range(11), 40])
    text = CliRunner().invoke(cli, ["plan", str(yard.path)]).output
    places = [text.index(word) for word in ("DELETES: 1 in step rows", "- R-011", '"row 11"', "+ R-040")]
    assert places == sorted(places)
