"""Problems as lines: file:line:column CODE summary, the excerpt, a caret with the hint."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.model.problem import Place, Problem, Severity
from migrator.views.safe import safe
from migrator.views.terminal import Line, cells

EXCERPT = 100
"""Characters of a source line that are shown."""


def problem_lines(problem: Problem) -> Iterator[Line]:
    """One problem, in the form of the house."""
    place = problem.place or Place()
    style = "error" if problem.severity is Severity.ERROR else "warning"
    word = problem.code if problem.severity is Severity.ERROR else f"warning {problem.code}"
    yield (*_prefix(where(place)), (word, style), "  ", safe(problem.summary))
    yield from (("        | ", safe(line)) for line in problem.detail.splitlines())
    if place.excerpt is not None and place.line is not None:
        yield from _excerpt(place.excerpt, place.line, place.column or 1, problem.hint)
    elif problem.hint:
        yield ("        = ", safe(problem.hint))


def _prefix(text: str) -> Line:
    return ((text, "head"), "  ") if text else ()


def where(place: Place) -> str:
    """The place in one phrase: of a file, else of a record."""
    if place.file is not None:
        return safe(":".join(str(part) for part in (place.file, place.line, place.column) if part is not None))
    parts = [
        f"{name} {value}"
        for name in ("system", "collection", "step", "record", "field")
        if (value := getattr(place, name)) is not None
    ]
    return safe(", ".join(parts) or place.path or "")


def _excerpt(excerpt: str, line: int, column: int, hint: str) -> Iterator[Line]:
    start = max(0, column - EXCERPT // 2) if len(excerpt) > EXCERPT else 0
    shown = safe(excerpt[start : start + EXCERPT])
    before = cells(safe(excerpt[start : column - 1]))
    yield (f"{line:>7} | ", shown)
    yield ("        | ", " " * before, ("^", "error"), *((" ", safe(hint)) if hint else ()))
