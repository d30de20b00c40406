"""Encoded text, texts that compare alike, and the LIKE of a search."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

ENCODED = {"&": "&#38;", "<": "&#60;", ">": "&#62;"}
LEGACY = {"<": "&lt;", ">": "&gt;"}
_RAW = re.compile(r"[<>]|&(?!#?[a-z0-9]+;)", re.IGNORECASE)
_MARKS = re.compile("|".join([*ENCODED.values(), *LEGACY.values()]))
_ENCODE = str.maketrans(ENCODED)


def is_encoded(text: str) -> bool:
    """Whether a text counts as encoded already: it holds one of the marks, and no raw `<`, `>` or bare `&`."""
    return not _RAW.search(text) and bool(_MARKS.search(text))


def encode(text: str) -> str:
    """As a text is stored: `<`, `>`, `&` become numeric entities, unless it looks encoded. [observed]"""
    return text if is_encoded(text) else text.translate(_ENCODE)


def decode(text: str) -> str:
    """As `X-GLPI-Sanitized-Content: false` shows a stored text. Text with a raw `>` stays. [observed]"""
    if not is_encoded(text):
        return text
    marks = ENCODED if any(mark in text for mark in ENCODED.values()) else LEGACY
    for sign, mark in reversed(marks.items()):
        text = text.replace(mark, sign)
    return text


def in_message(text: str) -> str:
    """A name as the message of a create tells it: without backslashes and NULs. [observed]"""
    return text.replace("\\", "").replace("\0", "")


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """What the database compares: without case and accents. [observed]"""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFD", text.casefold())
    return unicodedata.normalize("NFC", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def order_key(text: str) -> str:
    """What sorts texts: compared alike, spaces at the end do not count."""
    return fold(text).rstrip(" ")


Test = Callable[[str | None], bool]


def like(value: str) -> Test:
    """The test of a search value on a column's text: `^`, `$`, `%`, NULL. [source, observed]

    `_` is literal, `%` a wildcard that nothing escapes; a test of NULL is true for None only. The value is encoded
    like what it is compared with, save `<` and `>`: so "&" is found and these two are not.
    """
    if value in ("NULL", "null"):
        return lambda text: text is None
    value = _sought(value)
    if value == "^$":
        return lambda text: text is None
    if value == "^":
        return lambda text: text is not None
    start, end = value.startswith("^"), value.endswith("$")
    value = value[1:].lstrip() if start else value
    value = value[:-1].rstrip() if end else value
    wanted = fold(value)
    if "%" not in wanted:
        return _plain(wanted, start, end)
    middle = ".*".join(re.escape(part) for part in wanted.split("%"))
    pattern = re.compile(("" if start else ".*") + middle + ("" if end else ".*"), re.DOTALL)
    return lambda text: text is not None and pattern.fullmatch(fold(text)) is not None


def exact(value: str) -> str | None:
    """The folded text that a search value equals, where it is pinned at both ends and has no wildcard."""
    value = _sought(value)
    if value in ("^", "^$") or "%" in value or not (value.startswith("^") and value.endswith("$")):
        return None
    return fold(value[1:-1].strip())


def _sought(value: str) -> str:
    return encode(value).replace(ENCODED["<"], "<").replace(ENCODED[">"], ">").strip()


def _plain(wanted: str, start: bool, end: bool) -> Test:
    if start and end:
        return lambda text: text is not None and fold(text) == wanted
    if start:
        return lambda text: text is not None and fold(text).startswith(wanted)
    if end:
        return lambda text: text is not None and fold(text).endswith(wanted)
    return lambda text: text is not None and wanted in fold(text)
