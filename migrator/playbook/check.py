"""Names, keys, cross references, templates and capabilities of a playbook -> findings; never stops at the first.

What stages may not import is handed in: the connectors' classes and the template checker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path as File
from typing import Any

from migrator.codec.build import Fault, Path, build
from migrator.contract import Source
from migrator.model.lean import dataclass
from migrator.model.playbook import Limits, MappingTable, PlaybookTest, RefSource, Step, System
from migrator.model.problem import Severity
from migrator.playbook.expressions import Template, constants_only
from migrator.playbook.finding import Finding, did_you_mean
from migrator.playbook.references import check_references
from migrator.playbook.spelling import CONNECTOR, ref_tree, step_tree
from migrator.playbook.steps import Surroundings, check_step
from migrator.playbook.systems import Known, check_system
from migrator.playbook.tables import at_odds, resolved

_NAME = re.compile(r"[^\s/\x00-\x1f\x7f](?:[^/\x00-\x1f\x7f]{0,98}[^\s/\x00-\x1f\x7f])?")


@dataclass(frozen=True, slots=True)
class Checks:
    """What the pipeline hands in."""

    connectors: Mapping[str, type[Source]]
    """Name -> class; only those that the playbook names are looked up, so that they may be loaded on use."""
    template: Template
    """Checks one value of `fields`, one `where` or one system's option under the names allowed there."""


@dataclass
class Draft:
    """The parts of a playbook that could be built, and the names of all of them."""

    tree: Mapping[str, Any]
    systems: dict[str, System] = field(default_factory=dict)
    mappings: dict[str, MappingTable] = field(default_factory=dict)
    refs: dict[str, RefSource] = field(default_factory=dict)
    steps: list[tuple[int, Step]] = field(default_factory=list)
    tests: list[tuple[int, PlaybookTest]] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    faults: list[Fault] = field(default_factory=list)
    """Of the parts that could not be built."""

    def part(self, wanted: type, tree: Any, base: Path) -> Any:
        """The part, or None with its faults kept."""
        built, faults = build(wanted, tree)
        self.faults.extend(((*base, *path), sentence) for path, sentence in faults)
        return built

    def names(self, key: str) -> list[str]:
        """Names of a map's entries, built or not."""
        part = self.tree.get(key)
        return list(part) if isinstance(part, Mapping) else []


def draft(tree: Mapping[str, Any]) -> Draft:
    """Every part of the tree that has the right shape."""
    made = Draft(tree)
    for name, system in _entries(tree, "systems"):
        if isinstance(system, Mapping) and isinstance(system.get(CONNECTOR), str):
            options = {key: value for key, value in system.items() if key != CONNECTOR}
            made.systems[name] = System(connector=system[CONNECTOR], options=options)
        else:
            made.faults.append((("systems", name), "must be a map with a connector"))
    for name, part in _entries(tree, "mappings"):
        _keep(made.mappings, name, made.part(MappingTable, part, ("mappings", name)))
    for name, part in _entries(tree, "refs"):
        spelt = ref_tree(part) if isinstance(part, Mapping) else part
        _keep(made.refs, name, made.part(RefSource, spelt, ("refs", name)))
    for at, part in _items(tree, "steps"):
        step = made.part(Step, step_tree(part) if isinstance(part, Mapping) else part, ("steps", at))
        made.steps += [(at, step)] if step else []
    for at, part in _items(tree, "tests"):
        test = made.part(PlaybookTest, part, ("tests", at))
        made.tests += [(at, test)] if test else []
    made.limits = made.part(Limits, tree.get("limits", {}), ("limits",)) or Limits()
    return made


def check(made: Draft, checks: Checks, folder: File) -> list[Finding]:
    """All findings; mapping tables get their values from files in `folder` on the way."""
    known, found = check_systems(made, checks)
    for name, table in made.mappings.items():
        made.mappings[name], more = resolved(name, table, folder)
        found.extend(more)
    for name, part in _entries(made.tree, "mappings"):
        found.extend(at_odds(name, part, made.names("systems")) if isinstance(part, Mapping) else ())
    found.extend(constants_only(made.tree.get("vars"), ("vars",), "vars"))
    around = Surroundings(
        systems=made.names("systems"),
        known=known,
        mappings=made.names("mappings"),
        variables=made.names("vars"),
        template=checks.template,
    )
    for at, step in made.steps:
        found.extend(check_step(step, ("steps", at), around))
    names = [name for _, name in _step_names(made)]
    found.extend(check_references(made.steps, made.names("refs"), names))
    found.extend(_check_refs(made))
    found.extend(_check_names(made))
    found.extend(_check_tests(made))
    found.extend(_unused_systems(made))
    return found


