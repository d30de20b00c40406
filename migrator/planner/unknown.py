"""Values that mappings, fields and sources do not know: counted in bounded memory, the most frequent listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from migrator.model.lean import dataclass
from migrator.model.plan import UnknownCount, UnknownValues
from migrator.model.problem import Problem, UnknownValue

LISTED = 100
"""Values listed of each group; the rest is counted."""
APART = 10_000
"""Values of a group that are told apart."""
LENGTH = 200
"""Characters of a value and of an example that are kept."""


@dataclass(slots=True)
class _Seen:
    """One value."""

    records: int
    example: str
    hint: str


class Unknowns:
    """Counts of one plan. Holds at most APART values of a mapping or field of a step."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str], dict[str, _Seen]] = {}
        self._times: dict[tuple[str, str, str], int] = {}

    def add(self, step: str, record: str, values: Iterable[UnknownValue], hint: str = "") -> None:
        """One record has these. `hint` holds for the first of them."""
        for nth, value in enumerate(dict.fromkeys(values)):
            place = (step, value.why, value.policy)
            self._times[place] = self._times.get(place, 0) + 1
            group = self._groups.setdefault(place, {})
            text, example = _cut(value.value), _cut(record)
            seen = group.get(text)
            if seen is None:
                if len(group) < APART:
                    group[text] = _Seen(1, example, hint if nth == 0 else "")
                continue
            seen.records += 1
            # the least of them, since some sources come in another order each time
            seen.example = min(seen.example, example, key=_in_order)
            seen.hint = seen.hint or (hint if nth == 0 else "")

    def of_problems(self, step: str, problems: Iterable[Problem]) -> None:
        """What the problems of one record say of unknown values."""
        for problem in problems:
            if problem.unknown:
                place = problem.place
                self.add(step, (place.record if place is not None else None) or "", problem.unknown, problem.hint)

    def told(self, tainted: Mapping[str, Callable[[bytes], bool]]) -> Iterator[UnknownValues]:
        """By step, as they came; the most frequent values first. `tainted` of a step finds secrets in a text."""
        for place in sorted(self._groups):
            step, why, policy = place
            group = self._groups[place]
            most = sorted(group.items(), key=lambda one: (-one[1].records, one[0]))
            yield UnknownValues(
                step=step,
                why=why,
                policy=policy,
                values=tuple(_count(value, seen, tainted[step]) for value, seen in most[:LISTED]),
                different=len(group),
                times=self._times[place],
            )


def _count(value: str, seen: _Seen, tainted: Callable[[bytes], bool]) -> UnknownCount:
    example = _SECRET if tainted(seen.example.encode(errors="replace")) else seen.example
    if tainted(value.encode(errors="replace")):
        return UnknownCount(value=_SECRET, records=seen.records, example=example)
    return UnknownCount(value=value, records=seen.records, example=example, hint=seen.hint)


_SECRET = "(holds a secret)"  # noqa: S105  words for people, no secret


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH else text[:LENGTH] + "…"


def _in_order(name: str) -> tuple[int, str]:
    """Names that are numbers by their size."""
    return len(name), name
