"""Filters as Python expressions for the values they nearly always get; all other values go to the filter itself.

A call of a filter costs two or three calls of Python functions with `*args`, more than the work on a short text
(measured: 0.3 µs against 0.05). What stands here must give what the filter gives; it need not take every value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from migrator.model.playbook import MappingTable
from migrator.transform.grammar import METHOD
from migrator.transform.limits import LARGE, NUMBER_DIGITS

Shortcut = tuple[str, str]
"""A condition on `{x}`, the value, and what the filter then gives."""
Bind = Callable[[Any], str]
"""Gives a value that expressions need the name by which they call it."""

_TEXT: Final = f"{{x}}.__class__ is str and len({{x}}) <= {LARGE}"
_SMALL: Final = f"({{x}}.__class__ is str or {{x}}.__class__ is tuple) and len({{x}}) <= {LARGE}"
_DIGITS: Final = f"{{x}}.__class__ is str and {{x}}.isdigit() and len({{x}}) <= {NUMBER_DIGITS} and {{x}}.isascii()"
_FIRST_IS_TEXT: Final = f"{{x}}.__class__ is tuple and 0 < len({{x}}) <= {LARGE} and {{x}}[0].__class__ is str"
"""Then all are texts, or sorted() raises TypeError: it compares each with another, and texts with texts only."""
_GROWTH: Final = 100
"""Characters that may stand for each that is replaced: LARGE times as many are far below the limit of a text."""

_ALONE: Final[Mapping[str, Shortcut]] = {
    "trim": (_TEXT, "{x}.strip()"),
    "lower": (_TEXT, "{x}.lower()"),
    "upper": (_TEXT, "{x}.upper()"),
    "capitalize": (_TEXT, "{x}.capitalize()"),
    "string": (_TEXT, "{x}"),
    "int": (_DIGITS, "int({x})"),
    "number": (_DIGITS, "int({x})"),
    "sort": (
        f"{{x}}.__class__ is tuple and 0 < len({{x}}) <= {LARGE} and {{x}}[0].__class__ is str",
        "tuple(sorted({x}))",
    ),
}
"""Filters without arguments."""
_WITH_TEXTS: Final[Mapping[tuple[str, int], str]] = {
    ("replace", 2): "{x}.replace({0}, {1})",
    ("remove_prefix", 1): "{x}.removeprefix({0})",
    ("remove_suffix", 1): "{x}.removesuffix({0})",
    (METHOD + "startswith", 1): "{x}.startswith({0})",
    (METHOD + "endswith", 1): "{x}.endswith({0})",
}
"""Filters with so many arguments, each a constant text."""
_METHODS: Final[Mapping[str, str]] = {
    METHOD + name: name.replace("removep", "remove_p").replace("removes", "remove_s").replace("strip", "trim")
    for name in ("strip", "lower", "upper", "capitalize", "replace", "removeprefix", "removesuffix")
}
"""Methods of texts -> the filters that do the same."""


def shortcut(name: str, arguments: list[Any], bare: Mapping[str, Callable[..., Any]], bind: Bind) -> Shortcut | None:
    """For a filter with these constant arguments; None where it has no shortcut.

    `bare` has the filters as plain functions, without the meter and the refusals that large and odd values need.
    """
    name = _METHODS.get(name, name)
    if not arguments and name in _ALONE:
        return _ALONE[name]
    form = _WITH_TEXTS.get((name, len(arguments)))
    if form is not None and all(one.__class__ is str and len(one) <= _GROWTH for one in arguments):
        return _TEXT, form.format(*map(bind, arguments), x="{x}")
    if name not in bare:
        return None
    return _SMALL, f"{bind(bare[name])}({', '.join(['{x}', *map(bind, arguments)])})"


def entry(table: MappingTable, bind: Bind) -> Shortcut:
    """For `map`: the value's entry in the table."""
    values = bind(table.values or {})
    return f"{{x}}.__class__ is str and {{x}} in {values}", f"{values}[{{x}}]"
