"""What a plain YAML scalar means: the core schema of YAML 1.2, and where other readings lie in wait."""

from __future__ import annotations

import re

from migrator.codec.strict import decimal, integer

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MAYBE = re.compile(r"[-+.0-9~nNtTfF]")

_BOOLEANS_1_1 = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), "true"),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), "false"),
}
_DIFFERENT = (
    (re.compile(r"[-+]?0[0-9_]+"), "number", "zeros"),
    (re.compile(r"0o[0-7]+"), "number", "text"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "text", "a number to the base of 60"),
    (re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F]*_[0-9a-fA-F_]*)"), "text", "a number"),
    (re.compile(r"[-+]?[0-9][0-9]*_[0-9_]*(?:\.[0-9_]*)?"), "text", "a number"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "text", "a date"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*"), "text", "a time"),
    (re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?[0-9]*\.[0-9]*[eE][0-9]+"), "number", "text"),
)
_ZEROS_CUT = re.compile(r"[-+]?[0-9]*\.[0-9]*0")


class NoNumber(ValueError):
    """NaN or infinity."""


def resolve(text: str) -> bool | int | float | str | None:
    """The value of a plain scalar by the core schema. Raises NoNumber for `.nan` and `.inf`.

    Numbers that 64 bit or a float cannot hold exactly stay the text that was written, as in strict JSON.
    """
    if text in _NULL:
        return None
    if not _MAYBE.match(text):
        return text
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return decimal(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        number = int(text[2:], 8 if text[1] == "o" else 16)
        return number if number < 2**64 else text
    if _NO_NUMBER.fullmatch(text):
        raise NoNumber(text)
    return text


def _integer(text: str) -> int | str:
    digits = text.lstrip("+-").lstrip("0") or "0"
    number = integer("-" + digits if text[0] == "-" else digits)
    return number if isinstance(number, int) else text


def other_reading(text: str) -> tuple[str, str] | None:
    """(kind, sentence) where a plain scalar is easily taken for something else, else None.

    The differences are those between the core schema of 1.2 and the types of 1.1 that PyYAML and other readers
    still use, and numbers that lose zeros which somebody wrote.
    """
    if text in _BOOLEANS_1_1:
        return "boolean", f'"{text}" is text here; YAML 1.1 readers take it for {_BOOLEANS_1_1[text]}'
    if not text or text[0] not in "-+.0123456789":
        return None
    for pattern, here, there in _DIFFERENT:
        if pattern.fullmatch(text):
            if there == "zeros":
                return "zeros", f"{text} is the number {resolve(text)}; YAML 1.1 readers may take it for an octal one"
            return f"{here} {there}", f"{text} is {_article(here)} here; YAML 1.1 readers take it for {there}"
    if _ZEROS_CUT.fullmatch(text) and len(text.split(".")[1]) > 1:
        return "fraction", f"{text} is the number {resolve(text)}: the last zero is lost"
    return None


def _article(kind: str) -> str:
    return "text" if kind == "text" else f"a {kind}"
