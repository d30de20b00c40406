"""The function that makes all fields of a record at once: the fast one, never the authority.

It holds the checks of every field inline, and for the commonest filters and operators what they do with the values
that they nearly always get. It gives what the functions of `Sandbox.compile_all` and the fits give, or raises one of
BAD_DATA: then these must be asked, field by field. Twelve fields, checks included, cost 3.4 times a function written
by hand; calls of filters and of a check for each field cost 9 times (measured).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jinja2 import nodes
from jinja2.compiler import Frame

from migrator.model.playbook import MappingTable
from migrator.model.values import OMIT, Value
from migrator.transform.fits import SHARED, Fitting
from migrator.transform.grammar import JOIN
from migrator.transform.limits import TEXT_CHARACTERS
from migrator.transform.operators import BINARY
from migrator.transform.refusal import Refusal
from migrator.transform.sandbox import IF_THERE, Generator, Names, Sandbox
from migrator.transform.shortcuts import Shortcut, entry, shortcut

_NESTED: Final = 8
"""Shortcuts within one another; Python's own compiler takes two hundred brackets."""
_PARTS: Final = 12
"""Parts of a text that are joined inline."""
_TEXTS: Final = frozenset({str, int})
"""What stands in a text as Python writes it; true and false do not."""
_SMALL: Final = 2**62
"""Whole numbers that are far within the bounds."""

Direct = Callable[[Names], dict[str, Value]]
"""Takes the names, with the record's fields among them; gives the target's fields. Raises BAD_DATA."""


def direct_function(
    sandbox: Sandbox,
    trees: Mapping[str, nodes.Expr],
    fittings: Sequence[Fitting],
    bare: Mapping[str, Callable[..., Any]],
    tables: Mapping[str, MappingTable],
) -> Direct:
    """The function for these trees, whose fields are plain look-ups, each with its fitting. Raises Refusal TR007."""
    generator = _DirectGenerator(sandbox, None, None, optimized=False)
    generator.take(tuple(trees), fittings, bare, tables)
    template = nodes.Template([nodes.Output(list(trees.values()), lineno=1)], lineno=1)
    template.set_environment(sandbox)
    try:
        generator.visit(template)
        code = compile(generator.stream.getvalue(), "<fields>", "exec")  # type: ignore[attr-defined]  # a StringIO, if none was handed in
    except (SyntaxError, RecursionError, MemoryError):
        raise Refusal("TR007", "the fields are too long or nested too deeply for one function") from None
    root: Direct = sandbox.load(code, generator.bound)["root"]
    return root


