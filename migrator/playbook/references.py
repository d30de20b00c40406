"""Which steps refer to which: what `ref()` may name, the order that follows, circles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from migrator.model.playbook import Step
from migrator.playbook.expressions import refs_named
from migrator.playbook.finding import Finding, did_you_mean


def names_of(step: Step) -> frozenset[str]:
    """Steps and entries of `refs:` that a step's fields refer to."""
    return frozenset(name for _, name in refs_named(step.fields, ()) if name is not None)


def own_fields(step: Step, itself: Collection[str]) -> Iterator[str]:
    """Fields of a step that refer to its own records, under any of these names."""
    for name, value in step.fields.items():
        if any(named in itself for _, named in refs_named(value, ())):
            yield name


def in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps, each behind those that it refers to; else as they stand. Raises ValueError for a circle."""
    waits = _waits(steps)
    ordered: list[Step] = []
    left = list(steps)
    while left:
        done = {step.name for step in ordered}
        ready = next((step for step in left if waits[step.name] <= done), None)
        if ready is None:
            raise ValueError("steps refer to each other in a circle")
        ordered.append(ready)
        left.remove(ready)
    return ordered


def check_references(
    steps: Sequence[tuple[int, Step]], refs: Collection[str], names: Collection[str]
) -> Iterator[Finding]:
    """Names that are none, or no constant; circles, with their path. `names`: of all steps, built or not."""
    for at, step in steps:
        for path, name in refs_named(step.fields, ("steps", at, "fields")):
            if name is None:
                summary = "the name in `ref()` must be a text between quotes"
                hint = "steps are put in order by it; choose between two: {{ ref('a', x) if y else ref('b', x) }}"
                yield Finding(path=path, code="PB044", summary=summary, hint=hint)
            elif name not in refs and name not in names:
                hint = did_you_mean(name, [*names, *refs], what="steps and refs")
                summary = f'`ref()` names "{name}", and there is none'
                yield Finding(path=path, code="PB044", summary=summary, hint=hint)
        for name in own_fields(step, (step.name,)):
            if name in step.target.key:
                summary = f'key field "{name}" refers to records of its own step, which have no ids yet'
                hint = "choose another key, or refer to another step"
                yield Finding(path=("steps", at, "fields", name), code="PB046", summary=summary, hint=hint)
    for name in refs:
        if name in names:
            summary = f'"{name}" is a step and an entry of refs'
            yield Finding(path=("refs", name), of_key=True, code="PB044", summary=summary, hint="rename one of them")
    circle = _circle(_waits([step for _, step in steps]))
    if circle:
        at = next(at for at, step in steps if step.name == circle[0])
        yield Finding(
            path=("steps", at),
            code="PB045",
            summary=f"steps refer to each other in a circle: {' -> '.join(circle)}",
            hint="bring one of these fields over in a second playbook, with an entry of `refs:`",
        )


def _waits(steps: Sequence[Step]) -> dict[str, frozenset[str]]:
    """Step -> the other steps that it refers to."""
    known = {step.name for step in steps}
    return {step.name: (names_of(step) & known) - {step.name} for step in steps}


def _circle(waits: Mapping[str, frozenset[str]]) -> list[str]:
    """The names along a circle, the first one again at the end; empty: there is none."""
    free: set[str] = set()
    while more := {name for name, others in waits.items() if name not in free and others <= free}:
        free |= more
    bound = [name for name in waits if name not in free]
    if not bound:
        return []
    path = [bound[0]]
    while True:
        after = min(name for name in waits[path[-1]] if name not in free)
        if after in path:
            return [*path[path.index(after) :], after]
        path.append(after)
