"""What came out of records, as a terminal may show it: nothing in it can move the cursor, hide or reverse text.

Text values stand in quotes with JSON's escapes, so `"12"` and `12`, a line end and a backslash-n are told apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from migrator.model.values import File, Ref, Value

CAP = 80
"""Characters of a value that are shown at most, unless all is asked for."""
AROUND = 24
"""Characters shown before the first difference of two long values."""

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control, format (bidi overrides, zero widths, tags), line separators, lone surrogates."""


def safe(text: str) -> str:
    """The text with every unseen character written as an escape."""
    return _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 0x100:
        return {9: "\\t", 10: "\\n", 13: "\\r"}.get(number, f"\\x{number:02x}")
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def whole(value: Value) -> str:
    """All of a value."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return safe(json.dumps(value, ensure_ascii=False))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Ref):
        return safe(str(value))
    if isinstance(value, File):
        return f"file {whole(value.name)}" + ("" if value.size is None else f" of {value.size:,} bytes")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{whole(name)}: {whole(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(whole(item) for item in value) + "]"
    return safe(str(value))


def short(value: Value, full: bool = False) -> str:
    """A value, capped with its length."""
    if isinstance(value, str) and len(value) > CAP and not full:
        return f'{whole(value[: CAP - 20])[:-1]}…" ({len(value):,} characters)'
    text = whole(value)
    if len(text) <= CAP or full or isinstance(value, str):
        return text
    return f"{text[: CAP - 20]}… ({len(text):,} characters)"


def pair(before: Value, after: Value, full: bool = False) -> tuple[str, str]:
    """Two values side by side; long ones around their first difference, with their lengths."""
    if full or max(_length(before), _length(after)) <= CAP:
        return whole(before), whole(after)
    if isinstance(before, str) and isinstance(after, str):
        start = max(0, _first_difference(before, after) - AROUND)
        return _window(before, start), _window(after, start)
    return short(before), short(after)


def _length(value: Value) -> int:
    return len(value) if isinstance(value, str) else len(whole(value))


def _first_difference(one: str, other: str) -> int:
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def _window(text: str, start: int) -> str:
    stop = start + CAP - 20
    shown = whole(text[start:stop])[1:-1]
    head, tail = "…" if start else "", "…" if stop < len(text) else ""
    at = f", from character {start + 1:,}" if start else ""
    return f'"{head}{shown}{tail}" ({len(text):,} characters{at})'
