"""A pairing becomes a Change, or nothing. Equality is the target's as_stored, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import blake2b

import orjson

from migrator.model.equal import same
from migrator.model.plan import Action, Change, Phase, quick_change
from migrator.model.playbook import Marker, Mode, OnGone
from migrator.model.problem import Problem
from migrator.model.values import Field, Kind, Record, Value, WritableOn
from migrator.planner.findings import of_record
from migrator.planner.lane import Lane
from migrator.planner.match import Pairing, marker_of, name_of
from migrator.planner.snapshot import marker_line


class Fate(StrEnum):
    """What becomes of a desired record that has neither a line nor a problem."""

    SKIPPED = "skipped"
    """`mode` leaves it alone."""
    UNCHANGED = "unchanged"
    """Nothing to do."""


def change_ids(
    target: str,
    collection: str,
    part: str,
    origin: tuple[str, str],
    phase: Phase,
    field: str = "",
    position: int = 0,
) -> Callable[[str], str]:
    """A function that names the lines of a step and phase by the id of their origin; `origin`: system, collection.

    A name is 32 hex digits: a hash of what the line is about, never of its content; stable across re-planning. What
    is hashed is the JSON of [target, collection, part, [system, collection, id], phase, field, position]; the
    last two are of uploads, "" and 0 else.
    """
    head = blake2b(orjson.dumps([target, collection, part, origin])[:-2] + b",", digest_size=16)
    tail = b"]," + orjson.dumps([int(phase), field, position])[1:]

    def name(record: str) -> str:
        own = head.copy()
        own.update(orjson.dumps(record) + tail)
        return own.hexdigest()

    return name


class Judge:
    """Turns the pairings of one step into verdicts."""

    def __init__(self, lane: Lane, place: Callable[[Lane, int, Action], int | None]) -> None:
        known = lane.writing.collection.fields or {}
        self._lane = lane
        self._place = place
        """Cuts batches: the number of the next change's."""
        self._only_update = {name for name, field in known.items() if field.writable_on is WritableOn.UPDATE}
        self._only_create = {name for name, field in known.items() if field.writable_on is WritableOn.CREATE}
        self._grows = {name for name, field in known.items() if field.grows}
        self._needed = tuple(name for name, field in known.items() if _is_needed(field))
        write = lane.writing.write
        self._creates = write.mode is not Mode.UPDATE
        self._as_rendered = write.marker is None and not self._only_update
        """A create sends the rendered fields, and nothing else."""
        collection, origin = lane.writing.collection.id, (lane.source_identity, lane.query.collection.id)
        self._id = change_ids(lane.target_identity, collection, lane.writing.write.part, origin, Phase.WRITE)

    def verdict(self, pairing: Pairing) -> Change | Problem | Fate:
        """What becomes of this desired record."""
        if pairing.problem is not None:
            return pairing.problem
        if pairing.record is None:
            return self._create(pairing)
        return self._compare(pairing, pairing.record)

    def _create(self, pairing: Pairing) -> Change | Problem | Fate:
        if not self._creates:
            return Fate.SKIPPED
        fields = pairing.desired.fields if self._as_rendered else self._made(pairing)
        for name in self._needed:
            if fields.get(name) in (None, "", ()):
                missing = [name for name in self._needed if fields.get(name) in (None, "", ())]
                return _not_given(self._lane, pairing, missing)
        return self._change(pairing, Action.CREATE, after=fields)

    def _made(self, pairing: Pairing) -> Mapping[str, Value]:
        """What a create of this record sends."""
        if self._as_rendered:
            return pairing.desired.fields
        write = self._lane.writing.write
        fields = {name: value for name, value in pairing.desired.fields.items() if name not in self._only_update}
        if write.marker is not None:
            mark(fields, write.marker, marker_of(pairing.desired.origin, write.part))
        return fields

    def _compare(self, pairing: Pairing, record: Record) -> Change | Problem | Fate:
        lane = self._lane
        changed = (
            {} if lane.writing.write.mode is Mode.INSERT else self.changed(pairing.desired.fields, record.fields)
        )
        if changed:
            before = {name: record.fields.get(name) for name in changed}
            names = lane.target.companions(lane.writing, frozenset(changed)) - changed.keys()
            along = {name: record.fields.get(name) for name in sorted(names)}
            whole = self._made(pairing) if lane.writing.write.on_gone is OnGone.CREATE else None
            return self._change(
                pairing, Action.UPDATE, before=before, after=changed, along=along or None, whole=whole
            )
        if pairing.linked:
            return Fate.UNCHANGED
        return self._change(pairing, Action.LINK)

    def changed(self, wanted: Mapping[str, Value], found: Mapping[str, Value]) -> dict[str, Value]:
        """What of these fields does not stand yet."""
        lane, frozen = self._lane, self._only_create
        differing = {
            name: value
            for name, value in wanted.items()
            if not (value == found.get(name) if value.__class__ is str else same(value, found.get(name)))
            and name not in frozen
        }
        marker = lane.writing.write.marker
        if marker is not None and marker.line in differing:
            _keep_line(differing, marker.line, found.get(marker.line))
        if not differing:
            return differing
        stands = {name: found.get(name) for name in differing}
        stored = lane.target.as_stored(lane.writing, found, differing)
        standing = lane.target.as_stored(lane.writing, found, stands)
        return {
            name: stored.get(name) if name in self._grows else value
            for name, value in differing.items()
            if not same(stored.get(name), standing.get(name))
        }

    def _change(
        self,
        pairing: Pairing,
        action: Action,
        *,
        before: Mapping[str, Value] | None = None,
        after: Mapping[str, Value] | None = None,
        along: Mapping[str, Value] | None = None,
        whole: Mapping[str, Value] | None = None,
    ) -> Change:
        lane, origin, record = self._lane, pairing.desired.origin, pairing.record
        return quick_change(
            id=self._id(origin.id),
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
            whole=whole,
        )


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


def mark(fields: dict[str, Value], marker: Marker, text: str) -> None:
    """Put the marker in its place."""
    if marker.field is not None:
        fields[marker.field] = text
    elif marker.line is not None:
        body = fields.get(marker.line)
        fields[marker.line] = f"{body}\n{text}" if isinstance(body, str) and body else text


def _keep_line(differing: dict[str, Value], name: str, found: Value) -> None:
    """A text whose last line is a marker keeps that line when the rest changes."""
    last = marker_line(found) if isinstance(found, str) else ""
    wanted = differing[name]
    if last and (wanted is None or isinstance(wanted, str)):
        differing[name] = f"{wanted}\n{last}" if wanted else last
        if same(differing[name], found):
            del differing[name]
