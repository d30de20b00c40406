"""What moves over the wire, and what travels between the program and a connector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from migrator.model.lean import dataclass
from migrator.model.plan import Action, Phase
from migrator.model.playbook import Write
from migrator.model.quick import maker
from migrator.model.run import Cause
from migrator.model.values import Collection, File, Key, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, complete but for address and login."""

    method: str
    """GET, POST, PUT, PATCH, DELETE; a file wire knows APPEND and MERGE."""
    path: str
    """Below the system's address, query string included, percent-encoded."""
    kind: str
    """Which rate of `Capabilities.pace` it counts against, such as "read", "write", "list"."""
    repeatable: bool
    """Sending it again, however late, can neither make a second record nor overwrite anybody (an upload)."""
    body: bytes | tuple[bytes, File, bytes] = b""
    """Bytes; or head, File, tail: the sender streams the File from the source's `open()`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside the login's; Content-Type belongs here."""
    quota: str = ""
    """What a daily quota counts it against (Kintone: the app); "" for the tenant as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer: its length was checked, its content decoded (gzip)."""

    status: int
    """HTTP status; a file wire answers 200."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """All of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The change is in the target."""

    target_id: str
    """The record's id."""
    version: str | None = None
    """Its version after the write, where the answer tells."""
    created: bool | None = None
    """What an upsert did; None where the answer does not tell, or nothing else was possible."""
    note: str = ""
    """What the answer says beside: a field that was accepted and not changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The server refused this change alone; the others of the batch have their own results."""

    code: str
    """The server's code."""
    reason: str
    """The server's words."""
    field: str | None = None
    """The field, where named."""
    cause: Cause = Cause.REFUSED
    """Gone and moved records are conflicts, not failures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The answer does not tell what became of this change: somebody must look."""

    reason: str
    """Why we cannot know."""


Result = Done | Failed | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """The target side of a step, made ready: what it says, typed options, what it meets."""

    write: Write
    """The step's target side as the playbook has it: key, mode, on_taken, on_gone."""
    options: Any
    """The connector's WriteOptions, built from `write.options`."""
    collection: Collection
    """As described."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One change within a batch."""

    change_id: str
    """The plan line."""
    key: Key
    """Its key values."""
    target_id: str | None
    """Its record; None for a create."""
    part: bytes
    """Its part of the request, made by `encode_change`."""
    file: File | None = None
    """Of an upload: whose bytes go between head and tail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Changes of one step, phase and action that travel together."""

    writing: Writing
    """The step's target side."""
    phase: Phase
    """All its changes have it."""
    action: Action
    """All its changes have it."""
    items: tuple[Item, ...]
    """In plan order, at least one."""


quick_done = maker(Done)
"""The same as the class, for those who make one a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to read."""

    collection: Collection
    """As described."""
    read: Any = None
    """The connector's ReadOptions (of source.query, or of scope), or None for everything."""
    write: Any = None
    """The connector's WriteOptions when a target is read back, else None."""
    fields: tuple[str, ...] | None = None
    """Fields wanted; None: all. Others may be missing in the records."""
    key: tuple[str, ...] = ()
    """The step's key when a target is read back: a file's records have no other id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, in the system's order."""

    records: Iterable[Record]
    """Lazy, may be walked once: a record is parsed when it is its turn."""
    size: int
    """How many there are."""
    total: int | None = None
    """What the system announced for the whole query, where it did."""
