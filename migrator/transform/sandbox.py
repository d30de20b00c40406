"""The sandboxed, strict, typed Jinja environment, and expressions compiled into one Python function.

Jinja's own rendering makes text, and costs a context and a join a time; one generated function that gives a tuple of
native values costs a sixteenth of one cached template a field (measured). Nothing is folded while compiling, since
folding would evaluate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import Any, Final, cast

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Node
from jinja2.sandbox import ImmutableSandboxedEnvironment

from migrator.model.values import File
from migrator.transform.operators import BINARY, UNARY
from migrator.transform.refusal import Refusal, shown, sort_of
from migrator.transform.results import Missing, insist

Scope = Mapping[str, Any]
"""Name -> what an expression means by it."""

_FILE_FACTS: Final = frozenset({"name", "size", "media_type", "sha256"})


THERE, IF_THERE = "record", "record if there"
"""What the two sorts of a plain look-up are called in a tree."""


class Names:
    """All of Jinja's context that a generated function touches: the names."""

    __slots__ = ("record", "resolve_or_missing")

    def __init__(self, scope: Scope) -> None:
        self.over(scope)

    def over(self, scope: Scope) -> None:
        """From now on the names mean this."""
        self.resolve_or_missing = scope.__getitem__
        self.record = scope.get("record")


class Generator(CodeGenerator):
    """Writes expressions as one tuple, evaluating none of them while writing."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802  Jinja's visitor names it so
        """`return (a, b, …,)`; Jinja's own would fold constants and make text."""
        self.writeline("field = context.record")
        self.writeline("return (")
        for child in node.nodes:
            self.visit(child, frame)
            self.write(", ")
        self.write(")")

    def write_commons(self) -> None:
        """What a function needs of its context; Jinja's own makes it a generator."""
        self.writeline("resolve = context.resolve_or_missing")
        self.writeline("undefined = environment.undefined")

    def pull_dependencies(self, nodes: Iterable[Node]) -> None:
        """Filters and tests are globals of the generated module; Jinja's own fetches them in each call."""
        names = cast(Sandbox, self.environment).function_names
        self.filters.update({name: names["filter", name] for name in self.environment.filters})
        self.tests.update({name: names["test", name] for name in self.environment.tests})

    def visit_ExtensionAttribute(  # noqa: N802  Jinja's visitor names it so
        self, node: nodes.ExtensionAttribute, frame: Frame
    ) -> None:
        """A field of the record, straight from the map; a missing one is a KeyError, or Missing where it may be."""
        if node.identifier == IF_THERE:
            self.write(
                f"(field[{node.name!r}] if {node.name!r} in field else undefined(obj=field, name={node.name!r}))"
            )
        else:
            self.write(f"field[{node.name!r}]")


class Sandbox(ImmutableSandboxedEnvironment):
    """No globals, no attributes of Python objects, operators and filters of our own, nothing undefined passes."""

    code_generator_class = Generator
    intercepted_binops = frozenset(BINARY)
    intercepted_unops = frozenset(UNARY)
    default_binop_table = dict(BINARY)  # noqa: RUF012  that is how Jinja declares it
    default_unop_table = dict(UNARY)  # noqa: RUF012  that is how Jinja declares it

    def __init__(self) -> None:
        super().__init__(undefined=Missing, optimized=False, cache_size=0, autoescape=False)
        self.globals.clear()
        self.filters.clear()
        self.tests.clear()
        self.function_names: dict[tuple[str, str], str] = {}

    def offer(self, filters: Mapping[str, Callable[..., Any]], tests: Mapping[str, Callable[..., bool]]) -> None:
        """The filters and tests of every function compiled from now on. No others can be called."""
        self.filters.update(filters)
        self.tests.update(tests)
        offered = [*(("filter", name) for name in filters), *(("test", name) for name in tests)]
        self.function_names = {name: f"{name[0]}_{place}" for place, name in enumerate(offered)}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of a map, before anything else: `record.items` is the field. Else Missing."""
        try:
            if obj.__class__ is dict or isinstance(obj, Mapping):
                return obj[attribute]
        except KeyError:
            return Missing(obj=obj, name=attribute)
        if isinstance(obj, Missing):
            return obj
        if isinstance(obj, File) and attribute in _FILE_FACTS:
            return getattr(obj, attribute)
        return Missing(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A field of a map by its name, an item of a list or a character of a text by its number. Else Missing."""
        if argument.__class__ is str:
            return self.getattr(obj, argument)
        if isinstance(obj, Missing):
            return obj
        insist(argument)
        if isinstance(obj, (tuple, str)) and argument.__class__ is int:
            return obj[argument] if -len(obj) <= argument < len(obj) else _nothing_at(obj, argument)
        return _nothing_at(obj, argument)

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  Jinja's own signature
        """Nothing can be called; the grammar has refused it before."""
        raise Refusal("TR006", "nothing can be called")

    def compile_all(self, trees: Iterable[nodes.Expr]) -> Callable[[Scope], tuple[Any, ...]]:
        """One function that gives the values of all trees. It raises whatever they raise. Raises Refusal TR007."""
        template = nodes.Template([nodes.Output(list(trees), lineno=1)], lineno=1)
        template.set_environment(self)
        try:
            code = self.compile(template)
        except (SyntaxError, RecursionError, MemoryError):
            raise Refusal("TR007", "the fields are too long or nested too deeply for one function") from None
        render: Callable[[Names], tuple[Any, ...]] = self.load(code, {})["root"]
        names = Names({})

        def call(scope: Scope) -> tuple[Any, ...]:
            names.over(scope)  # one object for all records: a function is of one thread
            return render(names)

        return call

    def load(self, code: CodeType, bound: Mapping[str, Any]) -> dict[str, Any]:
        """What generated code defines; it sees the filters, the tests and these names."""
        functions = {
            name: (self.filters if sort == "filter" else self.tests)[own]
            for (sort, own), name in self.function_names.items()
        }
        namespace: dict[str, Any] = {"environment": self, "__file__": code.co_filename, **functions, **bound}
        exec(code, namespace)  # noqa: S102  how Jinja itself loads what it generated; every node was checked before
        return namespace


def _nothing_at(obj: Any, place: Any) -> Missing:
    return Missing(f"{sort_of(obj)} has no {shown(place)}")
