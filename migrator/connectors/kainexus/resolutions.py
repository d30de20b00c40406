"""Resolution blocks: money, time, surveys. They pass through as JSON; only what is written is compared.

An entry with `id` updates that entry, one without adds one, entries left out stay [assumption of ours: no source
tells]. So an entry without `id` that stands there already must not be sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from migrator.connectors.kainexus import instants, scalars
from migrator.model.values import Value

LISTS = ("impacts", "investments")


def plain(value: Value, zone: ZoneInfo) -> Value:
    """JSON without what may differ in spelling: numbers as decimal text, instants in UTC, months in order."""
    if isinstance(value, Mapping):
        return {name: _member(name, each, zone) for name, each in value.items() if each is not None}
    if isinstance(value, tuple | list):
        return tuple(plain(each, zone) for each in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return scalars.decimal(value)
    if isinstance(value, str):
        moment = instants.parse(value, zone)
        return value.rstrip() if moment is None else instants.shown(moment)
    return value


def _member(name: str, value: Value, zone: ZoneInfo) -> Value:
    found = plain(value, zone)
    if name == "monthlyValues" and isinstance(found, tuple):
        return tuple(sorted(found, key=_month))
    return found


def _month(entry: Value) -> tuple[int, int]:
    if not isinstance(entry, Mapping):
        return (0, 0)
    year, month = str(entry.get("year", "0")), str(entry.get("month", "0"))
    return (int(year) if year.isdecimal() else 0, int(month) if month.isdecimal() else 0)


def merged(wanted: Value, found: Value, zone: ZoneInfo) -> Value:
    """What reading shows after writing `wanted` over `found`, both in any spelling."""
    want, have = plain(wanted, zone), plain(found, zone)
    if not isinstance(want, Mapping) or not isinstance(have, Mapping):
        return have if want is None else want
    block = {**have, **{name: value for name, value in want.items() if name not in LISTS}}
    for name in LISTS:
        if name in want:
            block[name] = _entries(_list(want[name]), _list(have.get(name)))
    return block


def _entries(want: Sequence[Value], have: Sequence[Value]) -> tuple[Value, ...]:
    result = list(have)
    taken: set[int] = set()
    for entry in want:
        place = _place(entry, result, taken)
        if place is None:
            result.append(entry)
            taken.add(len(result) - 1)
        else:
            taken.add(place)
            old = result[place]
            result[place] = {**old, **entry} if isinstance(old, Mapping) and isinstance(entry, Mapping) else entry
    return tuple(result)


def _place(entry: Value, among: Sequence[Value], taken: set[int]) -> int | None:
    """Where an entry stands already: by its id, else by all that it says."""
    for place, other in enumerate(among):
        if place in taken or not isinstance(other, Mapping) or not isinstance(entry, Mapping):
            continue
        if "id" in entry:
            if other.get("id") == entry["id"]:
                return place
        elif all(other.get(name) == value for name, value in entry.items()):
            return place
    return None


def to_send(wanted: Value, found: Value, zone: ZoneInfo) -> Value:
    """The part of `wanted` that `found` does not hold yet, as the playbook spells it."""
    if not isinstance(wanted, Mapping) or not isinstance(found, Mapping):
        return wanted
    have = plain(found, zone)
    sent = dict(wanted)
    for name in LISTS:
        if name in wanted and isinstance(have, Mapping):
            sent[name] = _missing(_list(wanted[name]), _list(have.get(name)), zone)
            if not sent[name]:
                del sent[name]
    return sent


def _missing(wanted: Sequence[Value], have: Sequence[Value], zone: ZoneInfo) -> tuple[Value, ...]:
    taken: set[int] = set()
    missing: list[Value] = []
    for entry in wanted:
        want = plain(entry, zone)
        bare = {name: value for name, value in want.items() if name != "id"} if isinstance(want, Mapping) else want
        place = _place(want, have, taken)
        stands = have[place] if place is not None else None
        if place is not None:
            taken.add(place)
        if isinstance(stands, Mapping) and isinstance(bare, Mapping) and bare.items() <= stands.items():
            continue
        missing.append(entry)
    return tuple(missing)


def _list(value: Value) -> tuple[Value, ...]:
    return tuple(value) if isinstance(value, tuple | list) else ()
