"""What the bodies of answers hold, for connectors of any system. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from migrator.errors import BadAnswer
from migrator.model.values import Value

BETWEEN = "check the system's url; a proxy, a gateway or a single sign-on may stand in between"
"""What to do where something else answers than the system."""

LEVELS = 100
"""Lists and maps within each other that a value may have; deeper ones are an attack or an accident."""

_SHOWN = 200
"""Bytes of a strange body that an error shows."""

_LONG = re.compile(rb"\d{20}")
"""Digits of which a whole number of over 64 bits has at least as many."""


def begin_of(body: bytes) -> str:
    """What stands where JSON should, for people: that it is empty, or a web page, and how it begins."""
    if not body.strip():
        return "an empty body"
    begin = body[:_SHOWN].decode("utf-8", "replace")
    html = begin.lstrip().lower().startswith(("<!doctype", "<html")) or "<head" in begin.lower()
    return f"{'a web page' if html else 'a body'} that begins {begin!r}"


def json_of(body: bytes) -> Any:
    """The JSON of a body, whole numbers of over 64 bits as text: a float would lose their last digits.

    Raises ValueError for anything else, such as a lone surrogate or lists nested by the thousand.
    """
    found = orjson.loads(body)
    if not _LONG.search(body):
        return found
    try:
        return json.loads(body, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _whole(digits: str) -> int | str:
    return digits if len(digits) > 20 or _is_wide(int(digits)) else int(digits)


def _is_wide(number: int) -> bool:
    return not -(2**63) <= number < 2**64


def frozen(value: Any, room: int = LEVELS) -> Value:
    """JSON as a Value: lists are tuples, whole numbers of over 64 bits are text. Raises BadAnswer below LEVELS."""
    if isinstance(value, list | dict):
        if not room:
            raise BadAnswer(f"a value came that nests deeper than {LEVELS} levels", hint="leave its field out")
        if isinstance(value, dict):
            return {name: frozen(each, room - 1) for name, each in value.items()}
        return tuple([frozen(each, room - 1) for each in value])
    if value.__class__ is int and _is_wide(value):
        return str(value)
    return value  # type: ignore[no-any-return]  # JSON has nothing else
