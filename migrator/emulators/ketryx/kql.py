"""KQL, the vendor's query language, as far as its public page goes: text -> tree. [docs]

    expr := and (("or"|"||") and)*          and  := not (("and"|"&&") not)*
    not  := ("not"|"!") not | seq           seq  := prim (","? prim)*
    prim := word | word (":" arg)+ | "(" expr ")"          arg := word | "(" expr ")"

A word is a symbol or a string; `::` before an argument makes the filter transitive. How tightly `and`, `or` and `not`
bind is assumed. What words mean is not settled here: see `search`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from migrator.emulators.ketryx import assumptions
from migrator.emulators.ketryx.refusal import Refusal

DEPTH = 100
"""Brackets and `not` within each other that a query may have. [assumption]"""


@dataclass(frozen=True)
class Word:
    """A symbol or (quoted) a string."""

    text: str
    quoted: bool
    at: int


@dataclass(frozen=True)
class Not:
    """All but those."""

    inner: "Node"


@dataclass(frozen=True)
class Joined:
    """Operands of "and", "or", or of a bare sequence ("seq")."""

    word: str
    parts: tuple["Node", ...]
    at: int


@dataclass(frozen=True)
class Filter:
    """A name with its arguments; `transitive`: one for each argument, whether `::` stood before it."""

    name: Word
    arguments: tuple["Node", ...]
    transitive: tuple[bool, ...]


Node = Word | Not | Joined | Filter


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


_SYMBOL = re.compile(r'[^\s":,()\[\]&|!]+')
_SIGNS = ("::", "&&", "||", ":", ",", "(", ")", "!")
_WORDS = {"and": "and", "&&": "and", "or": "or", "||": "or", "not": "not", "!": "not"}


def parse(text: str) -> Node:
    """The tree of a query. Raises Refusal 400 with the offset of what cannot be read."""
    return _Parser(text).whole()


def bad(message: str, at: int) -> Refusal:
    """A query that cannot be carried out, with the place."""
    return Refusal(assumptions.BAD_REQUEST_STATUS, f"Invalid query at offset {at}: {message}")


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == '"':
            value, end = _string(text, at)
            found.append(_Token("string", value, at))
            at = end
        elif sign := next((each for each in _SIGNS if text.startswith(each, at)), None):
            found.append(_Token(_WORDS.get(sign, sign), sign, at))
            at += len(sign)
        elif symbol := _SYMBOL.match(text, at):
            found.append(_Token("symbol", symbol[0], at))
            at = symbol.end()
        else:
            raise bad(f"{text[at]!r} has no meaning here", at)
    return [*found, _Token("end", "", len(text))]


def _string(text: str, start: int) -> tuple[str, int]:
    letters: list[str] = []
    at = start + 1
    while at < len(text):
        if text[at] == '"':
            return "".join(letters), at + 1
        if text[at] == assumptions.STRING_ESCAPE and at + 1 < len(text):
            at += 1
        letters.append(text[at])
        at += 1
    raise bad("the string has no end", start)


class _Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0

    def whole(self) -> Node:
        """The only expression."""
        found = self._or()
        if self._kind() != "end":
            raise bad(f"{self._token.text!r} was not expected", self._token.at)
        return found

    @property
    def _token(self) -> _Token:
        return self._tokens[self._place]

    def _kind(self) -> str:
        """Of the token that is next. A symbol may be an operator, unless it names a filter."""
        token = self._token
        if token.kind != "symbol":
            return token.kind
        word = token.text.lower() if assumptions.BOOLEANS_FOLD_CASE else token.text
        named = self._tokens[self._place + 1].kind in (":", "::")
        return _WORDS[word] if word in _WORDS and not named else "symbol"

    def _take(self) -> _Token:
        token = self._token
        self._place += 1
        return token

    def _or(self) -> Node:
        return self._joined("or", lambda: self._joined("and", self._not))

    def _joined(self, word: str, part: Callable[[], Node]) -> Node:
        at, parts = self._token.at, [part()]
        while self._kind() == word:
            self._take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts), at)

    def _not(self) -> Node:
        if self._kind() != "not":
            return self._sequence()
        at = self._take().at
        self._enter(at)
        inner = self._not()
        self._depth -= 1
        return Not(inner)

    def _sequence(self) -> Node:
        at, parts = self._token.at, [self._primary()]
        while self._kind() in ("string", "symbol", "(", ","):
            if self._kind() == ",":
                self._take()
            parts.append(self._primary())
        return parts[0] if len(parts) == 1 else Joined("seq", tuple(parts), at)

    def _primary(self) -> Node:
        if self._kind() == "(":
            return self._bracket()
        name = self._word()
        arguments: list[Node] = []
        transitive: list[bool] = []
        while self._kind() in (":", "::"):
            transitive.append(self._take().kind == "::")
            arguments.append(self._bracket() if self._kind() == "(" else self._word(anything=True))
        return Filter(name, tuple(arguments), tuple(transitive)) if arguments else name

    def _bracket(self) -> Node:
        at = self._take().at
        self._enter(at)
        inner = self._or()
        if self._kind() != ")":
            raise bad("a bracket has no end", at)
        self._take()
        self._depth -= 1
        return inner

    def _word(self, *, anything: bool = False) -> Word:
        """A symbol or a string; as an argument (`anything`) `and`, `or` and `not` are words as well."""
        kinds = ("symbol", "string")
        if (self._token.kind if anything else self._kind()) not in kinds:
            raise bad(f"{self._token.text or 'the end'!r} stands where a word was expected", self._token.at)
        token = self._take()
        return Word(token.text, token.kind == "string", token.at)

    def _enter(self, at: int) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise bad("too many brackets", at)
