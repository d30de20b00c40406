"""Templates outside of a step's fields, and the checks of all: parse, check, compile; `where`, `systems`, `tests`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jinja2 import TemplateError

from migrator.errors import PlaybookInvalid
from migrator.model.problem import Place, Problem
from migrator.model.values import OMIT, Value
from migrator.transform.constants import failing
from migrator.transform.language import (
    FIELD_NAMES,
    Language,
    Path,
    problems_of,
    vocabulary,
)
from migrator.transform.pieces import is_template
from migrator.transform.refusal import Refusal, sort_of
from migrator.transform.results import clean
from migrator.transform.sandbox import Scope

__all__ = ["check_expression", "check_template", "compile_expression", "told"]

BAD_DATA: Final = (Refusal, TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What evaluating a template raises for data that does not fit it."""

_WHERE: Final = frozenset({"record", "origin", "vars"})


def check_template(
    value: Any, names: frozenset[str] | None = None, mappings: frozenset[str] | None = None
) -> list[tuple[Path, Problem]]:
    """What is wrong in a field's value, at any depth, before there is a record: (path within the value, Problem).

    The Problem's place is the line and column within that text. `names` are those that templates may use (None: those
    of fields), `mappings` the playbook's tables (None: not checked). Parts that read nothing are tried.
    """
    words = vocabulary(FIELD_NAMES if names is None else names, mappings)
    return problems_of(value, words) or list(failing(value, words))


def check_expression(
    text: str, names: frozenset[str] = _WHERE, mappings: frozenset[str] | None = None
) -> list[Problem]:
    """The same for `where`, which may stand without braces."""
    return [problem for _, problem in check_template(_braced(text), names, mappings)]


def compile_expression(
    text: str, names: frozenset[str] = _WHERE, *, language: Language | None = None
) -> Callable[[Scope], Value]:
    """A function of (name -> value) that gives the expression's value; the text may stand without braces.

    Lists in the values must be tuples. Raises PlaybookInvalid; so does the function, with the one Problem of its
    data.
    """
    language = language or Language(names)
    problems: list[tuple[Path, Problem]] = []
    tree = language.tree(_braced(text), problems)
    if problems:
        raise PlaybookInvalid(*[problem for _, problem in problems])
    function = language.function([tree])

    def evaluate(scope: Scope) -> Value:
        language.meter.spent = 0
        try:
            made = clean(function(scope)[0])
        except BAD_DATA as error:
            raise PlaybookInvalid(told(error)) from None
        return None if made is OMIT else made

    return evaluate


def told(error: Exception, place: Place | None = None) -> Problem:
    """One of BAD_DATA as a Problem in the words of the playbook."""
    if isinstance(error, Refusal):
        return error.problem(place)
    if isinstance(error, TypeError):
        hint = "compare and sort values of one sort: `| number`, `| string`"
        return Refusal(
            "TR011", "an operator or filter does not fit its values", detail=_words(error), hint=hint
        ).problem(place)
    return Refusal("TR011", "the expression cannot be evaluated with this value", detail=_words(error)).problem(place)


def _words(error: Exception) -> str:
    text = str(error)[:200]
    for python, word in (("'str'", "a text"), ("'int'", "a number"), ("'float'", "a number"), ("'NoneType'", "null")):
        text = text.replace(python, word)
    return text.replace("'tuple'", "a list").replace("'dict'", "a map").replace("instances of ", "")


def _braced(text: str) -> str:
    return text if is_template(text) else "{{ " + text + " }}"


def truth(value: Value) -> bool:
    """The outcome of `where`: true, false, null or a number. Raises Refusal for texts, lists and maps."""
    if value is None or isinstance(value, (bool, int, float)):
        return bool(value)
    hint = "compare it: `record.active == '1'`, `record.tags is empty`"
    raise Refusal("TR013", f"`where` must come to true or false, not {sort_of(value)}", hint=hint)
