"""Records that a run deleted come back under the same row of the id map: out of the trash, where they lie in one.

Else they are made again as they stood, with a new id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from migrator.amends.deeds import Deed, Past
from migrator.amends.draft import Draft
from migrator.amends.finding import REMADE, cannot
from migrator.amends.roots import roots_of
from migrator.amends.standing import Standing
from migrator.contract import pair_of_ref
from migrator.executor.load import Load, unsent
from migrator.executor.look import look, traceable
from migrator.executor.way import Way
from migrator.model.plan import Action, Change, Phase
from migrator.model.references import refs_in
from migrator.model.values import Field, File, Record, Value, WritableOn
from migrator.planner.diff import mark
from migrator.planner.match import marker_of

_LOST = "it has neither key nor marker: after a lost answer nothing could find it"


class Revival:
    """The deletes of one step."""

    def __init__(self, past: Past, way: Way, draft: Draft, standing: Standing) -> None:
        self._way, self._draft, self._standing = way, draft, standing
        self._named = next(step.fields or {} for step in past.kept.header.steps if step.step == way.step)
        self._roots = roots_of(past, way.step) if Phase.DELETE in past.sections(way.step) else {}

    def enter(self, deeds: Sequence[Deed]) -> None:
        """Deletes of one chunk become updates or creates, but where something stands in their place."""
        way, draft = self._way, self._draft
        draft.read(way.step, len(deeds))
        deeds = list(self._out_of_the_trash(deeds))
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
            elif not self._traceable(load):
                draft.leave(deed.change, cannot(_LOST))
            else:
                for line in lines:
                    draft.add(line)

    def _out_of_the_trash(self, deeds: Sequence[Deed]) -> Iterator[Deed]:
        """Those that lie in none; the others get the line that takes them out of it."""
        trash = self._way.writing.collection.trash
        if trash is None:
            yield from deeds
            return
        name, inside, outside = trash
        lying = self._standing.records([deed.target_id for deed in deeds if not deed.idle], (name,))
        for deed in deeds:
            record = lying.get(deed.target_id)
            if record is None or record.fields.get(name) != inside:
                yield deed
                continue
            before, after = {name: inside}, {name: outside}
            self._draft.add(
                taken_back(self._way, deed, Action.UPDATE, Phase.WRITE, record, before=before, after=after)
            )

    def _revived(self, deed: Deed) -> list[Change]:
        """As it stood: what a create may set only with special rights (who made it, when) is left to the system.

        What referred to records of its own step is set once all of them are made again.
        """
        known = self._way.writing.collection.fields
        fields: dict[str, Value] = {
            name: value
            for name, value in (deed.before or {}).items()
            if value not in (None, "", ()) and (known is None or self._writable(known.get(name)))
        }
        self._mark(deed, fields)
        root = self._roots.get(deed.target_id)
        if root is None:
            return [taken_back(self._way, deed, Action.CREATE, Phase.WRITE, None, after=fields)]
        refs = {name: value for name, value in root.values.items() if name in fields}
        own = {name: value for name, value in refs.items() if root.later and self._within(deed, value)}
        after = {name: refs.get(name, value) for name, value in fields.items() if name not in own}
        lines = [taken_back(self._way, deed, Action.CREATE, Phase.WRITE, None, after=after)]
        if own and root.later:
            second = taken_back(self._way, deed, Action.UPDATE, Phase.SELF_REFERENCE, None, after=own)
            lines.append(replace(second, id=root.later, needs=(deed.change.id,)))
        return lines

    def _mark(self, deed: Deed, fields: dict[str, Value]) -> None:
        """A record whose step finds its own by a marker gets it, if it did not have it."""
        write, origin = self._way.writing.write, deed.change.origin
        if write.marker is None or origin is None:
            return
        name, text = write.marker.field or write.marker.line or "", marker_of(origin, write.part)
        if text not in str(fields.get(name, "")):
            mark(fields, write.marker, text)

    def _traceable(self, load: Load) -> bool:
        return (
            traceable(self._way, load) or self._way.capabilities.without_key or self._way.writing.write.may_duplicate
        )

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


def taken_back(
    way: Way,
    deed: Deed,
    action: Action,
    phase: Phase,
    record: Record | None,
    before: Mapping[str, Value] | None = None,
    after: Mapping[str, Value] | None = None,
    along: Mapping[str, Value] | None = None,
) -> Change:
    """The line that takes this deed back; `record`: what stands now, None: nothing does."""
    change = deed.change
    return Change(
        id=change.id,
        step=change.step,
        phase=phase,
        action=action,
        key=_key_of(change, known=before, names=way.writing.write.key),
        origin=change.origin,
        target_id=None if record is None else record.id,
        version=None if record is None else record.version,
        before=before,
        after=after,
        along=along,
    )


def _key_of(change: Change, *, known: Mapping[str, Value] | None, names: tuple[str, ...]) -> tuple[Value, ...]:
    """The record's key as people know it now; a Ref in it is told by what stands."""
    if any(next(refs_in(value), None) is not None for value in change.key):
        return tuple((known or {}).get(name) for name in names)
    return change.key
