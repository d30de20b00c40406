"""Calculated fields: a subset of Kintone's formulas.

Known: numbers, "texts", field codes, `+ - * / ^ &`, comparisons, parentheses, and the functions SUM, IF, AND, OR,
NOT, ROUND, ROUNDUP, ROUNDDOWN, MIN, MAX, CONTAINS. Dates and times count as seconds. Not known: DATE_FORMAT, YEN
and the functions that nobody's records describe; a formula with one of them is refused as a wrong one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal, DecimalException
from typing import Any

from migrator.emulators.kintone import numeric
from migrator.emulators.kintone.form import Field

Result = Decimal | str
Look = Callable[[str], Any]
"""Field code -> Decimal, text, or a list of these for the cells of a table."""
Node = Callable[[Look], Any]

_TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+\.?\d*|\.\d+)|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<sign><=|>=|<>|!=|[-+*/^&=<>(),])'
    r"|(?P<name>[^\s\-+*/^&=<>(),!\"]+))"
)


class BadFormula(ValueError):
    """A formula that cannot be understood, or that goes in a circle."""


class _CannotSay(ArithmeticError):
    """A sum that cannot be done: reads as an empty value."""


def number(value: Any) -> Decimal:
    """An operand as a number; an empty one counts as 0. Raises _CannotSay for text."""
    if isinstance(value, Decimal):
        return value
    if value in ("", None):
        return Decimal(0)
    try:
        return numeric.parse(str(value))
    except numeric.NotANumber as error:
        raise _CannotSay from error


def _flat(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        found += value if isinstance(value, list) else [value]
    return found


def _numbers(values: Sequence[Any]) -> list[Decimal]:
    return [number(value) for value in _flat(values)]


def _round(mode: str) -> Callable[[Sequence[Any]], Decimal]:
    def call(values: Sequence[Any]) -> Decimal:
        places = int(number(values[1])) if len(values) > 1 else 0
        return number(values[0]).quantize(Decimal(1).scaleb(-places), mode)

    return call


def _truth(value: bool) -> Decimal:
    return Decimal(int(value))


FUNCTIONS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "SUM": lambda values: sum(_numbers(values), Decimal(0)),
    "MIN": lambda values: min(_numbers(values)),
    "MAX": lambda values: max(_numbers(values)),
    "IF": lambda values: values[1] if number(values[0]) else values[2],
    "AND": lambda values: _truth(all(_numbers(values))),
    "OR": lambda values: _truth(any(_numbers(values))),
    "NOT": lambda values: _truth(not number(values[0])),
    "ROUND": _round(ROUND_HALF_UP),
    "ROUNDUP": _round(ROUND_UP),
    "ROUNDDOWN": _round(ROUND_DOWN),
    "CONTAINS": lambda values: _truth(str(values[1]) in _flat(values[:1])),
}


def _compared(sign: str, left: Any, right: Any) -> Decimal:
    texts = [value for value in (left, right) if isinstance(value, str) and value]
    if texts and sign in ("=", "<>", "!="):
        same = _text(left) == _text(right)
    else:
        left, right = number(left), number(right)
        same = left == right
    if sign in ("=", "<>", "!="):
        return _truth(same == (sign == "="))
    return _truth({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign])


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: number(left) + number(right),
    "-": lambda left, right: number(left) - number(right),
    "*": lambda left, right: number(left) * number(right),
    "/": lambda left, right: number(left) / number(right),
    "^": lambda left, right: number(left) ** number(right),
    "&": lambda left, right: _text(left) + _text(right),
}
LEVELS = (("=", "<>", "!=", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"), ("^",))
"""Loosest first."""


def _text(value: Any) -> str:
    return numeric.plain(value) if isinstance(value, Decimal) else str(value)


class _Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._tokens: list[tuple[str, str]] = []
        text, at = text.strip().removeprefix("=").strip(), 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found or not found.lastgroup:
                raise BadFormula(text)
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._at < len(self._tokens):
            raise BadFormula("something stands after the end of the formula")
        return node

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, sign: str) -> None:
        if self._peek() != ("sign", sign):
            raise BadFormula(f"expected {sign}")
        self._at += 1

    def _level(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while self._peek()[0] == "sign" and self._peek()[1] in LEVELS[level]:
            sign = self._peek()[1]
            self._at += 1
            left = _binary(sign, left, self._level(level + 1))
        return left

    def _unary(self) -> Node:
        kind, text = self._peek()
        self._at += 1
        if kind == "sign" and text == "-":
            inner = self._unary()
            return lambda look: -number(inner(look))
        if kind == "sign" and text == "(":
            node = self._level(0)
            self._take(")")
            return node
        if kind == "number":
            value = Decimal(text)
            return lambda look: value
        if kind == "text":
            plain = re.sub(r"\\(.)", r"\1", text)
            return lambda look: plain
        if kind != "name":
            raise BadFormula(f"unexpected {text!r}")
        if self._peek() == ("sign", "("):
            return self._call(text)
        self.names.add(text)
        return lambda look: look(text)

    def _call(self, name: str) -> Node:
        function = FUNCTIONS.get(name.upper())
        if function is None:
            raise BadFormula(f"unknown function {name}")
        self._take("(")
        arguments: list[Node] = []
        while self._peek() != ("sign", ")"):
            if arguments:
                self._take(",")
            arguments.append(self._level(0))
        self._take(")")
        return lambda look: function([argument(look) for argument in arguments])


def _binary(sign: str, left: Node, right: Node) -> Node:
    if sign in LEVELS[0]:
        return lambda look: _compared(sign, left(look), right(look))
    operator = OPERATORS[sign]
    return lambda look: operator(left(look), right(look))


def parse(text: str) -> tuple[Node, frozenset[str]]:
    """The formula as a function, and the field codes that it names. Raises BadFormula."""
    parser = _Parser(text)
    return parser.whole(), frozenset(parser.names)


def _operand(type_: str, value: Any) -> Any:
    """A field's kept value as a formula sees it."""
    if value in ("", None):
        return ""
    if type_ in ("NUMBER", "CALC"):
        try:
            return numeric.parse(value)
        except numeric.NotANumber:
            return value
    if type_ == "DATE":
        return Decimal(int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp()))
    if type_ in ("DATETIME", "CREATED_TIME", "UPDATED_TIME"):
        return Decimal(int(datetime.fromisoformat(value).timestamp()))
    if type_ == "TIME":
        return Decimal(int(value[:2]) * 3600 + int(value[3:]) * 60)
    return value


