"""The planner's parts in order: read, render, match, compare, keep lines on disk, copy them into the plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from migrator.errors import SystemFailed
from migrator.model.plan import Action, Change, Phase, PlanHeader, PlanTrailer, StepSummary
from migrator.model.playbook import Duplicates
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import Planning
from migrator.model.values import Desired, Key, Origin, Record, Ref, Value, quick_desired, quick_origin
from migrator.planfile import PlanWriter, change_line, parse_change
from migrator.planner.batch import Batches
from migrator.planner.diff import Judge
from migrator.planner.findings import Findings, keyed, of_record, tainted, tellable
from migrator.planner.forecast import forecast
from migrator.planner.lane import Lane
from migrator.planner.lines import Claims, Lines, LinesOf
from migrator.planner.match import Pairing, chunked, name_of, pair_up
from migrator.planner.safety import brakes
from migrator.planner.snapshot import CHUNK, View

_PLAIN = frozenset({str, int, float, bool, type(None)})
_TELL_EVERY = 500
"""Source records between two signs of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A plan that was written."""

    hash: str
    """The plan hash."""
    trailer: PlanTrailer
    """Counts, problems, brakes, forecast."""


@dataclass(slots=True, kw_only=True)
class _Kept:
    """What is known of one step before its lines are copied."""

    lane: Lane
    judge: Judge
    lines: Lines
    tally: Counter[str]
    target_count: int | None
    first: int
    last: int = 0


class _Book:
    """What all steps of one plan share while it is made."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.batches = Batches()
        self.keys: defaultdict[tuple[str, str], Claims] = defaultdict(Claims)
        self.ids: defaultdict[tuple[str, str], Claims] = defaultdict(Claims)
        self.number = 0

    def claim(self, lane: Lane, pairing: Pairing) -> None:
        """Note which key and which target record a source record wants."""
        place = (lane.target_identity, lane.writing.collection.id)
        if pairing.folded:
            self.keys[place].add("\x1f".join((*lane.writing.write.key, *pairing.folded)), pairing.number)
        if pairing.record is not None:
            self.ids[place].add(pairing.record.id, pairing.number)


def build(path: Path, header: PlanHeader, lanes: Mapping[str, Lane]) -> Generator[Planning, None, Built]:
    """Read both sides and write the plan to `path`, whole or not at all.

    Nothing holds all records or all changes. Raises what the systems raise, and LocalFault for the disk.
    """
    book = _Book()
    with LinesOf() as opener:
        kept: dict[str, _Kept] = {}
        for name, lane in lanes.items():
            kept[name] = yield from _plan_step(book, lane, opener.open(ordered=lane.source_capabilities.ordered))
        dropped = _late(book, kept)
        with PlanWriter(path, header) as writer:
            trailer = _copy(book, kept, dropped, writer)
            return Built(hash=writer.finish(trailer), trailer=trailer)


def _plan_step(book: _Book, lane: Lane, lines: Lines) -> Generator[Planning, None, _Kept]:
    expected = lane.source.count(lane.query)
    if lane.limit is not None:
        expected = lane.limit if expected is None else min(expected, lane.limit)
    standing = lane.target.count(lane.read_back())
    judge = Judge(lane, book.batches.place if lane.source_capabilities.ordered else _later)
    kept = _Kept(lane=lane, judge=judge, lines=lines, tally=Counter(), target_count=standing, first=book.number)
    book.findings.notes.extend(_notes(lane))
    told = 0
    with View(lane, wanted=expected, standing=standing) as view:
        size = min(CHUNK, lane.capabilities.find or CHUNK)
        for chunk in view.look(chunked(lane, _desired(book, kept), size)):
            for pairing in pair_up(lane, chunk):
                _settle(book, kept, pairing)
            if kept.tally["read"] - told >= _TELL_EVERY:
                told = kept.tally["read"]
                yield _told(lane, kept, expected)
    kept.last = book.number
    yield _told(lane, kept, expected)
    return kept


def _told(lane: Lane, kept: _Kept, expected: int | None) -> Planning:
    tally = kept.tally
    return Planning(
        step=lane.step.name,
        read=tally["read"],
        expected=expected,
        changes=tally["lines"],
        problems=tally["problems"],
    )


def _notes(lane: Lane) -> Iterator[Problem]:
    for text in lane.capabilities.notes:
        yield Problem(code="PL020", summary=text, severity=Severity.WARNING, place=Place(step=lane.step.name))


