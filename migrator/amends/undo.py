"""A plan that takes a run back: before-images put back, what it made deleted, what it deleted made again.

In the reverse order of steps. What moved since is left as it is and told, and so is what no call could bring back.
A line has the id of the line that it takes back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from migrator.amends.deeds import Deed, Past
from migrator.amends.draft import Draft, Made
from migrator.amends.finding import GONE, REMADE, cannot, left
from migrator.amends.roots import Root, roots_of
from migrator.amends.standing import Standing
from migrator.contract import Mapped, pair_of_ref
from migrator.executor.filling import Unfilled, filled_fields, stand_for
from migrator.executor.load import unsent
from migrator.executor.look import look, shows
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change, Phase, PlanKind
from migrator.model.references import refs_in
from migrator.model.run import Planning
from migrator.model.values import Field, File, Record, Ref, Value, WritableOn

_TELL_EVERY = 500
"""Lines between two signs of progress."""


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


class _Step:
    """One step of the run, taken back."""

    def __init__(self, past: Past, way: Way, draft: Draft) -> None:
        self._past, self._way, self._draft = past, way, draft
        self._sections = past.sections(way.step)
        self._named = next(step.fields or {} for step in past.kept.header.steps if step.step == way.step)
        self._lines = sum(section.count for section in self._sections.values())
        self._standing = Standing(way, self._lines)
        self._roots: dict[str, Root] = {}
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
        self._roots = roots_of(past, self._way.step) if Phase.DELETE in sections else {}
        for some in _chunks(past.deeds(sections.get(Phase.DELETE)), self._standing.chunk):
            yield self._tell()
            self._revive(some)
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
            draft.add(self._line(deed, Action.DELETE, Phase.DELETE, record, before=record.fields))

    def _untouched(self, one: _Sum, record: Record, known: Mapping[Ref, str]) -> bool:
        """Nobody wrote to it since: by its version, else by the fields that the run wrote."""
        if one.version is not None and record.version is not None:
            return one.version == record.version
        written = _filled(one.after, known)
        return written is not None and shows(self._way, record, written, over=None)

    # ------------------------------------------------------------ what was changed

    def _updated(self, one: _Sum, record: Record | None, known: Mapping[Ref, str]) -> None:
        deed, draft, way = one.deed, self._draft, self._way
        if one.before is None:
            draft.leave(deed.change, cannot("it stood there before, and what it held is not known"))
            return
        if record is None:
            draft.leave(deed.change, GONE)
            return
        wanted = {name: value for name, value in one.before.items() if name in one.after}
        back = {
            name: value for name, value in wanted.items() if not shows(way, record, {name: value}, over=record.fields)
        }
        if not back:
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
        draft.add(self._line(deed, Action.UPDATE, Phase.WRITE, record, before=found, after=back, along=along))

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
        self._draft.add(self._line(deed, Action.UNLINK, Phase.WRITE, record))
        return True

    def _linked(self, deed: Deed, rows: Mapping[str, str]) -> None:
        if deed.change.id in rows:
            self._draft.stands(deed.change.step)
            return
        record = Record(id=deed.target_id or deed.change.target_id or "", fields={})
        self._draft.add(self._line(deed, Action.LINK, Phase.WRITE, record))

    # ------------------------------------------------------------ what was deleted

    def _revive(self, deeds: Sequence[Deed]) -> None:
        """Deletes of one chunk become creates, but where something stands in their place."""
        way, draft = self._way, self._draft
        draft.read(way.step, len(deeds))
        wanted = [(deed, self._revived(deed)) for deed in deeds if not deed.idle and deed.before is not None]
        for _ in range(len(deeds) - len(wanted)):
            draft.stands(way.step)
        loads = [unsent(number, lines[0]) for number, (_, lines) in enumerate(wanted)]
        seen = look(way, loads)
        for load, (deed, lines) in zip(loads, wanted, strict=True):
            if seen[load.line]:
                draft.leave(deed.change, REMADE)
            elif any(isinstance(value, File) for value in (lines[0].after or {}).values()):
                draft.leave(deed.change, cannot("the files that were in it are not kept"))
            else:
                for line in lines:
                    draft.add(line)

    def _revived(self, deed: Deed) -> list[Change]:
        """As it stood: what a create may set only with special rights (who made it, when) is left to the system.

        What referred to records of its own step is set once all of them are made again.
        """
        known = self._way.writing.collection.fields
        fields = {
            name: value
            for name, value in (deed.before or {}).items()
            if value not in (None, "", ()) and (known is None or self._writable(known.get(name)))
        }
        root = self._roots.get(deed.target_id)
        if root is None:
            return [self._line(deed, Action.CREATE, Phase.WRITE, None, after=fields)]
        refs = {name: value for name, value in root.values.items() if name in fields}
        own = {name: value for name, value in refs.items() if root.later and self._within(deed, value)}
        after = {name: refs.get(name, value) for name, value in fields.items() if name not in own}
        lines = [self._line(deed, Action.CREATE, Phase.WRITE, None, after=after)]
        if own and root.later:
            second = self._line(deed, Action.UPDATE, Phase.SELF_REFERENCE, None, after=own)
            lines.append(replace(second, id=root.later, needs=(deed.change.id,)))
        return lines

    def _within(self, deed: Deed, value: Value) -> bool:
        """It refers to records of its own step."""
        own = None if deed.change.origin is None else self._way.pair(deed.change.origin)
        return any(pair_of_ref(ref) == own for ref in refs_in(value))

    def _writable(self, field: Field | None) -> bool:
        if field is None:
            return False
        return field.writable_on is WritableOn.BOTH or (
            field.writable_on is WritableOn.CREATE and field.name in self._named
        )

    def _line(
        self,
        deed: Deed,
        action: Action,
        phase: Phase,
        record: Record | None,
        before: Mapping[str, Value] | None = None,
        after: Mapping[str, Value] | None = None,
        along: Mapping[str, Value] | None = None,
    ) -> Change:
        change = deed.change
        return Change(
            id=change.id,
            step=change.step,
            phase=phase,
            action=action,
            key=_key_of(change, known=before, names=self._way.writing.write.key),
            origin=change.origin,
            target_id=None if record is None else record.id,
            version=None if record is None else record.version,
            before=before,
            after=after,
            along=along,
        )


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
    return _Sum(deed=deed, before=before, after={**deed.after, **later.after}, version=later.version or deed.version)


def _key_of(change: Change, *, known: Mapping[str, Value] | None, names: tuple[str, ...]) -> tuple[Value, ...]:
    """The record's key as people know it now; a Ref in it is told by what stands."""
    if any(next(refs_in(value), None) is not None for value in change.key):
        return tuple((known or {}).get(name) for name in names)
    return change.key


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
