"""Conditions of a query as functions over a record's kept values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from migrator.emulators.kintone import assumptions, dates, moments, numeric, problems
from migrator.emulators.kintone.form import Field
from migrator.emulators.kintone.query import Both, Call, Comparison, Condition, Either, Operand

if TYPE_CHECKING:
    from migrator.emulators.kintone.access import User
    from migrator.emulators.kintone.app import App

Values = Mapping[str, Any]
Holds = Callable[[Values], bool]
Test = Callable[[Any], bool]

_COMPARE = frozenset({"=", "!=", ">", "<", ">=", "<="})
_IN = frozenset({"in", "not in"})
_LIKE = frozenset({"like", "not like"})
_EMPTY = frozenset({"is empty", "is not empty"})
OPERATORS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("__ID__", "RECORD_NUMBER", "NUMBER", "CALC"), _COMPARE | _IN),
    **dict.fromkeys(("SINGLE_LINE_TEXT", "LINK"), frozenset({"=", "!="}) | _IN | _LIKE),
    **dict.fromkeys(("MULTI_LINE_TEXT", "RICH_TEXT", "FILE"), _LIKE | _EMPTY),
    **dict.fromkeys(("CHECK_BOX", "MULTI_SELECT", "RADIO_BUTTON", "DROP_DOWN"), _IN),
    "STATUS": frozenset({"=", "!="}) | _IN,
    **dict.fromkeys(("DATE", "CREATED_TIME", "UPDATED_TIME", "DATETIME", "TIME"), _COMPARE),
    **dict.fromkeys(
        ("CREATOR", "MODIFIER", "USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT", "STATUS_ASSIGNEE", "CATEGORY"),
        _IN,
    ),
}
"""Type -> its operators; the table of the vendor's docs."""

