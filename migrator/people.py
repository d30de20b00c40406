"""Mappings of people get their tables: the lists of the systems that they name, read once each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from migrator.errors import PlaybookInvalid, SystemFailed
from migrator.model.people import Person
from migrator.model.playbook import MappingTable, PersonWord, Playbook, Step, Unknown
from migrator.model.problem import Problem
from migrator.playbook.load import Loaded
from migrator.systems import Systems
from migrator.transform.people import People


def named_systems(playbook: Playbook, steps: Sequence[Step]) -> list[str]:
    """The systems whose people these steps look up."""
    return [table.people for _, table in _used(playbook, steps) if table.people is not None]


def peopled(loaded: Loaded, steps: Sequence[Step], systems: Systems) -> Playbook:
    """The playbook with the tables of people that these steps use. Raises PlaybookInvalid and what reading raises."""
    made: dict[str, MappingTable] = {}
    problems: list[Problem] = []
    for name, table in _used(loaded.playbook, steps):
        people = _asked(loaded, systems, str(table.people))
        lacking = _lacking(table, people)
        if people is None or lacking:
            summary = f'the system "{table.people}" does not tell {lacking or "its people"}'
            place = loaded.places(("mappings", name))
            problems.append(Problem(code="PB048", summary=summary, hint=_hint(people), place=place))
        else:
            made[name] = replace(table, values=People(name, people, by=table.by, gives=table.gives))
    if problems:
        raise PlaybookInvalid(*problems)
    return replace(loaded.playbook, mappings={**loaded.playbook.mappings, **made})


def _asked(loaded: Loaded, systems: Systems, name: str) -> Sequence[Person] | None:
    """The people of a system; what it refuses is told where the playbook has the system."""
    try:
        return systems.open(name).people
    except SystemFailed as error:
        place = loaded.places(("systems", name))
        error.problems = tuple(replace(problem, place=place) for problem in error.problems)
        raise


def as_written(playbook: Playbook) -> Playbook:
    """For a playbook's own tests, where nobody is asked: people stay as the record has them."""
    tables = {
        name: table if table.people is None else replace(table, values={}, unknown=Unknown.KEEP, default=None)
        for name, table in playbook.mappings.items()
    }
    return replace(playbook, mappings=tables)


def _used(playbook: Playbook, steps: Sequence[Step]) -> Iterator[tuple[str, MappingTable]]:
    """Mappings of people whose name stands in a template of the steps; one too many is read for nothing, no more."""
    texts = [text for step in steps for text in _texts([step.fields, step.source.where])]
    for name, table in playbook.mappings.items():
        if table.people is not None and any(name in text for text in texts):
            yield name, table


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _lacking(table: MappingTable, people: Sequence[Person] | None) -> str:
    """The word that none of them goes by, if there is anybody."""
    for word in (table.by, table.gives):
        if people and not any(person.words(word) for person in people):
            return f"the {_PLURALS[word]} of its people"
    return ""


_PLURALS = {
    PersonWord.EMAIL: "e-mail addresses",
    PersonWord.NAME: "names",
    PersonWord.LOGIN: "user names",
    PersonWord.USER: "ids",
}


def _hint(people: Sequence[Person] | None) -> str:
    told = [word.value for word in PersonWord if people and any(person.words(word) for person in people)]
    return f"it tells: {', '.join(told)}" if told else "write a table: `values:` or `file:`"
