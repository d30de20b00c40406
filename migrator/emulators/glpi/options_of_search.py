"""Search options: what a number of a search means, and how a row's value of it is found.

Eleven types answer what a real server answered (search_options.json). The others borrow from their kin what
their own columns can bear. [inferred]
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from migrator.emulators.glpi.schema import ASSETS, HERE, Itemtype, find, itemtypes, table_of

_NUMBERS = frozenset({"number", "count", "mio", "progressbar", "decimal", "timestamp", "bool"})


@dataclass(frozen=True)
class SearchOption:
    """One option. path: itemtypes from the row's own to where `field` is, with the own one left out. hint: a
    foreign key that the uid names. key: the foreign key of the row itself that the path starts with, or None.
    """

    number: int
    name: str
    table: str
    field: str
    datatype: str
    uid: str
    path: tuple[str, ...]
    hint: str | None
    key: str | None
    told: dict[str, Any]

    @property
    def numeric(self) -> bool:
        """Whether `contains` compares numbers."""
        return self.datatype in _NUMBERS


@cache
def _recorded() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((HERE / "search_options.json").read_text("utf-8"))
    return found


@cache
def listed(name: str) -> dict[str, Any]:
    """What listSearchOptions answers for an itemtype."""
    if name in _recorded():
        return _recorded()[name]
    if name == "AllAssets":
        return {key: value for key, value in listed("Computer").items() if not key.isdigit() or _for_all(value)}
    itemtype = itemtypes()[name]
    source = "Monitor" if name in ASSETS else "Location" if itemtype.parent_key else "Manufacturer"
    borrowed = {"common": {"name": "Characteristics"}}
    for number, option in {**_recorded()[source], **_more(itemtype)}.items():
        if number.isdigit():
            adapted = _adapted(option, source, name)
            if _bears(itemtype, adapted):
                borrowed[number] = adapted
    return borrowed


def _for_all(option: dict[str, Any]) -> bool:
    """Whether an option of computers fits all assets."""
    field = option["field"]
    own = option["table"] == "glpi_computers"
    return not own or all(field in itemtypes()[asset].columns for asset in ASSETS)


def _more(itemtype: Itemtype) -> dict[str, Any]:
    """Options that plain types share with a location: whether it is inherited, and the entity."""
    donor = _recorded()["Location"]
    return {number: donor[number] for number in ("80", "86") if itemtype.of_entity and number in donor}


def _adapted(option: dict[str, Any], source: str, name: str) -> dict[str, Any]:
    """An option of one type as that of another: `Monitor.MonitorType.name` -> `Phone.PhoneType.name`."""
    donor = option["uid"].split(".")[0]
    uid = re.sub(rf"\b{donor}(?=\b|Type\b|Model\b)", name, option["uid"])
    parts = uid.split(".")
    table = table_of(parts[-2]) if source in option["uid"] or donor == parts[-2] else option["table"]
    table = table_of(name) if len(parts) == 2 else table
    return {**option, "uid": uid, "table": table}


def _bears(itemtype: Itemtype, option: dict[str, Any]) -> bool:
    """Whether the type's columns can answer an option: an own column, or one step along an own key."""
    *path, field = option["uid"].split(".")
    if len(path) == 1:
        return field in itemtype.columns
    steps = [part for part in path[1:] if part in itemtypes()]
    return len(steps) == 1 and steps[0] in itemtype.keys.values()


@cache
def options_of(name: str) -> dict[int, SearchOption]:
    """The options of an itemtype by number."""
    itemtype = find(name)
    found = {}
    for number, told in listed(name).items():
        if not number.isdigit():
            continue
        _, *middle, field = told["uid"].split(".")
        hints = [part for part in middle if re.search(r"^[a-z].*_id", part)]
        path = tuple(part for part in middle if part not in hints)
        key = _first_key(itemtype, path, hints[0] if hints else None)
        found[int(number)] = SearchOption(
            int(number), told["name"], told["table"], field, told.get("datatype", ""), told["uid"], path,
            hints[0] if hints else None, key, told,
        )  # fmt: skip
    return found


def _first_key(itemtype: Itemtype | None, path: tuple[str, ...], hint: str | None) -> str | None:
    """The own foreign key that a path of one or more steps starts with."""
    if itemtype is None or not path:
        return None
    if hint is not None and itemtype.keys.get(hint) == path[0]:
        return hint
    plain = table_of(path[0]).removeprefix("glpi_") + "_id"
    return plain if itemtype.keys.get(plain) == path[0] else None
