"""Reads a section of the kept plan: what has no outcome yet, with Refs filled, becomes parcels.

Links are entered and hopeless lines skipped on the way, in transactions of their own; nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from migrator.codec.change import is_marked, parse_change
from migrator.errors import SystemFailed
from migrator.executor.filling import Unfilled, filled, filled_fields, holds_ref, refs_of, stand_for
from migrator.executor.landing import links_of
from migrator.executor.load import Load, Packer, Parcel, ready, settled_done, settled_not, unsent
from migrator.executor.running import Running
from migrator.executor.turn import restored
from migrator.executor.way import Way
from migrator.failpoint import failpoint
from migrator.model.files import with_files
from migrator.model.plan import Action, Change, PlanKind
from migrator.model.run import Cause, Outcome, Status
from migrator.model.values import File, Key, Ref
from migrator.planfile import Section
from migrator.state.journal import Settled
from migrator.state.turns import Turn

LINKS = 2_000
"""Links entered in one transaction."""
CHUNK = 500
"""Lines whose Refs are looked up together."""
_PAGE = 10_000
"""Settled lines asked for at a time."""

Line = tuple[int, bytes]
"""Byte offset in the kept plan, and the line."""


def parcels(running: Running, way: Way, section: Section) -> Iterator[Parcel | None]:
    """The requests of a section, in plan order, each action filling batches of its own.

    None: some lines were seen to for which nothing is sent, so that who waits can look around.
    """
    packer, links, root = Packer(way.capabilities), list[tuple[int, Change]](), 0
    for chunk in _chunks(unsettled(running, section)):
        loads = prepared(running, way, chunk, links)
        if len(links) >= LINKS:
            _enter(running, way, links)
            links.clear()
            yield None
        taken = loads if running.options.first is None else [load for load in loads if _wanted(running, load)]
        for load in taken:
            for parcel in packer.add(load):
                yield _rooted(parcel, root := root + 1)
        if len(taken) < len(loads):
            break
    _enter(running, way, links)
    for parcel in packer.flush():
        yield _rooted(parcel, root := root + 1)


def unsettled(running: Running, section: Section) -> Iterator[Line]:
    """Lines of a section without an outcome: the plan and the journal merged, both in order of lines."""
    settled = _settled_lines(running, section)
    known = next(settled, None)
    if known is None:
        yield from running.kept.lines(section.start, section.stop)
        return
    for line in running.kept.lines(section.start, section.stop):
        while known is not None and known < line[0]:
            known = next(settled, None)
        if known != line[0]:
            yield line


def prepared(
    running: Running, way: Way, lines: Sequence[Line], links: list[tuple[int, Change]] | None = None
) -> list[Load]:
    """Lines with Refs, ids, versions and uploads filled in; those that wait for what came to nothing are skipped.

    Links, for which nothing is sent, go into `links`. A line that is sent as it stands, and nearly all are, becomes
    its part of a request at once, while it is in the processor's cache, and is no tree of objects after that.
    """
    offsets = [offset for offset, _ in lines]
    turns = running.state.turns.between(running.run.number, min(offsets, default=0), max(offsets, default=-1))
    loads: list[Load | None] = []
    waiting: list[_Waiting] = []
    settled: list[tuple[Load, Settled]] = []
    for offset, raw in lines:
        marked = b"$" in raw and is_marked(raw)  # nearly no line has one, and a call is spared
        change = parse_change(raw, marked)
        if change.action in _UNSENT:
            if links is not None:
                links.append((offset, change))
        elif marked or change.needs or offset in turns:
            waiting.append(_Waiting(len(loads), offset, change, turns.get(offset)))
            loads.append(None)
        else:
            try:
                loads.append(ready(way, offset, change, raw))
            except SystemFailed as error:
                settled.append(_unsendable(offset, change, error))
    _fill(running, way, waiting, loads, settled)
    running.settle(way.step, settled)
    sent = [load for load in loads if load is not None]
    for load in sent if running.doubted else ():
        load.doubted = load.line in running.doubted
    return sent


class _Waiting(NamedTuple):
    """A line that needs more than it says: its place among the loads, and what it became in an earlier try."""

    place: int
    offset: int
    change: Change
    turn: Turn | None


def _fill(
    running: Running,
    way: Way,
    waiting: Sequence[_Waiting],
    loads: list[Load | None],
    settled: list[tuple[Load, Settled]],
) -> None:
    """Look up what these lines refer to and wait for, all at once, and make them ready."""
    refs = [refs_of(one.change) for one in waiting]
    known = stand_for(running.state.ids, [ref for some in refs for ref in some], _ours(running))
    needed = running.state.journal.outcomes_of(
        running.run.number, [name for one in waiting for name in one.change.needs]
    )
    for one, some in zip(waiting, refs, strict=True):
        change = one.change
        try:
            if some or change.needs:
                change = _filled(running, way, change, known, needed)
            turn = one.turn
            loads[one.place] = (
                ready(way, one.offset, change) if turn is None else restored(way, one.offset, change, turn)
            )
        except Unfilled as nothing:
            settled.append(_skipped(one.offset, change, str(nothing)))
        except SystemFailed as error:
            settled.append(_unsendable(one.offset, change, error))


def _ours(running: Running) -> int | None:
    """A load's Refs are of records that this very run makes: where an earlier run's row is all there is, its record
    is gone, and making it again came to nothing."""
    return running.run.number if running.kind is PlanKind.LOAD else None


_UNSENT = frozenset({Action.LINK, Action.UNLINK})


def _rooted(parcel: Parcel, root: int) -> Parcel:
    parcel.root = root
    return parcel


def _wanted(running: Running, load: Load) -> bool:
    """--first takes so many and no more."""
    first = running.options.first
    if first is None:
        return True
    if len(running.taken) >= first:
        return False
    running.taken.append(load.line)
    return True


def _settled_lines(running: Running, section: Section) -> Iterator[int]:
    start = section.start
    while True:
        page = running.state.journal.settled_lines(running.run.number, start, section.stop, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        start = page[-1] + 1


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    return iter(lambda: list(islice(lines, CHUNK)), [])


def _enter(running: Running, way: Way, links: Sequence[tuple[int, Change]]) -> None:
    """Link lines become rows of the id map; nothing is sent."""
    if not links:
        return
    failpoint("before_links")
    landing = links_of(way, links) if all(change.action is Action.LINK for _, change in links) else None
    if landing is not None:
        running.land(way.step, landing)
    else:
        running.settle(way.step, [_entered(running, way, line, change) for line, change in links])
    failpoint("after_links")


def _entered(running: Running, way: Way, line: int, change: Change) -> tuple[Load, Settled]:
    load, target_id = unsent(line, change), change.target_id or ""
    return load, settled_done(way, load, running.kind, target_id=target_id, version=None, did=change.action)


def _skipped(offset: int, change: Change, why: str) -> tuple[Load, Settled]:
    load = unsent(offset, change)
    return load, settled_not(load, Status.SKIPPED, code="RN040", reason=why, cause=Cause.NEEDS)


def _unsendable(offset: int, change: Change, error: SystemFailed) -> tuple[Load, Settled]:
    load = unsent(offset, change)
    problem = error.problems[0]
    place = problem.place.field if problem.place is not None else None
    return load, settled_not(
        load, Status.FAILED, code=problem.code, reason=problem.summary, cause=Cause.REFUSED, field=place
    )


# ---------------------------------------------------------------- filling


def _filled(
    running: Running,
    way: Way,
    change: Change,
    known: Mapping[Ref, str],
    needed: Mapping[str, tuple[int, Outcome]],
) -> Change:
    if change.needs:
        change = _after_needs(running, way, change, needed)
    values = {
        name: filled_fields(getattr(change, name), known)
        for name in ("after", "whole", "along")
        if holds_ref(getattr(change, name))
    }
    key: Key = tuple([filled(value, known) for value in change.key])
    if not values and key == change.key:
        return change
    return replace(change, key=key, **values)  # type: ignore[arg-type]  # names of Change's fields


def _after_needs(running: Running, way: Way, change: Change, needed: Mapping[str, tuple[int, Outcome]]) -> Change:
    for name in change.needs:
        if name not in needed or needed[name][1].status is not Status.DONE:
            raise Unfilled(_why(running, needed.get(name)))
        line, outcome = needed[name]
        if outcome.did is Action.UPLOAD:
            upload = next(running.kept.change_at([line]))
            change = _uploaded(change, upload, outcome, way.identity)
        else:
            change = replace(
                change,
                target_id=outcome.target_id or change.target_id,  # another one where an update made it again
                version=outcome.version if outcome.version is not None else change.version,
                before=None if outcome.did is Action.CREATE else change.before,
            )
    return change


def _why(running: Running, needed: tuple[int, Outcome] | None) -> str:
    if needed is None:
        return "what it waits for has no outcome"
    line, outcome = needed
    change = next(running.kept.change_at([line]))
    return f"its {change.action.value} in step {change.step} came to nothing: {outcome.status.value}"


def _uploaded(change: Change, upload: Change, outcome: Outcome, identity: str) -> Change:
    """The line with the target's own handle in the place of the source's file."""
    name, wanted = upload.field or "", upload.position or 0
    after, whole = change.after or {}, change.whole

    def handed(place: int, file: File) -> File:
        return replace(file, where=outcome.target_id or "", system=identity) if place == wanted else file

    change = replace(change, after={**after, name: with_files(after.get(name), handed)})
    if whole is None or name not in whole:
        return change
    return replace(change, whole={**whole, name: with_files(whole[name], handed)})
