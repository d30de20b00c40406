"""Checks of one step: its sides, how records are matched, what the target can do, its templates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from migrator.codec.build import Path
from migrator.contract import Capabilities
from migrator.model.lean import dataclass
from migrator.model.plan import Action
from migrator.model.playbook import Missing, Mode, OnGone, OnTaken, Read, Step, Write
from migrator.playbook.expressions import (
    FIELD_NAMES,
    ONE_EXPRESSION,
    WHERE_NAMES,
    Template,
    constants_only,
    names_used,
    template_findings,
)
from migrator.playbook.finding import Finding, did_you_mean, suggestion
from migrator.playbook.systems import Known, check_options

_NEEDED = {
    Mode.UPSERT: (Action.CREATE, Action.UPDATE),
    Mode.INSERT: (Action.CREATE,),
    Mode.UPDATE: (Action.UPDATE,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a step may refer to."""

    systems: Collection[str]
    """Names of all systems, faulty ones too."""
    known: Mapping[str, Known]
    """Those whose connector exists."""
    mappings: Collection[str]
    """Names."""
    variables: Collection[str]
    """Names."""
    template: Template
    """The template checker."""
    _capable: dict[tuple[str, str], Capabilities | None] = field(default_factory=dict)

    def capabilities(self, write: Write) -> Capabilities | None:
        """Of the target under the step's options; asked once for equal options."""
        known = self.known.get(write.system)
        if not known or not hasattr(known.connector, "encode_change"):
            return None
        asked = (write.system, repr(write.options))
        if asked not in self._capable:
            self._capable[asked] = known.capabilities(known.connector.WriteOptions, write.options)
        return self._capable[asked]


def check_step(step: Step, base: Path, around: Surroundings) -> Iterator[Finding]:
    """Everything that is wrong with a step of the right shape."""
    yield from _check_read(step.source, (*base, "source"), around)
    for name, value in step.fields.items():
        path = (*base, "fields", name)
        yield from template_findings(around.template, value, FIELD_NAMES, path)
        yield from names_used(value, path, around.mappings, around.variables)
    target = (*base, "target")
    yield from _check_system_name(step.target.system, (*target, "system"), around)
    yield from constants_only(dict(step.target.options), (*target, "options"), "options")
    known = around.known.get(step.target.system)
    if known:
        yield from check_options(known.connector.WriteOptions, step.target.options, (*target, "options"))
        yield from _check_abilities(step.target, target, known, around)
        yield from _check_scope(step.target, target, known)
    yield from _check_match(step, target, around.capabilities(step.target))


def _check_read(read: Read, base: Path, around: Surroundings) -> Iterator[Finding]:
    yield from _check_system_name(read.system, (*base, "system"), around)
    yield from constants_only(dict(read.query), (*base, "query"), "query")
    known = around.known.get(read.system)
    if known:
        yield from check_options(known.connector.ReadOptions, read.query, (*base, "query"))
    if read.where is not None:
        yield from _check_where(read.where, (*base, "where"), around)


def _check_where(where: str, path: Path, around: Surroundings) -> Iterator[Finding]:
    """One expression, with or without its braces."""
    if "{{" not in where and "{%" not in where and where.strip():
        where = f"{{{{ {where} }}}}"
    if not ONE_EXPRESSION.fullmatch(where):
        hint = 'write "{{ … }}" once, around all of it: beside other text it would be text, which is always true'
        yield Finding(path=path, code="PB042", summary='"where" must be one {{ }} expression', hint=hint)
        return
    yield from template_findings(around.template, where, WHERE_NAMES, path)
    yield from names_used(where, path, around.mappings, around.variables)


def _check_system_name(name: str, path: Path, around: Surroundings) -> Iterator[Finding]:
    if name not in around.systems:
        hint = did_you_mean(name, around.systems, what="systems")
        if not around.systems:
            hint = "add it under systems:, or name a file of systems with --systems"
        yield Finding(path=path, code="PB031", summary=f'there is no system "{name}"', hint=hint)


