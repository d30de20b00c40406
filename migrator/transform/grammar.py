"""One expression's text becomes a checked tree: everything the grammar does not name is refused before it can run.

The parser is Jinja's. What it finds is walked once: unknown names, filters and tests are refused with their place,
calls of methods become filters of our own, lists become tuples. Nothing is evaluated, constants neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from inspect import Signature, signature
from typing import Any, Final, cast

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer

from migrator.model.lean import dataclass
from migrator.transform.limits import EXPRESSION_DEPTH, EXPRESSION_PARTS, too_large
from migrator.transform.refusal import Refusal, did_you_mean

JOIN: Final = "$join"
"""Filter that texts with expressions in them, and `~`, become."""
REF: Final = "$ref"
"""Filter that a call of `ref()` becomes."""
METHOD: Final = "$method "
"""Prefix of the filters that method calls become."""

_KINDS: Final = (
    *(nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword),
    *(nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Getattr, nodes.Getitem, nodes.Slice),
    *(nodes.Concat, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow),
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that expressions may use."""

    names: frozenset[str]
    """Of values."""
    filters: Mapping[str, Signature]
    """Name -> what it takes, the value first."""
    tests: Mapping[str, Signature]
    """Name -> what it takes, the value first."""
    methods: Mapping[str, Signature]
    """Name -> what the method of a text takes, the text first."""
    mappings: frozenset[str] | None = None
    """Tables for `map`; None: not known yet."""


