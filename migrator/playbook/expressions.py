"""What the text of a template tells without evaluating it: names of mappings and variables, and `ref()`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from typing import Any

from migrator.codec.build import Path
from migrator.model.problem import Problem
from migrator.playbook.finding import Finding, did_you_mean

Template = Callable[[Any, frozenset[str]], list[tuple[Path, Problem]]]
"""Checks one value or expression under these names; paths are relative to the value."""

FIELD_NAMES = frozenset({"record", "origin", "vars", "omit", "ref"})
"""Names in `fields`."""
WHERE_NAMES = frozenset({"record", "origin", "vars"})
"""Names in `where`."""
SYSTEM_NAMES = frozenset({"env"})
"""Names in `systems`."""

ONE_EXPRESSION = re.compile(r"\s*\{\{(?:(?!\}\}).)*\}\}\s*", re.DOTALL)
"""A text that is one `{{ }}` and nothing else."""
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*+\\?'?|\"(?:[^\"\\]|\\.)*+\\?\"?", re.DOTALL)
"""A text within an expression; an unclosed one goes to the end, so that no text is walked twice."""
_MAP = re.compile(r"\|\s*map\s*\(\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")")
_VARIABLE = re.compile(r"(?<![\w.])vars\.([A-Za-z_]\w*)")
_REF = re.compile(r"(?<![\w.])ref\s*\(\s*(?:'(\d+)')?")


def template_findings(template: Template, value: Any, names: frozenset[str], base: Path) -> Iterator[Finding]:
    """The checker's problems with a value, placed below `base`. Values that hold no template are not asked about."""
    if not any(True for _ in templates(value, base)):
        return
    for path, problem in template(value, names):
        yield Finding(
            path=(*base, *path),
            code=problem.code,
            summary=problem.summary,
            hint=problem.hint,
            detail=problem.detail,
            severity=problem.severity,
        )


def templates(value: Any, base: Path) -> Iterator[tuple[Path, str]]:
    """(path, text) of every text within a value that holds a template's mark."""
    if isinstance(value, str):
        if "{{" in value or "{%" in value or "{#" in value:
            yield base, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from templates(item, (*base, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from templates(item, (*base, at))


def constants_only(value: Any, base: Path, what: str) -> Iterator[Finding]:
    """A finding for each template that stands where nothing is evaluated."""
    for path, _ in templates(value, base):
        summary = f"{{{{ }}}} is not evaluated in {what}"
        yield Finding(path=path, code="PB042", summary=summary, hint="write the value itself")


def names_used(value: Any, base: Path, mappings: Collection[str], variables: Collection[str]) -> Iterator[Finding]:
    """Mappings and variables that templates name and the playbook does not have."""
    for path, text in templates(value, base):
        found = (_unknown_names(expression, path, mappings, variables) for expression in _expressions(text))
        yield from dict.fromkeys(chain.from_iterable(found))


def refs_named(value: Any, base: Path) -> Iterator[tuple[Path, str | None]]:
    """(path, name) of each `ref('name', …)`; None where the name is no constant."""
    for path, text in templates(value, base):
        for expression in _expressions(text):
            words: list[str] = []

            def numbered(word: re.Match[str], words: list[str] = words) -> str:
                words.append(word[0])
                return f"'{len(words) - 1}'"

            for call in _REF.finditer(_QUOTED.sub(numbered, expression)):
                yield path, None if call[1] is None else words[int(call[1])][1:-1]


def _expressions(text: str) -> list[str]:
    return [part.partition("}}")[0] for part in text.split("{{")[1:]]


def _unknown_names(
    expression: str, path: Path, mappings: Collection[str], variables: Collection[str]
) -> Iterator[Finding]:
    for single, double in _MAP.findall(expression):
        name = single or double
        if name not in mappings:
            hint = did_you_mean(name, mappings, what="mappings")
            yield Finding(path=path, code="PB039", summary=f'there is no mapping "{name}"', hint=hint)
    bare = _QUOTED.sub("''", expression)
    if "default" in bare:
        return
    for name in _VARIABLE.findall(bare):
        if name not in variables:
            hint = did_you_mean(name, variables, what="vars")
            yield Finding(path=path, code="PB039", summary=f'there is no variable "{name}" in vars', hint=hint)
