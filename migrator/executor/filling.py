"""Refs of a line give way to the ids of the records that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrator.contract import IdMap, Pair, pair_of_ref
from migrator.model.plan import Change
from migrator.model.references import PLAIN, refs_in, waits
from migrator.model.values import Ref, Value


class Unfilled(Exception):
    """What a line waits for came to nothing; says what."""


def stand_for(ids: IdMap, refs: Sequence[Ref], ours: int | None = None) -> dict[Ref, str]:
    """Refs whose record stands -> its id. `ours`: only rows that this run wrote count."""
    by_pair: dict[Pair, dict[str, Ref]] = {}
    for ref in refs:
        by_pair.setdefault(pair_of_ref(ref), {})[ref.source_id] = ref
    known: dict[Ref, str] = {}
    for pair, by_id in by_pair.items():
        for source_id, mapped in ids.lookup(pair, list(by_id)).items():
            if mapped.gone_at is None and ours in (None, mapped.run):
                known[by_id[source_id]] = mapped.target_id
    return known


def refs_of(change: Change) -> list[Ref]:
    """All Refs of a line."""
    found: list[Ref] = []
    for values in (change.key, change.after, change.whole, change.along):
        if values:
            place = values if isinstance(values, tuple) else values.values()
            if not PLAIN.issuperset(map(type, place)):
                found.extend(ref for value in place for ref in refs_in(value))
    return found


def holds_ref(values: Mapping[str, Value] | None) -> bool:
    """A Ref is among these fields, at any depth."""
    return any(map(waits, (values or {}).values()))


def filled_fields(values: Mapping[str, Value], known: Mapping[Ref, str]) -> dict[str, Value]:
    """The same without Refs. Raises Unfilled."""
    return {name: filled(value, known) for name, value in values.items()}


def filled(value: Value, known: Mapping[Ref, str]) -> Value:
    """The same without Refs. Raises Unfilled for one that is not known."""
    if isinstance(value, Ref):
        if value not in known:
            raise Unfilled(
                f"the record that it refers to was not migrated: {value.source_collection} {value.source_id}"
            )
        return known[value]
    if isinstance(value, tuple):
        return tuple([filled(one, known) for one in value])
    if isinstance(value, Mapping):
        return {name: filled(one, known) for name, one in value.items()}
    return value
