"""A pairing becomes a Change, or nothing. Equality is the target's as_stored, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from migrator.model.equal import same
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Marker, Mode
from migrator.model.problem import Problem
from migrator.model.values import Field, Kind, Origin, Value, WritableOn
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


def judge(lane: Lane, pairing: Pairing) -> Verdict:
    """The verdict on one pairing."""
    if pairing.problem is not None:
        return Verdict(problem=pairing.problem)
    if pairing.record is None:
        return _create(lane, pairing)
    return _compare(lane, pairing)


def _create(lane: Lane, pairing: Pairing) -> Verdict:
    write, desired = lane.writing.write, pairing.desired
    if write.mode is Mode.UPDATE:
        return Verdict(skipped=True)
    fields = {name: value for name, value in desired.fields.items() if _takes(lane, name, WritableOn.CREATE)}
    if write.marker is not None:
        _mark(fields, write.marker, marker_of(desired.origin, write.part))
    missing = _missing(lane, fields)
    if missing:
        return Verdict(
            problem=of_record(
                "PL006",
                f"a new record needs the field {', '.join(missing)}, and the step does not give it",
                step=lane.step.name,
                record=name_of(desired),
                field=missing[0],
                hint="add the field to `fields`, or set `mode: update`",
            )
        )
    return Verdict(change=_change(lane, pairing, Action.CREATE, after=fields))


def _compare(lane: Lane, pairing: Pairing) -> Verdict:
    write, desired, record = lane.writing.write, pairing.desired, pairing.record
    assert record is not None  # noqa: S101  judge() looked
    changed = {} if write.mode is Mode.INSERT else _changed(lane, desired.fields, record.fields)
    if changed:
        before = {name: record.fields.get(name) for name in changed}
        names = lane.target.companions(lane.writing, frozenset(changed)) - changed.keys()
        along = {name: record.fields.get(name) for name in sorted(names)}
        return Verdict(
            change=_change(lane, pairing, Action.UPDATE, before=before, after=changed, along=along or None)
        )
    if pairing.linked:
        return Verdict(unchanged=True)
    return Verdict(change=_change(lane, pairing, Action.LINK))


def _changed(lane: Lane, wanted: Mapping[str, Value], found: Mapping[str, Value]) -> dict[str, Value]:
    differing = {
        name: value
        for name, value in wanted.items()
        if not same(value, found.get(name)) and _takes(lane, name, WritableOn.UPDATE)
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


def _takes(lane: Lane, name: str, when: WritableOn) -> bool:
    field = (lane.writing.collection.fields or {}).get(name)
    return field is None or field.writable_on in (WritableOn.BOTH, when)


def _missing(lane: Lane, fields: Mapping[str, Value]) -> list[str]:
    known: Mapping[str, Field] = lane.writing.collection.fields or {}
    return [
        name
        for name, field in known.items()
        if field.required
        and not field.has_default
        and field.kind is not Kind.TABLE
        and field.writable_on in (WritableOn.BOTH, WritableOn.CREATE)
        and fields.get(name) in (None, "", ())
    ]


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


def _change(
    lane: Lane,
    pairing: Pairing,
    action: Action,
    *,
    before: Mapping[str, Value] | None = None,
    after: Mapping[str, Value] | None = None,
    along: Mapping[str, Value] | None = None,
) -> Change:
    pair, origin, record = lane.pair, pairing.desired.origin, pairing.record
    return Change(
        id=change_id(pair.target, pair.collection, pair.part, origin, Phase.WRITE),
        step=lane.step.name,
        phase=Phase.WRITE,
        action=action,
        key=pairing.desired.key,
        origin=origin,
        target_id=None if record is None else record.id,
        version=None if record is None or action is Action.LINK else record.version,
        before=before,
        after=after,
        along=along,
    )
