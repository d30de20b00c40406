"""A pairing becomes a Change, or nothing. Equality is the target's as_stored, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from migrator.model.equal import same
from migrator.model.plan import Action, Change, Phase, quick_change
from migrator.model.playbook import Marker, Mode
from migrator.model.problem import Problem
from migrator.model.values import Field, Kind, Origin, Record, Value, WritableOn
from migrator.planner.findings import of_record
from migrator.planner.lane import Lane
from migrator.planner.match import Pairing, marker_of, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one desired record: exactly one of the four."""

    change: Change | None = None
    """A line."""
    problem: Problem | None = None
    """It cannot be planned."""
    skipped: bool = False
    """`mode` leaves it alone."""
    unchanged: bool = False
    """Nothing to do."""


def change_id(
    target: str, collection: str, part: str, subject: Origin | str, phase: Phase, field: str = "", position: int = 0
) -> str:
    """32 hex digits that name a line by what it is about, never by its content; stable across re-planning.

    `subject` is the origin, or the target id where there is none.
    """
    about = [subject.system, subject.collection, subject.id] if isinstance(subject, Origin) else [subject]
    text = orjson.dumps([target, collection, part, about, int(phase), field, position])
    return blake2b(text, digest_size=16).hexdigest()


class Judge:
    """Turns the pairings of one step into verdicts."""

    def __init__(self, lane: Lane, place: Callable[[Lane, int, Action], int | None]) -> None:
        known = lane.writing.collection.fields or {}
        self._lane = lane
        self._place = place
        """Cuts batches: the number of the next change's."""
        self._only_update = {name for name, field in known.items() if field.writable_on is WritableOn.UPDATE}
        self._only_create = {name for name, field in known.items() if field.writable_on is WritableOn.CREATE}
        self._needed = tuple(name for name, field in known.items() if _is_needed(field))

    def verdict(self, pairing: Pairing) -> Verdict:
        """What becomes of this desired record."""
        if pairing.problem is not None:
            return Verdict(problem=pairing.problem)
        if pairing.record is None:
            return self._create(pairing)
        return self._compare(pairing, pairing.record)

    def _create(self, pairing: Pairing) -> Verdict:
        lane, desired = self._lane, pairing.desired
        write = lane.writing.write
        if write.mode is Mode.UPDATE:
            return Verdict(skipped=True)
        fields: dict[str, Value] = dict(desired.fields)
        for name in self._only_update & fields.keys():
            del fields[name]
        if write.marker is not None:
            _mark(fields, write.marker, marker_of(desired.origin, write.part))
        missing = [name for name in self._needed if fields.get(name) in (None, "", ())]
        if missing:
            return Verdict(problem=_not_given(lane, pairing, missing))
        return Verdict(change=self._change(pairing, Action.CREATE, after=fields))

    def _compare(self, pairing: Pairing, record: Record) -> Verdict:
        lane = self._lane
        changed = (
            {} if lane.writing.write.mode is Mode.INSERT else self._changed(pairing.desired.fields, record.fields)
        )
        if changed:
            before = {name: record.fields.get(name) for name in changed}
            names = lane.target.companions(lane.writing, frozenset(changed)) - changed.keys()
            along = {name: record.fields.get(name) for name in sorted(names)}
            return Verdict(
                change=self._change(pairing, Action.UPDATE, before=before, after=changed, along=along or None)
            )
        if pairing.linked:
            return _UNCHANGED
        return Verdict(change=self._change(pairing, Action.LINK))

    def _changed(self, wanted: Mapping[str, Value], found: Mapping[str, Value]) -> dict[str, Value]:
        lane, frozen = self._lane, self._only_create
        differing = {
            name: value for name, value in wanted.items() if not same(value, found.get(name)) and name not in frozen
        }
        marker = lane.writing.write.marker
        if marker is not None and marker.line in differing:
            _keep_line(differing, marker.line, found.get(marker.line))
        if not differing:
            return differing
        stands = {name: found.get(name) for name in differing}
        stored = lane.target.as_stored(lane.writing, found, differing)
        standing = lane.target.as_stored(lane.writing, found, stands)
        return {name: value for name, value in differing.items() if not same(stored.get(name), standing.get(name))}

    def _change(
        self,
        pairing: Pairing,
        action: Action,
        *,
        before: Mapping[str, Value] | None = None,
        after: Mapping[str, Value] | None = None,
        along: Mapping[str, Value] | None = None,
    ) -> Change:
        lane, origin, record = self._lane, pairing.desired.origin, pairing.record
        return quick_change(
            id=change_id(
                lane.target_identity, lane.writing.collection.id, lane.writing.write.part, origin, Phase.WRITE
            ),
            step=lane.step.name,
            phase=Phase.WRITE,
            action=action,
            batch=self._place(lane, Phase.WRITE, action),
            key=pairing.desired.key,
            origin=origin,
            target_id=None if record is None else record.id,
            version=None if record is None or action is Action.LINK else record.version,
            before=before,
            after=after,
            along=along,
        )


_UNCHANGED = Verdict(unchanged=True)


def _is_needed(field: Field) -> bool:
    """A create must give it."""
    return (
        field.required
        and not field.has_default
        and field.kind is not Kind.TABLE
        and field.writable_on in (WritableOn.BOTH, WritableOn.CREATE)
    )


def _not_given(lane: Lane, pairing: Pairing, missing: list[str]) -> Problem:
    return of_record(
        "PL006",
        f"a new record needs the field {', '.join(missing)}, and the step does not give it",
        step=lane.step.name,
        record=name_of(pairing.desired),
        field=missing[0],
        hint="add the field to `fields`, or set `mode: update`",
    )


def _mark(fields: dict[str, Value], marker: Marker, text: str) -> None:
    if marker.field is not None:
        fields[marker.field] = text
    elif marker.line is not None:
        body = fields.get(marker.line)
        fields[marker.line] = f"{body}\n{text}" if isinstance(body, str) and body else text


def _keep_line(differing: dict[str, Value], name: str, found: Value) -> None:
    """A text whose last line is a marker keeps that line when the rest changes."""
    last = found.rstrip().rpartition("\n")[2] if isinstance(found, str) else ""
    wanted = differing[name]
    if last.startswith("migrator:") and (wanted is None or isinstance(wanted, str)):
        differing[name] = f"{wanted}\n{last}" if wanted else last
        if same(differing[name], found):
            del differing[name]
