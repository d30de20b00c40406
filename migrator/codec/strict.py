"""Strict JSON for users' files: playbooks, jsonl sources, corrections.

What the standard library lets pass is refused: NaN and Infinity, the same key twice, lone surrogates, endless
depth. Numbers stay exact: an integer beyond 64 bit, or a decimal that a float cannot hold, is the text that was
written. Each refusal has line and column, both from 1, columns in characters.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]  # there since Python 3.0, not in the stubs
from typing import Any, NoReturn

import orjson

DEPTH_MAX = 100
"""How deep lists and maps may stand in each other."""

_LEAST, _MOST = -(2**63), 2**64 - 1
_DIGITS_MAX = 21
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
SURROGATE = re.compile("[\ud800-\udfff]")
"""A half of a character beyond U+FFFF: no UTF-8 can hold it alone."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_BLANK = re.compile(r"[ \t\n\r]*")
_WORD = re.compile(r"[-+A-Za-z_0-9.]+")
_WORDS = {"true": True, "false": False, "null": None}
_FOREIGN = {"True": "true", "False": "false", "None": "null", "TRUE": "true", "FALSE": "false", "undefined": "null"}


class StrictError(ValueError):
    """A text that is no strict JSON. `line` and `column` count from 1, `offset` characters from 0."""

    def __init__(self, message: str, text: str, offset: int, *, hint: str = "", kind: str = "form") -> None:
        self.message = message
        self.hint = hint
        self.offset = offset
        self.kind = kind
        """form, duplicate, number, depth or encoding."""
        self.line, self.column = position(text, offset)
        super().__init__(f"line {self.line}, column {self.column}: {message}")