def _desired(book: _Book, kept: _Kept) -> Iterator[tuple[int, Desired]]:
    """Source records that pass `where` and could be rendered, with their sequence numbers."""
    lane, tally = kept.lane, kept.tally
    for record in _records(lane):
        tally["read"] += 1
        book.number += 1
        origin = quick_origin(system=lane.source_identity, collection=lane.query.collection.id, id=record.id)
        wanted = lane.where(record, origin)
        if isinstance(wanted, Problem):
            _refuse(book, kept, (wanted,), record.fields, book.number)
            continue
        if not wanted:
            tally["filtered"] += 1
            continue
        rendered = lane.render(record, origin)
        if rendered.problems:
            problems = (
                rendered.problems if origin.id else keyed(rendered.problems, lane.writing.write.key, rendered.fields)
            )
            _refuse(book, kept, problems, record.fields, book.number)
            continue
        yield book.number, _made(lane, origin, rendered.fields)


def _made(lane: Lane, origin: Origin, fields: Mapping[str, Value]) -> Desired:
    key: Key = tuple(fields.get(name) for name in lane.writing.write.key)
    if not origin.id:
        folded = [
            lane.target.fold((lane.writing.collection.fields or {}).get(name), value)
            for name, value in zip(lane.writing.write.key, key, strict=True)
        ]
        text = folded[0] if len(folded) == 1 else orjson.dumps(folded).decode()
        origin = replace(origin, id=text)
    return quick_desired(origin=origin, key=key, fields=fields)


def _records(lane: Lane) -> Iterator[Record]:
    left = lane.limit
    pages = lane.source.read(lane.query)
    for page in pages:
        for record in page.records:
            if left is not None:
                if left <= 0:
                    return
                left -= 1
            yield record


def _refuse(
    book: _Book, kept: _Kept, problems: tuple[Problem, ...], fields: Mapping[str, Value], number: int
) -> None:
    """One record that has no line; its problems are listed, the record is counted once."""
    kept.tally["problems"] += 1
    nth = number - kept.first
    book.findings.add(kept.lane.step.name, tellable(problems, fields, nth, kept.lane.tainted))


def _settle(book: _Book, kept: _Kept, pairing: Pairing) -> None:
    """The verdict on one pairing becomes a line, a count or a problem."""
    lane, tally = kept.lane, kept.tally
    verdict = kept.judge.verdict(pairing)
    if pairing.record is not None:
        tally["matched"] += 1
    if verdict.problem is not None:
        _refuse(book, kept, (verdict.problem,), pairing.desired.fields, pairing.number)
        return
    book.claim(lane, pairing)
    if verdict.skipped:
        tally["skipped"] += 1
    elif verdict.change is None:
        tally["unchanged"] += 1
    else:
        _keep(book, kept, pairing, verdict.change)


def _keep(book: _Book, kept: _Kept, pairing: Pairing, change: Change) -> None:
    lane = kept.lane
    problem = _unsendable(lane, pairing, change)
    line = b""
    if problem is None:
        try:
            line = change_line(change)
        except (TypeError, ValueError) as error:
            problem = _strange(lane, pairing, error)
        else:
            if lane.tainted(line):
                problem = tainted(lane.step.name, name_of(pairing.desired))
    if problem is not None:
        _refuse(book, kept, (problem,), pairing.desired.fields, pairing.number)
        return
    kept.tally["lines"] += 1
    order = "\x1f".join(pairing.folded) or pairing.desired.origin.id
    kept.lines.add(pairing.number, order, line)


def _unsendable(lane: Lane, pairing: Pairing, change: Change) -> Problem | None:
    """What the connector says can never be sent is found now, not at two in the morning."""
    if change.action is Action.LINK:
        return None
    if change.action not in lane.capabilities.batch_max:
        why = lane.capabilities.cannot.get(change.action, f"the target cannot {change.action.value}")
        return of_record("PL008", why, step=lane.step.name, record=name_of(pairing.desired))
    for value in (change.after or {}).values():
        if type(value) not in _PLAIN and _waits(value):
            return None
    try:
        lane.target.check_change(lane.writing, change)
    except SystemFailed as error:
        found = error.problems[0]
        place = Place(
            step=lane.step.name,
            record=name_of(pairing.desired),
            field=found.place.field if found.place is not None else None,
        )
        return replace(found, place=place)
    return None


def _waits(value: Value) -> bool:
    """A Ref is inside: what it stands for is known only after the apply."""
    if isinstance(value, tuple):
        return any(map(_waits, value))
    if isinstance(value, Mapping):
        return any(map(_waits, value.values()))
    return isinstance(value, Ref)


