"""Tables are written whole: rows that are not sent are deleted, and cells that a new row does not give are lost.

Records do not carry row ids, so every row sent is a new row. For a playbook that names some columns only, what
people keep in the others must survive: a row takes the cells it does not name from the row it comes from.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence

from migrator.connectors.kintone.values import rows_of
from migrator.model.values import Field, Value, WritableOn

Row = Mapping[str, Value]


def columns_of(table: Field) -> dict[str, Field]:
    """Columns that take values, by code; calculated and looked-up ones are the server's."""
    return {cell.name: cell for cell in table.fields if cell.writable_on is not WritableOn.NEVER}


def completed(
    columns: Mapping[str, Field], wanted: Sequence[Row], before: Value, canon: Callable[[Field, Value], Value]
) -> list[Row]:
    """The wanted rows with the cells they leave out, taken from the row of `before` that each comes from.

    That is the first one with the same named cells (`canon` tells equal values), else, where neither side has a row
    more, the one in the same place. A row that comes from nowhere stays as it is.
    """
    if all(columns.keys() <= row.keys() for row in wanted):
        return list(wanted)
    old = rows_of(before)
    partners = _partners(columns, wanted, old, canon)
    return [_over(columns, row, old[partner]) if partner is not None else row for row, partner in partners]


def _partners(
    columns: Mapping[str, Field], wanted: Sequence[Row], old: Sequence[Row], canon: Callable[[Field, Value], Value]
) -> list[tuple[Row, int | None]]:
    """Each wanted row with the place of its old one."""
    indexes: dict[tuple[str, ...], dict[object, deque[int]]] = {}
    free = set(range(len(old)))
    found: list[int | None] = []
    for row in wanted:
        names = tuple(sorted(columns.keys() & row.keys()))
        if names not in indexes:
            indexes[names] = _index(columns, names, old, canon)
        places = indexes[names].get(_seen(columns, names, row, canon), deque())
        while places and places[0] not in free:
            places.popleft()
        found.append(places.popleft() if places else None)
        free.discard(-1 if found[-1] is None else found[-1])
    if len(wanted) == len(old):
        found = [place if place is not None or at not in free else at for at, place in enumerate(found)]
    return list(zip(wanted, found, strict=True))


def _index(
    columns: Mapping[str, Field],
    names: tuple[str, ...],
    old: Sequence[Row],
    canon: Callable[[Field, Value], Value],
) -> dict[object, deque[int]]:
    index: dict[object, deque[int]] = defaultdict(deque)
    for place, row in enumerate(old):
        index[_seen(columns, names, row, canon)].append(place)
    return index


def _seen(
    columns: Mapping[str, Field], names: tuple[str, ...], row: Row, canon: Callable[[Field, Value], Value]
) -> object:
    return tuple(canon(columns[name], row.get(name)) for name in names)


def _over(columns: Mapping[str, Field], row: Row, old: Row) -> Row:
    return {name: row[name] if name in row else old.get(name) for name in columns}
