"""--first N: what was sent is read back and compared before the rest goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from migrator.executor.feed import prepared
from migrator.executor.load import Load
from migrator.executor.look import look, shown, shows
from migrator.executor.running import Running
from migrator.executor.way import Way
from migrator.model.plan import Action
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import Outcome, Status
from migrator.model.values import Record


def read_back(running: Running, ways: Mapping[str, Way]) -> int:
    """Look at what the first changes left; each that is not as wanted is told. How many were compared."""
    compared = 0
    for name, way in ways.items():
        loads = _written(running, way, name)
        seen = look(way, loads)
        for load in loads:
            compared += 1
            _compare(running, way, load, seen)
    return compared


def _written(running: Running, way: Way, step: str) -> list[Load]:
    """What was created or updated in this step, with the id it has now."""
    taken = running.taken
    lines = [
        line
        for line, change in zip(taken, running.kept.change_at(taken), strict=True)
        if change.step == step and change.action in (Action.CREATE, Action.UPDATE)
    ]
    outcomes = _outcomes(running, lines)
    done = [line for line in lines if line in outcomes]
    loads = prepared(running, way, list(zip(done, running.kept.lines_at(done), strict=True)))
    for load in loads:
        load.item = replace(load.item, target_id=outcomes[load.line].target_id)
    return loads


def _outcomes(running: Running, lines: list[int]) -> dict[int, Outcome]:
    if not lines:
        return {}
    journal, run = running.state.journal, running.run.number
    found = journal.outcomes(run, start=min(lines), stop=max(lines) + 1)
    return {line: one for line, one in found if line in set(lines) and one.status is Status.DONE}


def _compare(running: Running, way: Way, load: Load, seen: Mapping[int, Sequence[Record]]) -> None:
    records = seen[load.line]
    wanted = load.change.after or {}
    place = Place(step=way.step, record=load.name)
    if not records:
        running.notice(
            Problem(code="RN062", severity=Severity.WARNING, summary="it was written and cannot be read", place=place)
        )
        return
    over = None if load.action is Action.CREATE else records[0].fields
    for name, value in wanted.items():
        if not shows(way, records[0], {name: value}, over=over):
            stands = shown(load, records[0])[name]
            running.notice(
                Problem(
                    code="RN063",
                    severity=Severity.WARNING,
                    summary=running.clean(f"{name} was written as {value!r} and reads {stands!r}"),
                    place=replace(place, field=name),
                )
            )
