"""The values that a row has for a search option: own columns, dropdowns, and rows that hang on it."""

from typing import Any

from migrator.emulators.glpi.options_of_search import SearchOption
from migrator.emulators.glpi.schema import Itemtype, itemtypes
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.text import Test

ROLES = {4: 1, 5: 2, 66: 3, 71: 1, 8: 2, 65: 3}
"""Ticket options that look at actors of one role only (requester 1, assigned 2, observer 3). [docs]"""

Found = tuple[Itemtype, Row]


def reached(store: Store, itemtype: Itemtype, row: Row, option: SearchOption) -> list[Found]:
    """The rows at the end of an option's path, the row itself for an empty path."""
    found: list[Found] = [(itemtype, row)]
    for step in option.path:
        found = [other for each in found for other in _step(store, each, step, option)]
    return found


def _step(store: Store, start: Found, step: str, option: SearchOption) -> list[Found]:
    itemtype, row = start
    to = itemtypes().get(step)
    if to is None:
        return []
    key = option.hint if option.hint and itemtype.keys.get(option.hint) == step else to.key
    if itemtype.keys.get(key) == step:
        other = store.row(step, row[key])
        unset = row[key] == 0 and step != "Entity"
        return [(to, other)] if other is not None and not unset else []
    table = store.table(step)
    if itemtype.key in to.columns:
        rows = table.where(**{itemtype.key: row["id"]})
    elif {"itemtype", "items_id"} <= to.columns.keys():
        rows = table.where(items_id=row["id"], itemtype=itemtype.name)
    else:
        return []
    role = ROLES.get(option.number) if itemtype.name == "Ticket" and "type" in to.columns else None
    return [(to, each) for each in rows if role is None or each["type"] == role]


def values(store: Store, itemtype: Itemtype, row: Row, option: SearchOption) -> list[Any]:
    """All values of an option, as columns have them."""
    if option.datatype == "count":
        return [len(reached(store, itemtype, row, option))]
    return [each[option.field] for to, each in reached(store, itemtype, row, option) if option.field in to.columns]


def ids(store: Store, itemtype: Itemtype, row: Row, option: SearchOption) -> list[int]:
    """The ids that `equals` compares: of the value for dropdowns, of the row itself for its name. [observed]"""
    return [each["id"] for _, each in reached(store, itemtype, row, option)]


def shown(store: Store, itemtype: Itemtype, row: Row, option: SearchOption, only: Test | None = None) -> Any:
    """The cell of an answer: null for none, a list for several. Actors are told by id, as text [source]. Of
    several values those that pass `only`."""
    told = values(store, itemtype, row, option)
    if only is not None and len(told) > 1:
        told = [each for each in told if only(None if each is None else str(each))]
    if option.table == "glpi_users" and len(option.path) > 1 and option.path[0].endswith("_User"):
        told = [str(each) for each in ids(store, itemtype, row, option)]
    if not told:
        return None
    return told[0] if len(told) == 1 else told
