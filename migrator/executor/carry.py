"""The loop: one section's lines, and what a broken run left in doubt. Waiting, signals and stops are here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress

from migrator.contract.waiting import out_of_time
from migrator.errors import Interrupted, MigratorError
from migrator.executor.desk import Desk, Nothing
from migrator.executor.feed import parcels, prepared
from migrator.executor.load import Parcel
from migrator.executor.recover import after_doubt, needs_settling
from migrator.executor.running import SLICE, Running
from migrator.executor.way import Way
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import Event, SectionStarted, Waiting
from migrator.planfile import Section

DRAIN = 240
"""Times SLICE that requests under way are waited for once the run must stop; then the resume looks at them."""

NOTICED = 1.0
"""Seconds of waiting that people are told of."""

Pause = tuple[float, str]
"""Seconds until something can be done, and why; 0.0: something was done."""


def carry(running: Running, way: Way, section: Section) -> Iterator[Event]:
    """The lines of one step and phase that have no outcome yet; it ends with nothing under way.

    Raises MigratorError where the run must stop, after the requests under way were answered and journalled.
    """
    counts = running.state.journal.counts(running.run.number, section.start, section.stop)
    if sum(counts.values()) >= section.count:
        return
    running.tell(SectionStarted(step=section.step, phase=int(section.phase), changes=section.count))
    running.state.journal.section_begins()
    desk, feed = Desk(running, way, section), parcels(running, way, section)
    try:
        while True:
            yield from running.events()
            desk.receive()
            _go_on(running, desk)
            pause = _move(desk, feed)
            if pause is None:
                break
            yield from _waited(running, *pause)
    except MigratorError:
        _drain(desk)
        raise
    if desk.extra:
        running.notice(_bill(way.step, desk.extra))
    if way.writing.collection.id in way.capabilities.renew_after:
        way.wire.renew()  # GLPI: a new entity can be used only by a session that began after it (vendor's issue list)
    yield from running.events()


def _bill(step: str, requests: int) -> Problem:
    what = "1 request more" if requests == 1 else f"{requests:,} requests more"
    return Problem(
        code="RN066",
        severity=Severity.WARNING,
        summary=f"the system refused records of step {step}: {what} than planned parted them from the rest",
        place=Place(step=step),
    )


def recovered(running: Running, ways: Mapping[str, Way]) -> Iterator[Event]:
    """Requests that a broken run left without an answer: look, then decide. Raises what reading raises."""
    running.state.journal.section_begins()
    begun = running.clock.monotonic()
    found: Counter[str] = Counter()
    doubts = running.state.journal.doubts(running.run.number)
    for doubt in doubts:
        way = ways[doubt.step]
        if doubt.repeatable or not doubt.lines:
            found["again"] += len(doubt.lines)
            running.state.journal.settle(running.run.number, (), (doubt.seq,))
            running.doubted.update(doubt.lines)
            continue
        raws = running.kept.lines_at(doubt.lines)
        loads = prepared(running, way, list(zip(doubt.lines, raws, strict=True)))
        while (
            needs_settling(way, loads) and (left := begun + way.capabilities.settle - running.clock.monotonic()) > 0
        ):
            _go_on(running, None)
            yield from _waited(running, left, _SETTLING)
        after = running.turning(after_doubt(way, running.kind, [(load, "the run was broken off") for load in loads]))
        running.doubted.update(load.line for load in after.again)
        running.settle(doubt.step, after.settled, (doubt.seq,))
        found["again"] += len(after.again)
        found.update(one.outcome.status.value for _, one in after.settled)
        yield from running.events()
    if found:
        running.notice(_looked(len(doubts), found))
        yield from running.events()


def _looked(requests: int, found: Counter[str]) -> Problem:
    """What looking at the requests in doubt has found."""
    words = {
        "done": "had been carried out",
        "again": "had not, and are sent again",
        "conflict": "had met something else: conflicts",
    }
    told = [f"{found[name]:,} {text}" for name, text in words.items() if found[name]]
    rest = sum(count for name, count in found.items() if name not in words)
    told += [f"{rest:,} came to nothing"] * bool(rest)
    what = "1 broken request" if requests == 1 else f"{requests:,} broken requests"
    summary = f"the target was looked at for what {what} had left in doubt: {', '.join(told)}"
    return Problem(code="RN065", severity=Severity.WARNING, summary=summary)


_SETTLING = "a new record may still show up"


def _move(desk: Desk, feed: Iterator[Parcel | None]) -> Pause | None:
    """Send one request, or wait for an answer; None: there is nothing left."""
    parcel = Nothing.LEFT if desk.full else desk.next(feed)
    if parcel is Nothing.YET:
        return 0.0, ""
    if not isinstance(parcel, Nothing):
        turn = desk.launch(parcel)
        return (0.0, "") if turn is None else (turn.seconds, turn.why)
    if desk.busy:
        desk.await_answer()
        return 0.0, ""
    due = desk.due_in
    return None if due is None else (max(due, 0.001), _SETTLING)


def _go_on(running: Running, desk: Desk | None) -> None:
    """A sign of life; then raises what people or failures say against going on."""
    running.state.beat()
    number = running.stop()
    if number is not None:
        raise Interrupted(f"stopped by signal {number}, between two requests", signal_number=number)
    until = running.options.until
    if until is not None and running.clock.wall() >= until:
        raise out_of_time("the time of --until has come")
    failure = None if desk is None else desk.failures.stop()
    if failure is not None:
        raise failure


def _waited(running: Running, seconds: float, why: str) -> Iterator[Event]:
    """Let a moment pass; a wait is told once."""
    if seconds <= 0:
        return
    until = running.clock.monotonic() + seconds
    if seconds >= NOTICED and until > running.waits_until + 0.5:
        running.waits_until = until
        running.tell(Waiting(seconds=seconds, why=why))
        yield from running.events()
    running.clock.wait(min(seconds, SLICE))


def _drain(desk: Desk) -> None:
    """Answers that are under way are waited for and journalled; nothing new is sent."""
    for _ in range(DRAIN):
        if not desk.busy:
            return
        desk.await_answer()
        with suppress(MigratorError):
            desk.receive()