def formatted(value: Any, one: Field, precision: numeric.Precision) -> str:
    """A result as the field reads. Display scale, unit and digit grouping do not touch it. [observed]"""
    if one.type == "SINGLE_LINE_TEXT":
        return _text(value)
    if isinstance(value, str):
        return ""
    kind = one.properties["format"]
    if kind in ("NUMBER", "NUMBER_DIGIT"):
        return numeric.plain(numeric.rounded(value, precision))
    seconds = int(value)
    if kind in ("HOUR_MINUTE", "DAY_HOUR_MINUTE"):
        sign, minutes = ("-" if seconds < 0 else ""), abs(seconds) // 60
        return f"{sign}{minutes // 60}:{minutes % 60:02d}"
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.strftime({"DATETIME": "%Y-%m-%dT%H:%M:00Z", "DATE": "%Y-%m-%d", "TIME": "%H:%M"}[kind])


@dataclass(frozen=True)
class Calculation:
    """One calculated field; `table` is the code of the table it is a cell of."""

    field: Field
    formula: Node
    types: Mapping[str, tuple[str, str | None]]
    """Field code -> its type, and the table that it is a cell of."""
    precision: numeric.Precision

    def apply(self, values: dict[str, Any]) -> None:
        """Put the result into `values`."""
        table = self.field.table
        if table is None:
            values[self.field.code] = self._result(values, {})
            return
        rows = []
        for row in values[table]:
            cells = {code: cell["value"] for code, cell in row["value"].items()}
            result = {"type": self.field.type, "value": self._result(values, cells)}
            rows.append({"id": row["id"], "value": {**row["value"], self.field.code: result}})
        values[table] = rows

    def _result(self, values: Mapping[str, Any], cells: Mapping[str, Any]) -> str:
        def look(code: str) -> Any:
            type_, table = self.types[code]
            if code in cells:
                return _operand(type_, cells[code])
            if table is None:
                return _operand(type_, values[code])
            return [_operand(type_, row["value"][code]["value"]) for row in values[table]]

        try:
            return formatted(self.formula(look), self.field, self.precision)
        except (_CannotSay, DecimalException, OverflowError, IndexError, ValueError, TypeError):
            return ""


def calculations(fields: Mapping[str, Field], precision: numeric.Precision) -> tuple[Calculation, ...]:
    """All calculated fields, each after those that it needs. Raises BadFormula."""
    every = {code: one for one in fields.values() for code, one in {one.code: one, **one.cells}.items()}
    types = {code: (one.type, one.table) for code, one in every.items()}
    waiting = {code: (one, *parse(one.properties["expression"])) for code, one in every.items()
               if one.properties.get("expression")}  # fmt: skip
    ordered: list[Calculation] = []
    for _, names in ((one, names) for one, _, names in waiting.values()):
        unknown = names - set(types)
        if unknown:
            raise BadFormula(f"unknown field {min(unknown)}")
    while waiting:
        ready = [code for code, (_, _, names) in waiting.items() if not names & set(waiting)]
        if not ready:
            raise BadFormula(f"the formulas of {', '.join(sorted(waiting))} need each other")
        for code in ready:
            one, node, _ = waiting.pop(code)
            ordered.append(Calculation(one, node, types, precision))
    return tuple(ordered)
