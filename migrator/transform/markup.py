"""Filters between texts and other forms: HTML and JSON. No scanner here looks at a character twice."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from migrator.model.values import File, Ref
from migrator.transform.limits import check_text_length, too_large
from migrator.transform.refusal import Refusal
from migrator.transform.results import clean, insist
from migrator.transform.text import worded

_BREAKS: Final = frozenset(
    ["br", "p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "hr"]
)
_TAGS: Final = 50_000
"""In one text of HTML."""
_SILENT: Final = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "head", "template")}


def unescape_html(value: Any) -> str:
    """Character references such as `&lt;` and `&#233;` become the characters."""
    text = worded(value)
    if text.count("&") > _TAGS:
        raise too_large("the text has too many character references", _TAGS, "references")
    try:
        return html.unescape(text)
    except ValueError:  # a reference of thousands of digits
        raise Refusal("TR011", "a character reference in the text has too many digits") from None


def html_to_text(value: Any) -> str:
    """The text of HTML: tags are dropped, blocks and `br` begin a line, list items a `- `, scripts are left out."""
    source = worded(value)
    if source.count("<") > _TAGS:
        raise too_large("the text has too many tags", _TAGS, "tags")
    text = unescape_html("".join(_pieces(source))).replace("\xa0", " ")
    lines = [" ".join(line.split()) for line in text.split("\n")]
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    return "\n".join(kept).strip()


def _pieces(text: str) -> Iterator[str]:
    """Text between the tags, with line ends for blocks. Every search that fails ends the walk."""
    position = 0
    while (start := text.find("<", position)) >= 0:
        yield text[position:start].replace("\n", " ")
        if not _is_tag(text[start + 1 : start + 2]):
            yield "<"
            position = start + 1
            continue
        comment = text.startswith("<!--", start)
        end = text.find("-->" if comment else ">", start)
        if end < 0:
            return
        position = end + (3 if comment else 1)
        name = "" if comment else _name(text[start + 1 : end])
        if name in _SILENT:
            closing = _SILENT[name].search(text, position)
            if closing is None:
                return
            position = closing.start()
        elif name.lstrip("/") in _BREAKS:
            yield "\n- " if name == "li" else "\n"
    yield text[position:].replace("\n", " ")


def _is_tag(character: str) -> bool:
    return character.isalpha() or character in {"/", "!", "?"}


def _name(inside: str) -> str:
    parts = inside[:100].lower().rstrip("/").split(None, 1)
    return parts[0].rstrip("/") if parts else ""


def to_json(value: Any) -> str:
    """The value as JSON text, names as they stand; decimals are numbers where a float holds them exactly."""
    insist(value)
    made = json.dumps(_plain(clean(_numeric(value))), ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    check_text_length(len(made))
    return made


def _numeric(value: Any) -> Any:
    return _as_float(value) if isinstance(value, Decimal) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (Ref, File)):
        raise Refusal("TR014", "refs and files have no JSON form")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def from_json(value: Any) -> Any:
    """The value that a JSON text holds. Equal names and NaN are refused, no number is rounded."""
    try:
        return _frozen(
            json.loads(
                worded(value), parse_float=_from_literal, parse_constant=_no_number, object_pairs_hook=_distinct
            )
        )
    except json.JSONDecodeError as error:
        raise Refusal("TR011", f"the text is no JSON: {error.msg} at character {error.pos + 1}") from None
    except (RecursionError, ValueError):
        raise Refusal("TR012", "the JSON is nested too deeply, or has a number of too many digits") from None


def _from_literal(text: str) -> float | Decimal:
    if len(text) > 100:
        raise ValueError
    number = Decimal(text)
    if abs(number.adjusted()) > 100:
        raise Refusal("TR012", "a number in the JSON is too large or too small")
    return _as_float(number)


def _as_float(number: Decimal) -> float | Decimal:
    """A float where it stands for the same number as people write it."""
    near = float(number)
    return near if Decimal(repr(near)) == number else number


def _no_number(text: str) -> None:
    raise Refusal("TR013", f"{text} is no number in JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refusal("TR011", "the JSON has a map with the same name twice")
    return made


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple([_frozen(item) for item in value])
    return {name: _frozen(item) for name, item in value.items()} if isinstance(value, dict) else value
