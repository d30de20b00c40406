"""The kept lines of all steps go into the plan, but for those that another record's claim drops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from migrator.contract import Pair
from migrator.model.plan import Change, Phase, PlanTrailer, StepSummary
from migrator.model.playbook import Duplicates
from migrator.model.problem import Place, Problem
from migrator.planfile import PlanWriter, change_line, parse_change
from migrator.planner.forecast import forecast
from migrator.planner.keep import Book, Kept, refuse
from migrator.planner.safety import brakes

_HINTS = {
    "PL002": "make the keys differ, or say `duplicates: first | last`",
    "PL005": "one of them may be giving up its key: then apply in two plans",
    "PL011": "name columns in `source.query.id` that tell records apart; two steps of a pair need different ones",
}


def late(book: Book, kept: Mapping[str, Kept]) -> dict[int, Problem | None]:
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
    for claims in book.origins.values():
        for group in claims.groups():
            dropped.update(_group(kept, group, "PL011", "source records have one id"))
    _keep_owners(book, kept, dropped)
    return dropped


def _keep_owners(book: Book, kept: Mapping[str, Kept], dropped: dict[int, Problem | None]) -> None:
    """A target record that the id map gives to another source record is left to it, if that one still stands.

    Where this plan has not read the whole source, nobody can tell, and it is left to it too.
    """
    partial = {one.lane.pair for one in kept.values() if one.lane.partial or one.lane.limit is not None}
    wanted: dict[Pair, set[str]] = {}
    for _, pair, owner in book.takeovers:
        wanted.setdefault(pair, set()).add(owner)
    standing = {
        pair: owners if pair in partial else book.origins[pair].present(owners) | book.passed[pair].present(owners)
        for pair, owners in wanted.items()
    }
    for number, pair, owner in book.takeovers:
        if owner in standing[pair]:
            dropped[number] = Problem(
                code="PL004",
                summary=f"the target record that its key finds was made from source record {owner}",
                hint="make the keys differ; if the other record is giving up its key, apply in two plans",
            )


def _one_step(kept: Mapping[str, Kept], group: tuple[int, ...]) -> Kept | None:
    for step in kept.values():
        if step.first < group[0] and group[-1] <= step.last:
            return step
    return None


def _group(kept: Mapping[str, Kept], group: tuple[int, ...], code: str, words: str) -> dict[int, Problem | None]:
    """A problem for each of the group; the placeholder is filled with names when the lines are walked."""
    problem = Problem(code=code, summary=f"{len(group)} {words}", hint=_HINTS[code])
    return dict.fromkeys(group, problem)


def copied(
    book: Book, kept: Mapping[str, Kept], dropped: Mapping[int, Problem | None], writer: PlanWriter
) -> PlanTrailer:
    """Write the lines; gives what is known when the last one is written."""
    offsets: list[tuple[str, int, int, int]] = []
    told: set[int] = set()
    for phase in (Phase.WRITE, Phase.SELF_REFERENCE, Phase.DELETE):
        for name, step in reversed(list(kept.items())) if phase is Phase.DELETE else kept.items():
            start, copied = writer.offset, 0
            for lines in _lines(book, step, phase, dropped, told):
                writer.changes(lines)
                copied += len(lines)
            if copied:
                offsets.append((name, int(phase), start, copied))
    counts = {name: _summary(step) for name, step in kept.items()}
    lanes = {name: step.lane for name, step in kept.items()}
    return PlanTrailer(
        counts=counts,
        problems=book.findings.listed,
        problem_counts=dict(sorted(book.findings.counts.items())),
        notes=tuple(book.findings.notes),
        brakes=tuple(
            brake
            for name, lane in lanes.items()
            for brake in brakes(
                name,
                counts[name],
                lane.limits,
                rewritten=kept[name].tally["rewritten"],
                ours=kept[name].tally["ours"],
            )
        ),
        forecast=forecast(lanes, counts),
        offsets=tuple(offsets),
    )


def _lines(
    book: Book, step: Kept, phase: Phase, dropped: Mapping[int, Problem | None], told: set[int]
) -> Iterator[list[bytes]]:
    """The lines of a step and phase, some at a time. `told`: numbers whose record was told to be dropped."""
    kept = {Phase.WRITE: step.lines, Phase.SELF_REFERENCE: step.later, Phase.DELETE: step.removed}[phase]
    for numbers, lines in kept.walk() if kept is not None else ():
        if not dropped.keys().isdisjoint(numbers):
            lines = list(_left(book, step, dropped, told, zip(numbers, lines, strict=True)))
        if phase is Phase.DELETE or not step.lane.source_capabilities.ordered:
            lines = [_numbered(book, step, line) for line in lines]
        yield lines


def _left(
    book: Book,
    step: Kept,
    dropped: Mapping[int, Problem | None],
    told: set[int],
    lines: Iterable[tuple[int, bytes]],
) -> Iterator[bytes]:
    for number, line in lines:
        if number in dropped:
            _drop(book, step, dropped[number], parse_change(line), known=number in told)
            told.add(number)
        else:
            yield line


def _drop(book: Book, step: Kept, problem: Problem | None, change: Change, *, known: bool) -> None:
    """A line goes; the record is told once, however many lines it has."""
    second = change.phase is Phase.SELF_REFERENCE
    step.tally["self_reference" if second else change.action] -= 1
    step.tally["rewritten"] -= second and change.target_id is not None and not change.needs
    if known:
        return
    if problem is None:
        step.tally["skipped"] += 1
        return
    record = ", ".join(str(value) for value in change.key) or (change.origin.id if change.origin else "")
    origin = f"source record {change.origin.id}" if change.origin is not None else ""
    field = problem.place.field if problem.place is not None else None
    place = Place(step=step.lane.step.name, record=record, field=field)
    refuse(book, step, (replace(problem, place=place, detail=origin),), {}, 0)


def _numbered(book: Book, step: Kept, line: bytes) -> bytes:
    """The line with its batch, where lines were sorted first."""
    change = parse_change(line)
    return change_line(replace(change, batch=book.batches.place(step.lane, change.phase, change.action)))


def _summary(step: Kept) -> StepSummary:
    tally = step.tally
    return StepSummary(
        read=tally["read"],
        filtered=tally["filtered"],
        unchanged=tally["unchanged"],
        create=tally["create"],
        update=tally["update"],
        delete=tally["delete"],
        link=tally["link"],
        problems=tally["problems"],
        skipped=tally["skipped"],
        self_reference=tally["self_reference"],
        matched=tally["matched"],
        target_count=step.target_count,
    )
