"""A plan that takes a run back: before-images put back, what it made deleted, what it deleted made again.

In the reverse order of steps. What moved since is left as it is and told, and so is what no call could bring back.
A line has the id of the line that it takes back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from migrator.amends.deeds import Deed, Past
from migrator.amends.draft import Draft, Made
from migrator.amends.finding import GONE, cannot, left, stuck
from migrator.amends.revival import Revival, taken_back
from migrator.amends.standing import Standing
from migrator.amends.touch import Print, Touch
from migrator.contract import Mapped
from migrator.executor.filling import Unfilled, filled_fields, stand_for
from migrator.executor.look import shows
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Phase, PlanKind
from migrator.model.references import refs_in
from migrator.model.run import Planning
from migrator.model.values import File, Record, Ref, Value


def undo(
    past: Past, ways: Mapping[str, Way], out: Path, stains: Callable[[bytes], bool]
) -> Generator[Planning, None, Made]:
    """Look at what the run did and at what stands now, and write the plan that takes it back to `out`.

    Reads only. Raises what reading raises, and LocalFault for the disk.
    """
    steps = [step.step for step in reversed(past.kept.header.steps)]
    with Draft(PlanKind.UNDO, past, ways, stains) as draft:
        for name in steps:
            yield from _Step(past, ways[name], draft).walked()
        order = [(name, phase) for phase in (Phase.WRITE, Phase.SELF_REFERENCE, Phase.DELETE) for name in steps]
        return draft.write(out, order, steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """What all lines of the run on one record come to."""

    deed: Deed
    """The first."""
    before: Mapping[str, Value] | None
    """Of all."""
    after: Mapping[str, Value]
    """Of all."""
    version: str | None
    """After the last."""
    again: bool = False
    """There was more than one."""

    @property
    def left(self) -> Print:
        """What the run left of it."""
        return Print(version=self.version, again=self.again, names=self.after.keys())


class _Step:
    """One step of the run, taken back."""

    def __init__(self, past: Past, way: Way, draft: Draft) -> None:
        self._past, self._way, self._draft = past, way, draft
        self._sections = past.sections(way.step)
        self._lines = sum(section.count for section in self._sections.values())
        self._standing = Standing(way, self._lines)
        self._touch = Touch(past, way)
        draft.looked(way.step, self._standing.count)

    def walked(self) -> Iterator[Planning]:
        """All its lines."""
        past, sections = self._past, self._sections
        later = {deed.target_id: deed for deed in past.deeds(sections.get(Phase.SELF_REFERENCE)) if deed.target_id}
        for some in _chunks(past.deeds(sections.get(Phase.WRITE)), self._standing.chunk):
            yield self._tell()
            self._take(
                [_summed(deed, later.pop(deed.target_id, None) if deed.did in _FOLDS else None) for deed in some]
            )
        for some in _chunks(iter(later.values()), self._standing.chunk):
            self._take([_summed(deed, None) for deed in some])
        for deed in past.deeds(sections.get(Phase.UPLOAD)):
            self._draft.read(self._way.step)
            self._draft.leave(deed.change, cannot("an uploaded file stays where it is; nothing names it any more"))
        revival = Revival(past, self._way, self._draft, self._standing)
        for some in _chunks(past.deeds(sections.get(Phase.DELETE)), self._standing.chunk):
            yield self._tell()
            revival.enter(some)
        yield self._tell()

    def _tell(self) -> Planning:
        return self._draft.told(self._way.step, self._lines)

    def _take(self, sums: Sequence[_Sum]) -> None:
        """Creates, updates, links and unlinks of one chunk."""
        way, draft = self._way, self._draft
        draft.read(way.step, len(sums))
        whole = any(one.deed.did is Action.CREATE for one in sums)
        fields = None if whole else self._names(sums)
        stands = self._standing.records([one.deed.target_id for one in sums if one.deed.did in _LOOKED], fields)
        known = stand_for(
            self._past.state.ids, [ref for one in sums for value in one.after.values() for ref in refs_in(value)]
        )
        rows = self._rows([one.deed for one in sums])
        made = [(one, stands.get(one.deed.target_id)) for one in sums if one.deed.did is Action.CREATE]
        self._touch.look([(one.left, record) for one, record in made if record is not None])
        for one in sums:
            deed, record = one.deed, stands.get(one.deed.target_id)
            if deed.did is Action.CREATE:
                self._created(one, record, rows, known)
            elif deed.did is Action.UPDATE:
                self._updated(one, record, known)
            elif deed.did is Action.LINK:
                self._unlinked(deed, rows)
            elif deed.did is Action.UNLINK:
                self._linked(deed, rows)
            elif deed.did is Action.ACT:
                draft.leave(
                    deed.change, cannot(f"{deed.change.field or 'what it did'} cannot be taken back by a call")
                )
            else:
                draft.leave(deed.change, cannot("whether it was made or stood there already is not known"))

    def _names(self, sums: Sequence[_Sum]) -> tuple[str, ...]:
        names = dict.fromkeys(name for one in sums for name in one.after)
        along = self._way.target.companions(self._way.writing, frozenset(names))
        return (*names, *sorted(along - names.keys()))

    # ------------------------------------------------------------ what was made

    def _created(self, one: _Sum, record: Record | None, rows: Mapping[str, str], known: Mapping[Ref, str]) -> None:
        deed, draft = one.deed, self._draft
        if record is None:
            if not self._unlinked(deed, rows, quiet=True):
                draft.stands(deed.change.step)
            return
        if Action.DELETE not in self._way.capabilities.batch_max:
            why = self._way.capabilities.cannot.get(Action.DELETE, "this system deletes nothing over its API")
            draft.leave(deed.change, cannot(f"it was made and cannot be deleted: {why}"))
        elif not self._untouched(one, record, known):
            draft.leave(deed.change, left("it was made by this run and changed since: it is not deleted"))
        else:
            draft.add(taken_back(self._way, deed, Action.DELETE, Phase.DELETE, record, before=record.fields))

    def _untouched(self, one: _Sum, record: Record, known: Mapping[Ref, str]) -> bool:
        def holds() -> bool:
            written = _filled(one.after, known)
            return written is not None and shows(self._way, record, written, over=None)

        return self._touch.untouched(one.left, record, holds)

    # ------------------------------------------------------------ what was changed

    def _updated(self, one: _Sum, record: Record | None, known: Mapping[Ref, str]) -> None:
        deed, draft, way = one.deed, self._draft, self._way
        if one.before is None:
            draft.leave(deed.change, cannot("it stood there before, and what it held is not known"))
            return
        if record is None:
            draft.leave(deed.change, GONE)
            return
        stays = self._stays(one, record)
        for name, values in stays.items():
            draft.leave(deed.change, stuck(name, values))
        wanted = {name: value for name, value in one.before.items() if name in one.after and name not in stays}
        back = {
            name: value for name, value in wanted.items() if not shows(way, record, {name: value}, over=record.fields)
        }
        if not back:
            if not stays:
                draft.stands(way.step)
            return
        written = _filled({name: one.after[name] for name in back}, known)
        if written is None or not shows(way, record, written, over=record.fields):
            moved = [name for name in back if written is None or not self._holds(record, name, written[name])]
            draft.leave(deed.change, left("it changed since this run: it is left as it is", moved))
            return
        if any(isinstance(value, File) for value in back.values()):
            draft.leave(deed.change, cannot("the files that were in it are not kept"))
            return
        names = way.target.companions(way.writing, frozenset(back)) - back.keys()
        found = {name: record.fields.get(name) for name in back}
        along = {name: record.fields.get(name) for name in sorted(names)} or None
        draft.add(
            taken_back(self._way, deed, Action.UPDATE, Phase.WRITE, record, before=found, after=back, along=along)
        )

    def _stays(self, one: _Sum, record: Record) -> dict[str, list[str]]:
        """Of fields that only grow: what the run added and is still there."""
        known, before = self._way.writing.collection.fields or {}, one.before or {}
        found: dict[str, list[str]] = {}
        for name in before.keys() & one.after.keys():
            if name in known and known[name].grows:
                was, now = _entries(before[name]), _entries(record.fields.get(name))
                if added := [entry for entry in _entries(one.after[name]) if entry in now and entry not in was]:
                    found[name] = added
        return found

    def _holds(self, record: Record, name: str, value: Value) -> bool:
        return shows(self._way, record, {name: value}, over=record.fields)

    # ------------------------------------------------------------ the id map

    def _rows(self, deeds: Iterable[Deed]) -> dict[str, str]:
        """Change id -> the target record that the id map gives to its source record."""
        found: dict[str, str] = {}
        by_id = {deed.change.id: deed.change.origin for deed in deeds if deed.change.origin is not None}
        pairs = {self._way.pair(origin) for origin in by_id.values()}
        for pair in pairs:
            names = {name: origin.id for name, origin in by_id.items() if self._way.pair(origin) == pair}
            rows = self._past.state.ids.lookup(pair, list(names.values()))
            found.update(
                {name: rows[origin].target_id for name, origin in names.items() if _holds_row(rows.get(origin))}
            )
        return found

    def _unlinked(self, deed: Deed, rows: Mapping[str, str], *, quiet: bool = False) -> bool:
        """The row of the id map goes, where it still says what this run made it say."""
        if rows.get(deed.change.id) != deed.target_id:
            if not quiet:
                self._draft.stands(deed.change.step)
            return False
        record = Record(id=deed.target_id, fields={})
        self._draft.add(taken_back(self._way, deed, Action.UNLINK, Phase.WRITE, record))
        return True

    def _linked(self, deed: Deed, rows: Mapping[str, str]) -> None:
        if deed.change.id in rows:
            self._draft.stands(deed.change.step)
            return
        record = Record(id=deed.target_id or deed.change.target_id or "", fields={})
        self._draft.add(taken_back(self._way, deed, Action.LINK, Phase.WRITE, record))


_LOOKED = frozenset({Action.CREATE, Action.UPDATE})
"""What was done to records that are looked at."""
_FOLDS = _LOOKED
"""What a later line of the same record is added to."""


def _summed(deed: Deed, later: Deed | None) -> _Sum:
    """One record's lines together; the before-image is of the first, what was written last stands."""
    if later is None:
        return _Sum(deed=deed, before=deed.before, after=deed.after, version=deed.version)
    both = {**(later.before or {}), **(deed.before or {})}
    before = None if deed.before is None else both
    return _Sum(
        deed=deed,
        before=before,
        after={**deed.after, **later.after},
        version=later.version or deed.version,
        again=True,
    )


def _entries(value: Value) -> list[str]:
    return [str(entry) for entry in value] if isinstance(value, tuple) else []


def _filled(values: Mapping[str, Value], known: Mapping[Ref, str]) -> dict[str, Value] | None:
    """Without Refs; None: what one of them stood for is not known any more."""
    try:
        return filled_fields(values, known)
    except Unfilled:
        return None


def _holds_row(row: Mapped | None) -> bool:
    return row is not None and row.gone_at is None


def _chunks(deeds: Iterator[Deed], size: int) -> Iterator[list[Deed]]:
    return iter(lambda: list(islice(deeds, size)), [])
