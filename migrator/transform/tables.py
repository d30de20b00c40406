"""The filter `map`: tables of `mappings:`, and what becomes of values that they do not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from migrator.model.playbook import MappingTable, Unknown
from migrator.model.problem import UnknownValue
from migrator.transform.refusal import Refusal, did_you_mean, first_of, shown
from migrator.transform.results import text_of


class Tables:
    """The tables of one step, and what they were asked for in vain."""

    def __init__(self, known: Mapping[str, MappingTable]) -> None:
        self.known = known
        """Name -> table, its values read."""
        self.missed: list[UnknownValue] = []
        """Values that were kept, or made null or the default, since somebody last took them out."""


def map_(tables: Tables, value: Any, table: Any) -> Any:
    """The value's entry in a table of `mappings:`; `unknown` there says what others become. A list item by item,
    without those that become null.
    """
    found = tables.known.get(table) if isinstance(table, str) else None
    if found is None:
        raise Refusal("TR008", f"unknown mapping {shown(table)}", hint=did_you_mean(str(table), tables.known))
    if found.values is None:
        raise Refusal("TR008", f"mapping {shown(table)} has not been read")
    if not isinstance(value, tuple):
        return _entry(tables, found, found.values, table, value)
    made: list[Any] = []
    refused: list[Refusal] = []
    for item in value:
        try:
            entry = _entry(tables, found, found.values, table, item)
        except Refusal as refusal:
            refused.append(refusal)
            continue
        if entry is not None or item is None:
            made.append(entry)
    if refused:
        raise first_of(refused)
    return tuple(made)


def _entry(tables: Tables, table: MappingTable, values: Mapping[str, Any], name: str, value: Any) -> Any:
    key = value if value.__class__ is str else text_of(value)
    try:
        return values[key]
    except KeyError:
        missed = UnknownValue(why=f'not in mapping "{name}"', value=key, policy=policy_of(table))
    if missed.policy == Unknown.FAIL:
        otherwise = _EMPTY_HINT if not key.strip() else _HINTS[table.people is not None]
        hint = did_you_mean(key, values, otherwise)
        raise Refusal("TR015", f"{shown(value)} is not in mapping {shown(name)}", hint=hint, unknown=(missed,))
    tables.missed.append(missed)
    return value if missed.policy == Unknown.KEEP else table.default


def policy_of(table: MappingTable) -> str:
    """What becomes of a value that the table does not hold: fail, keep, null or default."""
    return "default" if table.default is not None else table.unknown.value


_EMPTY_HINT: Final = "an empty text is a value too; `none_if_empty` before `map` makes null of it, which stays null"
_HINTS: Final = (
    "add it to the table, or let `unknown:` say keep or null",
    "nobody there is called so; or let `unknown:` say null, or give a `default:`",
)
"""Of a table, and of people."""
