"""Makes a Lane of each step (both sides described, the mapping compiled), and the header of their plan."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import orjson

from migrator import __version__
from migrator.codec.paper import field_hash
from migrator.contract import Pair, Query, Writing
from migrator.errors import NotFound, PlaybookInvalid, SystemFailed, UsageWrong
from migrator.model.plan import PlanHeader, PlanStep, PlanSystem
from migrator.model.playbook import Duplicates, Mode, Playbook, Read, RefSource, Side, Step, Write
from migrator.model.problem import Place, Problem, Severity
from migrator.model.selection import Selection
from migrator.model.values import Collection, Field, WritableOn
from migrator.people import named_systems, peopled
from migrator.planner.lane import Lane
from migrator.playbook.load import Loaded
from migrator.playbook.references import in_order, names_of, own_fields
from migrator.removing import past_of, scope_of
from migrator.state.state import State
from migrator.systems import Opened, Surroundings, Systems
from migrator.transform.coerce import check_targets
from migrator.transform.mapping import StepMapping, compile_mapping
from migrator.transform.pieces import bare
from migrator.transform.pointing import referring
from migrator.transform.refusal import did_you_mean
from migrator.transform.template import check_expression


def lanes_of(
    loaded: Loaded, systems: Systems, state: State, selection: Selection, around: Surroundings
) -> dict[str, Lane]:
    """Every step that is wanted, with both sides described. Raises PlaybookInvalid with all problems found."""
    steps = _selected(loaded.playbook, selection)
    pairs = _Pairs(loaded, systems, steps)
    try:
        systems.resolve([*pairs.systems, *named_systems(loaded.playbook, steps)])
    except PlaybookInvalid as error:
        raise PlaybookInvalid(*(_of_system(loaded, problem) for problem in error.problems)) from error
    lanes: dict[str, Lane] = {}
    problems: list[Problem] = []
    playbook = peopled(loaded, steps, systems)
    for step in steps:
        try:
            lane = _lane(loaded, playbook, step, systems, state, selection, around, pairs)
            lanes[step.name] = _removing(loaded, lane, systems, state)
        except PlaybookInvalid as error:
            problems.extend(error.problems)
    if not problems:
        problems.extend(_at_odds(loaded, lanes))
    if problems:
        raise PlaybookInvalid(*problems)
    wanted = {pair for lane in lanes.values() for pair in lane.refs}
    return {name: replace(lane, referred=lane.pair in wanted) for name, lane in lanes.items()} if wanted else lanes


class _Pairs:
    """What `ref()` may name: the pair of a step or of an entry of `refs:`, described when it is first asked for."""

    def __init__(self, loaded: Loaded, systems: Systems, steps: list[Step]) -> None:
        self._loaded = loaded
        self._systems = systems
        self._sides = {
            **{name: (_read(ref.source), _write(ref)) for name, ref in loaded.playbook.refs.items()},
            **{step.name: (step.source, step.target) for step in loaded.playbook.steps},
        }
        named = dict.fromkeys(name for step in steps for name in (step.name, *sorted(names_of(step))))
        self.systems = [side.system for name in named for side in self._sides[name]]
        """Names of the systems that these steps and what they refer to are in."""
        self._known: dict[str, Pair] = {}

    def of(self, step: Step) -> dict[str, Pair]:
        """Name -> pair, for all that a step refers to. Raises PlaybookInvalid, NotFound and what reading raises."""
        return {name: self._pair(name) for name in sorted(names_of(step))}

    def _pair(self, name: str) -> Pair:
        if name not in self._known:
            read, write = self._sides[name]
            source, target = self._systems.open(read.system), self._systems.open(write.system)
            with _asking(self._loaded, self._path(name), "source", read.system):
                collection = source.describe(read.collection, source.read_options(read))
            with _asking(self._loaded, self._path(name), "target", write.system):
                writing = target.writing(write)
            self._known[name] = _pair(source, collection, target, writing)
        return self._known[name]

    def _path(self, name: str) -> tuple[str | int, ...]:
        return ("refs", name) if name in self._loaded.playbook.refs else _path_of(self._loaded, name)


def _pair(source: Opened, collection: Collection, target: Opened, writing: Writing) -> Pair:
    """Where the id map has the records of these two sides."""
    return Pair(
        target=target.identity,
        collection=writing.collection.id,
        source=source.identity,
        source_collection=collection.id,
        part=writing.write.part,
    )


def _read(side: Side) -> Read:
    return Read(system=side.system, collection=side.collection)


def _write(ref: RefSource) -> Write:
    return Write(system=ref.target.system, collection=ref.target.collection, part=ref.part)


def _path_of(loaded: Loaded, step: str) -> tuple[str | int, ...]:
    """Where the playbook has the step, whatever its place in the order of refs."""
    return ("steps", [one.name for one in loaded.playbook.steps].index(step))


def _at_odds(loaded: Loaded, lanes: Mapping[str, Lane]) -> Iterator[Problem]:
    """What single steps cannot know: two steps of one file with two keys, policies that need an order."""
    keys: dict[tuple[str, str], Lane] = {}
    for lane in lanes.values():
        write = lane.writing.write
        first = keys.setdefault((lane.target_identity, lane.writing.collection.id), lane)
        if lane.target.medium == "file" and first.writing.write.key != write.key:
            summary = f'the steps "{first.step.name}" and "{lane.step.name}" write one file with two different keys'
            yield _placed(
                loaded, lane.step, Problem(code="PB024", summary=summary, hint="a file's records have one key")
            )
        if lane.step.source.duplicates is not Duplicates.ERROR and not lane.source_capabilities.ordered:
            word = lane.step.source.duplicates.value
            summary = f"`duplicates: {word}` needs a source that keeps its order, and this one does not"
            hint = "leave it out: duplicates are problems then"
            yield _placed(loaded, lane.step, Problem(code="PB024", summary=summary, hint=hint))
        if lane.step.source.duplicates is Duplicates.LAST and lane.limit is not None:
            summary = "`duplicates: last` cannot be told with --limit"
            yield _placed(loaded, lane.step, Problem(code="PB024", summary=summary, hint="plan without --limit"))


def _selected(playbook: Playbook, selection: Selection) -> list[Step]:
    names = {step.name for step in playbook.steps}
    for name in (*selection.only, *selection.exclude):
        if name not in names:
            raise UsageWrong(f'the playbook has no step "{name}"', hint=f"its steps: {', '.join(sorted(names))}")
    return [
        step
        for step in in_order(playbook.steps)
        if (not selection.only or step.name in selection.only) and step.name not in selection.exclude
    ]


def _lane(
    loaded: Loaded,
    playbook: Playbook,
    step: Step,
    systems: Systems,
    state: State,
    selection: Selection,
    around: Surroundings,
    pairs: _Pairs,
) -> Lane:
    source, target = systems.open(step.source.system), systems.open(step.target.system)
    options = source.read_options(step.source)
    path = _path_of(loaded, step.name)
    with _asking(loaded, path, "source", step.source.system):
        collection = source.describe(step.source.collection, options)
    with _asking(loaded, path, "target", step.target.system):
        writing = target.writing(step.target)
    named = pairs.of(step)
    itself = frozenset(name for name, pair in named.items() if pair == _pair(source, collection, target, writing))
    fields = writing.collection.fields
    problems = [*check_targets(step, fields), *_too_late(step, fields, itself)]
    if problems:
        raise PlaybookInvalid(*(_placed(loaded, step, problem) for problem in problems))
    ref = referring(named) if named else None
    mapping = mapping_of(playbook, step, selection.where, fields, target.transfer.zone, ref)
    unread = tuple(_unread(loaded, step, collection, mapping))
    if unread and collection.closed:
        raise PlaybookInvalid(*unread)
    return Lane(
        step=step,
        source=source.system,
        source_identity=source.identity,
        query=Query(collection=collection, read=options, fields=_wanted(mapping, collection.fields)),
        source_capabilities=source.capabilities(options, collection),
        target=target.target,
        target_identity=target.identity,
        writing=writing,
        capabilities=target.capabilities(writing.options, writing.collection),
        where=mapping.where if mapping.filters else None,
        render=mapping.render,
        missed=mapping.missed,
        doubts=unread,
        ids=state.ids,
        limits=loaded.playbook.limits,
        tainted=around.scrubber.stains,
        limit=selection.limit,
        partial=selection.partial,
        allow_drift=selection.allow_count_drift,
        refs={pair: name for name, pair in reversed(named.items())},
    )


def _removing(loaded: Loaded, lane: Lane, systems: Systems, state: State) -> Lane:
    """A step with `missing: delete`, with its scope and what earlier runs say; others as they are."""
    if not lane.removes:
        return lane
    name = lane.step.target.system
    with _asking(loaded, _path_of(loaded, lane.step.name), "target", name):
        scope = scope_of(systems.open(name), lane.writing)
    return replace(lane, scope=scope, past=past_of(loaded.playbook, lane.step, lane.pair, state))


def _unread(loaded: Loaded, step: Step, collection: Collection, mapping: StepMapping) -> Iterator[Problem]:
    """Fields that the step reads and the source does not tell, each once where it stands: errors, or warnings."""
    fields = collection.fields
    for place, names in mapping.demanded.items() if fields is not None else ():
        for name in sorted(names - (fields or {}).keys()):
            listed = ", ".join(list(fields or {})[:20])
            may = "" if collection.closed else ", as far as it tells its fields"
            yield Problem(
                code="PB047",
                summary=f'the source collection "{step.source.collection}" has no field "{name}"{may}',
                severity=Severity.ERROR if collection.closed else Severity.WARNING,
                hint=did_you_mean(name, fields or {}, f"there are: {listed}"),
                place=loaded.places((*_path_of(loaded, step.name), *place)),
            )


def _too_late(step: Step, fields: Mapping[str, Field] | None, itself: frozenset[str]) -> Iterator[Problem]:
    """Fields that refer to the step's own records and cannot be set after these are made."""
    known = fields or {}
    for name in own_fields(step, itself):
        field = known.get(name)
        why = ""
        if name in step.target.key:
            why = "is a key field"
        elif field is not None and field.writable_on is WritableOn.CREATE:
            why = "takes a value on create alone"
        elif field is not None and field.required and not field.has_default and step.target.mode is not Mode.UPDATE:
            why = "is required on create"
        if why:
            yield Problem(
                code="PB046",
                summary=f'field "{name}" refers to records of its own step and {why}: '
                "such references are set when the records are made",
                hint="refer to another step, or leave the field out",
                place=Place(step=step.name, field=name),
            )


