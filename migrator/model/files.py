"""Finds the Files in a value, and puts others in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from migrator.model.references import PLAIN, inside
from migrator.model.values import File, Value


def files_in(value: Value) -> Iterator[File]:
    """All Files at any depth, in order: their places count from 0."""
    return inside(value, File)


def with_files(value: Value, given: Callable[[int, File], File]) -> Value:
    """The value with what `given` gives for each File and its place."""
    return _replaced(value, given, iter(range(1 << 30)))


def _replaced(value: Value, given: Callable[[int, File], File], places: Iterator[int]) -> Value:
    if value.__class__ in PLAIN:
        return value
    if isinstance(value, File):
        return given(next(places), value)
    if isinstance(value, tuple):
        return tuple([_replaced(one, given, places) for one in value])
    if isinstance(value, Mapping):
        return {name: _replaced(one, given, places) for name, one in value.items()}
    return value