def _check_abilities(write: Write, base: Path, known: Known, around: Surroundings) -> Iterator[Finding]:
    """The target can write, and do what mode and missing ask for."""
    if not hasattr(known.connector, "encode_change"):
        summary = f'the system "{write.system}" can be read only'
        yield Finding(path=(*base, "system"), code="PB037", summary=summary, hint="name another target")
        return
    able = around.capabilities(write)
    if able is None:
        return
    for action in _NEEDED[write.mode]:
        if action not in able.batch_max:
            yield _cannot(write, (*base, "mode"), f"mode: {write.mode}", action, able)
    if write.missing is Missing.DELETE and Action.DELETE not in able.batch_max:
        yield _cannot(write, (*base, "missing"), "missing: delete", Action.DELETE, able)


def _check_scope(write: Write, base: Path, known: Known) -> Iterator[Finding]:
    """A query of the target, for steps that remove."""
    if write.scope is None:
        return
    path = (*base, "scope")
    yield from constants_only(dict(write.scope), path, "scope")
    yield from check_options(known.connector.ReadOptions, write.scope, path)
    if write.missing is not Missing.DELETE:
        summary = "`scope` says which records are ours to remove, and this step removes none"
        yield Finding(
            path=path, of_key=True, code="PB024", summary=summary, hint="add missing: delete, or take it out"
        )
    elif not (write.key or write.marker):
        summary = "`scope` needs a key or a marker: nothing else tells which of its records the source has"
        yield Finding(path=path, of_key=True, code="PB024", summary=summary, hint="name a key or a marker")


def _cannot(write: Write, path: Path, asked: str, action: Action, able: Capabilities) -> Finding:
    summary = f'the system "{write.system}" cannot {action} here, which {asked} needs'
    others = [
        mode for mode, needed in _NEEDED.items() if action not in needed and all(n in able.batch_max for n in needed)
    ]
    hint = f"write mode: {others[0]}" if others and action is not Action.DELETE else ""
    return Finding(path=path, code="PB037", summary=summary, hint=hint, detail=able.cannot.get(action, ""))


def _check_match(step: Step, base: Path, able: Capabilities | None) -> Iterator[Finding]:
    """Something tells which target record belongs to which source record."""
    write = step.target
    for at, name in enumerate(write.key):
        if name not in step.fields:
            path = (*base, "key", at) if len(write.key) > 1 else (*base, "key")
            summary = f'the key field "{name}" is not among the fields of this step'
            yield Finding(path=path, code="PB012", summary=summary, hint=_field_hint(name, step))
    if len(set(write.key)) != len(write.key):
        yield Finding(path=(*base, "key"), code="PB024", summary="a key names each field once", hint="take one out")
    if write.marker and write.marker.field in step.fields:
        summary = f'"{write.marker.field}" is the marker: fields must not set it'
        yield Finding(path=(*base, "marker"), code="PB036", summary=summary, hint="take it out of fields")
    yield from _check_policies(write, base)
    if able is None:
        return
    if write.marker and not able.marker_field:
        summary = f'the system "{write.system}" has no text field that could carry a marker'
        yield Finding(path=(*base, "marker"), code="PB036", summary=summary, hint="use key")
    if not (write.key or write.marker or write.may_duplicate or able.without_key):
        yield Finding(
            path=base,
            of_key=True,
            code="PB035",
            summary="nothing tells which target record belongs to which source record",
            hint="name a unique field with key, or a marker; may_duplicate: true allows creates nobody finds again",
        )


def _check_policies(write: Write, base: Path) -> Iterator[Finding]:
    """What `mode` rules out, a policy cannot ask for."""
    if write.mode is Mode.UPDATE and write.on_gone is OnGone.CREATE:
        yield Finding(
            path=(*base, "on_gone"),
            code="PB024",
            summary="`mode: update` never creates, so `on_gone: create` has no meaning",
            hint="take one of the two out",
        )
    if write.mode is Mode.INSERT and write.on_taken is OnTaken.UPDATE:
        yield Finding(
            path=(*base, "on_taken"),
            code="PB024",
            summary="`mode: insert` never updates, so `on_taken: update` has no meaning",
            hint="take one of the two out",
        )


def _field_hint(name: str, step: Step) -> str:
    likely = suggestion(name, step.fields)
    return f'did you mean "{likely}"?' if likely else "add it to fields: its value is what records are matched by"
