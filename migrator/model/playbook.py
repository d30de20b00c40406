"""The playbook as it runs: what the loader builds and every stage reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from migrator.model.described import about
from migrator.model.lean import dataclass


class Mode(StrEnum):
    """Which writes a step may do."""

    UPSERT = "upsert"
    INSERT = "insert"
    UPDATE = "update"


class Missing(StrEnum):
    """What happens to migrated records whose source record is gone."""

    KEEP = "keep"
    DELETE = "delete"


class OnTaken(StrEnum):
    """What a planned create does when its key is taken."""

    CONFLICT = "conflict"
    UPDATE = "update"


class OnGone(StrEnum):
    """What a planned update does when its record is gone."""

    CONFLICT = "conflict"
    CREATE = "create"


class Duplicates(StrEnum):
    """What two source records with one key mean."""

    ERROR = "error"
    FIRST = "first"
    LAST = "last"


class Unknown(StrEnum):
    """What `map` does with a value that the table does not hold."""

    FAIL = "fail"
    KEEP = "keep"
    NULL = "null"


class PersonWord(StrEnum):
    """What a person goes by."""

    EMAIL = "email"
    """An e-mail address."""
    NAME = "name"
    """The name that people see."""
    LOGIN = "login"
    """The user name."""
    USER = "user"
    """What the system's own user fields hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One side's address and login, as written: secrets are still `env` expressions."""

    connector: str = field(metadata=about("Name of the connector.", examples=("kintone", "csv")))
    options: Mapping[str, Any] = field(default_factory=dict, metadata=about("The connector's own keys."))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingTable:
    """A table from source values to target values, for the filter `map`."""

    values: Mapping[str, Any] | None = field(default=None, metadata=about("Source value -> target value."))
    file: str | None = field(
        default=None,
        metadata=about("A CSV of two columns (from, to) or a YAML or JSON map, relative to the playbook."),
    )
    people: str | None = field(
        default=None,
        metadata=about("Name of a system whose people are the table.", examples=("cmdb",)),
    )
    by: PersonWord = field(default=PersonWord.EMAIL, metadata=about("`people`: what the source values are."))
    gives: PersonWord = field(default=PersonWord.USER, metadata=about("`people`: what a value becomes."))
    unknown: Unknown = field(default=Unknown.FAIL, metadata=about("What an unknown value does."))
    default: Any = field(default=None, metadata=about("What an unknown value becomes, in place of `unknown`."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A system and a collection."""

    system: str = field(metadata=about("Name of the system."))
    collection: str = field(metadata=about("App, list, item type, project or file.", examples=(12, "Computer")))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefSource:
    """Records that another playbook brought over."""

    source: Side = field(metadata=about("Where they came from."))
    target: Side = field(metadata=about("Where they went."))
    part: str = field(default="", metadata=about("Which of several targets of one source record."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Brakes: a plan over them is written, and refused by apply without the exact count."""

    update_percent: float = field(
        default=30, metadata=about("Updates, in percent of matched records, from ten records on.")
    )
    delete_percent: float = field(
        default=10, metadata=about("Deletes, in percent of migrated records in scope, from ten records on.")
    )
    problems: int = field(default=0, metadata=about("Records with problems that an apply accepts."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The source side of a step."""

    system: str = field(metadata=about("Name of the system to read."))
    collection: str = field(metadata=about("What to read: app, list, item type, file.", examples=("Computer",)))
    query: Mapping[str, Any] = field(
        default_factory=dict, metadata=about("The connector's own words for which records.")
    )
    where: str | None = field(
        default=None, metadata=about("An expression over `record`: false leaves the record out.")
    )
    duplicates: Duplicates = field(
        default=Duplicates.ERROR, metadata=about("What two source records with one key mean.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Where the origin is written when a target has no key."""

    field: str | None = dataclasses.field(default=None, metadata=about("A text field of its own."))
    line: str | None = dataclasses.field(default=None, metadata=about("The last line of this text field."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """The target side of a step."""

    system: str = field(metadata=about("Name of the system to write to."))
    collection: str = field(metadata=about("App, template, item type or file to write to."))
    key: tuple[str, ...] = field(
        default=(),
        metadata=about("A field or a list of fields that identify a record.", examples=("serial",)),
    )
    marker: Marker | None = field(
        default=None, metadata=about("Where no key exists: a field or a last line that carries the origin.")
    )
    mode: Mode = field(default=Mode.UPSERT, metadata=about("`insert` never updates, `update` never creates."))
    missing: Missing = field(
        default=Missing.KEEP, metadata=about("What happens to migrated records whose source is gone.")
    )
    scope: Mapping[str, Any] | None = field(
        default=None, metadata=about("A query in the target's words: which of its records are ours.")
    )
    on_taken: OnTaken = field(
        default=OnTaken.CONFLICT, metadata=about("A planned create meets a record with its key.")
    )
    on_gone: OnGone = field(default=OnGone.CONFLICT, metadata=about("A planned update meets no record."))
    may_duplicate: bool = field(default=False, metadata=about("Allows creates that nothing could find again."))
    part: str = field(default="", metadata=about("Tells apart two targets made from one source record."))
    options: Mapping[str, Any] = field(default_factory=dict, metadata=about("The connector's own words for writing."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One collection to bring over."""

    step: str = field(metadata=about("Name of the step.", examples=("computers",)))
    source: Read = field(metadata=about("What to read."))
    fields: Mapping[str, Any] = field(
        metadata=about("Target field -> value; a string that is one {{ expression }} keeps its type.")
    )
    target: Write = field(metadata=about("Where to and how."))

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookTest:
    """A test of a step's transforms, run offline."""

    test: str = field(metadata=about("What holds, in a sentence."))
    step: str = field(metadata=about("The step under test."))
    record: Mapping[str, Any] = field(metadata=about("A source record."))
    expect: Mapping[str, Any] = field(metadata=about("Target field -> expected value; others are not compared."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """One story: systems, steps, and what they share."""

    playbook: str = field(metadata=about("Name of the playbook.", examples=("glpi-computers-to-kintone",)))
    steps: tuple[Step, ...] = field(metadata=about("The collections to bring over."))
    description: str = field(default="", metadata=about("What it is for."))
    systems: Mapping[str, System] = field(
        default_factory=dict, metadata=about("Name -> system; may stand in a file of its own (--systems).")
    )
    vars: Mapping[str, Any] = field(default_factory=dict, metadata=about("Constants for templates."))
    mappings: Mapping[str, MappingTable] = field(default_factory=dict, metadata=about("Tables for the filter `map`."))
    refs: Mapping[str, RefSource] = field(
        default_factory=dict, metadata=about("Records that other playbooks brought over.")
    )
    limits: Limits = field(default_factory=Limits, metadata=about("Brakes."))
    tests: tuple[PlaybookTest, ...] = field(default=(), metadata=about("The playbook's own tests."))

    @property
    def name(self) -> str:
        """The playbook's name."""
        return self.playbook
