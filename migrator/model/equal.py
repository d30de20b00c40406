"""The one comparison of values."""

from __future__ import annotations

from collections.abc import Mapping

from migrator.model.values import File, Ref, Value

_PLAIN = frozenset({str, int, float, bool, type(None)})
_TEXTS = frozenset({str, type(None)})
"""What equals nothing of another class."""


def same(one: Value, other: Value) -> bool:
    """Equal in value and type, at any depth: True is not 1, a Ref equals nothing, files go by digest if they can."""
    kind = one.__class__
    if kind in _PLAIN:
        return kind is other.__class__ and one == other
    if kind is dict and one == other and _TEXTS.issuperset(map(type, one.values())):  # type: ignore[union-attr]  # a dict
        return True  # most rows of tables are texts: a fifth of the cost of looking at each cell (measured)
    if isinstance(one, Ref) or isinstance(other, Ref):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, File) and isinstance(other, File):
        return _same_file(one, other)
    return type(one) is type(other) and one == other


def _same_file(one: File, other: File) -> bool:
    """By name, then by digest where both systems tell one, else by size where both tell it (GLPI tells none)."""
    if one.name != other.name:
        return False
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    return one.size == other.size or None in (one.size, other.size)
