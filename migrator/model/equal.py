"""The one comparison of values."""

from __future__ import annotations

from collections.abc import Mapping

from migrator.model.values import File, Ref, Value


def same(one: Value, other: Value) -> bool:
    """Equal in value and type, at any depth: True is not 1, a Ref equals nothing, files go by digest if they can."""
    if isinstance(one, Ref) or isinstance(other, Ref):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, File) and isinstance(other, File) and one.sha256 and other.sha256:
        return one.name == other.name and one.sha256 == other.sha256
    return type(one) is type(other) and one == other
