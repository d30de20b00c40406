"""A target that stores something else than it is given: told with the run and the field, not planned in silence."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.model.problem import Severity
from tests.end_to_end.sides import SYSTEMS
from tests.end_to_end.test_matrix import Pair


class Loud:
    """An application that takes writes with other letters than were sent."""

    def __init__(self, inner: Any, was: bytes, stored: bytes) -> None:
        self.inner, self.was, self.stored, self.changed = inner, was, stored, 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ["REQUEST_METHOD"] in ("POST", "PUT") and self.was in body:
            self.changed += 1
            body = body.replace(self.was, self.stored)
        given = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        answer: Iterable[bytes] = self.inner(given, start)
        return answer


@pytest.mark.parametrize(("target", "sure"), [("kintone", True), ("glpi", False)])
def test_b41_a_field_that_the_target_keeps_changing_is_told_with_the_run_that_wrote_it(
    target: str, sure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where versions show that nobody wrote to the records since, it is said for certain."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "ketryx", target)
    taker = pair.taker
    loud = Loud(taker.app, pair.source.was.encode(), b"SOMETHING ELSE")
    pair.emulators[target] = replace(taker, app=loud)
    title = SYSTEMS[target].target.title

    assert pair.plan(pair.book).warnings == ()
    assert pair.apply().exit_code == 0
    for run in (1, 2):
        again = pair.plan(pair.book)
        (told,) = again.warnings
        assert (again.changes, told.code, told.severity) == (1, "PL043", Severity.WARNING)
        assert (told.place.field, told.place.step) == (title, "records")
        assert f"run {run} wrote the very values of this plan into 1 record" in told.summary
        assert ("or people do" not in told.summary) is sure
        assert pair.apply().exit_code == 0
    assert loud.changed == 3


@pytest.mark.parametrize("target", ["kintone", "glpi"])
def test_b41_what_the_source_or_nobody_changed_is_no_such_field(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit of the source is an update like any other."""
    monkeypatch.chdir(tmp_path)
    pair = Pair(tmp_path, "ketryx", target)
    pair.plan(pair.book)
    pair.carry_out()
    pair.source.edit(pair.giver)
    planned = pair.plan(pair.book)
    assert (planned.changes, planned.warnings) == (1, ())