def check_systems(made: Draft, checks: Checks) -> tuple[dict[str, Known], list[Finding]]:
    """What is known of the systems, and what is wrong with them."""
    known: dict[str, Known] = {}
    found: list[Finding] = []
    for name, system in made.systems.items():
        facts, more = check_system(name, system, checks.connectors, checks.template)
        found.extend(more)
        if facts:
            known[name] = facts
    return known, found


def _entries(tree: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    part = tree.get(key)
    return list(part.items()) if isinstance(part, Mapping) else []


def _items(tree: Mapping[str, Any], key: str) -> list[tuple[int, Any]]:
    part = tree.get(key)
    return list(enumerate(part)) if isinstance(part, list) else []


def _keep(parts: dict[str, Any], name: str, part: Any) -> None:
    if part is not None:
        parts[name] = part


def _step_names(made: Draft) -> list[tuple[int, str]]:
    """(position, name) of every step that has one, built or not."""
    return [
        (at, part["step"])
        for at, part in _items(made.tree, "steps")
        if isinstance(part, Mapping) and isinstance(part.get("step"), str)
    ]


def _check_refs(made: Draft) -> Iterator[Finding]:
    """Systems of entries of `refs:` that there are not."""
    known = made.names("systems")
    for name, ref in made.refs.items():
        for side, place in (("source", ref.source), ("target", ref.target)):
            if place.system not in known:
                hint = did_you_mean(place.system, known, what="systems")
                summary = f'there is no system "{place.system}"'
                yield Finding(path=("refs", name, side, "system"), code="PB031", summary=summary, hint=hint)


def _check_names(made: Draft) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for at, name in _step_names(made):
        path: Path = ("steps", at, "step")
        yield from _check_name(name, path, of_key=False)
        if name in seen:
            hint = f"it is the name of steps[{seen[name]}] already: steps need different names"
            yield Finding(path=path, code="PB034", summary=f'two steps are called "{name}"', hint=hint)
        seen.setdefault(name, at)
    if isinstance(made.tree.get("playbook"), str):
        yield from _check_name(made.tree["playbook"], ("playbook",), of_key=False)
    for key in ("systems", "mappings", "refs"):
        for name in made.names(key):
            yield from _check_name(name, (key, name), of_key=True)


def _check_name(name: str, path: Path, *, of_key: bool) -> Iterator[Finding]:
    if not _NAME.fullmatch(name):
        hint = "1 to 100 characters, no slash, no line end, no blank at its ends"
        yield Finding(path=path, of_key=of_key, code="PB024", summary="a name that cannot be used", hint=hint)


def _check_tests(made: Draft) -> Iterator[Finding]:
    names = {name for _, name in _step_names(made)}
    steps = {step.name: step for _, step in made.steps}
    for at, test in made.tests:
        base: Path = ("tests", at)
        if test.step not in names:
            hint = did_you_mean(test.step, names, what="steps")
            yield Finding(path=(*base, "step"), code="PB040", summary=f'there is no step "{test.step}"', hint=hint)
        elif test.step in steps:
            fields = steps[test.step].fields
            for name in test.expect:
                if name not in fields:
                    hint = did_you_mean(name, fields, what="fields")
                    summary = f'the step "{test.step}" has no field "{name}"'
                    yield Finding(path=(*base, "expect", name), of_key=True, code="PB012", summary=summary, hint=hint)


def _unused_systems(made: Draft) -> Iterator[Finding]:
    """A system that no step names; silent where steps are broken, since those may name it."""
    if len(made.steps) != len(_items(made.tree, "steps")):
        return
    used = {side for _, step in made.steps for side in (step.source.system, step.target.system)}
    used |= {table.people for table in made.mappings.values() if table.people is not None}
    used |= {side for ref in made.refs.values() for side in (ref.source.system, ref.target.system)}
    for name in made.systems:
        if name not in used:
            summary = f'no step uses the system "{name}"'
            path = ("systems", name)
            yield Finding(path=path, of_key=True, code="PB043", summary=summary, severity=Severity.WARNING)
