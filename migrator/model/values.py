"""What fields hold, and what a record is: values, references, files, records, fields, collections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum, StrEnum
from typing import Any, Final, Union

from migrator.model.lean import dataclass
from migrator.model.quick import maker


class Omit(Enum):
    """The type of `OMIT`: as a field's value it leaves the field as it stands. Never stored, never sent."""

    OMIT = "omit"

    def __repr__(self) -> str:
        return "omit"


OMIT: Final = Omit.OMIT


class IfMissing(StrEnum):
    """What a Ref becomes whose record nobody brought over."""

    PROBLEM = "problem"
    NULL = "null"
    OMIT = "omit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """The target id of the record that was (or will be) made from a source record. Opaque until applied."""

    target: str
    """Identity of the target system."""
    collection: str
    """Target collection."""
    source: str
    """Identity of the source system."""
    source_collection: str
    """Source collection."""
    source_id: str
    """Id of the source record."""
    part: str = ""
    """Tells apart two targets made from one source record."""
    missing: IfMissing = field(default=IfMissing.PROBLEM, compare=False)
    """While planning alone; a Ref in a plan is of a record that the plan makes."""

    def __str__(self) -> str:
        return f"(known after apply: {self.source_collection} {self.source_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file in a field. Its bytes stream from source to target while applying, never through the plan.

    `same` in equal.py tells whether two are equal: by name, and by digest or size where both systems tell it.
    """

    name: str
    """File name as the source shows it; metadata only, never a path."""
    size: int | None
    """Bytes; None where the system does not tell."""
    media_type: str = field(compare=False)
    """Such as image/png."""
    sha256: str | None = field(default=None, compare=False)
    """Hex digest where known."""
    where: str = field(default="", compare=False)
    """The system's own handle on the bytes (a file key)."""
    system: str = field(default="", compare=False)
    """Identity of the system whose handle `where` is."""


Value = Union[None, bool, int, float, str, Ref, File, tuple["Value", ...], Mapping[str, "Value"]]  # noqa: UP007  a recursive alias is a string here
"""What a field can hold. Lists are tuples. Decimals, dates and integers beyond 64 bit travel as text."""

Key = tuple[Value, ...]
"""Always composite inside: `key: serial` is a tuple of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a record came from."""

    system: str
    """Source.identity(), the tenant; never the playbook's nickname, never a token."""
    collection: str
    """Source collection as text."""
    id: str
    """The record's id there, as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as a system shows it."""

    id: str
    """The system's id, as text."""
    fields: Mapping[str, Value]
    """Field name -> value."""
    version: str | None = None
    """What the system checks on a write (Kintone's revision); None where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What should stand in the target, made from one source record."""

    origin: Origin
    """The source record."""
    key: Key
    """Values of the target's key fields, in the order of `Write.key`; empty where the step has none."""
    fields: Mapping[str, Value]
    """Target field -> value; OMIT is gone already; holds Refs and Files."""


quick_origin, quick_record, quick_desired = maker(Origin), maker(Record), maker(Desired)
"""The same as the classes, for those who make one a record."""


class Kind(StrEnum):
    """What sort of value a field holds. Closed."""

    TEXT = "text"
    RICH_TEXT = "rich_text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    CHOICE = "choice"
    CHOICES = "choices"
    USER = "user"
    USERS = "users"
    REFERENCE = "reference"
    REFERENCES = "references"
    FILE = "file"
    FILES = "files"
    TABLE = "table"
    JSON = "json"


class WritableOn(StrEnum):
    """When a field takes a value from us."""

    CREATE = "create"
    UPDATE = "update"
    BOTH = "both"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a collection, as the system describes it."""

    name: str
    """The name that playbooks use (the code, not the label)."""
    kind: Kind
    """What it holds."""
    required: bool = False
    """A create must give it a value that is not empty, and an update must not empty it."""
    writable_on: WritableOn = WritableOn.BOTH
    """When it takes a value."""
    unique: bool = False
    """The server refuses a second record with the same value."""
    choices: tuple[str, ...] | None = None
    """Allowed values of a choice; None: not told."""
    open_choices: bool = False
    """A value that is not among the choices can be made (labels)."""
    max_length: int | None = None
    """Characters (Unicode code points)."""
    min_length: int | None = None
    """Characters (Unicode code points)."""
    minimum: str | None = None
    """Smallest number, decimal text."""
    maximum: str | None = None
    """Largest number, decimal text."""
    has_default: bool = False
    """The server fills it where a create leaves it out."""
    grows: bool = False
    """A write adds to what stands and takes nothing off: a plan shows all that will stand, as `as_stored` tells."""
    label: str = ""
    """What people see on the form."""
    learned: bool = False
    """Seen in samples, not told by the system: its description may change with the data, and stales no plan."""
    fields: tuple[Field, ...] = ()
    """The columns of a table."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """The connector's own facts about the field, JSON-like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What our login may do with a collection."""

    read: bool = True
    """May look."""
    create: bool = True
    """May create."""
    update: bool = True
    """May update."""
    delete: bool = True
    """May delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Two date-time fields that the system sets by its own clock."""

    made: str
    """When the record was made."""
    changed: str
    """When it was last written to."""
    seconds: int = 1
    """How finely both are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection of a system: all that `describe` found out, look-up lists included."""

    id: str
    """The system's own canonical id as text: one collection has one, however a playbook spells it."""
    name: str
    """As the system's people call it."""
    fields: Mapping[str, Field] | None
    """Field name -> Field; None: the system does not tell its fields."""
    closed: bool = False
    """Every record has these fields and no others: a step that reads another one is a mistake of the playbook."""
    stamp: str | None = None
    """Changes with any content (a file's sha256, "absent" for none); None where there is no such thing."""
    rights: Rights | None = None
    """None: the system does not tell."""
    moments: Moments | None = None
    """Where the system itself keeps when a record was made and last changed; None: nowhere."""
    trash: tuple[str, Value, Value] | None = None
    """A field that tells of a deleted record that it lies in a trash, its value there, and the value that an update
    writes to take the record out again; None: what is deleted is gone."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """The connector's own: users, locations, options it looked up."""