class _DirectGenerator(Generator):
    """Writes the function: each field with its checks, then the map of them all."""

    def take(
        self,
        fields: tuple[str, ...],
        fittings: Sequence[Fitting],
        bare: Mapping[str, Callable[..., Any]],
        tables: Mapping[str, MappingTable],
    ) -> None:
        """What to write it for."""
        self._fields = fields
        self._fittings = fittings
        self._bare = bare
        self._tables = tables
        self._nested = 0
        self._temporaries = 0
        self.bound: dict[str, Any] = {**SHARED, "omit": OMIT, "texts": _TEXTS}
        """Name -> what the code means by it."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802  Jinja's visitor names it so
        """One statement a field, one for what does not fit as it is, and `return {…}`."""
        self.writeline("field = context.record")
        self.writeline("omitted = False")
        for place, (child, fitting) in enumerate(zip(node.nodes, self._fittings, strict=True)):
            self.writeline(f"v{place} = ")
            self.visit(child, frame)
            self.bound |= {**fitting.names, f"fit{place}": fitting.otherwise}
            self.writeline(f"if not ({fitting.right.format(v=f'v{place}')}):")
            self.indent()
            self.writeline(f"v{place} = fit{place}(v{place})")
            self.writeline(f"if v{place} is omit: omitted = True")
            self.outdent()
        made = ", ".join(f"{name!r}: v{place}" for place, name in enumerate(self._fields))
        self.writeline(f"made = {{{made}}}")
        self.writeline("return {name: v for name, v in made.items() if v is not omit} if omitted else made")

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:  # noqa: N802
        """The shortcut inline where there is one, and the filter for all other values."""
        arguments = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
        constant = len(arguments) == len(node.args) and not node.kwargs
        if node.name == JOIN and len(node.args) < _PARTS and self._enter():
            self._join([node.node, *node.args], frame)  # type: ignore[list-item]  # a filter block cannot be parsed
        elif constant and _is_default(node):
            name: str = node.node.name  # type: ignore[union-attr]  # _is_default has looked
            self.write(f"(field[{name!r}] if {name!r} in field else {self._bind(arguments[0])})")
            return
        elif constant and (found := self._shortcut(node.name, arguments)) is not None and self._enter():
            self._short(found, node, frame)
        else:
            super().visit_Filter(node, frame)
            return
        self._nested -= 1

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        """A map's entry, at once where it is there."""
        if not self._enter():
            super().visit_Getattr(node, frame)
            return
        one = self._temporary()
        self.write(f"({one}[{node.attr!r}] if ({one} := ")
        self.visit(node.node, frame)
        self.write(f").__class__ is dict and {node.attr!r} in {one} else environment.getattr({one}, {node.attr!r}))")
        self._nested -= 1

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        """A look-up in a constant map: the map is made once, not for every record."""
        table = _constant_map(node.node)
        if table is None or not self._enter():
            super().visit_Getitem(node, frame)
            return
        known, one = self._bind(table), self._temporary()
        self.write(f"({known}[{one}] if ({one} := ")
        self.visit(node.arg, frame)
        self.write(f").__class__ is str and {one} in {known} else environment.getitem({known}, {one}))")
        self._nested -= 1

    def _calculation(self, node: nodes.BinExpr, frame: Frame) -> None:
        """Small whole numbers inline, everything else by the operator's own function."""
        calculate = self._bind(BINARY[node.operator])
        if not self._enter():
            self.write(f"{calculate}(")
            self.visit(node.left, frame)
            self.write(", ")
            self.visit(node.right, frame)
            self.write(")")
            return
        made = self._temporary()
        self.write(f"({made} if ")
        one = self._operand(node.left, frame)
        self.write(" & ")
        other = self._operand(node.right, frame)
        self.write(f" and {-_SMALL} < ({made} := {one} {node.operator} {other}) < {_SMALL}")
        self.write(f" else {calculate}({one}, {other}))")
        self._nested -= 1

    def _operand(self, node: nodes.Expr, frame: Frame) -> str:
        """Writes whether it is a whole number; gives what it is called after that."""
        if isinstance(node, nodes.Const) and node.value.__class__ is int:
            self.write("True")
            return f"({node.value})"
        one = self._temporary()
        self.write(f"(({one} := ")
        self.visit(node, frame)
        self.write(").__class__ is int)")
        return one

    visit_Add = visit_Sub = visit_Mul = _calculation  # noqa: N815  Jinja's visitor names them so

    def _join(self, parts: list[nodes.Expr], frame: Frame) -> None:
        """Texts and whole numbers are joined inline, `&` sees to it that all parts are there for the filter."""
        names: list[str] = []
        pieces: list[str] = []
        tests: list[str] = []
        self.write("(")
        made = self._temporary()
        self.write(f"{made} if ")
        for part in parts:
            if isinstance(part, nodes.Const) and part.value.__class__ is str:
                pieces.append(part.value.replace("{", "{{").replace("}", "}}"))
                names.append(self._bind(part.value))
                continue
            one = self._temporary()
            self.write(f"{' & ' if tests else ''}(({one} := ")
            self.visit(part, frame)
            self.write(").__class__ in texts)")
            tests.append(one)
            names.append(one)
            pieces.append(f"{{{one}}}")
        self.write(f"{' and ' if tests else ''}len({made} := f{''.join(pieces)!r}) <= {TEXT_CHARACTERS}")
        self.write(f" else {self.filters[JOIN]}({', '.join(names)}))")

    def _shortcut(self, name: str, arguments: list[Any]) -> Shortcut | None:
        if name == "map" and len(arguments) == 1 and arguments[0] in self._tables:
            return entry(self._tables[arguments[0]], self._bind)
        return shortcut(name, arguments, self._bare, self._bind)

    def _short(self, found: Shortcut, node: nodes.Filter, frame: Frame) -> None:
        one = self._temporary()
        condition, value = found
        first, rest = condition.split("{x}", 1)
        self.write(f"({value.format(x=one)} if {first}({one} := ")
        self.visit(node.node, frame)  # type: ignore[arg-type]  # a filter block cannot be parsed
        self.write(f"){rest.format(x=one)} else {self.filters[node.name]}({one}")
        self.signature(node, frame)
        self.write("))")

    def _enter(self) -> bool:
        """Whether one more shortcut may stand within those around it; `_nested` counts them."""
        if self._nested >= _NESTED:
            return False
        self._nested += 1
        return True

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"x{self._temporaries}"

    def _bind(self, value: Any) -> str:
        name = f"c{len(self.bound)}"
        self.bound[name] = value
        return name


def _is_default(node: nodes.Filter) -> bool:
    """`record.x | default('constant')`."""
    there = isinstance(node.node, nodes.ExtensionAttribute) and node.node.identifier == IF_THERE
    return there and node.name in {"default", "d"} and len(node.args) == 1


def _constant_map(node: nodes.Expr) -> dict[str, Any] | None:
    if not isinstance(node, nodes.Dict):
        return None
    pairs = {
        item.key.value: item.value.value
        for item in node.items
        if isinstance(item.key, nodes.Const) and isinstance(item.value, nodes.Const)
    }
    return pairs if len(pairs) == len(node.items) else None
