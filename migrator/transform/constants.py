"""Parts of a template that read nothing fail for every record or for none: they are tried while checking.

So `{{ 'a' * 10**10 }}` is told by `validate`, with its place, under the bounds that hold for every record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from jinja2 import TemplateError, nodes

from migrator.model.problem import Problem
from migrator.transform.grammar import Vocabulary, parse
from migrator.transform.language import Language, Path, at
from migrator.transform.pieces import cut, is_template
from migrator.transform.refusal import Refusal
from migrator.transform.results import clean

_DO_NOTHING: Final = (nodes.Const, nodes.Pair, nodes.Keyword, nodes.Operand)
_SURROUNDED: Final = frozenset({"map"})
"""Filters that need more than their value: the playbook's tables."""
_BAD: Final = (Refusal, TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError)


def failing(value: Any, words: Vocabulary, path: Path = ()) -> Iterator[tuple[Path, Problem]]:
    """(path, Problem) of each text, at any depth of the value, in which a part without names cannot be evaluated."""
    if isinstance(value, str) and is_template(value):
        refusal = _first(value, words)
        if refusal is not None:
            yield path, at(value, refusal)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from failing(item, words, (*path, str(name)))
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from failing(item, words, (*path, place))


def _first(text: str, words: Vocabulary) -> Refusal | None:
    for piece in cut(text):
        if not piece.expression:
            continue
        for part in _parts(parse(piece.text, words)):
            refusal = _tried(part)
            if refusal is not None:
                refusal.offset = piece.offset + part.lineno
                return refusal
    return None


def _parts(tree: nodes.Node) -> Iterator[nodes.Expr]:
    """The largest parts that read nothing and do something."""
    if isinstance(tree, nodes.Expr) and not isinstance(tree, _DO_NOTHING) and not _reads(tree):
        yield tree
        return
    for child in tree.iter_child_nodes():
        yield from _parts(child)


def _reads(tree: nodes.Node) -> bool:
    if isinstance(tree, nodes.Name) or (isinstance(tree, nodes.Filter) and tree.name in _SURROUNDED):
        return True
    return any(_reads(child) for child in tree.iter_child_nodes())


@cache
def _language() -> Language:
    return Language()


def _tried(part: nodes.Expr) -> Refusal | None:
    language = _language()
    language.meter.spent = 0
    try:
        clean(language.function([part])({})[0])
    except Refusal as refusal:
        return refusal
    except _BAD as error:
        return Refusal("TR011", "the expression cannot be evaluated", detail=str(error)[:200])
    return None
