"""The history of an item: one line per changed column that a search option names. [observed]"""

from functools import cache
from typing import Any

from migrator.emulators.glpi.options_of_search import options_of
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.sessions import Session
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row

SILENT = frozenset({"date_mod", "ancestors_cache", "sons_cache", "users_id_lastupdater"})
"""Columns that the history never tells."""


@cache
def _numbers(name: str) -> dict[str, int]:
    """Column -> the search option that names it: its own columns, and its foreign keys through their table."""
    found: dict[str, int] = {}
    for option in options_of(name).values():
        if option.path == () and option.field not in found:
            found[option.field] = option.number
        elif len(option.path) == 1 and option.key and option.key not in found:
            found[option.key] = option.number
    return found


def write(store: Store, session: Session, itemtype: Itemtype, old: Row, new: Row, changes: dict[str, Any]) -> None:
    """Tell of each changed column, in the order of the input."""
    numbers = _numbers(itemtype.name)
    for column in changes:
        if column in SILENT or column not in numbers:
            continue
        values = [_shown(store, itemtype, column, row[column]) for row in (old, new)]
        store.note(
            session, itemtype.name, new["id"],
            id_search_option=numbers[column], old_value=values[0], new_value=values[1],
        )  # fmt: skip


def _shown(store: Store, itemtype: Itemtype, column: str, value: Any) -> str:
    to = itemtype.keys.get(column)
    if to is not None:
        name = store.dropdown_name(to, value) if value or to == "Entity" else ""
        return f"{name or '&nbsp;'} ({value})"
    return "" if value is None else str(value)