def _later(lane: Lane, phase: int, action: Action) -> int | None:
    """Lines that are sorted first get their batch when they are copied."""
    return None


def _strange(lane: Lane, pairing: Pairing, error: Exception) -> Problem:
    return of_record(
        "PL009",
        "a value has no place in a plan",
        step=lane.step.name,
        record=name_of(pairing.desired),
        detail=str(error),
    )


def _late(book: _Book, kept: Mapping[str, _Kept]) -> dict[int, Problem | None]:
    """Sequence numbers whose lines are dropped: with a Problem, or by the step's policy for duplicates."""
    dropped: dict[int, Problem | None] = {}
    for claims in book.keys.values():
        for group in claims.groups():
            step = _one_step(kept, group)
            policy = step.lane.step.source.duplicates if step is not None else Duplicates.ERROR
            if policy is Duplicates.ERROR:
                dropped.update(_group(kept, group, "PL002", "source records have one key"))
            else:
                winner = group[0] if policy is Duplicates.FIRST else group[-1]
                dropped.update({number: None for number in group if number != winner})
    for claims in book.ids.values():
        for group in claims.groups():
            left = tuple(number for number in group if number not in dropped)
            if len(left) > 1:
                dropped.update(_group(kept, left, "PL005", "source records want one target record"))
    return dropped


def _one_step(kept: Mapping[str, _Kept], group: tuple[int, ...]) -> _Kept | None:
    for step in kept.values():
        if step.first < group[0] and group[-1] <= step.last:
            return step
    return None


def _group(kept: Mapping[str, _Kept], group: tuple[int, ...], code: str, words: str) -> dict[int, Problem | None]:
    """A problem for each of the group; the placeholder is filled with names when the lines are walked."""
    hint = (
        "make the keys differ, or say `duplicates: first | last`"
        if code == "PL002"
        else "one of them may be giving up its key: then apply in two plans"
    )
    problem = Problem(code=code, summary=f"{len(group)} {words}", hint=hint)
    return dict.fromkeys(group, problem)


def _copy(
    book: _Book, kept: Mapping[str, _Kept], dropped: Mapping[int, Problem | None], writer: PlanWriter
) -> PlanTrailer:
    offsets: list[tuple[str, int, int, int]] = []
    counts: dict[str, StepSummary] = {}
    for name, step in kept.items():
        start, copied = writer.offset, 0
        for number, line in step.lines.walk():
            if number in dropped:
                _drop(book, step, dropped[number], line)
                continue
            writer.change(_numbered(book, step, line))
            copied += 1
        if copied:
            offsets.append((name, int(Phase.WRITE), start, copied))
        counts[name] = _summary(step)
    lanes = {name: step.lane for name, step in kept.items()}
    return PlanTrailer(
        counts=counts,
        problems=book.findings.listed,
        problem_counts=dict(sorted(book.findings.counts.items())),
        notes=tuple(book.findings.notes),
        brakes=tuple(brake for name, lane in lanes.items() for brake in brakes(name, counts[name], lane.limits)),
        forecast=forecast(lanes, counts),
        offsets=tuple(offsets),
    )


def _drop(book: _Book, step: _Kept, problem: Problem | None, line: bytes) -> None:
    if problem is None:
        step.tally["skipped"] += 1
        return
    change = parse_change(line)
    record = ", ".join(str(value) for value in change.key) or (change.origin.id if change.origin else "")
    origin = f"source record {change.origin.id}" if change.origin is not None else ""
    place = Place(step=step.lane.step.name, record=record)
    _refuse(book, step, (replace(problem, place=place, detail=origin),), {}, 0)


def _numbered(book: _Book, step: _Kept, line: bytes) -> bytes:
    """The line as it goes into the plan; counts it, and cuts batches where lines were sorted first."""
    if step.lane.source_capabilities.ordered:
        action = Action(line[11 : line.index(b'"', 11)].decode())
    else:
        change = parse_change(line)
        action = change.action
        line = change_line(replace(change, batch=book.batches.place(step.lane, change.phase, action)))
    step.tally[action.value] += 1
    return line


def _summary(step: _Kept) -> StepSummary:
    tally = step.tally
    return StepSummary(
        read=tally["read"],
        filtered=tally["filtered"],
        unchanged=tally["unchanged"],
        create=tally["create"],
        update=tally["update"],
        link=tally["link"],
        problems=tally["problems"],
        skipped=tally["skipped"],
        matched=tally["matched"],
        target_count=step.target_count,
    )
