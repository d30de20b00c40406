"""Typed frozen dataclasses out of plain trees: every fault is told, none stops the others.

What a type takes is what its schema (`codec/schema.py`) takes: no guessing, no conversion, except that a list
becomes a tuple and a text an enum's member where the field says so.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, Literal, Union

Path = tuple[str | int, ...]
"""Keys and positions from the root of a tree down to a node."""
Fault = tuple[Path, str]
"""Where, and what is wrong there, as a sentence."""

_PLAIN = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
_WRONG = object()


def build(wanted: Any, tree: Any) -> tuple[Any, list[Fault]]:
    """The object of this type, or None and all faults with their paths."""
    faults: list[Fault] = []
    found = _build(wanted, tree, (), faults)
    return (None, faults) if faults else (found, [])


@cache
def fields_of(wanted: type) -> Mapping[str, tuple[dataclasses.Field[Any], Any]]:
    """Name -> (field, its resolved type) of a dataclass, in order; what `__init__` does not take is left out."""
    hints = typing.get_type_hints(wanted)
    return {field.name: (field, hints[field.name]) for field in dataclasses.fields(wanted) if field.init}


def is_required(field: dataclasses.Field[Any]) -> bool:
    """It has no default."""
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def members(wanted: Any) -> tuple[Any, ...] | None:
    """The types of a union, None for any other type."""
    return typing.get_args(wanted) if typing.get_origin(wanted) in (Union, types.UnionType) else None


def choices(wanted: Any) -> tuple[Any, ...] | None:
    """The values of an enum or a Literal, None for any other type."""
    if typing.get_origin(wanted) is Literal:
        return typing.get_args(wanted)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return tuple(member.value for member in wanted)
    return None


def element(wanted: Any) -> tuple[type, tuple[Any, ...]] | None:
    """(list or tuple or dict, its arguments) of a container's type, None for any other type."""
    origin, arguments = typing.get_origin(wanted) or wanted, typing.get_args(wanted)
    if not isinstance(origin, type) or issubclass(origin, str):
        return None
    if issubclass(origin, Mapping):
        return dict, arguments or (str, Any)
    if issubclass(origin, tuple):
        return tuple, arguments or (Any, ...)
    if issubclass(origin, Sequence):
        return list, arguments or (Any,)
    return None


def got(value: Any) -> str:
    """What stands there, in the user's words; never the value itself."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    return _PLAIN.get(type(value), type(value).__name__)


def named(wanted: Any) -> str:
    """What a type takes, in the user's words."""
    union = members(wanted)
    if union:
        return " or ".join(dict.fromkeys(named(member) for member in union if member is not type(None)))
    allowed = choices(wanted)
    if allowed:
        return "one of " + ", ".join(str(value) for value in allowed)
    container = element(wanted)
    if dataclasses.is_dataclass(wanted) or (container and container[0] is dict):
        return "a map"
    return "a list" if container else _PLAIN.get(wanted, str(wanted))


def _build(wanted: Any, tree: Any, path: Path, faults: list[Fault]) -> Any:
    if wanted is Any or wanted is object:
        return tree
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        return _build_object(wanted, tree, path, faults)
    union = members(wanted)
    if union:
        return _build_union(wanted, union, tree, path, faults)
    allowed = choices(wanted)
    if allowed is not None:
        return _build_choice(wanted, allowed, tree, path, faults)
    container = element(wanted)
    if container:
        return _build_container(wanted, *container, tree, path, faults)
    if type(tree) is wanted or (wanted is float and type(tree) is int):
        return tree
    return _fault(path, f"must be {named(wanted)}, not {got(tree)}", faults)


def _fault(path: Path, sentence: str, faults: list[Fault]) -> Any:
    faults.append((path, sentence))
    return _WRONG


def _build_object(wanted: type, tree: Any, path: Path, faults: list[Fault]) -> Any:
    if not isinstance(tree, Mapping):
        return _fault(path, f"must be a map, not {got(tree)}", faults)
    fields = fields_of(wanted)
    before = len(faults)
    found = {}
    for name, value in tree.items():
        if name in fields:
            found[name] = _build(fields[name][1], value, (*path, name), faults)
        else:
            _fault((*path, name), f'unknown key "{name}"', faults)
    for name, (field, _) in fields.items():
        if name not in tree and is_required(field):
            _fault(path, f'the key "{name}" is missing', faults)
    return wanted(**found) if len(faults) == before else _WRONG


def _build_union(wanted: Any, union: tuple[Any, ...], tree: Any, path: Path, faults: list[Fault]) -> Any:
    """The first member that takes it; where one alone takes this sort of thing, its faults are the faults."""
    fits = [member for member in union if _sort_fits(member, tree)]
    for member in fits:
        inner: list[Fault] = []
        found = _build(member, tree, path, inner)
        if not inner:
            return found
        if len(fits) == 1:
            faults.extend(inner)
            return _WRONG
    return _fault(path, f"must be {named(wanted)}, not {got(tree)}", faults)


def _sort_fits(wanted: Any, tree: Any) -> bool:
    """Whether a type takes this sort of thing (a map, a list, a text) at all."""
    if wanted is Any:
        return True
    container = element(wanted)
    if dataclasses.is_dataclass(wanted) or (container and container[0] is dict):
        return isinstance(tree, Mapping)
    if container:
        return isinstance(tree, (list, tuple))
    allowed = choices(wanted)
    if allowed is not None:
        return type(tree) in {type(value) for value in allowed} or isinstance(tree, str)
    return type(tree) is wanted or (wanted is float and type(tree) is int)


def _build_choice(wanted: Any, allowed: tuple[Any, ...], tree: Any, path: Path, faults: list[Fault]) -> Any:
    if any(tree == value and type(tree) is type(value) for value in allowed):
        return wanted(tree) if isinstance(wanted, type) else tree
    return _fault(path, f"must be {named(wanted)}", faults)


def _build_container(
    wanted: Any, kind: type, arguments: tuple[Any, ...], tree: Any, path: Path, faults: list[Fault]
) -> Any:
    if kind is dict:
        if not isinstance(tree, Mapping):
            return _fault(path, f"must be a map, not {got(tree)}", faults)
        return {name: _build(arguments[1], value, (*path, name), faults) for name, value in tree.items()}
    if not isinstance(tree, (list, tuple)):
        return _fault(path, f"must be a list, not {got(tree)}", faults)
    if kind is list or arguments[-1] is Ellipsis:
        return kind(_build(arguments[0], item, (*path, at), faults) for at, item in enumerate(tree))
    if len(tree) != len(arguments):
        return _fault(path, f"must be a list of {len(arguments)}, not of {len(tree)}", faults)
    return tuple(
        _build(argument, item, (*path, at), faults)
        for at, (argument, item) in enumerate(zip(arguments, tree, strict=True))
    )
