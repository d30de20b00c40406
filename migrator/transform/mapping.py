"""A step's fields as one compiled function: source record -> what should stand in the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from jinja2 import nodes

from migrator.errors import PlaybookInvalid
from migrator.model.lean import dataclass
from migrator.model.playbook import MappingTable, Step
from migrator.model.problem import Place, Problem, UnknownValue
from migrator.model.quick import maker
from migrator.model.values import OMIT, Field, Origin, Record, Value
from migrator.transform.fits import fitting
from migrator.transform.language import Language, Path, fields_demanded, fields_read, is_field, names_read
from migrator.transform.limits import LIST_ITEMS
from migrator.transform.pieces import is_template
from migrator.transform.refusal import Refusal
from migrator.transform.results import clean
from migrator.transform.sandbox import Names, Scope
from migrator.transform.template import BAD_DATA, told, truth

__all__ = ["Rendered", "StepMapping", "compile_mapping", "frozen"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one record came to."""

    fields: Mapping[str, Value]
    """Target field -> value; those with a problem and those omitted are not there."""
    problems: tuple[Problem, ...] = ()
    """All of this record's; each names step, record and field in its place."""


_quick = maker(Rendered)


class StepMapping:
    """A step made ready. Not for several threads at once: one thread does all the work."""

    def __init__(
        self, step: Step, language: Language, trees: Mapping[str, nodes.Expr], where: nodes.Expr | None
    ) -> None:
        self._step = step.name
        self._language = language
        self._meter = language.meter
        self._trees = trees
        self._each: dict[str, Callable[[Scope], tuple[Any, ...]]] = {}
        self._where = None if where is None else language.function([where])
        self._scope: dict[str, Any] = {"omit": OMIT}
        self._names = Names(self._scope)
        every = [*trees.values(), *([] if where is None else [where])]
        self._needs_origin = "origin" in names_read(every)
        self.references = fields_read(every)
        """Names of the record's fields that the templates read; None: it cannot be told, read them all."""
        self.demanded = {("fields", name): fields_demanded(tree) for name, tree in trees.items()}
        """Path within the step -> the record's fields without which what stands there is a problem."""
        if where is not None:
            self.demanded["source", "where"] = fields_demanded(where)
        self.filters = where is not None
        """There is a `where`."""
        self.missed: list[UnknownValue] = language.tables.missed
        """What mappings were asked for in vain and `unknown` or `default` made good; the reader takes it out."""

    def prepare(self, target_fields: Mapping[str, Field] | None, variables: Mapping[str, Any], zone: str) -> None:
        """What the fields must fit, and the values of `vars`. Raises Refusal TR007."""
        known = target_fields or {}
        self._fittings = {
            name: fitting(known.get(name), zone, str(place), handed_through=is_field(tree))
            for place, (name, tree) in enumerate(self._trees.items())
        }
        self._all = self._language.direct_function(self._trees, list(self._fittings.values()))
        self._scope["vars"] = frozen(variables)

    def where(self, record: Record, origin: Origin) -> bool | Problem:
        """Whether the step takes this record; a Problem where that cannot be told."""
        if self._where is None:
            return True
        self._meter.spent = 0
        try:
            return truth(clean(self._where(self._scope_of(record, origin))[0]))  # type: ignore[arg-type]  # `omit` is no name of where
        except BAD_DATA as error:
            return told(error, self._place(origin, "where"))

    def render(self, record: Record, origin: Origin) -> Rendered:
        """The fields, and every problem that they have. Never raises for bad data."""
        scope = self._scope_of(record, origin)
        self._names.record = record.fields
        self._meter.spent = 0
        try:
            return _quick(fields=self._all(self._names))
        except BAD_DATA:
            return self._one_by_one(scope, origin)

    def _one_by_one(self, scope: Scope, origin: Origin) -> Rendered:
        """Field by field, by the functions that are the authority: each bad field is told, and only the bad ones."""
        self._meter.spent = 0
        made: dict[str, Value] = {}
        problems: list[Problem] = []
        for name, field in self._fittings.items():
            try:
                value = field.otherwise(self._function(name)(scope)[0])
                if value is not OMIT:
                    made[name] = value
            except BAD_DATA as error:
                problems.append(told(error, self._place(origin, name)))
        return Rendered(made, tuple(problems))

    def _function(self, name: str) -> Callable[[Scope], tuple[Any, ...]]:
        function = self._each.get(name)
        if function is None:
            function = self._each[name] = self._language.function([self._trees[name]])
        return function

    def _scope_of(self, record: Record, origin: Origin) -> Scope:
        """The one scope, with this record in it: nothing that is rendered holds on to it."""
        self._scope["record"] = record.fields
        if self._needs_origin:
            self._scope["origin"] = {"id": origin.id, "system": origin.system, "collection": origin.collection}
        return self._scope

    def _place(self, origin: Origin, field: str) -> Place:
        return Place(step=self._step, record=origin.id, field=field)


def compile_mapping(
    step: Step,
    target_fields: Mapping[str, Field] | None,
    *,
    vars: Mapping[str, Any],  # the playbook's own word
    mappings: Mapping[str, MappingTable],
    zone: str,
    ref: Callable[..., Any] | None,
) -> StepMapping:
    """The step's fields and `where` as functions. Raises PlaybookInvalid with every problem of its templates.

    `zone` is what local times are of. `ref(name, id[, missing=…])` gives a Ref, the id where it is known, null, OMIT
    or a Problem; None: a template that uses `ref` is a problem of each record. The tables of `mappings` have been
    read.
    """
    language = Language(zone=zone, mappings=mappings, ref=None if ref is None else _or_refusal(ref))
    problems: list[tuple[Path, Problem]] = []
    trees = {name: language.tree(value, problems, (name,)) for name, value in step.fields.items()}
    where = None
    if step.source.where is not None:
        text = step.source.where
        where = language.tree(text if is_template(text) else "{{ " + text + " }}", problems, ("where",))
    if problems:
        raise PlaybookInvalid(*[_placed(step, path, problem) for path, problem in problems])
    try:
        mapping = StepMapping(step, language, trees, where)
    except Refusal as refusal:
        raise PlaybookInvalid(refusal.problem(Place(step=step.name))) from None
    mapping.prepare(target_fields, vars, zone)
    return mapping


def frozen(value: Any, depth: int = 0) -> Any:
    """A value from a playbook as templates see it: lists are tuples. Raises ValueError beyond the limits."""
    if depth > _DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, (list, tuple)):
        if len(value) > LIST_ITEMS:
            raise ValueError("too many items")
        return tuple([frozen(item, depth + 1) for item in value])
    return {name: frozen(item, depth + 1) for name, item in value.items()} if isinstance(value, Mapping) else value


_DEPTH: Final = 50


def _or_refusal(ref: Callable[..., Any]) -> Callable[..., Any]:
    """`ref` whose Problems are refusals here, so that they get their place."""

    def asked(*args: Any, **kwargs: Any) -> Any:
        found = ref(*args, **kwargs)
        if isinstance(found, Problem):
            raise Refusal(found.code, found.summary, hint=found.hint, detail=found.detail)
        return found

    return asked


def _placed(step: Step, path: Path, problem: Problem) -> Problem:
    """The problem of a template with its step, field and path."""
    rest = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:])
    place = problem.place or Place()
    return replace(problem, place=replace(place, step=step.name, field=str(path[0]), path=f"{path[0]}{rest}"))
