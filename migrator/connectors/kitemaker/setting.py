"""What there is to choose from: spaces, their statuses and labels, people. Read once for each collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any

from migrator.model.lean import dataclass
from migrator.model.people import Person
from migrator.model.values import Value


class Sort(StrEnum):
    """What a collection holds."""

    ITEMS = "items"
    COMMENTS = "comments"
    LABELS = "labels"
    INITIATIVES = "initiatives"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Names -> ids of one sort of thing. `also`: other spellings -> name. Names need not be unique."""

    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)

    def name(self, word: Value) -> str:
        """The name behind any spelling; the word itself where nobody is known by it."""
        text = str(word).strip()
        return text if text in self.ids else self.also.get(text.casefold(), text)

    def id(self, word: Value) -> str | None:
        """The id, None for an unknown name and for one that several have."""
        found = self.ids.get(self.name(word), ())
        return found[0] if len(found) == 1 else None


def register(rows: Iterable[Mapping[str, Any]], name: str, *spellings: str) -> Register:
    """Of rows with `id`, a name and other spellings under these keys; a spelling that several share is none."""
    ids: dict[str, tuple[str, ...]] = {}
    also: dict[str, set[str]] = {}
    for row in rows:
        own = str(row[name])
        ids[own] = (*ids.get(own, ()), str(row["id"]))
        for key in ("id", *spellings):
            if row.get(key):
                also.setdefault(str(row[key]).casefold(), set()).add(own)
    return Register(ids=ids, also={word: owners.pop() for word, owners in also.items() if len(owners) == 1})


def people(users: Iterable[Mapping[str, Any]]) -> Register:
    """By user name, with or without @, in any case; by display name where only one has it."""
    rows = [{**user, "at": f"@{user['username']}"} for user in users]
    return register(rows, "username", "username", "at", "name")


EVERYBODY = "query People { organization { users { id username name deactivated } } }"
"""One call; e-mail addresses are not told."""


def persons_of(users: Iterable[Mapping[str, Any]]) -> list[Person]:
    """Users for mappings: its fields hold user names."""
    return [
        Person(
            user=str(user["username"]),
            login=str(user["username"]),
            name=str(user.get("name") or ""),
            active=not user.get("deactivated"),
        )
        for user in users
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One space; `key` is empty where only REST was asked, which does not show it."""

    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything that a collection's records name."""

    sort: Sort
    space: Space | None
    statuses: Register = field(default_factory=Register)
    default_status: str | None = None
    labels: Register = field(default_factory=Register)
    """Of the space; above the spaces their names are `KEY/name`."""
    users: Register = field(default_factory=Register)
    persons: Register = field(default_factory=Register)
    """By e-mail address."""
    writes_graphql: bool = False
    """Whether people and dates can be written."""
    exact_labels: bool = True
    """Whether labels of items that are not wanted any more are taken off."""


SETTING = """query Setting { organization { users { id username name }
    spaces { id key name statuses { id name type default } labels { id name } } } %s }"""
"""One call for all of it; feedback adds its people."""

PERSONS = "feedbackPersons { id email }"


def above(spaces: Sequence[Mapping[str, Any]]) -> Register:
    """Labels of all spaces as `KEY/name`."""
    return register(
        [
            {"id": label["id"], "name": f"{space['key']}/{label['name']}"}
            for space in spaces
            for label in space["labels"]
        ],
        "name",
    )
