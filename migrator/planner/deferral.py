"""Self-references on disk until all steps are read: which of a record's fields refer to records of its own step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import orjson

from migrator.codec.paper import (
    fields_from_paper,
    fields_to_paper,
    from_paper,
    to_paper,
    values_from_paper,
    values_to_paper,
)
from migrator.model.references import refs_in
from migrator.model.values import Desired, IfMissing, Key, Origin, Record, Ref, Value
from migrator.planner.lines import temporary
from migrator.planner.match import Pairing

CHUNK = 500
"""Records whose Refs are looked up together."""


class Deferral(NamedTuple):
    """One record that refers to records of its own step."""

    number: int
    """Its sequence number."""
    origin: str
    """Id of its source record."""
    key: Key
    """Its key."""
    folded: tuple[str, ...]
    """The same as the target compares it."""
    own: str
    """Action of its line in phase 1; "": it has none, as it stands already."""
    target_id: str | None
    """The record that stands; None: this plan makes it."""
    version: str | None
    """Its version."""
    wanted: Mapping[str, Value]
    """The fields that refer to the step's own records, with their Refs."""
    around: Mapping[str, Value]
    """What stands in them and in their companions, or will when phase 1 is over."""

    def pairing(self, origin: Origin) -> Pairing:
        """The record as it was when it was matched, with these fields alone."""
        desired = Desired(origin=replace(origin, id=self.origin), key=self.key, fields=self.wanted)
        record = None
        if self.target_id is not None:
            record = Record(id=self.target_id, fields=self.around, version=self.version)
        return Pairing(desired=desired, number=self.number, folded=self.folded, record=record)


class Deferrals:
    """A temporary file of them, in the order they came."""

    def __init__(self) -> None:
        self._file = temporary("migrator-deferred-")

    def add(self, one: Deferral) -> None:
        """Append."""
        row = [
            *one[:2],
            values_to_paper(one.key),
            *one[3:7],
            [[name, to_paper(value), [ref.missing for ref in refs_in(value)]] for name, value in one.wanted.items()],
            fields_to_paper(one.around),
        ]
        self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def walk(self) -> Iterator[Sequence[Deferral]]:
        """All of them, some at a time."""
        self._file.seek(0)
        return iter(lambda: [_read(line) for line in islice(self._file, CHUNK)], [])

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()


def _read(line: bytes) -> Deferral:
    number, origin, key, folded, own, target_id, version, wanted, around = orjson.loads(line)
    return Deferral(
        number,
        origin,
        values_from_paper(tuple(key)),
        tuple(folded),
        own,
        target_id,
        version,
        {name: _with(from_paper(value), iter(policies)) for name, value, policies in wanted},
        fields_from_paper(around),
    )


def _with(value: Value, policies: Iterator[str]) -> Value:
    """The value with the policies of its Refs, which paper does not hold: no plan needs them."""
    if isinstance(value, Ref):
        return replace(value, missing=IfMissing(next(policies)))
    if isinstance(value, tuple):
        return tuple([_with(one, policies) for one in value])
    if isinstance(value, Mapping):
        return {name: _with(one, policies) for name, one in value.items()}
    return value
