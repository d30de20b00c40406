"""The query language: text -> condition, order, limit, offset.

    CONDITION [order by FIELD asc|desc, …] [limit N] [offset N]

Each part may stand alone. `and` binds tighter than `or`. Only the form is judged here; what fields and operators
mean is for conditions.py.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from migrator.emulators.kintone import problems

DEFAULT_LIMIT = 100
MAX_LIMIT = 500
MAX_OFFSET = 10_000

_TOKEN = re.compile(
    r'(?P<blank>[ \t\r\n　]+)|"(?P<text>(?:[^"\\\x00-\x1f]|\\.)*)"|(?P<sign>!=|>=|<=|[=<>(),])'
    r"|(?P<word>[^\s　\"'=<>(),!]+)"
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"t": "\t", "n": "\n"}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?\Z")


@dataclass(frozen=True)
class Call:
    """A function as an operand: `FROM_TODAY(-3, DAYS)`."""

    name: str
    arguments: tuple[str, ...]


Operand = str | Call


@dataclass(frozen=True)
class Comparison:
    """`FIELD OPERATOR operands`; operators: `= != > < >= <= in, not in, like, not like, is empty, is not empty`."""

    code: str
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class Both:
    """All parts hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Either:
    """At least one part holds."""

    parts: tuple["Condition", ...]


Condition = Comparison | Both | Either


@dataclass(frozen=True)
class Query:
    """A parsed query. `order`: (field code, descending). `limit` and `offset` are None where they are not said."""

    condition: Condition | None = None
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    offset: int | None = None


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise problems.query_syntax(at)
        if match.lastgroup is not None and match.lastgroup != "blank":
            found.append(_Token(match.lastgroup, match[match.lastgroup], at))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


class _Parser:
    """Recursive descent; every complaint is CB_VA01 with the place."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _fail(self) -> NoReturn:
        raise problems.query_syntax(self._now.position)

    def _is(self, *words: str) -> bool:
        """Whether the next tokens are these keywords, in any letter case."""
        ahead = self._tokens[self._at : self._at + len(words)]
        return [one.text.lower() for one in ahead] == list(words) and all(one.kind == "word" for one in ahead)

    def _skip(self, *words: str) -> bool:
        found = self._is(*words)
        self._at += len(words) * found
        return found

    def _sign(self, sign: str) -> bool:
        found = self._now.kind == "sign" and self._now.text == sign
        self._at += found
        return found

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            self._fail()

    def _word(self) -> str:
        if self._now.kind != "word":
            self._fail()
        self._at += 1
        return self._tokens[self._at - 1].text

    def query(self) -> Query:
        condition: Condition | None = None
        if self._now.kind != "end" and not (
            self._is("order", "by") or self._option("limit") or self._option("offset")
        ):
            condition = self._either()
        order = self._order() if self._skip("order", "by") else ()
        limit = self._count() if self._skip("limit") else None
        offset = self._count() if self._skip("offset") else None
        if self._now.kind != "end":
            self._fail()
        return Query(condition, order, limit, offset)

    def _option(self, name: str) -> bool:
        """`limit 5`, not a field of that name."""
        return self._is(name) and self._tokens[self._at + 1].kind == "word"

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._skip("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._skip("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _single(self) -> Condition:
        if self._sign("("):
            inside = self._either()
            self._need(")")
            return inside
        code = self._word()
        if self._now.kind == "sign" and self._now.text in ("=", "!=", ">", "<", ">=", "<="):
            self._at += 1
            return Comparison(code, self._tokens[self._at - 1].text, (self._operand(),))
        return self._wordy(code)

    def _wordy(self, code: str) -> Comparison:
        """The operators that are words."""
        if self._skip("is", "not", "empty"):
            return Comparison(code, "is not empty", ())
        if self._skip("is", "empty"):
            return Comparison(code, "is empty", ())
        prefix = "not " if self._skip("not") else ""
        if self._skip("like"):
            return Comparison(code, f"{prefix}like", (self._operand(),))
        if not self._skip("in"):
            self._fail()
        self._need("(")
        operands = [self._operand()]
        while self._sign(","):
            operands.append(self._operand())
        self._need(")")
        return Comparison(code, f"{prefix}in", tuple(operands))

    def _operand(self) -> Operand:
        if self._now.kind == "text":
            self._at += 1
            return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), self._tokens[self._at - 1].text)
        if self._now.kind == "word" and _NUMBER.match(self._now.text):
            return self._word()
        name = self._word()
        self._need("(")
        arguments: list[str] = []
        while not self._sign(")"):
            if arguments:
                self._need(",")
            arguments.append(self._word())
        return Call(name.upper(), tuple(arguments))

    def _order(self) -> tuple[tuple[str, bool], ...]:
        order = []
        while True:
            code = self._word()
            descending = self._skip("desc")
            if not descending:
                self._skip("asc")
            order.append((code, descending))
            if not self._sign(","):
                return tuple(order)

    def _count(self) -> int:
        text = self._word()
        if not text.isascii() or not text.isdigit():
            raise problems.query_syntax(self._tokens[self._at - 1].position)
        return int(text)


def parse(text: str) -> Query:
    """The query as typed parts. Raises CB_VA01 for a wrong form, GAIA_QU01 and GAIA_QU02 for limit and offset."""
    query = _Parser(text).query()
    if query.limit is not None and query.limit > MAX_LIMIT:
        raise problems.query_error("GAIA_QU01", f"limit must be {MAX_LIMIT} or less.")
    if query.offset is not None and query.offset > MAX_OFFSET:
        raise problems.query_error("GAIA_QU02", f"offset must be {MAX_OFFSET} or less.")
    return query
