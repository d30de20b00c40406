"""Reading the parts of a REST request: what the manual names, in its types, or Problem 400."""

from typing import Any

import orjson

from migrator.emulators.kitemaker.assumptions import DEFAULT_COUNT, JSON_WHATEVER_THE_LABEL, UNKNOWN_KEYS_IGNORED
from migrator.emulators.kitemaker.problems import wrong
from migrator.emulators.kitemaker.sight import PAGE
from migrator.emulators.server import Request

SIZES = ("small", "medium", "large")
"""What REST takes for effort and impact. [seed]"""

PLACES = ("top", "bottom")
"""What REST takes for placement. [seed]"""

Names = dict[str, tuple[str, type]]
"""Key of a body -> our name for it, and whether it is text (str) or a list of texts (list)."""


def body(request: Request, names: Names, *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body's keys under our names; a list's key may carry brackets, as the manual prints it. [inferred]"""
    found = _object(request)
    given: dict[str, Any] = {}
    for key, value in found.items():
        name, kind = names.get(key) or names.get(key.removesuffix("[]"), ("", str))
        if name:
            given[name] = _text(value, key) if kind is str else _texts(value, key)
        elif not UNKNOWN_KEYS_IGNORED:
            raise wrong(f"there is no parameter {key}")
    for key in required:
        if not given.get(names[key][0]):
            raise wrong(f"{key} is required")
    return given


def chosen(given: dict[str, Any], name: str, words: tuple[str, ...]) -> None:
    """Refuse a word that is none of `words`."""
    if given.get(name) is not None and given[name] not in words:
        raise wrong(f"{name} is one of {', '.join(words)}, not {given[name]!r}")


def query_text(request: Request, name: str) -> str:
    """A parameter of the query that must be there."""
    text = request.args.get(name, "")
    if not text:
        raise wrong(f"{name} is required")
    return text


def query_number(request: Request, name: str) -> int:
    """A whole number of the query that must be there."""
    return whole(query_text(request, name), name)


def query_count(request: Request) -> int:
    """How many of a recent list: 1 to 50. [seed] for 50, of the rest [inferred]"""
    if "count" not in request.args:
        return DEFAULT_COUNT
    count = query_number(request, "count")
    if not 1 <= count <= PAGE:
        raise wrong(f"count is 1 to {PAGE}, not {count}")
    return count


def whole(text: str, name: str) -> int:
    """Digits as a number."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise wrong(f"{name} is a whole number, not {text!r}")
    return int(text)


def _object(request: Request) -> dict[str, Any]:
    if not JSON_WHATEVER_THE_LABEL and not request.is_json:
        raise wrong("the Content-Type is application/json")
    try:
        found = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise wrong(f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise wrong("the body is a JSON object")
    return found


def _text(value: Any, key: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise wrong(f"{key} is text, not {value!r}")
    return value


def _texts(value: Any, key: str) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise wrong(f"{key} is a list of ids, not {value!r}")
    return value
