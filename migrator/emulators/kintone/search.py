"""Carrying out a query: which rows, in which order. Ids and unique keys are looked up, not scanned for."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from migrator.emulators.kintone import assumptions, numeric, problems
from migrator.emulators.kintone.conditions import NUMERIC, Scope, compile_condition, field_of
from migrator.emulators.kintone.query import DEFAULT_LIMIT, Both, Comparison, Condition, Query
from migrator.emulators.kintone.rows import Row

if TYPE_CHECKING:
    from migrator.emulators.kintone.app import App

NOT_SORTED = frozenset({
    "CHECK_BOX", "MULTI_SELECT", "MULTI_LINE_TEXT", "RICH_TEXT", "FILE", "SUBTABLE", "USER_SELECT",
    "ORGANIZATION_SELECT", "GROUP_SELECT", "STATUS_ASSIGNEE", "CATEGORY", "GROUP", "REFERENCE_TABLE",
})  # fmt: skip


def every(query: Query, scope: Scope) -> list[Row]:
    """All rows that fit, in order; limit and offset are not looked at."""
    return list(_ordered(query, scope))


def page(query: Query, scope: Scope, *, count: bool) -> tuple[list[Row], int | None, bool]:
    """The rows between offset and limit; how many fit in all, if `count`; whether the search was cut."""
    offset, limit = query.offset or 0, DEFAULT_LIMIT if query.limit is None else query.limit
    rows = _ordered(query, scope)
    if not count:
        return list(islice(rows, offset, offset + limit)), None, False
    if query.condition is None:
        return list(islice(rows, offset, offset + limit)), len(scope.app.table), False
    found = list(islice(rows, assumptions.SEARCH_LIMIT + 1))
    cut = len(found) > assumptions.SEARCH_LIMIT
    return found[offset : offset + limit], min(len(found), assumptions.SEARCH_LIMIT), cut


def _ordered(query: Query, scope: Scope) -> Iterator[Row]:
    """Rows that fit; by id they come one by one, so that a page ends the search."""
    table = scope.app.table
    descending = _by_id(query.order, scope.app)
    holds = None if query.condition is None else compile_condition(query.condition, scope)
    ids, rest = _candidates(query.condition, scope.app)
    ascending = table.ids if ids is None else ids
    rows: Iterable[Row] = map(table.rows.__getitem__, reversed(ascending) if descending else ascending)
    if holds is not None and rest:
        rows = (row for row in rows if holds(row.values))
    if descending is None:
        rows = _sorted(list(rows), query.order, scope.app)
    return iter(rows)


def _by_id(order: tuple[tuple[str, bool], ...], app: "App") -> bool | None:
    """Whether the order is by id, and if so whether downwards; None: by something else."""
    if not order:
        return True
    code, descending = order[0]
    one = app.fields.get(code)
    return descending if code == "$id" or (one is not None and one.type == "RECORD_NUMBER") else None


def _sorted(rows: list[Row], order: tuple[tuple[str, bool], ...], app: "App") -> list[Row]:
    """Several keys: sorted by the last first, each sort keeping the former; ties newest first."""
    rows.sort(key=lambda row: row.id, reverse=True)
    for code, descending in reversed(order):
        type_, one = field_of(code, app)
        if type_ in NOT_SORTED or (one is not None and one.table is not None):
            raise problems.query_error("GAIA_IQ03", f"Cannot order by {code} ({type_}).")
        rows.sort(key=_sort_key(code, type_), reverse=descending)
    return rows


def _sort_key(code: str, type_: str) -> Callable[[Row], Any]:
    if code == "$id" or type_ == "RECORD_NUMBER":
        return lambda row: row.id
    if type_ in NUMERIC:
        return lambda row: _number_key(row.values[code])
    if type_ in ("CREATOR", "MODIFIER"):
        return lambda row: row.values[code]["code"]
    return lambda row: row.values[code] or ""


def _number_key(value: str) -> tuple[bool, Any]:
    try:
        return True, numeric.parse(value)
    except numeric.NotANumber:
        return False, 0


def _candidates(condition: Condition | None, app: "App") -> tuple[list[int] | None, bool]:
    """Ids, ascending, among which all that fit are (None: look at every row), and whether they must be tested."""
    if isinstance(condition, Comparison):
        ids = _by_index(condition, app)
        return ids, ids is None
    if isinstance(condition, Both):
        found = [ids for ids, _ in (_candidates(part, app) for part in condition.parts) if ids is not None]
        return (min(found, key=len) if found else None), True
    return None, condition is not None


def _by_index(part: Comparison, app: "App") -> list[int] | None:
    texts = [operand for operand in part.operands if isinstance(operand, str)]
    if len(texts) < len(part.operands):
        return None
    if part.code == "$id":
        return _by_ids(part.operator, texts, app)
    one = app.fields.get(part.code)
    if part.operator not in ("=", "in") or one is None or not app.table.indexed(part.code) or "" in texts:
        return None
    if one.type == "NUMBER":
        try:
            texts = [numeric.plain(numeric.parse(text)) for text in texts]
        except numeric.NotANumber:
            return None  # the condition itself says what is wrong
    elif one.type not in ("SINGLE_LINE_TEXT", "LINK"):
        return None
    holders = {app.table.holder(part.code, text) for text in texts}
    return sorted(holder for holder in holders if holder is not None)


def _by_ids(operator: str, texts: list[str], app: "App") -> list[int] | None:
    if not all(text.isascii() and text.isdigit() for text in texts):
        return None
    numbers = [int(text) for text in texts]
    if operator in ("=", "in"):
        return sorted({number for number in numbers if number in app.table.rows})
    ranges = {
        ">": (numbers[0] + 1, None), ">=": (numbers[0], None),
        "<": (None, numbers[0] - 1), "<=": (None, numbers[0]),
    }  # fmt: skip
    return app.table.between(*ranges[operator]) if operator in ranges else None
