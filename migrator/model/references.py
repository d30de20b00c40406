"""Finds the Refs in a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from migrator.model.values import Ref, Value

PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Types of values in which no Ref can be."""


def refs_in(value: Value) -> Iterator[Ref]:
    """All Refs at any depth, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from refs_in(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from refs_in(one)


def waits(value: Value) -> bool:
    """A Ref is inside: what it stands for is known only after the apply."""
    return value.__class__ not in PLAIN and next(refs_in(value), None) is not None
