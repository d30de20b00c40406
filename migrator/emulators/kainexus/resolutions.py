"""Writing the resolution blocks: entries by id are updated, others added, what is left out stays. [assumption]"""

from typing import Any

from migrator.emulators.kainexus import instants
from migrator.emulators.kainexus.incoming import as_id, as_list, as_object
from migrator.emulators.kainexus.item import Item
from migrator.emulators.kainexus.options import Options
from migrator.emulators.kainexus.organization import Organization
from migrator.emulators.kainexus.refusal import Refusal

ENTRY_LISTS = ("impacts", "investments")
VALUE_TYPES = ("ONE_TIME", "RECURRING", "RANGE", "CUSTOM")
ENTRY_DATES = ("rangeStart", "rangeEnd", "realizedDate")
UNIT_VALUE_RATE = 1.0
"""Worth of one unit of every person, product, service or resource here. [assumption]"""


def write_resolution(item: Item, key: str, value: Any, org: Organization, options: Options) -> None:
    """Merge `value` into the block `key`; null empties it. Raises Refusal NOT_FOUND, NOT_VALID, EMPTY."""
    if value is None:
        item.resolutions.pop(key, None)
        return
    block = as_object(value, key)
    kept = dict(item.resolutions.get(key, {}))
    for name, part in block.items():
        if name in ENTRY_LISTS:
            kept[name] = _merged(kept.get(name, []), part, f"{key}.{name}", org, options)
        else:
            kept[name] = part
    item.resolutions[key] = kept


def _merged(
    before: list[dict[str, Any]], value: Any, where: str, org: Organization, options: Options
) -> list[dict[str, Any]]:
    if value is None:
        return []
    entries = {entry["id"]: entry for entry in before}
    for raw in as_list(value, where):
        entry = as_object(raw, where)
        number = as_id(entry.get("id"), where)
        if number is not None and number not in entries:
            raise Refusal("NOT_FOUND", f"{where}: no entry with id {number}")
        if number is None:
            number = org.new_id()
        merged = {**entries.get(number, {}), **entry, "id": number}
        entries[number] = _checked(merged, where, org, options)
    return list(entries.values())


def _checked(entry: dict[str, Any], where: str, org: Organization, options: Options) -> dict[str, Any]:
    _resolve_type(entry, where, org)
    if entry.get("valueType") not in (None, *VALUE_TYPES):
        raise Refusal("NOT_VALID", f"{where}: valueType is one of {', '.join(VALUE_TYPES)}")
    for key in ENTRY_DATES:
        if entry.get(key) is not None:
            entry[key] = instants.show(instants.parse(entry[key], key, lenient=options.lenient_dates))
    if entry.get("locations"):
        places = [org.location(ref, where) for ref in as_list(entry["locations"], where)]
        entry["locations"] = [{"id": place.id, "name": place.name} for place in places]
    _calculate(entry, org)
    return {name: part for name, part in entry.items() if part is not None}


def _resolve_type(entry: dict[str, Any], where: str, org: Organization) -> None:
    number = as_id(entry.get("typeId"), where)
    if number is None:
        name = entry.get("typeName")
        if not name:
            raise Refusal("EMPTY", f"{where}: an entry needs typeId or typeName")
        number = next((each for each, title in org.impact_types.items() if title == name), None)
    if number not in org.impact_types:
        raise Refusal("NOT_FOUND", f"{where}: no impact type {entry.get('typeName', number)!r}")
    entry["typeId"], entry["typeName"] = number, org.impact_types[number]


def _calculate(entry: dict[str, Any], org: Organization) -> None:
    """The three keys that the server adds on read [qa]; how it reckons is [assumption]."""
    resource = entry.get("personProductServiceResource")
    amount, people = (_number(entry, key) for key in ("amount", "numberOfPeople"))
    if not resource or amount is None:
        return
    if not isinstance(resource, str):
        raise Refusal("NOT_VALID", f"personProductServiceResource is a name, not {resource!r}")
    if resource not in org.resources:
        org.resources[resource] = org.new_id()
    entry["personProductServiceResourceId"] = org.resources[resource]
    entry["unitValueRate"] = UNIT_VALUE_RATE
    entry["calculatedValue"] = amount * UNIT_VALUE_RATE * (1.0 if people is None else people)


def _number(entry: dict[str, Any], key: str) -> float | None:
    value = entry.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Refusal("NOT_VALID", f"{key} is a number, not {value!r}")
    return None if value is None else float(value)
