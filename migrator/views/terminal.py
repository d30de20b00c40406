"""Lines of styled pieces, written plain or in colour; and how wide a terminal is."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from rich.console import Console

    from migrator.views import Stream

Span = str | tuple[str, str]
"""Text, or (text, name of a style)."""
Line = tuple[Span, ...]
"""One line without its end."""

STYLES = {
    "head": "bold",
    "dim": "dim",
    "create": "green",
    "update": "yellow",
    "delete": "red",
    "warning": "yellow",
    "error": "bold red",
    "danger": "bold white on red",
    "good": "green",
}
"""Name -> style of rich."""


class Paper(Protocol):
    """Takes lines."""

    def line(self, *spans: Span) -> None:
        """One line."""


class PlainPaper:
    """Text alone: no control code ever."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def line(self, *spans: Span) -> None:
        """One line, without blanks at its end."""
        self._stream.write(plain(spans).rstrip() + "\n")


class ColourPaper:
    """The same lines in colour. rich is imported only here and in progress.py."""

    def __init__(self, stream: Stream) -> None:
        self._console = console(stream)

    def line(self, *spans: Span) -> None:
        """One line; a terminal breaks it where it likes."""
        from rich.text import Text

        styled = [(span, "") if isinstance(span, str) else (span[0], STYLES[span[1]]) for span in spans]
        self._console.print(Text.assemble(*styled), soft_wrap=True, highlight=False)


def console(stream: Stream) -> Console:
    """A console of rich on a stream that is known to be a terminal."""
    from rich.console import Console

    return Console(file=cast(IO[str], stream), force_terminal=True, markup=False, emoji=False, highlight=False)


def paper(stream: Stream, fancy: bool) -> Paper:
    """What lines are written on."""
    return ColourPaper(stream) if fancy else PlainPaper(stream)


def plain(line: Iterable[Span]) -> str:
    """A line's text."""
    return "".join(span if isinstance(span, str) else span[0] for span in line)


def width_of(stream: object) -> int:
    """Columns of the terminal behind a stream, 0 where there is none."""
    try:
        if not stream.isatty():  # type: ignore[attr-defined]  # whatever has none is no terminal: see below
            return 0
        return os.get_terminal_size(stream.fileno()).columns  # type: ignore[attr-defined]  # as above
    except (AttributeError, OSError, ValueError):
        return 0


def counted(number: int, word: str) -> str:
    """1 create, 2 creates, 1,000 creates."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def cells(text: str) -> int:
    """Columns that the text takes: Japanese letters take two."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def padded(text: str, width: int, right: bool = False) -> str:
    """The text filled up to a width in columns."""
    fill = " " * (width - cells(text))
    return fill + text if right else text + fill


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], left: int = 1) -> Iterable[Line]:
    """Rows under a head: the first columns to the left, numbers to the right."""
    widths = [max(cells(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for number, row in enumerate((head, *rows)):
        text = "  ".join(padded(cell, widths[column], right=column >= left) for column, cell in enumerate(row))
        yield ("  ", (text, "dim") if number == 0 else text)
