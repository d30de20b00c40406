"""Odd servers under a whole run, each system as the target: what was written is known, and the next run makes it whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator.errors import LoginRefused
from migrator.model.run import RunEnded, Status
from migrator.planfile import PlanFile
from tests.connectors.words import text_of
from tests.end_to_end.sides import SYSTEMS
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
    """Whether a request holds a record (Kintone also reads by POST)."""
    return b'"totalCount"' not in body and b'"query":"' not in body and len(body) > 2


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


@every
def test_b19_one_record_without_the_right_fails_alone(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = pair_to(target, tmp_path, monkeypatch)
    stood = pair.stands()
    word = pair.source.was.encode()
    pair.taker.faults.add(
        WRITES[target], kind="status", status=403, error_code=DENIED.get(target, ""), times=None,
        when=lambda line, body: word in body,
    )  # fmt: skip
    ended = pair.apply()
    print(ended.report)
    assert 0


DENIED = {"kintone": "GAIA_NO01", "kainexus": "ACCESS_DENIED", "glpi": "ERROR_RIGHT_MISSING"}
