"""The planner's parts in order: read, render, match, compare, keep lines on disk, copy them into the plan."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import orjson

from migrator.model.lean import dataclass
from migrator.model.plan import PlanHeader, PlanTrailer
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import Planning
from migrator.model.values import Desired, Key, Origin, Record, Value, quick_desired, quick_origin
from migrator.planfile import PlanWriter
from migrator.planner.copying import copied, late
from migrator.planner.findings import keyed, of_record
from migrator.planner.keep import Book, Kept, refuse, settle
from migrator.planner.lane import Lane
from migrator.planner.lines import Lines, LinesOf
from migrator.planner.match import chunked, pair_up
from migrator.planner.snapshot import CHUNK, View

_TELL_EVERY = 500
"""Source records between two signs of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A plan that was written."""

    hash: str
    """The plan hash."""
    trailer: PlanTrailer
    """Counts, problems, brakes, forecast."""


def build(path: Path, header: PlanHeader, lanes: Mapping[str, Lane]) -> Generator[Planning, None, Built]:
    """Read both sides and write the plan to `path`, whole or not at all.

    Nothing holds all records or all changes. Raises what the systems raise, and LocalFault for the disk.
    """
    book = Book()
    with LinesOf() as opener:
        kept: dict[str, Kept] = {}
        for name, lane in lanes.items():
            kept[name] = yield from _plan_step(book, lane, opener.open(ordered=lane.source_capabilities.ordered))
        dropped = late(book, kept)
        with PlanWriter(path, header) as writer:
            trailer = copied(book, kept, dropped, writer)
            return Built(hash=writer.finish(trailer), trailer=trailer)


def _plan_step(book: Book, lane: Lane, lines: Lines) -> Generator[Planning, None, Kept]:
    expected = lane.source.count(lane.query)
    if lane.limit is not None:
        expected = lane.limit if expected is None else min(expected, lane.limit)
    standing = lane.target.count(lane.read_back())
    kept = book.open(lane, lines, standing)
    book.findings.notes.extend(_notes(lane))
    if not lane.source_capabilities.ordered:
        book.findings.unordered.add(lane.step.name)
    told = 0
    with View(lane, wanted=expected, standing=standing) as view:
        size = min(CHUNK, lane.capabilities.find or CHUNK)
        for chunk in view.look(chunked(lane, _desired(book, kept), size)):
            for pairing in pair_up(lane, chunk):
                settle(book, kept, pairing)
            if kept.tally["read"] - told >= _TELL_EVERY:
                told = kept.tally["read"]
                yield _told(lane, kept, expected)
    kept.last = book.number
    book.findings.notes.extend(_again(kept))
    yield _told(lane, kept, expected)
    return kept


def _told(lane: Lane, kept: Kept, expected: int | None) -> Planning:
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


def _again(kept: Kept) -> Iterator[Problem]:
    count = kept.tally["again"]
    if count:
        more = f" and {count - len(kept.again)} more" if count > len(kept.again) else ""
        yield Problem(
            code="PL021",
            summary=f"{count} records were brought over before and are gone from the target: they are made again",
            detail=f"{', '.join(kept.again)}{more}",
            severity=Severity.WARNING,
            place=Place(step=kept.lane.step.name),
        )


def _desired(book: Book, kept: Kept) -> Iterator[tuple[int, Desired]]:
    """Source records that pass `where` and could be rendered, with their sequence numbers."""
    lane, tally = kept.lane, kept.tally
    key = lane.writing.write.key
    system, collection, where, render = lane.source_identity, lane.query.collection.id, lane.where, lane.render
    for record in _records(lane):
        tally["read"] += 1
        book.number += 1
        origin = quick_origin(system=system, collection=collection, id=record.id)
        wanted = where(record, origin)
        if isinstance(wanted, Problem):
            refuse(book, kept, (wanted,), record.fields, book.number)
            continue
        if not wanted:
            tally["filtered"] += 1
            kept.passed.add(record.id, book.number)
            continue
        if record.id:
            kept.origins.add(record.id, book.number)
        elif not key:
            refuse(book, kept, (_nameless(lane),), record.fields, book.number)
            continue
        rendered = render(record, origin)
        if rendered.problems:
            problems = (
                rendered.problems if origin.id else keyed(rendered.problems, lane.writing.write.key, rendered.fields)
            )
            refuse(book, kept, problems, record.fields, book.number)
            continue
        yield book.number, _made(lane, origin, rendered.fields)


def _nameless(lane: Lane) -> Problem:
    return of_record(
        "PL011",
        "the source record has no id, and the step has no key that could stand for it",
        step=lane.step.name,
        record="",
        hint="name the column of the id in `source.query.id`",
    )


def _made(lane: Lane, origin: Origin, fields: Mapping[str, Value]) -> Desired:
    key: Key = tuple(map(fields.get, lane.writing.write.key))
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
