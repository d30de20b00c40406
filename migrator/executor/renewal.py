"""Uploads that had expired before their records named them: made again, and then the records go again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from migrator.contract import Done, Result
from migrator.executor.after import After
from migrator.executor.feed import prepared
from migrator.executor.load import Load, Parcel, ready, settled_not
from migrator.executor.running import Running
from migrator.executor.way import Way
from migrator.model.plan import Action
from migrator.model.problem import Place, Problem, Severity
from migrator.model.run import Cause, Status


class Renewal:
    """The uploads of one section that are made a second time. Each record is helped once."""

    def __init__(self, running: Running, way: Way) -> None:
        self._running, self._way = running, way
        self._waiting: dict[int, tuple[Load, set[int]]] = {}
        """Line of a record -> the record, and the lines of its uploads that are still under way."""

    def begin(self, loads: Sequence[Load]) -> tuple[list[Parcel], list[Load]]:
        """The uploads of these to be sent again, and those that have none (or had them made again before)."""
        needs = [name for load in loads if not load.renewed for name in load.change.needs]
        known = self._running.state.journal.outcomes_of(self._running.run.number, needs)
        uploads = {name: line for name, (line, one) in known.items() if one.did is Action.UPLOAD}
        others: list[Load] = []
        lines: dict[int, None] = {}
        for load in loads:
            ours = {uploads[name] for name in load.change.needs if name in uploads}
            if load.renewed or not ours:
                others.append(load)
                continue
            self._waiting[load.line] = load, ours
            lines.update(dict.fromkeys(sorted(ours)))
        if lines:
            self._tell(len(lines))
        return [Parcel(batches=((self._upload(line),),), renews=True) for line in lines], others

    def made(self, parcel: Parcel, result: Result) -> After:
        """An upload is there again: records that wait for no other go again."""
        if not isinstance(result, Done):
            return self.lost(parcel, result.reason)
        (upload,) = parcel.loads
        run = self._running.run.number
        self._running.state.journal.renew(run, upload.line, result.target_id, upload.attempts)
        after = After()
        for load in self._of(upload):
            left = self._waiting[load.line][1]
            left.discard(upload.line)
            if not left:
                after.again.extend(self._again(self._waiting.pop(load.line)[0]))
        return after

    def lost(self, parcel: Parcel, why: str) -> After:
        """An upload could not be made again: its record comes to nothing."""
        (upload,) = parcel.loads
        reason = f"its uploaded file had expired and could not be sent again: {why}"
        after = After()
        for load in list(self._of(upload)):
            del self._waiting[load.line]
            settled = settled_not(load, Status.FAILED, code="RN045", reason=reason, cause=Cause.UPLOAD_GONE)
            after.settled.append((load, settled))
        return after

    def _upload(self, line: int) -> Load:
        (change,) = self._running.kept.change_at([line])
        return ready(self._way, line, change)

    def _of(self, upload: Load) -> Iterable[Load]:
        return [load for load, lines in self._waiting.values() if upload.line in lines]

    def _again(self, load: Load) -> list[Load]:
        """The record with its files' new handles."""
        raws = self._running.kept.lines_at([load.line])
        made = prepared(self._running, self._way, [(load.line, next(iter(raws)))])
        return [
            structs.replace(one, attempts=load.attempts, doubted=load.doubted, looked=load.looked, renewed=True)
            for one in made
        ]

    def _tell(self, count: int) -> None:
        self._running.notice(
            Problem(
                code="RN070",
                severity=Severity.WARNING,
                summary=f"{count:,} uploaded files had expired before their records named them: they are sent again",
                place=Place(step=self._way.step),
            )
        )
