"""Filters on texts. A number counts as its text; null stays null (the table of filters sees to that)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any, Final

from migrator.transform.limits import LIST_ITEMS, TEXT_CHARACTERS, check_list_length, check_text_length, too_large
from migrator.transform.operators import is_number
from migrator.transform.refusal import Refusal, sort_of
from migrator.transform.results import insist, text_of

SLOW_CHARACTERS: Final = 100_000
"""What filters take that look at each character slowly."""
_WORD_STARTS: Final = re.compile(r"([-\s({\[<]+)")


def worded(value: Any, what: str = "a text") -> str:
    """A text, or a number as its text. Raises Refusal."""
    if value.__class__ is str:
        return value
    if isinstance(value, str):
        return str(value)
    if is_number(value):
        return text_of(value)
    insist(value)
    raise Refusal("TR011", f"{what} is needed here, not {sort_of(value)}")


def whole(value: Any, what: str, least: int = 0, most: int = TEXT_CHARACTERS) -> int:
    """A whole number within bounds, for lengths and counts. Raises Refusal."""
    if value.__class__ is not int:
        insist(value)
        raise Refusal("TR011", f"{what} must be a whole number, not {sort_of(value)}")
    if not least <= value <= most:
        raise too_large(f"{what} must be from {least:,} to {most:,}", most, "is the most")
    return value


def trim(value: Any, characters: Any = None) -> str:
    """Takes blanks (or these characters) off both ends."""
    return worded(value).strip(None if characters is None else worded(characters))


def lower(value: Any) -> str:
    """Small letters."""
    return worded(value).lower()


def upper(value: Any) -> str:
    """Capital letters."""
    return worded(value).upper()


def title(value: Any) -> str:
    """Each word begins with a capital letter, the rest is small."""
    text = worded(value)
    _check_slow(text)
    parts = _WORD_STARTS.split(text)
    return "".join(part[:1].upper() + part[1:].lower() for part in parts)


def capitalize(value: Any) -> str:
    """The first letter is a capital, the rest is small."""
    return worded(value).capitalize()


def replace(value: Any, old: Any, new: Any, count: Any = None) -> str:
    """Puts `new` for each `old`, or for the first `count` of them."""
    text, old, new = worded(value), worded(old), worded(new)
    most = -1 if count is None else whole(count, "the count")
    found = text.count(old) if most < 0 else min(most, text.count(old))
    check_text_length(len(text) + found * (len(new) - len(old)))
    return text.replace(old, new, most)


def truncate(value: Any, length: Any, end: Any = "…") -> str:
    """At most `length` characters; a text that is cut ends with `end`, which counts."""
    text, most, tail = worded(value), whole(length, "the length"), worded(end)
    if len(text) <= most:
        return text
    return (text[: max(most - len(tail), 0)] + tail)[:most]


def split(value: Any, separator: Any = None, limit: Any = None) -> tuple[str, ...]:
    """The parts between the separators (without one: between blanks); at most `limit` cuts."""
    text, most = worded(value), -1 if limit is None else whole(limit, "the limit", most=LIST_ITEMS)
    if separator is None:
        check_list_length(len(text) // 2 if most < 0 else most)
        return tuple(text.split(None, most))
    separator = worded(separator)
    if not separator:
        raise Refusal("TR011", "the separator is empty", hint="leave it out to split at blanks")
    check_list_length(text.count(separator) + 1 if most < 0 else most)
    return tuple(text.split(separator, most))


def lines(value: Any) -> tuple[str, ...]:
    """The lines of a text, without their ends."""
    text = worded(value)
    check_list_length(text.count("\n") + text.count("\r"))
    parts = text.splitlines()
    check_list_length(len(parts))
    return tuple(parts)


def left(value: Any, length: Any) -> str:
    """The first `length` characters."""
    return worded(value)[: whole(length, "the length")]


def right(value: Any, length: Any) -> str:
    """The last `length` characters."""
    text, most = worded(value), whole(length, "the length")
    return text[max(len(text) - most, 0) :]


def pad_left(value: Any, width: Any, fill: Any = " ") -> str:
    """Fills up to `width` characters from the left; 7 becomes 007."""
    return worded(value).rjust(*_padding(width, fill))


def pad_right(value: Any, width: Any, fill: Any = " ") -> str:
    """Fills up to `width` characters from the right."""
    return worded(value).ljust(*_padding(width, fill))


def _padding(width: Any, fill: Any) -> tuple[int, str]:
    fill = worded(fill)
    if len(fill) != 1:
        raise Refusal("TR011", "the fill must be one character")
    return whole(width, "the width"), fill


def remove_prefix(value: Any, prefix: Any) -> str:
    """Without this beginning, where it has it."""
    return worded(value).removeprefix(worded(prefix))


def remove_suffix(value: Any, suffix: Any) -> str:
    """Without this end, where it has it."""
    return worded(value).removesuffix(worded(suffix))


def squeeze(value: Any) -> str:
    """Each run of blanks and line ends becomes one blank, none at the ends."""
    return " ".join(worded(value).split())


def nfkc(value: Any) -> str:
    """Unicode's compatibility form: half-width and full-width letters become the usual ones (ｶﾞ becomes ガ)."""
    return _normalized("NFKC", value)


def nfc(value: Any) -> str:
    """Unicode's composed form: é is one character."""
    return _normalized("NFC", value)


def _normalized(form: str, value: Any) -> str:
    text = worded(value)
    _check_slow(text)
    made = unicodedata.normalize(form, text)  # type: ignore[arg-type]  # the two forms are named just above
    check_text_length(len(made))
    return made


def _check_slow(text: str) -> None:
    if len(text) > SLOW_CHARACTERS:
        raise too_large("the text is too long for this filter", SLOW_CHARACTERS, "characters")


def slug(value: Any) -> str:
    """ASCII letters and digits in small letters, everything else is one `-`: for ids and anchors."""
    text = unicodedata.normalize("NFKD", _normalized("NFKC", value)).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in text).split())


def sha256(value: Any) -> str:
    """SHA-256 of the text in UTF-8, 64 hex digits."""
    try:
        return hashlib.sha256(worded(value).encode()).hexdigest()
    except UnicodeEncodeError:
        raise Refusal("TR013", "the text holds half a character") from None
