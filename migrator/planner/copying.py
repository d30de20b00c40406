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
from migrator.planner.keep import Book, Kept, count_files, refuse
from migrator.planner.safety import brakes

_HINTS = {
    "PL002": "make the keys differ, or say `duplicates: first | last`",
    "PL005": "one of them may be giving up its key: then apply in two plans",
    "PL011": "the id is to tell records apart (a file: `source.query.id`); two steps of a pair need different ones",
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
            dropped.update(_one_id(kept, group, dropped))
    _keep_owners(book, kept, dropped)
    return _side_by_side(kept, dropped)


def _one_id(
    kept: Mapping[str, Kept], group: tuple[int, ...], dropped: Mapping[int, Problem | None]
) -> dict[int, Problem | None]:
    """What several records with one id come to: where they have one key too, that was told or settled already."""
    left = tuple(number for number in group if number not in dropped)
    step = _one_step(kept, group)
    if step is not None and len(left) == len(group) and not step.lane.writing.write.key:
        policy = step.lane.step.source.duplicates
        if policy is not Duplicates.ERROR:
            winner = left[0] if policy is Duplicates.FIRST else left[-1]
            return {number: None for number in left if number != winner}
    problems = any(dropped[number] is not None for number in group if number in dropped)
    if len(left) > 1 or (left and problems):
        return {number: problem for number, problem in _group(kept, group, *_ONE_ID).items() if number in left}
    return {}


_ONE_ID = ("PL011", "source records have one id")


def _side_by_side(kept: Mapping[str, Kept], dropped: dict[int, Problem | None]) -> dict[int, Problem | None]:
    """The same, each group with its members: where they stand, and their keys where these are spelt differently."""
    groups: dict[int, tuple[Problem, list[int]]] = {}
    for number, problem in dropped.items():
        if problem is not None:
            groups.setdefault(id(problem), (problem, []))[1].append(number)
    wanted = sorted(number for _, group in groups.values() for number in sorted(group)[:_SHOWN])[:_PLACED]
    places, keys = _places(kept, wanted), _keys(kept, frozenset(wanted))
    for problem, group in groups.values():
        members = sorted(group)[:_SHOWN]
        apart = len({keys[number] for number in members if number in keys}) > 1
        told = [_member(places.get(number, ""), keys.get(number, "") if apart else "") for number in members]
        more = f" and {len(group) - _SHOWN} more" if len(group) > _SHOWN else ""
        if len(group) > 1 and any(told):
            detail = f"{', '.join(filter(None, told))}{more}"
            dropped.update(dict.fromkeys(group, replace(problem, detail=detail)))
    return dropped


def _member(place: str, key: str) -> str:
    return " ".join(part for part in (place, f'"{key}"' if key else "") if part)


def _places(kept: Mapping[str, Kept], numbers: list[int]) -> dict[int, str]:
    """Where these records stand, as far as their sources tell it."""
    found: dict[int, str] = {}
    for step in kept.values():
        own = frozenset(number - step.first for number in numbers if step.first < number <= step.last)
        told = step.lane.source.whereabouts(step.lane.query, own) if own else {}
        found.update({nth + step.first: place for nth, place in told.items()})
    return found


def _keys(kept: Mapping[str, Kept], numbers: frozenset[int]) -> dict[int, str]:
    """The keys of those of these records that have a line: it is looked for, since there are few such records."""
    walked = (some for step in kept.values() if numbers for some in step.lines.walk())
    return {
        number: ", ".join(map(str, parse_change(line).key))
        for some, lines in walked
        if not numbers.isdisjoint(some)
        for number, line in zip(some, lines, strict=True)
        if number in numbers
    }


_PLACED = 1_000
"""Records that are looked up for what is told of them."""
_SHOWN = 5
"""Members of a group that a problem names."""


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
        if owner in standing[pair] and number not in dropped:
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
    for name, phase in _sections(kept):
        start, copied = writer.offset, 0
        for lines in _lines(book, kept[name], phase, dropped, told):
            writer.changes(lines)
            copied += len(lines)
        if copied:
            offsets.append((name, int(phase), start, copied))
    for step in kept.values():
        _drop_quiet(book, step, dropped, told)
    counts = {name: _summary(step) for name, step in kept.items()}
    lanes = {name: step.lane for name, step in kept.items()}
    return PlanTrailer(
        counts=counts,
        problems=book.findings.listed,
        problem_counts=dict(sorted(book.findings.counts.items())),
        notes=tuple(book.findings.notes),
        unknown=tuple(book.unknowns.told({name: lane.tainted for name, lane in lanes.items()})),
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


def _sections(kept: Mapping[str, Kept]) -> Iterator[tuple[str, Phase]]:
    """Step and phase in the order of applying: an upload just before its record, since its key may not live long."""
    for name, step in kept.items():
        if step.uploads is not None:
            yield name, Phase.UPLOAD
        yield name, Phase.WRITE
    for name in kept:
        yield name, Phase.SELF_REFERENCE
    for name in reversed(list(kept)):
        yield name, Phase.DELETE


def _lines(
    book: Book, step: Kept, phase: Phase, dropped: Mapping[int, Problem | None], told: set[int]
) -> Iterator[list[bytes]]:
    """The lines of a step and phase, some at a time. `told`: numbers whose record was told to be dropped."""
    uploads = None if step.uploads is None else step.uploads.lines
    kept = {
        Phase.UPLOAD: uploads,
        Phase.WRITE: step.lines,
        Phase.SELF_REFERENCE: step.later,
        Phase.DELETE: step.removed,
    }[phase]
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
    count_files(step, change, -1)
    step.tally["rewritten"] -= second and change.target_id is not None and not change.needs
    if known:
        return
    if problem is None:
        step.tally["skipped"] += 1
        return
    record = ", ".join(str(value) for value in change.key) or (change.origin.id if change.origin else "")
    origin = f"source record {change.origin.id}" if change.origin is not None else ""
    detail = ": ".join(part for part in (origin, problem.detail) if part)
    field = problem.place.field if problem.place is not None else None
    place = Place(step=step.lane.step.name, record=record, field=field)
    refuse(book, step, (replace(problem, place=place, detail=detail),), {}, 0)


def _drop_quiet(book: Book, step: Kept, dropped: Mapping[int, Problem | None], told: set[int]) -> None:
    """Records that would stand as they are count like those with a line: what a group is told of is told of all."""
    numbers = {number for number in dropped if step.first < number <= step.last} - told
    for number in sorted(step.quiet.present(numbers)):
        problem = dropped[number]
        step.tally["unchanged"] -= 1
        if problem is None:
            step.tally["skipped"] += 1
            continue
        place = Place(step=step.lane.step.name, record=f"number {number - step.first:,} of the source")
        refuse(book, step, (replace(problem, place=place),), {}, number)


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
        upload=tally["upload"],
        files=tally["files"],
        file_bytes=tally["file_bytes"],
        problems=tally["problems"],
        skipped=tally["skipped"],
        self_reference=tally["self_reference"],
        matched=tally["matched"],
        target_count=step.target_count,
    )
