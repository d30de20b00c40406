"""Waiting as people see it: told while planning too, bounded by --max-wait and --until, exit 7 with the hour."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrator import pipeline
from migrator.contract import Wait
from migrator.emulators.server import create_emulator, serve
from migrator.model.playbook import System
from migrator.model.problem import Severity
from migrator.model.run import Noticed, Waiting
from migrator.pipeline import Surroundings
from migrator.state.budgetfile import FILE
from migrator.systems import Systems
from migrator.transport.pace import ManualClock
from migrator.transport.secrets import Scrubber
from tests.end_to_end.sides import playbook
from tests.end_to_end.stage import Stage
from tests.end_to_end.test_matrix import Pair, finished

ACME = {"url": "http://kainexus.localhost", "tenant": "acme", "api_key": "{{ env.KEY }}"}


def _around(**more: Any) -> Surroundings:
    return Surroundings(env={"KEY": "k3y-of-acme"}, clock=ManualClock(), scrubber=Scrubber(), **more)


def test_b38_two_systems_of_one_tenant_share_one_budget_and_other_tenants_have_their_own(tmp_path: Path) -> None:
    """Two entries with the same host and tenant; a third of another customer on the same host."""
    system = System(connector="kainexus", options=ACME)
    other = System(connector="kainexus", options=ACME | {"tenant": "umbrella"})
    slashed = System(connector="kainexus", options=ACME | {"url": "http://KAINEXUS.localhost/"})
    named = {"one": system, "two": slashed, "other": other}
    with Systems(named, _around(), tmp_path, budgets=tmp_path / ".migrator") as systems:
        one, two, third = (systems.open(name).budget for name in named)
        assert [(one if turn % 2 else two).take("list") for turn in range(5)] == [None] * 5
        for budget in (one, two):
            wait = budget.take("list")
            assert isinstance(wait, Wait)
            assert wait.why == "the pace of kainexus:kainexus.localhost/acme: 5 calls in 60 s"
        assert third.take("list") is None


def test_a_users_own_quota_takes_the_place_of_the_documented_one(tmp_path: Path) -> None:
    """`quota: 2` leaves two calls a day for each app."""
    options = {"url": "http://kintone.localhost", "api_token": "{{ env.KEY }}", "quota": 2}
    with Systems({"kt": System(connector="kintone", options=options)}, _around(), tmp_path, budgets=None) as systems:
        opened = systems.open("kt")
        assert opened.capabilities(None).daily_quota == 2
        assert [opened.budget.take("read", "12") for _ in range(2)] == [None, None]
        wait = opened.budget.take("read", "12")
    assert wait is not None
    assert "the daily quota of 2 calls" in wait.why


def test_a_wait_while_planning_is_told_and_a_damaged_budget_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second plan right after the first waits for KaiNexus' window and says so; no call is refused."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "kainexus", "kintone")
    pair.plan(pair.book)
    path = tmp_path / ".migrator" / FILE
    told: list[Any] = []
    around = pair.around()
    finished(pipeline.plan(pair.book, tmp_path / "b.plan", Surroundings(**_parts(around), aside=told.append)))
    waits = [event for event in told if isinstance(event, Waiting)]
    assert waits
    assert all("5 calls in 60 s" in event.why for event in waits)
    assert not any(each.refused for each in pair.heard)
    for file in path.parent.glob(f"{FILE}*"):
        file.write_bytes(b"torn")
    finished(pipeline.plan(pair.book, tmp_path / "c.plan", Surroundings(**_parts(around), aside=told.append)))
    (noticed,) = [event.problem for event in told if isinstance(event, Noticed)]
    assert (noticed.code, noticed.severity) == ("ST015", Severity.WARNING)


def _parts(around: Surroundings) -> dict[str, Any]:
    return {name: getattr(around, name) for name in ("env", "clock", "scrubber", "stop", "adapters")}


def test_b11_b39_a_wait_that_is_too_long_ends_plan_and_apply_with_7_and_the_hour(here: Path) -> None:
    """429 with an hour to wait: nobody waits; when it is over is said, and last of all the command that goes on."""
    giver, taker = create_emulator("kitemaker"), create_emulator("kintone")
    with serve(giver.app) as one, serve(taker.app) as other:
        stage = Stage(here, {}, giver.env(one.url) | taker.env(other.url))
        stage.write("pair.json", playbook("kitemaker", "kintone"))
        assert stage.run("plan", "pair.json", "-o", "a.plan").code == 0
        late = stage.run("apply", "a.plan", "--until", "2001-01-01T00:00")
        assert late.code == 3
        assert '"2001-01-01T00:00" is past' in late.err

        hour = {"Retry-After": "3600"}
        taker.faults.add(match="/bulkRequest", kind="status", status=429, headers=hour, times=None)
        taker.faults.add(
            match="/records.json", kind="status", status=429, headers={"Retry-After": "3600"}, times=None
        )
        paused = stage.run("apply", "a.plan", "--max-wait", "10m")
        assert paused.code == 7, paused.text
        assert "Calls are possible again from" in paused.err
        assert paused.err.splitlines()[-1] == "go on with  migrator resume 1"

        again = stage.run("plan", "pair.json", "--max-wait", "1m", "--json")
        assert again.code == 7, again.text
        (problem,) = [line for line in again.lines() if line["line"] == "problem"]
        assert (problem["code"], "asked for a rest" in problem["summary"]) == ("RN007", True)
        assert "Calls are possible again from" in problem["detail"]


def test_the_event_of_a_wait_is_a_line_of_json(here: Path) -> None:
    """Elsewhere than on a terminal a program reads it from stderr, while planning too."""
    giver, taker = create_emulator("kitemaker"), create_emulator("kintone")
    giver.faults.add(match="/", kind="status", status=429, headers={"Retry-After": "1"}, times=1)
    with serve(giver.app) as one, serve(taker.app) as other:
        stage = Stage(here, {}, giver.env(one.url) | taker.env(other.url))
        stage.write("pair.json", playbook("kitemaker", "kintone"))
        planned = stage.run("plan", "pair.json", "--json")
    assert planned.code == 0, planned.text
    waits = [line for line in _objects(planned.err) if line["line"] == "waiting"]
    assert [wait["seconds"] for wait in waits] == [1.0]
    assert "it answered 429; then it is tried again" in waits[0]["why"]


def _objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
