"""The view for programs: one JSON object a line, nothing capped, keys sorted; `line` says what it is.

Everything that is an outcome, errors too, goes to the results' stream; Planning and Waiting, being progress, to the
other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import orjson

from migrator.codec.paper import fields_to_paper, to_paper
from migrator.model.problem import Problem
from migrator.model.run import Event, Planning, Report, Waiting
from migrator.model.values import File, Ref
from migrator.views import Settings, ShownPlan, Stream

RECORD_FIELDS = frozenset({"before", "after", "along", "whole", "found", "corrected"})
"""Names of fields that hold a record's fields: those names are never taken for a mark."""


class JsonlView:
    """JSON Lines."""

    def __init__(self, stream: Stream, err: Stream, settings: Settings) -> None:
        self._stream, self._err, self._settings = stream, err, settings

    def problems(self, problems: Iterable[Problem]) -> None:
        """One line each."""
        for problem in problems:
            self._write("problem", problem)

    def plan(self, plan: ShownPlan) -> None:
        """header, warnings, every change in the order of applying, trailer."""
        self._write("header", plan.header)
        self.problems(plan.warnings)
        for step, phase, _, _ in plan.trailer.offsets:
            for change in plan.lines(step, phase):
                self._write("change", change)
                if getattr(self._stream, "gone", False):
                    return
        self._write("trailer", plan.trailer, hash=plan.hash or None, path=plan.path)

    def event(self, event: Event) -> None:
        """One line, named after the event."""
        progress = isinstance(event, (Planning, Waiting))
        if not (progress and self._settings.quiet):
            self._write(name_of(type(event)), event, on=self._err if progress else self._stream)

    def report(self, report: Report) -> None:
        """One line."""
        self._write("report", report)

    def _write(self, line: str, content: object, *, on: Stream | None = None, **more: object) -> None:
        on = on or self._stream
        on.write(dumps({"line": line, **lean(content), **more}) + "\n")
        on.flush()


def dumps(paper: Mapping[str, Any]) -> str:
    """One line of JSON, whatever the text in it holds."""
    try:
        return orjson.dumps(paper, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a lone surrogate, or a number beyond 64 bit
        return json.dumps(paper, sort_keys=True, separators=(",", ":"))


def name_of(kind: type) -> str:
    """RunStarted -> run_started."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def lean(content: Any) -> dict[str, Any]:
    """A typed object as JSON-like maps; what is None or empty is left out, but false and 0 are not."""
    made: dict[str, Any] = {}
    for entry in fields(content):
        value = getattr(content, entry.name)
        if value is None or value in ("", (), {}):
            continue
        made[entry.name] = fields_to_paper(value) if entry.name in RECORD_FIELDS else _paper(value)
    return made


def _paper(value: Any) -> Any:
    if isinstance(value, (Ref, File)):
        return to_paper(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(name): _paper(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_paper(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return lean(value)
    return value
