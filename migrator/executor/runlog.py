"""The log of a run, written unasked: one event a line, never the values of records."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from migrator.errors import LocalFault
from migrator.model.problem import Problem
from migrator.model.run import ChangesSettled, Event, Noticed, Outcome, RunEnded, RunStarted, Waiting


class RunLog:
    """Appends to a file of mode 0600. What is done is counted, what is not is listed with its reason."""

    def __init__(self, path: Path, wall: Callable[[], float], clean: Callable[[str], str]) -> None:
        self._path = path
        self._wall = wall
        self._clean = clean

    def write(self, event: Event) -> None:
        """One line. Raises LocalFault where the disk fails."""
        self.line(type(event).__name__, _told(event))

    def line(self, name: str, content: Mapping[str, Any]) -> None:
        """One line of another kind."""
        paper = {"at": round(self._wall(), 3), "event": name, **content}
        text = self._clean(orjson.dumps(paper, option=orjson.OPT_NON_STR_KEYS).decode())
        try:
            _append(self._path, text.encode() + b"\n")
        except OSError as error:
            raise LocalFault(
                f"cannot write the log {self._path}: {error.strerror}",
                hint="free space or mend the rights, then go on with `migrator resume`",
            ) from error


def _append(path: Path, line: bytes) -> None:
    """The whole line or nothing of it. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        try:
            left = line
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _told(event: Event) -> dict[str, Any]:
    match event:
        case ChangesSettled():
            return _settled(event)
        case Noticed(problem=problem):
            return _problem(problem)
        case Waiting():
            return {"seconds": round(event.seconds, 3), "why": event.why}
        case RunStarted():
            return {"run": event.run, "plan": event.plan_hash, "resumed": event.resumed, "todo": event.todo}
        case RunEnded():
            return {"run": event.report.run, "status": event.report.status.value, "exit_code": event.exit_code}
        case _:
            return {name: getattr(event, name) for name in type(event).__slots__}


def _settled(event: ChangesSettled) -> dict[str, Any]:
    others = [_outcome(outcome, event.keys[place]) for place, outcome in event.others]
    return {
        "step": event.step,
        "action": event.action.value,
        "done": len(event.outcomes) - len(others),
        "others": others,
    }


def _outcome(outcome: Outcome, key: str) -> dict[str, Any]:
    told = {name: getattr(outcome, name) for name in ("code", "field", "reason", "target_id")}
    return {
        "change": outcome.change_id,
        "key": key,
        "status": outcome.status.value,
        "cause": None if outcome.cause is None else outcome.cause.value,
        **told,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "summary": problem.summary, "detail": problem.detail}
