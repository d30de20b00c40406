"""Problems of records: all counted, a hundred listed per code and step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from migrator.model.problem import Place, Problem

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
    "PL020": "said of a step, not of a record",
}
"""Code -> what it says."""


class Findings:
    """Collects the problems of a plan."""

    def __init__(self) -> None:
        self._listed: dict[str, list[Problem]] = {}
        self.counts: Counter[str] = Counter()
        self.notes: list[Problem] = []

    def add(self, step: str, problems: Iterable[Problem]) -> None:
        """Count each, list the first hundred per code."""
        for problem in problems:
            name = f"{step}/{problem.code}"
            self.counts[name] += 1
            if self.counts[name] <= LISTED:
                self._listed.setdefault(name, []).append(problem)

    @property
    def listed(self) -> tuple[Problem, ...]:
        """In the order of steps and codes as they first came."""
        return tuple(problem for problems in self._listed.values() for problem in problems)


def of_record(
    code: str, summary: str, *, step: str, record: str, field: str | None = None, detail: str = "", hint: str = ""
) -> Problem:
    """A problem of one source record."""
    return Problem(
        code=code, summary=summary, detail=detail, hint=hint, place=Place(step=step, record=record, field=field)
    )
