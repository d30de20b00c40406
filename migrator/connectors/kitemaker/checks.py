"""What Kitemaker is known not to take, found while planning. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrator.connectors.kitemaker.fields import SIZES
from migrator.connectors.kitemaker.options import CallForm, WriteOptions
from migrator.connectors.kitemaker.setting import Register, Setting, Sort
from migrator.connectors.kitemaker.stored import listed, size
from migrator.errors import Refused
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem, UnknownValue
from migrator.model.values import Ref, Value


def objections(setting: Setting, options: WriteOptions, change: Change) -> tuple[Problem, ...]:
    """Everything that speaks against a change."""
    return tuple(_objections(setting, options, change))


def _objections(setting: Setting, options: WriteOptions, change: Change) -> Iterator[Problem]:
    after = change.after or {}
    if after.get("status"):
        yield from _known("status", after["status"], setting.statuses, "status", "see the space's columns")
    for name in ("labels", "tags"):
        yield from _known(name, after.get(name), setting.labels, "label", _MISSING_LABEL)
    for name in ("members", "watchers", "owners"):
        yield from _known(name, after.get(name), setting.users, "user", "people go by their user names")
    if setting.sort is Sort.ITEMS and options.call is CallForm.REST:
        for name in ("effort", "impact"):
            if size(after.get(name)) not in (None, *SIZES):
                hint = "map it to one of these, or set `call: graphql` where the space has such a word"
                yield _problem(name, f'"{after[name]}" is none of {", ".join(SIZES)}', hint)
    by_graphql = change.action is Action.UPDATE or options.call is CallForm.GRAPHQL
    if setting.sort is Sort.FEEDBACK and by_graphql:
        hint = "`call: rest` makes a person of an address, on a create"
        yield from _known("person", after.get("person"), setting.persons, "person with the address", hint)


_MISSING_LABEL = (
    "make it first, by a step whose target is SPACE/labels: its creates stand in the plan; apply it with --only"
)


def _known(name: str, value: Value, register: Register, what: str, hint: str) -> Iterator[Problem]:
    for word in listed(value):
        if isinstance(word, Ref):
            continue
        held = register.ids.get(register.name(word), ())
        if not held:
            unknown = UnknownValue(why=f'no {what} for field "{name}"', value=str(word))
            yield replace(_problem(name, f'there is no {what} "{word}"', hint), unknown=(unknown,))
        elif len(held) > 1:
            hint = f"they have the ids {', '.join(held[:5])}; rename all but one {what}"
            unknown = UnknownValue(why=f'several of a kind for field "{name}"', value=str(word))
            told = _problem(name, f'{len(held)} of a kind are called "{word}"', hint)
            yield replace(told, unknown=(unknown,))


def _problem(name: str, summary: str, hint: str) -> Problem:
    return Problem(code=Refused.code, summary=summary, hint=hint, place=Place(field=name))
