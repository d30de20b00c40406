"""The plan that comes of a look at a run: lines by step and phase on disk, findings, counts; then written at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator import __version__
from migrator.amends.deeds import Past
from migrator.amends.finding import AGAIN
from migrator.codec.paper import field_hash
from migrator.errors import SystemFailed
from migrator.executor.filling import holds_ref
from migrator.executor.load import name_of
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change, Phase, PlanHeader, PlanKind, PlanStep, PlanTrailer, StepSummary
from migrator.model.problem import Place, Problem
from migrator.model.run import Planning
from migrator.planfile import PlanWriter, change_line
from migrator.planner.findings import Findings, tainted
from migrator.planner.forecast import forecast
from migrator.planner.lines import OrderedLines


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan that was written."""

    hash: str
    """The plan hash."""
    header: PlanHeader
    """As written."""
    trailer: PlanTrailer
    """As written."""


class Draft:
    """A plan in the making. A context manager: its temporary files are gone when it is left."""

    def __init__(self, kind: PlanKind, past: Past, ways: Mapping[str, Way], stains: Callable[[bytes], bool]) -> None:
        self._kind, self._past, self._ways, self._stains = kind, past, ways, stains
        self._lines: dict[tuple[str, int], OrderedLines] = {}
        self._sizes: Counter[tuple[str, int]] = Counter()
        self._tallies: dict[str, Counter[str]] = {name: Counter() for name in ways}
        self._counted: dict[str, int | None] = {}
        self._batches: dict[tuple[str, int, Action], tuple[int, int]] = {}
        self._last = 0
        self._findings = Findings()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # ------------------------------------------------------------ taking in

    def looked(self, step: str, count: int | None) -> None:
        """So many records stand in the target of this step."""
        self._counted[step] = count

    def read(self, step: str, lines: int = 1) -> None:
        """Lines of the run were looked at."""
        self._tallies[step]["read"] += lines

    def stands(self, step: str) -> None:
        """A record needs nothing."""
        self._tallies[step]["unchanged"] += 1

    def told(self, step: str, expected: int | None) -> Planning:
        """How far it is."""
        tally = self._tallies[step]
        lines = sum(count for (name, _), count in self._sizes.items() if name == step)
        return Planning(step=step, read=tally["read"], expected=expected, changes=lines, problems=tally["problems"])

    def add(self, change: Change) -> bool:
        """A line, unless it cannot be sent or must not be written down: that is a finding."""
        way = self._ways[change.step]
        if change.action not in (Action.LINK, Action.UNLINK):
            problem = self._unsendable(way, change)
            if problem is not None:
                self.leave(change, problem)
                return False
            change = replace(change, batch=self._batch(way, change))
        line = change_line(change)
        if self._stains(line):
            self.leave(change, tainted(change.step, name_of(change.key, change.origin, change.target_id)))
            return False
        place = (change.step, int(change.phase))
        if place not in self._lines:
            self._lines[place] = OrderedLines()
            self._stack.callback(self._lines[place].close)
        self._lines[place].add((self._sizes[place],), ("",), (line,))
        self._sizes[place] += 1
        second = change.phase is Phase.SELF_REFERENCE
        self._tallies[change.step]["self_reference" if second else change.action.value] += 1
        again = self._kind is PlanKind.UNDO and change.action is Action.CREATE
        if again and not any(note.code == "PL034" for note in self._findings.notes):
            self.note(AGAIN)
        return True

    def leave(self, change: Change, problem: Problem) -> None:
        """A record has no line, and why."""
        self._tallies[change.step]["problems"] += 1
        record = name_of(change.key, change.origin, change.target_id)
        field = None if problem.place is None else problem.place.field
        self._findings.add(change.step, [replace(problem, place=Place(step=change.step, record=record, field=field))])

    def note(self, problem: Problem) -> None:
        """Something to know beside the lines."""
        self._findings.notes.append(problem)

    def _unsendable(self, way: Way, change: Change) -> Problem | None:
        if change.action not in way.capabilities.batch_max:
            why = way.capabilities.cannot.get(change.action, f"the target cannot {change.action.value}")
            return Problem(code="PL008", summary=why)
        if change.action is Action.DELETE or holds_ref(change.after):
            return None
        try:
            way.target.check_change(way.writing, change)
        except SystemFailed as error:
            return error.problems[0]
        return None

    def _batch(self, way: Way, change: Change) -> int:
        place = (change.step, int(change.phase), change.action)
        number, room = self._batches.get(place, (0, 0))
        if not room:
            self._last += 1
            number, room = self._last, way.capabilities.batch_max.get(change.action, 1)
        self._batches[place] = number, room - 1
        return number

    # ------------------------------------------------------------ writing

    def write(self, path: Path, order: Iterable[tuple[str, Phase]], steps: Sequence[str]) -> Made:
        """The plan, whole or not at all; sections in this order. Raises LocalFault."""
        counts = {name: self._summary(name) for name in steps}
        header = self._header(steps, sum(count.problems for count in counts.values()))
        offsets: list[tuple[str, int, int, int]] = []
        with PlanWriter(path, header) as writer:
            for step, phase in order:
                kept = self._lines.get((step, int(phase)))
                if kept is None:
                    continue
                offsets.append((step, int(phase), writer.offset, self._sizes[step, int(phase)]))
                for _, lines in kept.walk():
                    writer.changes(lines)
            trailer = PlanTrailer(
                counts=counts,
                problems=self._findings.listed,
                problem_counts=dict(sorted(self._findings.counts.items())),
                notes=tuple(self._findings.notes),
                forecast=forecast({name: self._ways[name] for name in steps}, counts),
                offsets=tuple(offsets),
            )
            return Made(hash=writer.finish(trailer), header=header, trailer=trailer)

    def _summary(self, step: str) -> StepSummary:
        tally = self._tallies[step]
        return StepSummary(**{**tally, "target_count": self._counted.get(step)})  # type: ignore[arg-type]  # counts by its own names

    def _header(self, steps: Sequence[str], problems: int) -> PlanHeader:
        old = self._past.kept.header
        told = {step.step: step for step in old.steps}
        sources = [step.source[0] for step in old.steps if step.source is not None]
        used = {self._past.kept.header.steps[0].target[0], *(told[name].target[0] for name in steps)}
        if self._kind is PlanKind.RETRY:
            used.update(sources)
        return PlanHeader(
            playbook=old.playbook,
            path=old.path,
            resolved=old.resolved,
            systems={name: system for name, system in old.systems.items() if name in used},
            steps=tuple(self._step(told[name]) for name in steps),
            tool=__version__,
            kind=self._kind,
            follows=self._past.state.follows(way.place for way in self._ways.values()),
            of_run=(self._past.run.number, self._past.run.id),
            partial=True,
            problems_allowed=problems,
        )

    def _step(self, step: PlanStep) -> PlanStep:
        collection = self._ways[step.step].writing.collection
        known = collection.fields or {}
        watched = {name for name in step.fields or () if name in known}
        watched |= {name for name, field in known.items() if field.required}
        return replace(
            step,
            source=step.source if self._kind is PlanKind.RETRY else None,
            fields=None if collection.fields is None else {name: field_hash(known[name]) for name in sorted(watched)},
            stamp=collection.stamp,
        )
