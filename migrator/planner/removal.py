"""`missing: delete`: what is gone from the source leaves the target, as the last lines of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from migrator.model.plan import Action, Change, Phase
from migrator.model.problem import Place, Problem, Severity
from migrator.model.values import Origin, Record
from migrator.planfile import change_line
from migrator.planner.branches import Branches
from migrator.planner.diff import change_ids
from migrator.planner.findings import of_record, tainted
from migrator.planner.keep import Book, Kept, refuse
from migrator.planner.lane import Lane
from migrator.planner.lines import Lines, LinesOf
from migrator.planner.snapshot import joined, key_of

Wanted = dict[str, str | None]
"""Target id -> the source record that it was made from; None: nobody migrated it, it is in scope."""


def remove(book: Book, kept: Mapping[str, Kept], opener: LinesOf) -> None:
    """Lines of phase 3 for every step that removes; notes where it does not. All steps have been read."""
    done = set()
    for step in kept.values():
        lane = step.lane
        if not lane.removes or not (lane.ids.size(lane.pair) or lane.scope):
            continue
        why = book.gone.why_not(lane.pair)
        if why:
            book.findings.notes.append(_note(lane, "PL040", f"no deletes are planned: {why}"))
            continue
        step.removed = opener.open(ordered=False)
        removing = _Removing(book, step, step.removed)
        if lane.pair not in done:
            removing.mapped()
        if lane.scope is not None:
            removing.scoped(kept)
        removing.end()
        done.add(lane.pair)


class _Removing:
    """Makes the lines of one step."""

    def __init__(self, book: Book, kept: Kept, lines: Lines) -> None:
        lane = kept.lane
        self._book, self._kept, self._lines = book, kept, lines
        self._branches = Branches() if lane.pair in lane.refs else None
        self._removed = book.removed[lane.target_identity, lane.writing.collection.id]
        ids = partial(change_ids, lane.target_identity, lane.writing.collection.id, lane.writing.write.part)
        self._ours = ids((lane.source_identity, lane.query.collection.id), Phase.DELETE)
        self._stray = ids(("", ""), Phase.DELETE)

    def mapped(self) -> None:
        """What the id map knows."""
        lane, gone = self._kept.lane, self._book.gone
        self._kept.tally["ours"] += lane.ids.size(lane.pair)
        for rows in gone.gone(lane):
            wanted: Wanted = {}
            for source, row in rows:
                wanted.setdefault(row.target_id, source)
            self._remove(wanted)
        others = gone.others(lane) if lane.past.others else None
        if others is not None and others.count:
            names = ", ".join(others.names)
            summary = (
                f"{others.count:,} records that are gone were brought over by another playbook ({names}): they stay"
            )
            self._book.findings.notes.append(_note(lane, "PL041", summary))

    def scoped(self, kept: Mapping[str, Kept]) -> None:
        """What `scope` says is ours, and nobody brought over."""
        lane, gone = self._kept.lane, self._book.gone
        place = (lane.target_identity, lane.writing.collection.id)
        there = [one for one in kept.values() if (one.lane.target_identity, one.lane.writing.collection.id) == place]
        own = sum(one.tally["problems"] for one in there if one.lane.pair == lane.pair and one.lane.scope is not None)
        why = gone.unclear(lane, own, sum(one.tally["problems"] for one in there) - own)
        if why:
            self._book.findings.notes.append(_note(lane, "PL042", f"nothing is removed by `scope`: {why}"))
            return
        for count, strays in gone.strays(lane):
            self._kept.tally["ours"] += count
            self._remove(dict.fromkeys((record.id for record in strays), None))

    # ------------------------------------------------------------ lines

    def _remove(self, wanted: Wanted) -> None:
        """Lines of these, but of those that are gone from the target already, or have a line."""
        for twice in self._removed.present(wanted):
            del wanted[twice]
        for name in wanted:
            self._removed.add(name, 0)
        for record in self._whole(wanted) if wanted else ():
            if record.id not in wanted:
                continue
            change = self._change(record, wanted[record.id])
            problem, line = self._line(change, record)
            if problem is not None:
                refuse(self._book, self._kept, (problem,), {}, self._book.number)
                continue
            order = joined(key_of(self._kept.lane, record)) if change.key else record.id
            if self._branches is not None:
                own = {name: record.fields.get(name) for name in self._kept.lane.step.fields}
                self._branches.add(record.id, own, order, line)
            else:
                self._keep(order, line)

    def end(self) -> None:
        """All that leaves is known: a tree's lines can be put in order."""
        for order, line in self._branches.deepest_first() if self._branches is not None else ():
            self._keep(order, line)

    def _keep(self, order: str, line: bytes) -> None:
        self._book.number += 1
        self._lines.add([self._book.number], [order], [line])
        self._kept.tally["delete"] += 1
        self._kept.tally["lines"] += 1

    def _whole(self, wanted: Wanted) -> Iterator[Record]:
        """Every field of these records, as far as they stand."""
        lane, size = self._kept.lane, self._kept.lane.capabilities.fetch_max
        if size:
            names = list(wanted)
            pages: Iterator[Sequence[str]] = (names[start : start + size] for start in range(0, len(names), size))
            for page in lane.target.fetch(lane.writing.collection, pages, None):
                yield from page.records
            return
        met: dict[str, Record] = {}
        for page in lane.target.read(lane.read_back()):
            for record in page.records:
                if record.id not in wanted:
                    continue
                if record.id in met:
                    problem = _twins(lane, record)
                    refuse(self._book, self._kept, (problem,), {}, self._book.number)
                    del wanted[record.id]
                met[record.id] = record
        yield from (record for name, record in met.items() if name in wanted)

    def _change(self, record: Record, source: str | None) -> Change:
        lane = self._kept.lane
        origin = None
        if source is not None:
            origin = Origin(system=lane.source_identity, collection=lane.query.collection.id, id=source)
        return Change(
            id=self._stray(record.id) if source is None else self._ours(source),
            step=lane.step.name,
            phase=Phase.DELETE,
            action=Action.DELETE,
            key=tuple(record.fields.get(name) for name in lane.writing.write.key),
            origin=origin,
            target_id=record.id,
            version=record.version,
            before=dict(record.fields),
        )

    def _line(self, change: Change, record: Record) -> tuple[Problem | None, bytes]:
        """The line, or why it cannot be sent or written down."""
        lane = self._kept.lane
        if Action.DELETE not in lane.capabilities.batch_max:
            why = lane.capabilities.cannot.get(Action.DELETE, "the target cannot delete")
            return of_record("PL008", why, step=lane.step.name, record=record.id), b""
        try:
            line = change_line(change)
        except (TypeError, ValueError) as error:
            what = "a value has no place in a plan"
            return of_record("PL009", what, step=lane.step.name, record=record.id, detail=str(error)), b""
        return (tainted(lane.step.name, record.id) if lane.tainted(line) else None), line


def _twins(lane: Lane, record: Record) -> Problem:
    return of_record(
        "PL003",
        f"several records of the target have the key {record.id}, and which of them to remove cannot be told",
        step=lane.step.name,
        record=record.id,
        hint="merge or rename them in the target",
    )


def _note(lane: Lane, code: str, summary: str) -> Problem:
    return Problem(code=code, summary=summary, severity=Severity.WARNING, place=Place(step=lane.step.name))
