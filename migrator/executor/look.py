"""Looks at what stands in the target: by id, by key, by marker, or by reading it all. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from migrator.contract import Creates
from migrator.executor.load import Load
from migrator.executor.way import Way
from migrator.model.equal import same
from migrator.model.plan import Action, Change
from migrator.model.values import Key, Record, Value

T = TypeVar("T")
_PAGE = 500
"""Ids or keys looked for in one call at most, where the system allows more."""


def look(way: Way, loads: Sequence[Load]) -> dict[int, list[Record]]:
    """Line -> the records that may be its own: its target, or what its marker or key finds (empty: nothing)."""
    found: dict[int, list[Record]] = {load.line: [] for load in loads}
    fields = wanted(way, loads)
    known = [load for load in loads if load.item.target_id is not None]
    creates = [load for load in loads if load.item.target_id is None]
    scanned: list[Load] = []
    if way.capabilities.fetch_max:
        _fetch(way, known, fields, found)
    else:
        scanned += known
    if _findable(way):
        _find(way, creates, fields, found)
    else:
        scanned += [load for load in creates if way.writing.write.key or marker(way, load.change)]
    if scanned:
        _scan(way, scanned, fields, found)
    return found


def wanted(way: Way, loads: Sequence[Load]) -> tuple[str, ...] | None:
    """The fields that these lines are about, the key and the marker; None: all of them.

    A delete is about the whole record, read as it was while planning: a system may show what lies in its trash to
    who names a certain field, and there it counts as gone.
    """
    if any(load.action is Action.DELETE for load in loads):
        return None
    write = way.writing.write
    names = dict.fromkeys(write.key)
    if write.marker is not None:
        names[write.marker.field or write.marker.line or ""] = None
    for load in loads:
        for values in (load.change.before, load.change.after, load.change.along):
            names.update(dict.fromkeys(values or ()))
    return tuple(names)


def marker(way: Way, change: Change) -> str:
    """The text that carries the line's origin, "" where there is none."""
    mark = way.writing.write.marker
    if mark is None or not change.after:
        return ""
    return _last_line(change.after.get(mark.field or mark.line or ""))


def traceable(way: Way, load: Load) -> bool:
    """A create whose answer was lost can be found again."""
    return bool(way.writing.write.key or marker(way, load.change))


def guarded(way: Way) -> bool:
    """A second create of the same record would be refused, or be the same record."""
    if way.capabilities.creates is Creates.BY_ID:
        return True
    key, known = way.writing.write.key, way.writing.collection.fields or {}
    unique = len(key) == 1 and key[0] in known and known[key[0]].unique
    return way.capabilities.creates is Creates.GUARDED and unique


def folded(way: Way, key: Key) -> tuple[str, ...]:
    """A key as the target compares it."""
    known = way.writing.collection.fields or {}
    names = way.writing.write.key
    return tuple(way.target.fold(known.get(name), value) for name, value in zip(names, key, strict=True))


def shows(way: Way, record: Record, values: Mapping[str, Value], *, over: Mapping[str, Value] | None) -> bool:
    """The record shows what writing these values over `over` (None: a create) would leave there."""
    shown = {name: record.fields.get(name) for name in values}
    if all(same(value, shown[name]) for name, value in values.items()):
        return True
    stored = way.target.as_stored(way.writing, over, values)
    stands = way.target.as_stored(way.writing, record.fields, shown)
    return all(same(stored.get(name), stands.get(name)) for name in values)


def as_wanted(way: Way, load: Load, record: Record) -> bool:
    """The record shows what the line wants."""
    over = None if load.action is Action.CREATE else record.fields
    return shows(way, record, load.change.after or {}, over=over)


def as_planned(way: Way, load: Load, record: Record) -> bool:
    """The record still shows what the line found while planning: `before` and `along`."""
    change = load.change
    if change.before is None and None not in (change.version, record.version) and record.version != change.version:
        return False
    return shows(way, record, {**(change.before or {}), **(change.along or {})}, over=record.fields)


def shown(load: Load, record: Record) -> dict[str, Value]:
    """What the record shows of the line's own fields."""
    change = load.change
    names = dict.fromkeys([*(change.before or ()), *(change.after or ()), *(change.along or ())])
    return {name: record.fields.get(name) for name in names}


def all_records(way: Way, fields: tuple[str, ...] | None) -> Iterator[Record]:
    """The whole target collection."""
    query = way.read_back(fields)
    for page in way.target.read(query):
        yield from page.records


def _findable(way: Way) -> bool:
    capabilities, write = way.capabilities, way.writing.write
    if write.marker is not None or not capabilities.find or not 0 < len(write.key) <= capabilities.find_fields:
        return False
    known = way.writing.collection.fields or {}
    return all(name in known and known[name].kind in capabilities.find_kinds for name in write.key)


def _fetch(way: Way, loads: Sequence[Load], fields: tuple[str, ...] | None, found: dict[int, list[Record]]) -> None:
    lines: dict[str, list[int]] = {}
    for load in loads:
        lines.setdefault(str(load.item.target_id), []).append(load.line)
    pages = list(_pages(list(lines), way.capabilities.fetch_max))
    if not pages:
        return
    for page in way.target.fetch(way.writing.collection, pages, fields):
        for record in page.records:
            for line in lines.get(record.id, ()):
                found[line].append(record)


def _find(way: Way, loads: Sequence[Load], fields: tuple[str, ...] | None, found: dict[int, list[Record]]) -> None:
    lines: dict[tuple[str, ...], list[int]] = {}
    keys: dict[tuple[str, ...], Key] = {}
    for load in loads:
        text = folded(way, load.item.key)
        lines.setdefault(text, []).append(load.line)
        keys[text] = load.item.key
    pages = list(_pages(list(keys.values()), way.capabilities.find))
    if not pages:
        return
    for page in way.target.find(way.writing.collection, way.writing.write.key, pages, fields):
        for record in page.records:
            _by_key(way, record, lines, found)


def _scan(way: Way, loads: Sequence[Load], fields: tuple[str, ...] | None, found: dict[int, list[Record]]) -> None:
    ids: dict[str, list[int]] = {}
    keys: dict[tuple[str, ...], list[int]] = {}
    marks: dict[str, list[int]] = {}
    for load in loads:
        mark = marker(way, load.change)
        if load.item.target_id is not None:
            ids.setdefault(load.item.target_id, []).append(load.line)
        elif mark:
            marks.setdefault(mark, []).append(load.line)
        else:
            keys.setdefault(folded(way, load.item.key), []).append(load.line)
    mark_field = way.writing.write.marker
    name = "" if mark_field is None else mark_field.field or mark_field.line or ""
    for record in all_records(way, fields):
        for line in (*ids.get(record.id, ()), *(marks.get(_last_line(record.fields.get(name)), ()) if marks else ())):
            found[line].append(record)
        if keys:
            _by_key(way, record, keys, found)


def _by_key(
    way: Way, record: Record, lines: Mapping[tuple[str, ...], list[int]], found: dict[int, list[Record]]
) -> None:
    text = folded(way, tuple(record.fields.get(name) for name in way.writing.write.key))
    for line in lines.get(text, ()):
        found[line].append(record)


def _last_line(value: Value) -> str:
    text = value.rstrip().rpartition("\n")[2] if isinstance(value, str) else ""
    return text if text.startswith("migrator:") else ""


def _pages(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    size = max(1, min(most, _PAGE))
    for start in range(0, len(items), size):
        yield items[start : start + size]