def mapping_of(
    playbook: Playbook,
    step: Step,
    where: str | None,
    fields: Mapping[str, Field] | None,
    zone: str,
    ref: Callable[..., Any] | None,
) -> StepMapping:
    """The step's fields as one function; `where` is joined to the step's own filter."""
    if where is not None:
        _check_where(where)
        both = [text for text in (step.source.where, where) if text]
        joined = "{{ " + " and ".join(f"({bare(text)})" for text in both) + " }}"
        step = replace(step, source=replace(step.source, where=joined))
    return compile_mapping(step, fields, vars=playbook.vars, mappings=playbook.mappings, zone=zone, ref=ref)


def _check_where(where: str) -> None:
    """--where is of the command line, not of the playbook. Raises UsageWrong."""
    for problem in check_expression(where):
        said = f"--where {shlex.quote(where)}: {problem.summary}"
        raise UsageWrong(said, hint=problem.hint or "it takes one expression, such as 'record.id > 9'")


def _wanted(mapping: StepMapping, fields: Mapping[str, Field] | None) -> tuple[str, ...] | None:
    """Source fields that the step's templates read; None: all of them, or nobody can tell.

    Where a template reads a field that there is not, all of them are read: messages then say what there is.
    """
    if mapping.references is None or (fields is not None and not mapping.references <= fields.keys()):
        return None
    return tuple(sorted(mapping.references))


