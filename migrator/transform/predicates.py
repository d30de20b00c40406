"""The tests of expressions: `record.x is empty`. A closed table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from migrator.transform.operators import is_number
from migrator.transform.refusal import Refusal, sort_of
from migrator.transform.results import Missing, Pointer, insist
from migrator.transform.text import worded


def defined(value: Any) -> bool:
    """The field is there, be it null."""
    return not isinstance(value, Missing)


def undefined(value: Any) -> bool:
    """The field is not there."""
    return isinstance(value, Missing)


def none(value: Any) -> bool:
    """Null."""
    _there(value)
    return value is None


def empty(value: Any) -> bool:
    """Null, a text of nothing but blanks, an empty list or map. 0 and false are not empty."""
    insist(value)
    return value is None or value == () or value == {} or (isinstance(value, str) and not value.strip())


def string(value: Any) -> bool:
    """A text."""
    _there(value)
    return isinstance(value, str)


def number(value: Any) -> bool:
    """A number, not a text that looks like one."""
    _there(value)
    return is_number(value)


def boolean(value: Any) -> bool:
    """True or false."""
    _there(value)
    return isinstance(value, bool)


def list_(value: Any) -> bool:
    """A list."""
    _there(value)
    return isinstance(value, tuple)


def mapping(value: Any) -> bool:
    """A map."""
    _there(value)
    return isinstance(value, Mapping)


def starts_with(value: Any, beginning: Any) -> bool:
    """A text that begins so."""
    return worded(value).startswith(worded(beginning))


def ends_with(value: Any, end: Any) -> bool:
    """A text that ends so."""
    return worded(value).endswith(worded(end))


def containing(value: Any, part: Any) -> bool:
    """A text with this part, a list with this item, a map with this name."""
    insist(value)
    insist(part)
    if isinstance(value, str):
        return worded(part) in value
    if isinstance(value, (tuple, Mapping)):
        return part in value
    raise Refusal("TR011", f"{sort_of(value)} contains nothing")


def in_(value: Any, group: Any) -> bool:
    """One of the items of a list, the names of a map, a part of a text."""
    return containing(group, value)


def _there(value: Any) -> None:
    if isinstance(value, (Missing, Pointer)):
        insist(value)


TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "defined": defined,
    "undefined": undefined,
    "none": none,
    "empty": empty,
    "string": string,
    "number": number,
    "boolean": boolean,
    "list": list_,
    "mapping": mapping,
    "startswith": starts_with,
    "endswith": ends_with,
    "containing": containing,
    "in": in_,
}
"""Name -> test."""
