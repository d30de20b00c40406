"""Odd servers under a whole run, each system as the target: what was written is known, the next makes it whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator.errors import LoginRefused, Paused
from migrator.model.run import Status
from migrator.planfile import PlanFile
from tests.connectors.words import text_of
from tests.end_to_end.test_matrix import Pair

WRITES = {
    "kintone": "POST /k/v1/records.json",
    "kainexus": "PUT /api/public/v1/json/item",
    "ketryx": "POST /api/v1/projects/",
    "glpi": "POST /apirest.php/Monitor",
    "kitemaker": "POST /developers/rest/v1/workitem",
}
"""Target -> what fits the requests of creates."""

every = pytest.mark.parametrize("target", WRITES)


def pair_to(target: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Records from another system, planned."""
    monkeypatch.chdir(folder)
    pair = Pair(folder, "glpi" if target == "kintone" else "kintone", target)
    assert pair.plan(pair.book).changes == pair.source.count
    return pair


def written(line: str, body: bytes) -> bool:
    """Whether a request holds a record: Kintone also reads by POST, Ketryx is asked by one whether writing is on."""
    return b'"totalCount"' not in body and b'"query":"' not in body and b"KXITM0000" not in body


@every
def test_b18_a_login_that_ends_for_good_stops_and_a_resume_makes_each_record_once(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """401 on every write from the second request on: stopped, with the login named; then all is there, once."""
    pair = pair_to(target, tmp_path, monkeypatch)
    stood = pair.stands()
    code = "ERROR_SESSION_TOKEN_INVALID" if target == "glpi" else ""
    single = target in ("ketryx", "kitemaker")
    pair.taker.faults.add(
        WRITES[target], kind="status", status=401, error_code=code, times=None, after=int(single), when=written
    )
    with pytest.raises(LoginRefused) as caught:
        pair.apply()
    assert caught.value.problems[0].hint, text_of(caught.value)
    assert (pair.stands() - stood).total() == int(single)
    pair.taker.faults.clear()
    pair.carry_out()
    assert (pair.stands() - stood).total() == pair.source.count


DENIED = {
    "kintone": ("GAIA_NO01", "lacks a right in app"),
    "kainexus": ("ACCESS_DENIED", "the API key may not make this item"),
    "ketryx": ("", "does not let us write items"),
    "glpi": ("ERROR_RIGHT_MISSING", "our login lacks a right"),
    "kitemaker": ("", "Forbidden"),
}
"""Target -> the code of a refusal for lack of rights, and what the outcome says of it."""


@every
def test_b14_b19_one_record_without_the_right_fails_alone(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """403 on every request that holds one record: the others are written, once; with the right, it follows."""
    pair = pair_to(target, tmp_path, monkeypatch)
    stood, word = pair.stands(), pair.source.was.encode()
    code, words = DENIED[target]
    calls = WRITES[target]
    pair.taker.faults.add(calls, status=403, error_code=code, times=None, when=lambda line, body: word in body)
    ended = pair.apply()
    assert ended.exit_code == 5
    (failed,) = [change.outcome for change in ended.report.changes]
    assert failed.status is Status.FAILED and words in str(failed.reason), failed
    assert (pair.stands() - stood).total() == pair.source.count - 1
    pair.taker.faults.clear()
    assert pair.plan(pair.book).changes == 1
    pair.carry_out()
    assert (pair.stands() - stood).total() == pair.source.count


@every
def test_b11_writes_that_never_tell_pause_the_run_and_a_resume_goes_on(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """502 on every write, for good: looked into, waited for as long as people said, then paused."""
    pair = pair_to(target, tmp_path, monkeypatch)
    stood = pair.stands()
    fault = pair.taker.faults.add(WRITES[target], status=502, times=None, when=written)
    with pytest.raises(Paused, match="times in a row, for"):
        pair.apply()
    assert pair.stands() == stood and fault.fired < 100
    pair.taker.faults.clear()
    pair.carry_out()
    assert (pair.stands() - stood).total() == pair.source.count


def test_a_plan_for_labels_that_are_only_added_shows_all_that_will_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The playbook wants another label than the items have: the lines hold both, and verify finds no change."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "kintone", "kitemaker")
    org = pair.taker.store
    org.add_label(org.space("LAB"), "important", "e91e63")
    text = pair.book.read_text("utf-8")

    def wanting(*labels: str) -> None:
        book = json.loads(text)
        book["limits"] = {"update_percent": 100}
        book["steps"][0]["fields"]["labels"] = list(labels)
        pair.book.write_text(json.dumps(book), "utf-8")

    wanting("bug")
    pair.plan(pair.book)
    pair.carry_out()
    item = next(item for item in org.work_items.values() if item.title == pair.source.was)
    assert {label.name for label in item.labels} == {"bug"}
    wanting("important")
    assert pair.plan(pair.book).changes == pair.source.count
    lines = [line for _, line in PlanFile(pair.folder / "a.plan").changes()]
    assert {tuple((line.before or {})["labels"]) for line in lines} == {("bug",)}
    assert {tuple((line.after or {})["labels"]) for line in lines} == {("bug", "important")}
    pair.carry_out()
    assert {label.name for label in item.labels} == {"bug", "important"}
