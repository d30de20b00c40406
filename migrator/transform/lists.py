"""Filters on lists, maps and nulls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from migrator.model.values import Value
from migrator.transform.limits import check_list_length, check_text_length, too_large
from migrator.transform.operators import is_number
from migrator.transform.refusal import Refusal, shown, sort_of
from migrator.transform.results import Missing, insist, text_of
from migrator.transform.text import whole, worded

SORTED_ITEMS: Final = 20_000
"""What one sort or comparison of all items takes."""


def listed(value: Any) -> tuple[Any, ...]:
    """A list. Raises Refusal."""
    if isinstance(value, tuple):
        return value
    insist(value)
    raise Refusal("TR011", f"a list is needed here, not {sort_of(value)}", hint="`list` makes one of a value")


def list_(value: Any) -> tuple[Any, ...]:
    """A list stays; null is an empty list; anything else is a list of one."""
    if value is None:
        return ()
    insist(value)
    return value if isinstance(value, tuple) else (value,)


def first(value: Any) -> Any:
    """The first item; an empty list has none: `default()` follows."""
    items = listed(value)
    return items[0] if items else Missing("an empty list has no first item")


def last(value: Any) -> Any:
    """The last item; an empty list has none: `default()` follows."""
    items = listed(value)
    return items[-1] if items else Missing("an empty list has no last item")


def length(value: Any) -> int:
    """Characters of a text, items of a list, names of a map."""
    if isinstance(value, (str, tuple, Mapping)):
        return len(value)
    insist(value)
    raise Refusal("TR011", f"{sort_of(value)} has no length")


def join(value: Any, separator: Any = "") -> str:
    """The items as one text with `separator` between them; null items are left out."""
    between = worded(separator)
    texts = [item if item.__class__ is str else text_of(item) for item in listed(value) if item is not None]
    check_text_length(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def sort(value: Any, by: Any = None, reverse: Any = False) -> tuple[Any, ...]:
    """In order: all texts (by code point) or all numbers; null last. `by` names the field that maps are sorted by."""
    items = listed(value)
    if len(items) > SORTED_ITEMS:
        raise too_large("the list is too long to be sorted", SORTED_ITEMS, "items")
    if by is None and set(map(type, items)) == {str}:
        return tuple(sorted(items, reverse=reverse is True))
    keyed = [(_part(item, by), item) for item in items]
    there = [pair for pair in keyed if pair[0] is not None]
    if not (all(isinstance(key, str) for key, _ in there) or all(is_number(key) for key, _ in there)):
        raise Refusal(
            "TR011", "only texts, or only numbers, can be sorted", hint="`sort('field')` sorts maps by a field"
        )
    there.sort(key=lambda pair: pair[0], reverse=reverse is True)
    return tuple([item for _, item in there] + [item for key, item in keyed if key is None])


def _part(item: Any, name: Any) -> Any:
    if name is None:
        insist(item)
        return item
    if not isinstance(item, Mapping) or name not in item:
        insist(item)
        raise Refusal("TR010", f"an item of the list has no field {shown(name)}")
    return item[name]


def unique(value: Any) -> tuple[Any, ...]:
    """Each item once, in the order of its first; true and 1 are two items."""
    seen: set[Any] = set()
    kept = []
    for item in listed(value):
        insist(item)
        mark = _mark(item)
        if mark not in seen:
            seen.add(mark)
            kept.append(item)
    return tuple(kept)


def _mark(item: Value, depth: int = 0) -> Any:
    """Something hashable that is equal for equal items."""
    if depth > 20:
        raise Refusal("TR012", "the items are nested too deeply")
    if isinstance(item, tuple):
        return "list", tuple([_mark(part, depth + 1) for part in item])
    if isinstance(item, Mapping):
        return "map", tuple(sorted((name, _mark(part, depth + 1)) for name, part in item.items()))
    return type(item).__name__, item


def reverse(value: Any) -> Any:
    """The items of a list, or the characters of a text, from the last to the first."""
    return value[::-1] if isinstance(value, str) else listed(value)[::-1]


def flatten(value: Any) -> tuple[Any, ...]:
    """The items of the lists in a list, one level deep."""
    items = listed(value)
    check_list_length(sum(len(item) if isinstance(item, tuple) else 1 for item in items))
    return tuple([part for item in items for part in (item if isinstance(item, tuple) else (item,))])


def compact(value: Any) -> tuple[Any, ...]:
    """Without the items that are null or empty."""
    return tuple([item for item in listed(value) if item is not None and item != "" and item != () and item != {}])


def slice_(value: Any, start: Any = 0, stop: Any = None) -> Any:
    """From place `start` (the first is 0) up to, not including, `stop`; negative places count from the end."""
    begin = whole(start, "the start", -1_000_000)
    end = None if stop is None else whole(stop, "the stop", -1_000_000)
    return value[begin:end] if isinstance(value, str) else listed(value)[begin:end]


def pluck(value: Any, field: Any) -> tuple[Any, ...]:
    """One field of each map in a list."""
    name = worded(field)
    return tuple([_part(item, name) for item in listed(value)])


def select(value: Any, *wanted: Any) -> tuple[Any, ...]:
    """Only the items that are one of these values."""
    return tuple([item for item in listed(value) if item in wanted])


def reject(value: Any, *unwanted: Any) -> tuple[Any, ...]:
    """Without the items that are one of these values."""
    return tuple([item for item in listed(value) if item not in unwanted])


def select_by(value: Any, field: Any, *wanted: Any) -> tuple[Any, ...]:
    """Only the maps whose field is one of these values."""
    name = worded(field)
    return tuple([item for item in listed(value) if _part(item, name) in wanted])


def reject_by(value: Any, field: Any, *unwanted: Any) -> tuple[Any, ...]:
    """Without the maps whose field is one of these values."""
    name = worded(field)
    return tuple([item for item in listed(value) if _part(item, name) not in unwanted])


def default(value: Any, fallback: Any, also_empty: Any = False) -> Any:
    """The fallback for a missing value; with `true` also for a null or empty one (0 and false are values)."""
    if isinstance(value, Missing):
        return fallback
    if also_empty is True and (value is None or (isinstance(value, (str, tuple, Mapping)) and len(value) == 0)):
        return fallback
    return value


def coalesce(value: Any, *others: Any) -> Any:
    """The first value that is neither missing nor null; null if there is none."""
    for candidate in (value, *others):
        if not isinstance(candidate, Missing) and candidate is not None:
            return candidate
    return None


def none_if_empty(value: Any, *also: Any) -> Any:
    """Null for an empty text or list, for a text of blanks, and for a value that is one of these."""
    insist(value)
    if isinstance(value, str) and not value.strip():
        return None
    return None if value == () or value in also else value
