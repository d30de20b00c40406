"""Problems of records: all counted, a hundred listed per code and step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import orjson

from migrator.model.problem import Place, Problem
from migrator.model.values import Value

LISTED = 100
"""Problems listed per step and code; the rest is counted."""

CODES = {
    "PL001": "the key of a source record is empty",
    "PL002": "two source records have one key",
    "PL003": "two target records have one key",
    "PL004": "the id map says one record and the key finds another",
    "PL005": "one target record is wanted by two source records",
    "PL006": "a required field of the target is not given",
    "PL007": "a value holds a known secret",
    "PL008": "the target cannot do what the step asks",
    "PL009": "a value has no place in a plan",
    "PL010": "two target records carry one marker",
    "PL011": "two source records have one id, or a record has none",
    "PL012": "it refers to a record that nobody brought over",
    "PL020": "said of a step, not of a record",
    "PL021": "records of earlier runs that are gone from the target",
    "PL022": "records that are referred to and that nobody brought over",
    "PL023": "the source changed under the reading, which --allow-count-drift lets pass",
    "PL040": "no deletes are planned, and why",
    "PL041": "records that another playbook brought over stay",
    "PL042": "nothing is removed by scope, and why",
}
"""Code -> what it says."""


class Findings:
    """Collects the problems of a plan."""

    def __init__(self) -> None:
        self._listed: dict[str, list[Problem]] = {}
        self.counts: Counter[str] = Counter()
        self.unordered: set[str] = set()
        """Steps whose records come in no order: the hundred are the first by name, so that plans repeat."""
        self.notes: list[Problem] = []

    def add(self, step: str, problems: Iterable[Problem]) -> None:
        """Count each, list the first hundred per code."""
        for problem in problems:
            name = f"{step}/{problem.code}"
            self.counts[name] += 1
            listed = self._listed.setdefault(name, [])
            if step in self.unordered:
                listed.append(problem)
                if len(listed) >= 2 * LISTED:
                    listed[:] = sorted(listed, key=_name)[:LISTED]
            elif len(listed) < LISTED:
                listed.append(problem)

    @property
    def listed(self) -> tuple[Problem, ...]:
        """By step and code; within, in the order of the source where it has one."""
        return tuple(problem for name in sorted(self._listed) for problem in self._some(name))

    def _some(self, name: str) -> list[Problem]:
        unordered = name.rpartition("/")[0] in self.unordered
        return sorted(self._listed[name], key=_name)[:LISTED] if unordered else self._listed[name]


def _name(problem: Problem) -> tuple[str, str, str]:
    place = problem.place
    return (
        (place.record or "", place.field or "", problem.summary) if place is not None else ("", "", problem.summary)
    )


def of_record(
    code: str, summary: str, *, step: str, record: str, field: str | None = None, detail: str = "", hint: str = ""
) -> Problem:
    """A problem of one source record."""
    return Problem(
        code=code, summary=summary, detail=detail, hint=hint, place=Place(step=step, record=record, field=field)
    )


def tainted(step: str, record: str) -> Problem:
    """A record that holds a secret: told by its name alone."""
    return of_record(
        "PL007",
        "a value holds a secret that this playbook uses; it is not written anywhere",
        step=step,
        record=record,
        hint="take the secret out of the record, or leave the record out with `where`",
    )


def keyed(problems: tuple[Problem, ...], key: tuple[str, ...], fields: Mapping[str, Value]) -> tuple[Problem, ...]:
    """The problems of a record without an id, under its key, as far as that could be made."""
    parts = [str(fields[name]) for name in key if fields.get(name) not in (None, "")]
    return _renamed(problems, ", ".join(parts))


def tellable(
    problems: tuple[Problem, ...], fields: Mapping[str, Value], nth: int, secret: Callable[[bytes], bool]
) -> tuple[Problem, ...]:
    """The problems of the nth record of a source, as they can be written down.

    Where its fields hold a secret, that is all that is told: a sentence may quote a part of a value, in which nobody
    could recognise the secret any more. A record whose name is empty, or a secret, is told by its number.
    """
    place = problems[0].place or Place()
    name = place.record or ""
    if not name.strip() or secret(_text(name)):
        name = f"number {nth:,} of the source"
    if secret(_text(fields)) or any(secret(_text([one.summary, one.detail, one.hint])) for one in problems):
        return (tainted(place.step or "", name),)
    return problems if name == place.record else _renamed(problems, name)


def _renamed(problems: tuple[Problem, ...], record: str) -> tuple[Problem, ...]:
    return tuple(replace(one, place=replace(one.place or Place(), record=record)) for one in problems)


def _text(value: object) -> bytes:
    """For looking through, whatever it holds; what orjson refuses is rare, and costs ten times as much."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace")
