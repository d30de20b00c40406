"""The planner's parts in order: read, render, match, compare, keep lines on disk, copy them into the plan."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from migrator.errors import CountDrift
from migrator.model.lean import dataclass
from migrator.model.plan import PlanHeader, PlanTrailer
from migrator.model.problem import Place, Problem, Severity
from migrator.model.references import waits
from migrator.model.run import Planning
from migrator.model.values import Desired, Key, Record, quick_desired, quick_origin
from migrator.planfile import PlanWriter
from migrator.planner.copying import copied, late
from migrator.planner.findings import keyed, of_record
from migrator.planner.gone import watched
from migrator.planner.keep import Book, Kept, refuse, settle
from migrator.planner.lane import Lane
from migrator.planner.lines import LinesOf, Scratch, disk
from migrator.planner.match import chunk_of, name_of, pair_up
from migrator.planner.presence import id_of
from migrator.planner.removal import remove
from migrator.planner.second import refer_back
from migrator.planner.snapshot import CHUNK, Chunk, View
from migrator.planner.standing import Standing

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
    with disk(), LinesOf() as opener:
        standing, gone = opener.keep(Standing()), opener.keep(Standing())
        book = Book(opener.keep(Scratch()), standing, lanes.values(), gone)
        kept: dict[str, Kept] = {}
        for name, lane in lanes.items():
            kept[name] = yield from _plan_step(book, lane, opener)
        for step in kept.values():
            if step.deferrals is not None:
                refer_back(book, step)
            if step.refs is not None:
                book.findings.notes.extend(step.refs.missing.notes())
        remove(book, kept, opener)
        dropped = {**book.dropped, **late(book, kept)}
        with PlanWriter(path, header) as writer:
            trailer = copied(book, kept, dropped, writer)
            return Built(hash=writer.finish(trailer), trailer=trailer)


def _plan_step(book: Book, lane: Lane, opener: LinesOf) -> Generator[Planning, None, Kept]:
    expected = lane.source.count(lane.query)
    if lane.limit is not None:
        expected = lane.limit if expected is None else min(expected, lane.limit)
    standing = lane.target.count(lane.read_back())
    kept = book.open(lane, opener, standing)
    kept.reading = book.gone.watch(lane, expected)
    book.findings.notes.extend(_notes(lane))
    if not lane.source_capabilities.ordered:
        book.findings.unordered.add(lane.step.name)
    told = 0
    with View(lane, wanted=expected, standing=standing) as view:
        size = min(CHUNK, lane.capabilities.find or CHUNK)
        for chunk in view.look(_chunks(book, kept, size)):
            settle(book, kept, pair_up(lane, chunk))
            if kept.tally["read"] - told >= _TELL_EVERY:
                told = kept.tally["read"]
                yield _told(lane, kept, expected)
    kept.last = book.number
    if kept.reading is not None:
        kept.reading.read = kept.tally["read"]
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


def _chunks(book: Book, kept: Kept, size: int) -> Iterator[Chunk]:
    """Source records that pass `where` and could be rendered, `size` at a time, with their sequence numbers."""
    lane, tally, desired_of = kept.lane, kept.tally, watched(kept.reading, _rendering(book, kept))
    some: list[tuple[int, Desired]] = []
    for record in _records(book, kept):
        tally["read"] += 1
        book.number += 1
        desired = desired_of(record)
        if lane.missed:
            _note_missed(book, kept, record, desired)
        if desired is not None:
            some.append((book.number, desired))
            if len(some) == size:
                yield chunk_of(lane, some if kept.refs is None else _filled(book, kept, some))
                some = []
    if some:
        yield chunk_of(lane, some if kept.refs is None else _filled(book, kept, some))


def _note_missed(book: Book, kept: Kept, record: Record, desired: Desired | None) -> None:
    """What mappings did not know, under the record's name as far as it has one."""
    name = record.id if desired is None else name_of(desired)
    name = name if name.strip() else f"number {book.number - kept.first:,} of the source"
    book.unknowns.add(kept.lane.step.name, name, kept.lane.missed)
    kept.lane.missed.clear()


def _filled(book: Book, kept: Kept, some: list[tuple[int, Desired]]) -> list[tuple[int, Desired]]:
    """The records of a chunk with what they refer to; those are left out that refer to nothing."""
    good = []
    for number, desired, problems in kept.refs.resolved(some) if kept.refs is not None else ():
        if problems:
            refuse(book, kept, problems, desired.fields, number)
        else:
            good.append((number, desired))
    return good


def _rendering(book: Book, kept: Kept) -> Callable[[Record], Desired | None]:
    """What should stand for a source record; None: it is left out, or is a problem."""
    lane, claim = kept.lane, kept.origins.add
    system, collection, where, render = lane.source_identity, lane.query.collection.id, lane.where, lane.render
    key = lane.writing.write.key

    def desired_of(record: Record) -> Desired | None:
        origin = quick_origin(system=system, collection=collection, id=record.id)
        if where is not None:
            wanted = where(record, origin)
            if isinstance(wanted, Problem):
                refuse(book, kept, (wanted,), record.fields, book.number)
                return None
            if not wanted:
                kept.tally["filtered"] += 1
                kept.passed.add(record.id, book.number)
                return None
        if record.id:
            claim(record.id, book.number)
        elif not key:
            refuse(book, kept, (_nameless(lane),), record.fields, book.number)
            return None
        rendered = render(record, origin)
        if rendered.problems:
            problems = rendered.problems if origin.id else keyed(rendered.problems, key, rendered.fields)
            refuse(book, kept, problems, record.fields, book.number)
            return None
        values: Key = tuple(map(rendered.fields.get, key))
        if not origin.id:
            if any(map(waits, values)):
                refuse(book, kept, (_nameless(lane),), record.fields, book.number)
                return None
            origin = replace(origin, id=id_of(lane, values))
        return quick_desired(origin=origin, key=values, fields=rendered.fields)

    return desired_of


def _nameless(lane: Lane) -> Problem:
    return of_record(
        "PL011",
        "the source record has no id, and the step has no key that could stand for it",
        step=lane.step.name,
        record="",
        hint="name the column of the id in `source.query.id`",
    )


def _records(book: Book, kept: Kept) -> Iterator[Record]:
    """Source records, page by page, `limit` of them."""
    lane = kept.lane
    records = islice(chain.from_iterable(page.records for page in lane.source.read(lane.query)), lane.limit)
    return _despite_drift(book, kept, records) if lane.allow_drift else records


def _despite_drift(book: Book, kept: Kept, records: Iterator[Record]) -> Iterator[Record]:
    """--allow-count-drift: all that came; that the source changed meanwhile is told in the plan."""
    try:
        yield from records
    except CountDrift as error:
        if kept.reading is not None:
            kept.reading.drift = error
        summary = f"the source changed while it was read: {error.got:,} of {error.announced:,} records came"
        place = Place(step=kept.lane.step.name)
        book.findings.notes.append(
            Problem(code="PL023", summary=summary, severity=Severity.WARNING, place=place, hint="plan again later")
        )