class Spot:
    """Where a node of a document begins and ends (offsets in characters), and the same of its children."""

    __slots__ = ("end", "items", "keys", "start")

    def __init__(self, start: int, end: int = 0) -> None:
        self.start = start
        self.end = end
        self.keys: dict[str, tuple[int, Spot]] | None = None
        """Of a map: key -> (where the key begins, the value's spot)."""
        self.items: list[Spot] | None = None
        """Of a list."""


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset; a line ends with LF, CR LF or CR."""
    before = text[:offset]
    line = before.count("\n") + before.count("\r") - before.count("\r\n")
    return line + 1, offset - max(before.rfind("\n"), before.rfind("\r"))


def decoded(data: str | bytes) -> str:
    """The text without its BOM. Raises StrictError with the byte offset for what is not UTF-8."""
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        raise StrictError(
            f"not UTF-8: byte 0x{data[error.start]:02x} at byte offset {error.start}",
            before,
            len(before),
            hint="save the file as UTF-8",
            kind="encoding",
        ) from None


def loads(data: str | bytes, *, depth: int = DEPTH_MAX) -> Any:
    """One JSON text as dict, list, str, int, float, bool and None. Raises StrictError.

    Flat objects go the quickest way. The quick way is the standard decoder with hooks (counting keys after msgspec's
    was measured: no gain); whatever it refuses, or could have let pass, is read again by the slow reader, which knows
    places.
    """
    if isinstance(data, bytes) and (flat := _flat(data)) is not None:
        return flat
    text = decoded(data)
    if depth_of(text) > depth or _SURROGATE_ESCAPE.search(text):
        return read(text, depth=depth)[0]
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return read(text, depth=depth)[0]


def read(text: str, *, depth: int = DEPTH_MAX) -> tuple[Any, Spot]:
    """The same with the place of every node. Raises StrictError."""
    return _Reader(text, depth).document()


def depth_of(text: str) -> int:
    """How deep the brackets of a text go; at most that (a quick upper bound) where there are few of them."""
    few = text.count("[") + text.count("{")
    if few <= DEPTH_MAX // 2:
        return few
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def integer(text: str) -> int | str:
    """An integer within 64 bit (signed or unsigned), else its text."""
    if len(text) < _DIGITS_MAX:
        number = int(text)
        if _LEAST <= number <= _MOST:
            return number
    return text


def decimal(text: str) -> float | str:
    """A float where it is numerically the decimal that was written, else its text."""
    number = float(text)
    shown = repr(number)
    if shown == text:
        return number
    if math.isinf(number):
        return text
    mantissa = text.lower().partition("e")[0]
    if not any(digit in mantissa for digit in "123456789"):
        return number
    if number == 0:
        return text
    return number if Decimal(shown) == Decimal(text) else text


def _flat(data: bytes) -> dict[str, Any] | None:
    """An object of texts, whole numbers, booleans and nulls; None for anything that is to be read with more care.

    orjson refuses what is no JSON, NaN and lone surrogates. It would let the same key pass twice: then there are more
    quotes than two for each key and text that came out (without a backslash before a backslash, a backslash stands
    before each quote within a text and nowhere else). It makes floats of whole numbers beyond 64 bit and of decimals:
    any float is read again.
    """
    escapes = b"\\" in data
    if escapes and b"\\\\" in data:
        return None
    try:
        found = orjson.loads(data)
    except ValueError:
        return None
    if found.__class__ is not dict:
        return None
    texts = len(found)
    for kind in map(type, found.values()):
        if kind is str:
            texts += 1
        elif kind not in _SIMPLE:
            return None
    quotes = data.count(b'"') - (data.count(b'\\"') if escapes else 0)
    return found if quotes == 2 * texts else None


_SIMPLE = frozenset({int, bool, type(None)})


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


_decode = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=integer, parse_float=decimal, parse_constant=_refuse_constant
).decode


class _Reader:
    """Reads one text, knowing where it is; recursion is bounded by the depth limit."""

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.depth = depth

    def document(self) -> tuple[Any, Spot]:
        """The one value of the text."""
        value, spot = self.value(self.blank(0), 1)
        rest = self.blank(spot.end)
        if rest < len(self.text):
            self.fail("more text after the end of the JSON value", rest, "one file holds one value")
        return value, spot

    def blank(self, at: int) -> int:
        """The next place that is not blank."""
        match = _BLANK.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> tuple[Any, Spot]:
        """The value that begins here."""
        mark = self.text[at : at + 1]
        if mark in ("{", "[") and depth > self.depth:
            self.fail(f"deeper than {self.depth} levels", at, kind="depth")
        if mark == "{":
            return self.map(at, depth)
        if mark == "[":
            return self.list(at, depth)
        if mark == '"':
            text, end = self.string(at)
            return text, Spot(at, end)
        return self.atom(at)

    def map(self, at: int, depth: int) -> tuple[dict[str, Any], Spot]:
        """A map: keys are text and differ."""
        found: dict[str, Any] = {}
        spot = Spot(at)
        spot.keys = {}
        place = self.blank(at + 1)
        while self.text[place : place + 1] != "}":
            key, after = self.key(place, spot)
            colon = self.blank(after)
            if self.text[colon : colon + 1] != ":":
                self.unexpected(colon, 'a ":" after the key')
            found[key], child = self.value(self.blank(colon + 1), depth + 1)
            spot.keys[key] = (place, child)
            place = self.next_item(child.end, "}")
        spot.end = place + 1
        return found, spot

    def key(self, at: int, spot: Spot) -> tuple[str, int]:
        """A key that the map does not have yet, and where it ends."""
        if self.text[at : at + 1] != '"':
            self.unexpected(at, 'a key in double quotes or "}"')
        key, end = self.string(at)
        if spot.keys and key in spot.keys:
            line, column = position(self.text, spot.keys[key][0])
            self.fail(f'the key "{key}" stands twice (first at {line}:{column})', at, "keep one", kind="duplicate")
        return key, end

    def list(self, at: int, depth: int) -> tuple[list[Any], Spot]:
        """A list."""
        found: list[Any] = []
        spot = Spot(at)
        spot.items = []
        place = self.blank(at + 1)
        while self.text[place : place + 1] != "]":
            item, child = self.value(place, depth + 1)
            found.append(item)
            spot.items.append(child)
            place = self.next_item(child.end, "]")
        spot.end = place + 1
        return found, spot

    def next_item(self, at: int, close: str) -> int:
        """Past the comma to the next item, or at the closing bracket."""
        place = self.blank(at)
        mark = self.text[place : place + 1]
        if mark == close:
            return place
        if mark != ",":
            self.unexpected(place, f'"," or "{close}"')
        after = self.blank(place + 1)
        if self.text[after : after + 1] == close:
            self.fail(f'a comma before "{close}"', place, "JSON has no trailing commas: take it out")
        return after

    def string(self, at: int) -> tuple[str, int]:
        """A text in double quotes and where it ends."""
        try:
            text, end = scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            self.fail(*_string_fault(error, self.text, at))
        if SURROGATE.search(text):
            self.fail("half a character (a lone surrogate) in a text", at, "write the character itself")
        return text, end

    def atom(self, at: int) -> tuple[Any, Spot]:
        """true, false, null or a number."""
        word = _WORD.match(self.text, at)
        if not word:
            self.unexpected(at, "a value")
        text, spot = word[0], Spot(at, word.end())
        if text in _WORDS:
            return _WORDS[text], spot
        number = _NUMBER.fullmatch(text)
        if not number:
            self.fail(f"{text[:40]} is no JSON value", at, _atom_hint(text), "number" if _no_number(text) else "form")
        return (decimal if number[1] or number[2] else integer)(text), spot

    def unexpected(self, at: int, wanted: str) -> NoReturn:
        """Something else stands where `wanted` should."""
        mark = self.text[at : at + 1]
        if not mark:
            self.fail(f"the text ends where {wanted} should stand", at, "is the file cut off?")
        if mark in "/#":
            self.fail("a comment", at, "JSON has no comments; a YAML playbook has them")
        hint = "JSON takes double quotes only" if mark in "'`‘’“”" else ""
        self.fail(f'"{mark}" stands where {wanted} should', at, hint)

    def fail(self, message: str, at: int, hint: str = "", kind: str = "form") -> NoReturn:
        """Refuse the text."""
        raise StrictError(message, self.text, at, hint=hint, kind=kind)


def _no_number(text: str) -> bool:
    return text.lstrip("+-") in {"NaN", "nan", "Infinity", "inf"}


def _atom_hint(text: str) -> str:
    if _no_number(text):
        return "NaN and infinity have no place in a record; null means no value"
    if text in _FOREIGN:
        return f"write {_FOREIGN[text]}"
    if text[:1].isdigit() or text[:1] in "+-.":
        return "a number has no leading zero, no plus sign, and digits on both sides of its point"
    return "text stands in double quotes"


def _string_fault(error: json.JSONDecodeError, text: str, at: int) -> tuple[str, int, str]:
    if error.msg.startswith("Unterminated"):
        return "a text without its closing quote", at, "is the file cut off?"
    if "control character" in error.msg:
        return f"U+{ord(text[error.pos]):04X} stands bare in a text", error.pos, "write it as \\n, \\t or \\u00XX"
    return "no such escape in a text", error.pos, 'JSON has \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX'