NUMERIC = frozenset({"__ID__", "RECORD_NUMBER", "NUMBER", "CALC"})
CHOICES = frozenset({"CHECK_BOX", "MULTI_SELECT", "RADIO_BUTTON", "DROP_DOWN"})
MOMENTS = frozenset({"DATE", "CREATED_TIME", "UPDATED_TIME", "DATETIME"})
_WORDS = re.compile(r"\w+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Scope:
    """What a condition is understood in: the app, the caller, the time (epoch seconds)."""

    app: "App"
    user: "User"
    now: float


def compile_condition(condition: Condition, scope: Scope) -> Holds:
    """The condition as a function. Raises GAIA_IQ… for what the fields do not allow."""
    if isinstance(condition, Comparison):
        return _comparison(condition, scope)
    if isinstance(condition, Either):
        parts = [compile_condition(part, scope) for part in condition.parts]
        return lambda values: any(part(values) for part in parts)
    return _both(condition, scope)


def field_of(code: str, app: "App") -> tuple[str, Field | None]:
    """(type, field) behind a code in a query. Raises GAIA_IQ11, GAIA_IR02 for `TABLE.CELL`."""
    if code == "$id":
        return "__ID__", None
    one = app.fields.get(code) or app.cell(code)
    if one is not None and (one.table is not None or code in app.compiled.blanks):
        return one.type, one
    owner = app.fields.get(code.partition(".")[0])
    if owner is not None and owner.type == "SUBTABLE":
        raise problems.query_error("GAIA_IR02", f"A table cell goes by its own code, not by {code}.")
    raise problems.query_error("GAIA_IQ11", f"Specified field ({code}) not found.")


def _both(condition: Both, scope: Scope) -> Holds:
    """Conditions on cells of one table, joined by `and`, must hold in one row."""
    parts: list[Holds] = []
    by_table: dict[str, list[tuple[str, Test]]] = {}
    for part in condition.parts:
        cell = scope.app.cell(part.code) if isinstance(part, Comparison) else None
        if isinstance(part, Comparison) and cell is not None and cell.table and not _negative(part.operator):
            by_table.setdefault(cell.table, []).append((part.code, _test(part, scope)))
        else:
            parts.append(compile_condition(part, scope))
    parts += [_in_one_row(table, tests) for table, tests in by_table.items()]
    return lambda values: all(part(values) for part in parts)


def _in_one_row(table: str, tests: list[tuple[str, Test]]) -> Holds:
    def holds(values: Values) -> bool:
        return any(all(test(row["value"][code]["value"]) for code, test in tests) for row in values[table])

    return holds


def _negative(operator: str) -> bool:
    return "not" in operator or operator == "!="


def _comparison(part: Comparison, scope: Scope) -> Holds:
    test, code = _test(part, scope), part.code
    cell = None if code in scope.app.fields else scope.app.cell(code)
    if cell is None or cell.table is None:
        return lambda values: test(values[code])
    table = cell.table
    if not _negative(part.operator):
        return _in_one_row(table, [(code, test)])
    return lambda values: bool(values[table]) and all(test(row["value"][code]["value"]) for row in values[table])


def _test(part: Comparison, scope: Scope) -> Test:
    """The comparison as a function of the one value."""
    type_, one = field_of(part.code, scope.app)
    if one is not None and type_ in CHOICES:
        _known_options(part, one)
    if one is not None and one.table is not None and part.operator in ("=", "!="):
        raise problems.query_error("GAIA_IQ07", f"Use in, not {part.operator}, for {part.code} in a table.")
    if part.operator not in OPERATORS.get(type_, frozenset()):
        raise problems.query_error("GAIA_IQ03", f"{part.code} ({type_}) cannot be compared with {part.operator}.")
    if type_ in NUMERIC:
        return _numeric(part, scope)
    if type_ in MOMENTS or type_ == "TIME":
        return _moment(part, type_, scope)
    if part.operator in _LIKE:
        return _like(part, type_)
    if part.operator in _EMPTY:
        wanted = part.operator == "is empty"
        return lambda value: (not value or (isinstance(value, str) and not value.strip())) == wanted
    return _member(part, type_, scope)


def _known_options(part: Comparison, one: Field) -> None:
    for operand in part.operands:
        if isinstance(operand, Call) or (operand and operand not in one.options):
            raise problems.query_error("GAIA_IQ10", f"The option {operand} is not defined in {part.code}.")


def _texts(part: Comparison) -> list[str]:
    """Operands that must be plain values."""
    for operand in part.operands:
        if isinstance(operand, Call):
            raise problems.query_error("GAIA_IQ03", f"{operand.name}() cannot be used with {part.code}.")
    return [str(operand) for operand in part.operands]


def _decimal(text: str, scope: Scope) -> Decimal | None:
    if not text.strip():
        return None
    try:
        return numeric.parse(text.removeprefix(f"{scope.app.code}-") if scope.app.code else text)
    except numeric.NotANumber:
        raise problems.invalid({"query": [f'"{text}" is no number.']}) from None


def _numeric(part: Comparison, scope: Scope) -> Test:
    wanted = [_decimal(text, scope) for text in _texts(part)]
    prefix = f"{scope.app.code}-" if scope.app.code else ""

    def number(value: str) -> Decimal | None:
        try:
            return Decimal(value.removeprefix(prefix)) if value else None
        except ArithmeticError:
            return None  # a CALC in a format of hours, which nothing equals

    if part.operator in _IN:
        members, inside = set(wanted), part.operator == "in"
        return lambda value: (number(value) in members) == inside
    limit = wanted[0]
    if part.operator in ("=", "!="):
        equal = part.operator == "="
        return lambda value: (number(value) == limit) == equal
    return lambda value: _ordered(part.operator, number(value), limit)


def _ordered(operator: str, value: Any, limit: Any) -> bool:
    """`< > <= >=`; an empty side is never in order."""
    if value is None or limit is None:
        return False
    if operator in ("<", "<="):
        return bool(value < limit or (operator == "<=" and value == limit))
    return bool(value > limit or (operator == ">=" and value == limit))


def _moment(part: Comparison, type_: str, scope: Scope) -> Test:
    found = _stretch(part.operands[0], type_, scope)
    first, last = found.first, found.last
    if part.operator in ("=", "!="):
        equal = part.operator == "="
        return lambda value: (first <= (value or "") <= last) == equal
    limit = last if part.operator in (">", "<=") else first
    return lambda value: _ordered(part.operator, value or None, limit or None)


def _stretch(operand: Operand, type_: str, scope: Scope) -> moments.Stretch:
    if isinstance(operand, Call):
        if type_ == "TIME":
            raise problems.query_error("GAIA_IQ03", f"{operand.name}() cannot be used with a time.")
        return moments.stretch(operand, type_, scope.now, ZoneInfo(scope.user.time_zone))
    form = {"DATE": dates.stored_date, "TIME": dates.stored_time}.get(type_, dates.stored_datetime)
    try:
        text = form(operand) if operand else ""
    except ValueError:
        raise problems.invalid({"query": [f'"{operand}" is no {type_.lower()}.']}) from None
    return moments.Stretch(text, text)


def _searched(value: Any, type_: str) -> str:
    if type_ == "FILE":
        return " ".join(entry["name"] for entry in value)
    return re.sub(r"<[^>]*>", " ", value) if type_ == "RICH_TEXT" else str(value)


def _like(part: Comparison, type_: str) -> Test:
    """A search for whole words; parts of a word are not found. CJK text has no blanks: substrings there."""
    needle, wanted = _texts(part)[0].casefold(), part.operator == "like"
    words = _WORDS.findall(needle)
    by_substring = bool(_CJK.search(needle)) or assumptions.LIKE_IS_SUBSTRING

    def test(value: Any) -> bool:
        text = _searched(value, type_).casefold()
        if by_substring:
            return (needle in text) == wanted
        there = _WORDS.findall(text)
        size = len(words)
        found = any(there[at : at + size] == words for at in range(len(there) - size + 1)) if words else False
        return found == wanted

    return test


def _member(part: Comparison, type_: str, scope: Scope) -> Test:
    """`=`, `!=`, `in`, `not in` of texts, choices and people."""
    wanted = {_name(operand, type_, scope) for operand in part.operands}
    inside = part.operator in ("=", "in")

    def test(value: Any) -> bool:
        return any(one in wanted for one in _names(value)) == inside

    return test


def _names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [one["code"] if isinstance(one, dict) else one for one in value] or [""]
    return [value["code"] if isinstance(value, dict) else value or ""]


def _name(operand: Operand, type_: str, scope: Scope) -> str:
    if not isinstance(operand, Call):
        return operand
    if operand.arguments:
        raise problems.query_error("GAIA_IL08", f"{operand.name} takes no arguments.")
    if operand.name == "LOGINUSER" and type_ in ("CREATOR", "MODIFIER", "USER_SELECT", "STATUS_ASSIGNEE"):
        return scope.user.code
    if operand.name == "PRIMARY_ORGANIZATION" and type_ == "ORGANIZATION_SELECT":
        return next(iter(scope.user.organizations), "")
    raise problems.query_error("GAIA_IQ03", f"{operand.name}() cannot be used here.")
