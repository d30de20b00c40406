"""The options of systems with their environment variables put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from migrator.errors import PlaybookInvalid
from migrator.model.problem import Place, Problem
from migrator.transform.pieces import is_template

_ENVIRONMENT: Final = frozenset({"env"})
_ONE: Final = re.compile(r"\{\{ ?env\.([A-Z][A-Z0-9_]*) ?\}\}")
"""What nearly every secret is: one variable and nothing around it."""
_SHORT: Final = 1_000
"""Characters of a variable that need no second look, if they are ASCII."""


def render_environment(options: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """A system's options with `{{ env.X }}` replaced. Raises PlaybookInvalid that names every variable not set.

    Error texts never hold a variable's value.
    """
    problems: list[Problem] = []
    there = {name: value for name, value in env.items() if value != ""}
    made = _resolved(options, there, (), problems)
    if problems:
        raise PlaybookInvalid(*problems)
    return dict(made)


def _resolved(value: Any, env: Mapping[str, str], path: tuple[str | int, ...], problems: list[Problem]) -> Any:
    if isinstance(value, Mapping):
        return {name: _resolved(item, env, (*path, name), problems) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_resolved(item, env, (*path, place), problems) for place, item in enumerate(value)]
    if not isinstance(value, str) or not is_template(value):
        return value
    where = ".".join(map(str, path))
    only = _ONE.fullmatch(value)
    if only is not None:
        known = env.get(only[1])
        if known is None:
            problems.append(_unset(only[1], where))
            return None
        if known.isascii() and len(known) <= _SHORT:
            return known
    return _evaluated(value, env, where, problems)


def _evaluated(text: str, env: Mapping[str, str], where: str, problems: list[Problem]) -> Any:
    """The long way, which needs Jinja: most applies never go it, and start sooner."""
    from migrator.transform.language import Language, at, members_read, text_tree, vocabulary
    from migrator.transform.refusal import Refusal
    from migrator.transform.results import clean
    from migrator.transform.template import BAD_DATA

    try:
        tree = text_tree(text, vocabulary(_ENVIRONMENT))
    except Refusal as refusal:
        problems.append(at(text, refusal))
        return None
    missing = [name for name in dict.fromkeys(members_read(tree, "env")) if name not in env]
    problems.extend(_unset(name, where) for name in missing)
    if missing:
        return None
    language = Language(_ENVIRONMENT)
    try:
        return clean(language.function([language.tree(text, [])])({"env": env})[0])
    except BAD_DATA as error:
        code = error.code if isinstance(error, Refusal) else type(error).__name__
        summary = f"the option {where} cannot be evaluated: {text}"
        detail = f"{code}; the reason is not told since it may hold a secret"
        problems.append(Problem(code="TR031", summary=summary, detail=detail, place=Place(path=where)))
        return None


def _unset(name: str, where: str) -> Problem:
    summary = f"the environment variable {name} is missing or empty"
    return Problem(code="TR030", summary=summary, place=Place(path=where), hint=f"set it: export {name}=…")