class _Reader(Environment):
    """Reads expressions; its tokens carry, as their line number, how many characters stand before them."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        """Jinja counts lines; people need columns."""

        def tokens() -> Iterator[tuple[int, str, str]]:
            offset = 0
            try:
                for _, kind, value in self.lexer.tokeniter(source, name, filename, state):
                    yield offset, kind, value
                    offset += len(value)
            except TemplateSyntaxError as error:
                raise TemplateSyntaxError(error.message or "wrong syntax", offset) from None

        return TokenStream(self.lexer.wrap(tokens(), name, filename), name, filename)


_READER: Final = _Reader(cache_size=0, keep_trailing_newline=True)


def parse(text: str, words: Vocabulary) -> nodes.Expr:
    """The checked tree of one expression. Raises Refusal with its offset within `text`."""
    try:
        if not text.strip():
            raise Refusal("TR001", "the expression is empty")
        parser = Parser(_READER, text, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            token = parser.stream.current
            raise Refusal("TR001", f"the expression should end before {token.value!r}", offset=token.lineno)
        return cast(nodes.Expr, _Check(words).visit(tree))
    except TemplateSyntaxError as error:
        raise Refusal("TR001", error.message or "wrong syntax", offset=error.lineno) from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise Refusal("TR001", f"a constant cannot be read: {str(error)[:80]}") from None
    except RecursionError:
        raise _too_deep(0) from None


def _ref(_: None, name: str, id: Any, *, missing: Any = None) -> None:
    """What `ref()` takes."""


_REF_TAKES: Final = signature(_ref)


def _too_deep(offset: int) -> Refusal:
    refusal = too_large("the expression is nested too deeply", EXPRESSION_DEPTH, "levels")
    refusal.code, refusal.offset = "TR007", offset
    return refusal


class _Check(NodeTransformer):
    """Walks an expression's tree, refuses what is not in the vocabulary and rewrites calls."""

    def __init__(self, words: Vocabulary) -> None:
        self.words = words
        self.depth = 0
        self.parts = 0

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """The node as it will be compiled. Raises Refusal."""
        if not isinstance(node, _KINDS):
            raise Refusal("TR006", f"a template cannot do this ({type(node).__name__})", offset=node.lineno)
        self.depth += 1
        self.parts += 1
        if self.depth > EXPRESSION_DEPTH or self.parts > EXPRESSION_PARTS:
            raise _too_deep(node.lineno)
        rule = _RULES.get(type(node))
        made = self.generic_visit(node) if rule is None else rule(self, node)
        self.depth -= 1
        return made

    def _name(self, node: nodes.Name) -> nodes.Node:
        """Only the names that are offered."""
        if node.name not in self.words.names:
            known = ", ".join(sorted(self.words.names))
            hint = did_you_mean(node.name, self.words.names, f"there are: {known}")
            raise Refusal("TR003", f'unknown name "{node.name}"', hint=hint, offset=node.lineno)
        return node

    def _const(self, node: nodes.Const) -> nodes.Node:
        """No infinity by a constant such as 1e999."""
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise Refusal("TR001", "a constant is too large", offset=node.lineno)
        return node

    def _list(self, node: nodes.List) -> nodes.Node:
        """Lists are tuples, as in records: so `record.tags == ['a']` compares what people mean."""
        self.generic_visit(node)
        return nodes.Tuple(node.items, "load", lineno=node.lineno)

    def _condition(self, node: nodes.CondExpr) -> nodes.Node:
        """`a if b` without `else` has no value when b is false."""
        if node.expr2 is None:
            hint = "add `else none` to clear the field, or `else omit` to leave it as it stands"
            raise Refusal("TR001", "an inline `if` needs an `else`", hint=hint, offset=node.lineno)
        return self.generic_visit(node)

    def _field(self, node: nodes.Getattr) -> nodes.Node:
        """A field, never an attribute of a Python object."""
        if node.attr.startswith("__") and node.attr.endswith("__"):
            hint = f'a field of that name is record["{node.attr}"]'
            raise Refusal("TR006", f"`{node.attr}` cannot be reached", hint=hint, offset=node.lineno)
        return self.generic_visit(node)

    def _concat(self, node: nodes.Concat) -> nodes.Node:
        """`~`, with our own idea of text and its bounds."""
        self.generic_visit(node)
        return joined(node.nodes, node.lineno)

    def _filter(self, node: nodes.Filter) -> nodes.Node:
        """Only the filters of the table, called as they are made."""
        self._known("TR004", "filter", node, self.words.filters)
        table = node.args[0] if node.name == "map" and node.args else None
        if isinstance(table, nodes.Const) and self.words.mappings is not None:
            self._known_mapping(str(table.value), node.lineno)
        return self.generic_visit(node)

    def _test(self, node: nodes.Test) -> nodes.Node:
        """Only the tests of the table, called as they are made."""
        self._known("TR005", "test", node, self.words.tests)
        return self.generic_visit(node)

    def _call(self, node: nodes.Call) -> nodes.Node:
        """`ref(…)` and a few methods of texts become filters; nothing else can be called."""
        callee = node.node
        if isinstance(callee, nodes.Name) and callee.name == "ref" and "ref" in self.words.names:
            made = self._as_filter(REF, nodes.Const(None, lineno=node.lineno), node)
            self._check_arguments("TR006", "`ref`", made, _REF_TAKES)
        elif isinstance(callee, nodes.Getattr) and callee.attr in self.words.methods:
            made = self._as_filter(METHOD + callee.attr, callee.node, node)
            self._check_arguments("TR006", f"the method `{callee.attr}`", made, self.words.methods[callee.attr])
        else:
            raise self._uncallable(callee, node.lineno)
        return self.generic_visit(made)

    def _known(self, code: str, word: str, node: nodes.Filter | nodes.Test, table: Mapping[str, Signature]) -> None:
        if node.name not in table:
            hint = did_you_mean(node.name, table, f"docs/reference/filters.md lists every {word}")
            raise Refusal(code, f'unknown {word} "{node.name}"', hint=hint, offset=node.lineno)
        self._check_arguments(code, f"the {word} `{node.name}`", node, table[node.name])

    def _known_mapping(self, name: str, offset: int) -> None:
        known = self.words.mappings or frozenset()
        if name not in known:
            hint = did_you_mean(name, known, "`mappings:` names the tables of the playbook")
            raise Refusal("TR008", f'unknown mapping "{name}"', hint=hint, offset=offset)

    def _as_filter(self, name: str, value: nodes.Expr, call: nodes.Call) -> nodes.Filter:
        made = nodes.Filter(value, name, call.args, call.kwargs, call.dyn_args, call.dyn_kwargs, lineno=call.lineno)
        self._refuse_stars(name, made)
        return made

    def _check_arguments(self, code: str, what: str, node: nodes.Filter | nodes.Test, takes: Signature) -> None:
        self._refuse_stars(what, node)
        names = [str(word.key) for word in node.kwargs]
        if len(set(names)) != len(names):
            raise Refusal(code, f"{what}: the same argument twice", offset=node.lineno)
        try:
            takes.bind(None, *node.args, **dict(zip(names, node.kwargs, strict=True)))
        except TypeError as error:
            raise Refusal(code, f"{what}: {error}", hint=f"it takes {takes}", offset=node.lineno) from None

    def _refuse_stars(self, what: str, node: nodes.Filter | nodes.Test) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Refusal("TR006", f"{what}: arguments cannot be given as *list or **map", offset=node.lineno)

    def _uncallable(self, callee: nodes.Node, offset: int) -> Refusal:
        if isinstance(callee, nodes.Getattr):
            hint = did_you_mean(callee.attr, [*self.words.methods, *self.words.filters], "use a filter")
            return Refusal("TR006", f"the method `{callee.attr}` cannot be called", hint=hint, offset=offset)
        if isinstance(callee, nodes.Name):
            self._name(callee)
            return Refusal("TR006", f"`{callee.name}` cannot be called", hint="filters do the work", offset=offset)
        return Refusal("TR006", "only `ref` and methods of texts can be called", offset=offset)


_RULES: Final[Mapping[type[nodes.Node], Callable[[_Check, Any], nodes.Node]]] = {
    nodes.Name: _Check._name,
    nodes.Const: _Check._const,
    nodes.List: _Check._list,
    nodes.CondExpr: _Check._condition,
    nodes.Getattr: _Check._field,
    nodes.Concat: _Check._concat,
    nodes.Filter: _Check._filter,
    nodes.Test: _Check._test,
    nodes.Call: _Check._call,
}


def joined(parts: list[nodes.Expr], offset: int = 1) -> nodes.Expr:
    """The tree of a text made of these parts."""
    return nodes.Filter(parts[0], JOIN, parts[1:], [], None, None, lineno=offset)
