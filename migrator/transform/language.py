"""Templates made ready: text or nested value -> checked tree -> generated function."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from migrator.model.playbook import MappingTable
from migrator.model.problem import Place, Problem
from migrator.transform.binding import bare_filters, bound_filters
from migrator.transform.direct import Direct, direct_function
from migrator.transform.filters import FILTERS, SHORT
from migrator.transform.fits import Fitting
from migrator.transform.grammar import Vocabulary, joined, parse
from migrator.transform.limits import VALUE_DEPTH, Meter, too_large
from migrator.transform.methods import METHODS
from migrator.transform.pieces import cut, is_template
from migrator.transform.predicates import TESTS
from migrator.transform.refusal import Refusal, sort_of
from migrator.transform.sandbox import IF_THERE, THERE, Sandbox, Scope
from migrator.transform.tables import Tables

Path = tuple[str | int, ...]
"""Names and places that lead to a part of a nested value."""

FIELD_NAMES: Final = frozenset({"record", "origin", "vars", "omit", "ref"})
"""What the templates of a step's fields may name."""


class _Signatures(Mapping[str, inspect.Signature]):
    """What each word takes, looked at when a template says it: all of them cost 14 ms at every start (measured)."""

    def __init__(self, words: Mapping[str, Any], look: Callable[[Any], inspect.Signature]) -> None:
        self._words = words
        self._look = cache(lambda name: look(words[name]))

    def __getitem__(self, name: str) -> inspect.Signature:
        return self._look(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


_FILTERS: Final = {**FILTERS, **{short: FILTERS[name] for short, name in SHORT.items()}}
_FILTER_SIGNATURES: Final = _Signatures(_FILTERS, attrgetter("signature"))
_TEST_SIGNATURES: Final = _Signatures(TESTS, inspect.signature)
_METHOD_SIGNATURES: Final = _Signatures(METHODS, inspect.signature)
_TOLERANT: Final = frozenset({"default", "d", "coalesce", "defined", "undefined"})


class Language:
    """Which words templates may use, and the environment that runs them. Compile once, evaluate often."""

    def __init__(
        self,
        names: frozenset[str] = FIELD_NAMES,
        *,
        zone: str = "UTC",
        mappings: Mapping[str, MappingTable] | None = None,
        ref: Callable[..., Any] | None = None,
    ) -> None:
        self.meter = Meter()
        """Reset it before each record."""
        self._sandbox = Sandbox()
        self.tables = Tables(mappings or {})
        """Of `map`; it notes what was not found in them."""
        self._bare = bare_filters(zone, self.tables)
        self._sandbox.offer(bound_filters(zone, self.tables, ref, self.meter), TESTS)
        self._words = vocabulary(names, None if mappings is None else frozenset(mappings))

    def tree(self, value: Any, problems: list[tuple[Path, Problem]], path: Path = ()) -> nodes.Expr:
        """The tree of a nested value; what is wrong in it is added to `problems`, and stands as null in the tree."""
        return _tree(value, self._words, problems, path)

    def function(self, trees: list[nodes.Expr]) -> Callable[[Scope], tuple[Any, ...]]:
        """One function for all trees, the authority on what they mean. Raises Refusal TR007."""
        return self._sandbox.compile_all([copy.deepcopy(tree) for tree in trees])

    def direct_function(self, trees: Mapping[str, nodes.Expr], fittings: Sequence[Fitting]) -> Direct:
        """One function that makes the fields, the fast way: where it raises, `function` and the fits are asked."""
        direct = {name: _Direct().visit(copy.deepcopy(tree)) for name, tree in trees.items()}
        return direct_function(self._sandbox, direct, fittings, self._bare, self.tables.known)


def vocabulary(names: frozenset[str], mappings: frozenset[str] | None = None) -> Vocabulary:
    """The words of templates under these names."""
    return Vocabulary(names, _FILTER_SIGNATURES, _TEST_SIGNATURES, _METHOD_SIGNATURES, mappings)


def problems_of(value: Any, words: Vocabulary) -> list[tuple[Path, Problem]]:
    """What is wrong in a nested value, each with the path to it. Evaluates nothing."""
    problems: list[tuple[Path, Problem]] = []
    _tree(value, words, problems, ())
    return problems


def text_tree(text: str, words: Vocabulary) -> nodes.Expr:
    """The tree of one text: exactly one expression keeps its type, any other text with expressions is joined.

    Raises Refusal with its offset within `text`.
    """
    if not is_template(text):
        return nodes.Const(text)
    parts: list[nodes.Expr] = []
    pieces = cut(text)
    for piece in pieces:
        try:
            parts.append(parse(piece.text, words) if piece.expression else nodes.Const(piece.text))
        except Refusal as refusal:
            refusal.offset += piece.offset
            raise
    return parts[0] if len(pieces) == 1 else joined(parts)


def fields_read(trees: list[nodes.Expr]) -> frozenset[str] | None:
    """Names of the record's fields that the trees read; None where it cannot be told (`record` as a whole)."""
    root = nodes.Tuple(list(trees), "load")
    uses = sum(1 for name in root.find_all(nodes.Name) if name.name == "record")
    fields = [
        name for node in root.find_all((nodes.Getattr, nodes.Getitem)) if (name := _field_name(node)) is not None
    ]
    return frozenset(fields) if len(fields) == uses else None


def fields_demanded(tree: nodes.Expr) -> frozenset[str]:
    """Names of the record's fields that the tree reads and that `default` or `is defined` does not excuse."""
    root = nodes.Tuple([tree], "load")
    excused = {_field_name(node.node) for node in root.find_all((nodes.Filter, nodes.Test)) if node.name in _TOLERANT}
    return frozenset(members_read(tree, "record")) - excused


def is_field(tree: nodes.Expr) -> bool:
    """The expression is a field of the record and nothing more."""
    return _field_name(tree) is not None


def names_read(trees: list[nodes.Expr]) -> frozenset[str]:
    """The names that the trees use."""
    root = nodes.Tuple(list(trees), "load")
    return frozenset(name.name for name in root.find_all(nodes.Name))


def members_read(tree: nodes.Expr, name: str) -> Iterator[str]:
    """Which members of a name the tree reads, such as X for `env.X`; those behind `default` are left out."""
    if isinstance(tree, (nodes.Filter, nodes.Test)) and tree.name in _TOLERANT:
        return
    member = _field_name(tree, name)
    if member is not None:
        yield member
    for child in tree.iter_child_nodes():
        yield from members_read(child, name)  # type: ignore[arg-type]  # the nodes within an expression are expressions


def at(text: str, refusal: Refusal) -> Problem:
    """The refusal of a template as a Problem with its line and column within the text."""
    before = text[: refusal.offset]
    line_start = before.rfind("\n") + 1
    return refusal.problem(Place(line=before.count("\n") + 1, column=len(before) - line_start + 1))


def _tree(value: Any, words: Vocabulary, problems: list[tuple[Path, Problem]], path: Path) -> nodes.Expr:
    try:
        return _checked_tree(value, words, problems, path)
    except Refusal as refusal:
        problems.append((path, at(value if isinstance(value, str) else "", refusal)))
        return nodes.Const(None)


def _checked_tree(value: Any, words: Vocabulary, problems: list[tuple[Path, Problem]], path: Path) -> nodes.Expr:
    if isinstance(value, str):
        return text_tree(value, words)
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return nodes.Const(value)
    if len(path) > VALUE_DEPTH:
        raise too_large("the value is nested too deeply", VALUE_DEPTH, "levels")
    if isinstance(value, Mapping):
        pairs = [(str(name), _tree(item, words, problems, (*path, str(name)))) for name, item in value.items()]
        return nodes.Dict([nodes.Pair(nodes.Const(name), item) for name, item in pairs])
    if isinstance(value, (list, tuple)):
        return nodes.Tuple([_tree(item, words, problems, (*path, place)) for place, item in enumerate(value)], "load")
    raise Refusal("TR013", f"the value is {sort_of(value)}, or no finite number")


def _field_name(node: nodes.Node, name: str = "record") -> str | None:
    """The field that a node reads from `record` (or another name), told by a constant."""
    if not isinstance(node, (nodes.Getattr, nodes.Getitem)):
        return None
    if not isinstance(node.node, nodes.Name) or node.node.name != name:
        return None
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None


class _Direct(NodeTransformer):
    """Makes `record.x` a plain look-up; where a missing field is no error, one that looks first."""

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """The node, or the plain look-up in its place."""
        if isinstance(node, (nodes.Filter, nodes.Test)) and node.name in _TOLERANT:
            name = None if node.node is None else _field_name(node.node)
            if name is not None:
                node.node = nodes.ExtensionAttribute(IF_THERE, name)
            return node
        name = _field_name(node)
        return self.generic_visit(node) if name is None else nodes.ExtensionAttribute(THERE, name)
