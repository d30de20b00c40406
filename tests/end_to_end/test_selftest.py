"""The self-test that ships: it breaks an apply at each of its points, and says so when something does not hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from migrator.executor.after import After
from migrator.executor.load import Load
from migrator.rehearsal import selftest, stories
from tests.end_to_end.stage import Stage


def test_the_self_test_tries_its_points_and_finds_no_violation(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One kind of wire fault, two kills and a disk without room, by the command line, with a key and without."""
    monkeypatch.setattr(selftest, "WIRE", {"reset_after": "connection reset after the server had worked"})
    monkeypatch.setattr(stories.Keyed, "kills", ("after_links",))
    monkeypatch.setattr(stories.Unkeyed, "kills", ("before_outcomes",))
    monkeypatch.setattr(selftest, "ROOMS", (1.0,))
    done = Stage(here).run("doctor", "--selftest", "--json")
    assert done.code == 0, done.text
    *kinds, end = [json.loads(line) for line in done.out.splitlines()]
    assert [(kind["points"] >= 2, kind["violations"]) for kind in kinds] == [(True, [])] * 3
    assert end == {"line": "selftest_end", "points": sum(kind["points"] for kind in kinds), "violations": 0}
    assert list(here.iterdir()) == []


def test_a10_a_self_test_whose_disk_never_fills_up_has_proved_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is a violation too."""
    monkeypatch.setattr(selftest, "WIRE", {})
    monkeypatch.setattr(selftest, "STORIES", (stories.Keyed,))
    monkeypatch.setattr(stories.Keyed, "kills", ())
    monkeypatch.setattr(selftest, "ROOMS", (100.0,))
    done = Stage(here).run("doctor", "--selftest")
    assert (done.code, "nothing was broken" in done.out) == (1, True), done.text


@pytest.mark.long
def test_the_whole_self_test_finds_no_violation(here: Path) -> None:
    """As it ships."""
    done = Stage(here).run("doctor", "--selftest")
    assert (done.code, "0 violations" in done.out) == (0, True), done.text


def test_a_record_that_is_written_twice_is_a_violation(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1, with the request after which it happened."""
    original = stories.Stage.until_done

    def twice(stage: stories.Stage) -> object:
        told = original(stage)
        record = dict(stage.emulator.store.records("assets")[0])
        stage.emulator.store.add_records("assets", [{"serial": record["serial"] + "-again"}])
        return told

    monkeypatch.setattr(selftest, "WIRE", {"reset_before": "a reset"})
    monkeypatch.setattr(selftest, "ROOMS", ())
    monkeypatch.setattr(selftest, "STORIES", (stories.Keyed,))
    monkeypatch.setattr(stories.Keyed, "kills", ())
    monkeypatch.setattr(stories.Stage, "until_done", twice)
    done = Stage(here).run("doctor", "--selftest")
    assert done.code == 1, done.text
    assert "by key, request 1: the records are not those of an unbroken run" in done.out


def test_a03_a_guard_that_is_taken_away_is_a_violation(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not look after a kill makes records twice where no key refuses them; exit 1."""

    def again(way: object, kind: object, doubtful: Sequence[tuple[Load, str]]) -> After:
        return After(again=[load for load, _ in doubtful])

    monkeypatch.setattr("migrator.executor.carry.after_doubt", again)
    monkeypatch.setattr(selftest, "WIRE", {})
    monkeypatch.setattr(selftest, "ROOMS", ())
    monkeypatch.setattr(selftest, "STORIES", (stories.Unkeyed,))
    monkeypatch.setattr(stories.Unkeyed, "kills", ("before_outcomes",))
    done = Stage(here).run("doctor", "--selftest")
    assert done.code == 1, done.text
    assert "without a key, before_outcomes: the records are not those of an unbroken run" in done.out
