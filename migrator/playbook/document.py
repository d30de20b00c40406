"""A parsed file: its plain tree, the place of every node, and source lines that show no secret."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from migrator.codec.build import Path
from migrator.codec.strict import Spot
from migrator.model.problem import Place, Problem

EXCERPT_MAX = 160
"""Characters of a source line that a message shows."""
LINE_READ = 4 * EXCERPT_MAX
"""Characters of a line that are looked at: the patterns below are slow on very long lines."""
STARS = "***"

_LINE_END = re.compile(r"\r\n|\n|\r")
_SECRET_LINE = re.compile(
    r"""((?:token|passw(?:or)?d|secret|api_?key|credential)\w*["']?\s*:\s*)"""
    r"""(?!\s*["']?\{\{\s*env\.\w+\s*\}\}["']?\s*(?:[,}\]#]|$))("(?:[^"\\]|\\.)*"?|'[^']*'?|\S.*?(?=,\s|\s\#|\s*$))""",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(//)[^/@\s\"']+(@)")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_KEY = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True)
class Document:
    """One file's tree (dict, list, str, int, float, bool, None) and where its nodes stand."""

    name: str
    """The file as the user wrote it."""
    text: str
    """Without BOM."""
    tree: Any
    """The content; what aliases point to is shared: nobody may change it."""
    root: Spot
    """Place of the root."""
    warnings: tuple[Problem, ...] = ()
    """What was noticed while parsing."""
    _hidden: dict[int, set[tuple[int, int]]] = field(default_factory=dict)
    """Line -> spans of the text that no excerpt shows."""

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Place of the node at this path, of its key where asked; of the nearest node above where there is none."""
        start, _ = self._span(path, of_key)
        return self.place_at(start, path_text(path))

    def place_at(self, offset: int, path: str | None = None) -> Place:
        """Place of an offset in the text."""
        number = self._line(offset)
        return Place(
            file=self.name,
            line=number,
            column=offset - self._starts[number - 1] + 1,
            path=path or None,
            excerpt=self.excerpt(number),
        )

    def hide(self, path: Path) -> None:
        """Keep the value at this path out of every excerpt from now on."""
        start, end = self._span(path, of_key=False)
        for number in range(self._line(start), self._line(end) + 1):
            self._hidden.setdefault(number, set()).add((start, end))

    def excerpt(self, number: int) -> str:
        """A source line (from 1) without what must not be shown; cut where it is long."""
        start = self._starts[number - 1]
        stop = min(self._line_stop(number), start + LINE_READ)
        line = _LINE_END.split(self.text[start:stop], maxsplit=1)[0]
        for first, last in sorted(self._hidden.get(number, ()), reverse=True):
            left, right = max(first - start, 0), min(last - start, len(line))
            if left < right:
                line = line[:left] + STARS + line[right:]
        line = _CONTROL.sub("\ufffd", without_secrets(line).replace("\t", " "))
        return line if len(line) <= EXCERPT_MAX else line[: EXCERPT_MAX - 1] + "…"

    def _line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def _line_stop(self, number: int) -> int:
        return self._starts[number] if number < len(self._starts) else len(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def _span(self, path: Path, of_key: bool) -> tuple[int, int]:
        spot, start = self.root, self.root.start
        for step in path:
            if spot.keys is not None and isinstance(step, str) and step in spot.keys:
                start, spot = spot.keys[step]
            elif spot.items is not None and isinstance(step, int) and step < len(spot.items):
                spot = spot.items[step]
                start = spot.start
            else:
                return start, spot.end
        return (start if of_key else spot.start), spot.end


def without_secrets(line: str) -> str:
    """A line without what looks like a secret by its key, and without the login of a URL."""
    return _USER_INFO.sub(rf"\1{STARS}\2", _SECRET_LINE.sub(rf"\1{STARS}", line))


def path_text(path: Path) -> str:
    """A path for people: `steps[0].fields.serial`; keys that are no plain words stand in brackets and quotes."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN_KEY.fullmatch(step):
            parts.append(f".{step}" if parts else step)
        else:
            parts.append(f'["{step}"]')
    return "".join(parts)
