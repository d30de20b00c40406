"""A template's text, cut into literal pieces and expressions, with the place of each."""

from __future__ import annotations

from migrator.model.lean import dataclass
from migrator.transform.limits import TEMPLATE_CHARACTERS, too_large
from migrator.transform.refusal import Refusal

_CLOSES = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of literal text, or one expression without its braces."""

    text: str
    offset: int
    """Characters from the start of the template to `text`."""
    expression: bool


def is_template(text: str) -> bool:
    """Whether the text holds expressions (or statements, which are refused)."""
    return "{{" in text or "{%" in text


def cut(text: str) -> list[Piece]:
    """The pieces in order. Raises Refusal TR001, TR002 or TR007 with its offset."""
    if len(text) > TEMPLATE_CHARACTERS:
        raise too_long()
    pieces: list[Piece] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        _check_literal(text, position, start)
        if start > position:
            pieces.append(Piece(text[position:start], position, False))
        end = _end(text, start)
        pieces.append(Piece(text[start + 2 : end], start + 2, True))
        position = end + 2
    _check_literal(text, position, len(text))
    if position < len(text):
        pieces.append(Piece(text[position:], position, False))
    if len(pieces) == 2 and pieces[0].expression and pieces[1].text == "\n":  # a YAML block scalar's last newline
        return pieces[:1]
    return pieces


def bare(text: str) -> str:
    """The expression in a text that is one expression, with or without its braces. Raises Refusal."""
    if not is_template(text):
        return text
    pieces = cut(text)
    if len(pieces) != 1 or not pieces[0].expression:
        raise Refusal("TR001", "this must be one expression, with nothing around its braces")
    return pieces[0].text.strip()


def too_long() -> Refusal:
    """The refusal for a template beyond the limit."""
    refusal = too_large("the template is too long", TEMPLATE_CHARACTERS, "characters")
    refusal.code = "TR007"
    return refusal


def _check_literal(text: str, start: int, end: int) -> None:
    """Statements and comments are refused wherever they stand outside of expressions."""
    at = text.find("{%", start, end)
    if at >= 0:
        raise Refusal(
            "TR002",
            "statements ({% … %}) are refused",
            hint="use an expression: {{ a if b else c }}; literal braces are {{ '{%' }}",
            offset=at,
        )
    at = text.find("{#", start, end)
    if at >= 0 and text.find("#}", at, end) >= 0:
        raise Refusal(
            "TR002",
            "comments ({# … #}) are refused in templates",
            hint="use a YAML comment; literal braces are {{ '{#' }}",
            offset=at,
        )


def _end(text: str, start: int) -> int:
    """Where the `}}` stands that closes the expression opened at `start`: not in a literal, not within brackets."""
    position = start + 2
    open_brackets: list[str] = []
    if text[position : position + 1] in {"-", "+"} and text[position + 1 : position + 2] == " ":
        raise Refusal("TR002", "whitespace control ({{- … -}}) is refused", hint="use `| trim`", offset=start)
    while position < len(text):
        character = text[position]
        if character in "'\"":
            position = _after_literal(text, position)
            continue
        if not open_brackets and text.startswith("}}", position):
            return position
        if character in _CLOSES:
            open_brackets.append(_CLOSES[character])
        elif open_brackets and character == open_brackets[-1]:
            open_brackets.pop()
        position += 1
    raise Refusal("TR001", "an expression is opened by {{ and never closed", hint="add }}", offset=start)


def _after_literal(text: str, start: int) -> int:
    quote, position = text[start], start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == quote:
            return position + 1
        position += 1
    raise Refusal("TR001", "a text in an expression is never closed", hint=f"add {quote}", offset=start)