@contextmanager
def _asking(loaded: Loaded, path: tuple[str | int, ...], side: str, system: str) -> Iterator[None]:
    """A system that does not do what was asked is told where the playbook names it, or the collection."""
    try:
        yield
    except SystemFailed as error:
        missing = isinstance(error, NotFound)
        place = loaded.places((*path, side, "collection") if missing else ("systems", system))
        error.problems = tuple(
            one if one.place is not None and one.place.file is not None else replace(one, place=place)
            for one in error.problems
        )
        raise


def _of_system(loaded: Loaded, problem: Problem) -> Problem:
    """A problem of a system's options gets its place in the playbook."""
    place = problem.place
    if place is None or place.system is None:
        return problem
    option = tuple(place.path.split(".")) if place.path else ()
    return replace(problem, place=loaded.places(("systems", place.system, *option)))


def _placed(loaded: Loaded, step: Step, problem: Problem) -> Problem:
    """A problem found with the systems' help gets its place in the playbook."""
    field = problem.place.field if problem.place is not None else None
    path = _path_of(loaded, step.name)
    return replace(problem, place=loaded.places((*path, "fields", field) if field else path))


def header_of(
    loaded: Loaded,
    path: Path,
    lanes: Mapping[str, Lane],
    systems: Systems,
    state: State,
    selection: Selection,
) -> PlanHeader:
    """All that holds for the whole plan."""
    playbook = loaded.playbook
    used = dict.fromkeys(
        name for lane in lanes.values() for name in (lane.step.source.system, lane.step.target.system)
    )
    targets = {(lane.target_identity, lane.writing.collection.id) for lane in lanes.values()}
    return PlanHeader(
        playbook=playbook.name,
        path=Path(os.path.relpath(path)).as_posix(),
        resolved=_resolved(playbook),
        systems={
            name: PlanSystem(
                connector=playbook.systems[name].connector,
                options=playbook.systems[name].options,
                identity=systems.open(name).identity,
            )
            for name in used
        },
        steps=tuple(_plan_step(lane) for lane in lanes.values()),
        tool=__version__,
        follows=state.follows(sorted(targets)),
        partial=selection.partial,
        problems_allowed=playbook.limits.problems,
    )


def _resolved(playbook: Playbook) -> str:
    """Hash of what a plan depends on: never of the file's bytes, so comments and formatting do not stale a plan."""
    told = msgspec.to_builtins(
        [playbook.steps, playbook.mappings, playbook.vars, playbook.limits, playbook.refs], str_keys=True
    )
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plan_step(lane: Lane) -> PlanStep:
    fields = lane.writing.collection.fields
    known = fields or {}
    watched = {name for name in lane.named if name in known and not known[name].learned}
    watched |= {name for name, field in known.items() if field.required}
    return PlanStep(
        step=lane.step.name,
        source=(lane.step.source.system, lane.step.source.collection),
        target=(lane.step.target.system, lane.step.target.collection),
        write=lane.writing.write,
        fields=None if fields is None else {name: field_hash(known[name]) for name in sorted(watched)},
        stamp=lane.writing.collection.stamp,
        query=lane.step.source.query,
    )
