"""Finds the Refs in a value, or the Files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from migrator.model.values import File, Ref, Value

PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Types of values in which no Ref can be."""


Kind = TypeVar("Kind", Ref, File)


def inside(value: Value, kind: type[Kind]) -> Iterator[Kind]:
    """All values of this kind at any depth, in order."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from inside(one, kind)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from inside(one, kind)


def refs_in(value: Value) -> Iterator[Ref]:
    """All Refs at any depth, in order."""
    return inside(value, Ref)


def waits(value: Value) -> bool:
    """A Ref is inside: what it stands for is known only after the apply."""
    return value.__class__ not in PLAIN and next(refs_in(value), None) is not None
