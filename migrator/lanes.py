"""Makes a Lane of each step (both sides described, the mapping compiled), and the header of their plan."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import orjson

from migrator import __version__
from migrator.codec.paper import field_hash
from migrator.contract import Query
from migrator.errors import NotFound, PlaybookInvalid, SystemFailed, UsageWrong
from migrator.model.plan import PlanHeader, PlanStep, PlanSystem
from migrator.model.playbook import Duplicates, Playbook, Step
from migrator.model.problem import Problem
from migrator.model.selection import Selection
from migrator.model.values import Field
from migrator.planner.lane import Lane
from migrator.playbook.load import Loaded
from migrator.state.state import State
from migrator.systems import Surroundings, Systems
from migrator.transform.coerce import check_targets
from migrator.transform.mapping import StepMapping, compile_mapping
from migrator.transform.pieces import bare
from migrator.transform.template import check_expression


def lanes_of(
    loaded: Loaded, systems: Systems, state: State, selection: Selection, around: Surroundings
) -> dict[str, Lane]:
    """Every step that is wanted, with both sides described. Raises PlaybookInvalid with all problems found."""
    steps = _selected(loaded.playbook, selection)
    try:
        systems.resolve([name for step in steps for name in (step.source.system, step.target.system)])
    except PlaybookInvalid as error:
        raise PlaybookInvalid(*(_of_system(loaded, problem) for problem in error.problems)) from error
    lanes: dict[str, Lane] = {}
    problems: list[Problem] = []
    for step in steps:
        try:
            lanes[step.name] = _lane(loaded, step, systems, state, selection, around)
        except PlaybookInvalid as error:
            problems.extend(error.problems)
    if not problems:
        problems.extend(_at_odds(loaded, lanes))
    if problems:
        raise PlaybookInvalid(*problems)
    return lanes


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
        for step in playbook.steps
        if (not selection.only or step.name in selection.only) and step.name not in selection.exclude
    ]


def _lane(
    loaded: Loaded, step: Step, systems: Systems, state: State, selection: Selection, around: Surroundings
) -> Lane:
    source, target = systems.open(step.source.system), systems.open(step.target.system)
    options = source.read_options(step.source)
    with _asking(loaded, step, "source"):
        collection = source.describe(step.source.collection, options)
    with _asking(loaded, step, "target"):
        writing = target.writing(step.target)
    problems = check_targets(step, writing.collection.fields)
    if problems:
        raise PlaybookInvalid(*(_placed(loaded, step, problem) for problem in problems))
    mapping = mapping_of(loaded.playbook, step, selection.where, writing.collection.fields, target.transfer.zone)
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
        ids=state.ids,
        limits=loaded.playbook.limits,
        tainted=around.scrubber.stains,
        limit=selection.limit,
        partial=selection.partial,
    )


def mapping_of(
    playbook: Playbook, step: Step, where: str | None, fields: Mapping[str, Field] | None, zone: str
) -> StepMapping:
    """The step's fields as one function; `where` is joined to the step's own filter."""
    if where is not None:
        _check_where(where)
        both = [text for text in (step.source.where, where) if text]
        joined = "{{ " + " and ".join(f"({bare(text)})" for text in both) + " }}"
        step = replace(step, source=replace(step.source, where=joined))
    return compile_mapping(step, fields, vars=playbook.vars, mappings=playbook.mappings, zone=zone, ref=None)


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
def _asking(loaded: Loaded, step: Step, side: str) -> Iterator[None]:
    """A system that does not do what was asked is told where the playbook names it, or the collection."""
    try:
        yield
    except SystemFailed as error:
        number = [one.name for one in loaded.playbook.steps].index(step.name)
        system = step.source.system if side == "source" else step.target.system
        missing = isinstance(error, NotFound)
        place = loaded.places(("steps", number, side, "collection") if missing else ("systems", system))
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
    number = [one.name for one in loaded.playbook.steps].index(step.name)
    field = problem.place.field if problem.place is not None else None
    path: tuple[str | int, ...] = ("steps", number, "fields", field) if field else ("steps", number)
    return replace(problem, place=loaded.places(path))


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
    )
