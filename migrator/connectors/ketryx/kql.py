"""Queries: what we ask of our own, and what is doubtful about a user's. [vendor docs]"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

QUERY_BYTES = 4000
"""Longest query of ours, percent-encoded: it travels in the address. [inferred]"""

_TOKEN = re.compile(r'"[^"]*"?|&&|\|\||[:(),!]|[^\s":,()\[\]&|!]+')
_OPERATORS = frozenset({"and", "or", "not", "&&", "||", "!"})


def of_type(name: str | None) -> str:
    """All items, or those of a type."""
    return "*" if name is None else f"type:{quoted(name)}"


def of_ids(ids: Sequence[str]) -> str:
    """These items: a bare id stands for itself."""
    return " or ".join(ids)


def any_of(label: str, values: Sequence[str]) -> str:
    """Items whose field holds one of the values."""
    return f"{quoted(label)}:({','.join(map(quoted, values))})"


def both(one: str, other: str) -> str:
    """Items that fit both queries; `*` adds nothing."""
    return other if one == "*" else f"{one} and {other}"


def quoted(text: str) -> str:
    """A string of a query; `sayable` tells whether there is one."""
    return f'"{text}"'


def sayable(text: str) -> bool:
    """Whether a string can hold the text: how it would hold a quotation mark is told nowhere."""
    return bool(text.strip()) and text.isprintable() and '"' not in text and "\\" not in text


def portions(texts: Iterable[str], most: int) -> list[list[str]]:
    """Texts cut into portions that fit into one query."""
    found: list[list[str]] = []
    room = 0
    for text in texts:
        size = len(quote(f',"{text}"', safe=""))
        if not found or len(found[-1]) >= most or size > room:
            found.append([])
            room = QUERY_BYTES
        found[-1].append(text)
        room -= size
    return found


def bare_sequence(query: str) -> bool:
    """Whether expressions follow each other without `and` or `or`: the published examples read that in two ways."""
    before, depth = "(", 0
    for piece in _TOKEN.findall(query):
        begins = piece not in (")", ":", ",") and piece.lower() not in _OPERATORS
        if depth == 0 and (piece == "," or (begins and (before == ")" or _is_word(before)))):
            return True
        # brackets behind a colon hold values or a condition of their own
        if piece == "(" and (depth or before == ":"):
            depth += 1
        elif piece == ")" and depth:
            depth -= 1
        before = piece
    return False


def _is_word(piece: str) -> bool:
    return piece not in ("(", ")", ":", ",") and piece.lower() not in _OPERATORS
