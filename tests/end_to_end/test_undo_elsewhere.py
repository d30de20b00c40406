"""An edit and a load are taken back in each of the systems, as far as it lets anybody."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from migrator import lookback
from migrator.model.plan import Action
from migrator.model.run import RunStatus
from migrator.planfile import PlanFile
from tests.end_to_end.sides import EDITED, SYSTEMS
from tests.end_to_end.test_matrix import Pair, finished
from tests.wsgi import WsgiAdapter

DELETES = {"kintone", "glpi"}
"""Systems whose API deletes."""


@pytest.mark.parametrize("target", SYSTEMS)
def test_an_update_and_a_load_are_undone_wherever_they_went(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update is put back to the letter; what was made is deleted, or told where the system deletes nothing."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "ketryx" if target == "kitemaker" else "kitemaker", target)
    stood = pair.stands()
    pair.plan(pair.book)
    pair.carry_out()
    loaded = pair.stands()
    pair.source.edit(pair.giver)
    pair.plan(pair.book)
    pair.carry_out()
    assert pair.stands() != loaded

    plan = _taken_back(pair, 2)
    ((_, line),) = plan.changes()
    title = pair.target.title
    assert (line.action, dict(line.before or {})[title], dict(line.after or {})[title]) == (
        Action.UPDATE,
        EDITED,
        pair.source.was,
    )
    ended = pair.apply()
    assert (ended.exit_code, ended.report.status, ended.report.changes) == (0, RunStatus.DONE, ())
    assert pair.stands() == loaded

    plan = _taken_back(pair, 1)
    counts = plan.trailer.counts["records"]
    if target in DELETES:
        assert (counts.delete, counts.problems) == (pair.source.count, 0)
        assert pair.apply().report.status is RunStatus.DONE
        assert Counter(pair.target.stands(_Alive(pair.taker.store))) == stood
    else:
        assert (counts.delete, counts.problems) == (0, pair.source.count)
        assert {problem.code for problem in plan.trailer.problems} == {"PL031"}
        assert pair.stands() == loaded


@pytest.mark.parametrize("fields", [{}, {"date_creation": "2019-05-01T00:00:00Z"}], ids=["its own times", "ours"])
def test_what_people_changed_in_another_field_is_not_deleted_though_the_system_has_no_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, str]
) -> None:
    """GLPI tells when a record was made and when it last changed; what a later run of ours did is nobody's touch."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "kitemaker", "glpi")
    book = json.loads(pair.book.read_text("utf-8"))
    book["steps"][0]["fields"] |= fields
    pair.book.write_text(json.dumps(book), "utf-8")
    stood = pair.stands()
    pair.plan(pair.book)
    pair.carry_out()
    pair.clock.wait(600)
    pair.source.edit(pair.giver)
    pair.plan(pair.book)
    pair.carry_out()
    _taken_back(pair, 2)
    assert pair.apply().exit_code == 0
    pair.clock.wait(600)
    theirs = max(row["id"] for row in pair.taker.store.rows("Monitor"))
    _edited_by_hand(pair, theirs, contact="ask Mia first")

    plan = _taken_back(pair, 1)
    (problem,) = plan.trailer.problems
    assert (problem.code, plan.trailer.counts["records"].delete) == ("PL030", pair.source.count - 1)
    assert pair.apply().exit_code == 5
    left = Counter(pair.target.stands(_Alive(pair.taker.store))) - stood
    assert left.total() == 1
    (row,) = [row for row in pair.taker.store.rows("Monitor") if row["id"] == theirs]
    assert (row["contact"], row["is_deleted"]) == ("ask Mia first", 0)


def _edited_by_hand(pair: Pair, number: int, **fields: str) -> None:
    """By one of its people, over the same API."""
    tokens = pair.taker.variables
    here = {"App-Token": tokens["GLPI_APP_TOKEN"]}
    with requests.Session() as browser:
        browser.mount("http://", WsgiAdapter(pair.taker.app))
        login = {**here, "Authorization": f"user_token {tokens['GLPI_USER_TOKEN']}"}
        place = f"{pair.taker.env('http://glpi.localhost')['GLPI_URL']}"
        session = browser.get(f"{place}/initSession", headers=login).json()["session_token"]
        wrote = browser.put(
            f"{place}/Monitor/{number}", json={"input": fields}, headers={**here, "Session-Token": session}
        )
        wrote.raise_for_status()


class _Alive:
    """A store without what is in its bin."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [row for row in self._store.rows(table) if not row.get("is_deleted")]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def _taken_back(pair: Pair, run: int) -> PlanFile:
    place = pair.folder / "a.plan"
    finished(lookback.undo(run, place, pair.around()))
    return PlanFile(place)


def test_what_was_added_to_a_field_that_only_grows_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels of Kitemaker are only added to: the title goes back, the label is told to stay."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "ketryx", "kitemaker")
    pair.plan(pair.book)
    pair.carry_out()
    book = json.loads(pair.book.read_text("utf-8"))
    fields = book["steps"][0]["fields"]
    fields["labels"] = "{{ ['bug'] }}"
    fields[pair.target.title] = "changed " + fields[pair.target.title]
    pair.book.write_text(json.dumps(book), "utf-8")
    pair.plan(pair.book)
    pair.carry_out()

    plan = _taken_back(pair, 2)
    counts = plan.trailer.counts["records"]
    assert (counts.update, counts.problems) == (pair.source.count, pair.source.count)
    problem = plan.trailer.problems[0]
    assert (problem.code, problem.place.field if problem.place else None) == ("PL031", "labels")
    assert problem.detail.startswith("added: ")
    assert all(set(line.after or {}) == {pair.target.title} for _, line in plan.changes())
