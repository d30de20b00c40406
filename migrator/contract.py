"""The contract between the program and its connectors, and what is handed in instead of imported.

The program owns every send; a connector turns meaning into bytes and back. So one thread does all the work,
other threads only move bytes, an intent can be written down before its bytes leave, and most of a connector is
tested without a server. A connector subclasses `Source` or `Target` by name; both carry the harmless defaults.

Everything marked *pure* MUST NOT send, read a clock or the environment, or change anything: it may be called
at any time, any number of times, in any order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, ClassVar, Literal, Protocol, Self

from migrator.model.described import about
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Write
from migrator.model.run import Cause
from migrator.model.values import Collection, Field, File, Key, Kind, Record, Value

# ---------------------------------------------------------------- what moves over the wire


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, in the system's order."""

    records: Iterable[Record]
    """Lazy, may be walked once: a record is parsed when it is its turn."""
    size: int
    """How many there are."""
    total: int | None = None
    """What the system announced for the whole query, where it did."""


# ---------------------------------------------------------------- what a connector can do


class Creates(StrEnum):
    """What keeps a repeated create from making a second record."""

    GUARDED = "guarded"
    """The server refuses a second record with the key, if the key is one field whose Field.unique is true."""
    BY_ID = "by_id"
    """A create with the same external id is the same record."""
    UNGUARDED = "unguarded"
    """Nothing."""


class Recheck(StrEnum):
    """How a record that moved since planning is noticed."""

    VERSION = "version"
    """The write carries the version; the server refuses."""
    BY_IDS = "by_ids"
    """One fetch before each batch."""
    SCAN = "scan"
    """One list read at the start of a step, again when it is 15 minutes old."""
    NONE = "none"
    """Not at all (a file: its stamp guards the whole)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `calls` of one kind within `seconds`, as a sliding window per identity."""

    kind: str
    """Call.kind."""
    calls: int
    """At least one."""
    seconds: float
    """Length of the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Facts about a connector under given options. The planner decides by these and nothing else."""

    page_max: int
    """Records a read call brings at most."""
    ordered: bool = False
    """Reading twice gives the same order while nothing changes."""
    find: int = 0
    """Key values one `find` call takes; 0: cannot."""
    find_kinds: frozenset[Kind] = frozenset()
    """Kinds of key fields that `find` can look for."""
    find_fields: int = 1
    """Fields a composite key may have for `find`."""
    fetch_max: int = 0
    """Ids one `fetch` call takes; 0: cannot, read it all."""
    batch_max: Mapping[Action, int] = field(default_factory=dict)
    """Changes of one batch; an action that is missing here cannot be carried out."""
    batch_bytes: int | None = None
    """Bytes of one request's body at most; None: not told."""
    bundle: int = 1
    """Batches one request can carry."""
    batch_atomic: bool = False
    """All of a request or nothing of it."""
    creates: Creates = Creates.UNGUARDED
    """What guards a create."""
    upsert: bool = False
    """`encode` can make creates under on_taken: update one native upsert."""
    recheck: Recheck = Recheck.NONE
    """How drift is noticed."""
    settle: float = 60
    """Seconds until a create whose answer was lost must have shown up."""
    pace: tuple[Rate, ...] = ()
    """Documented limits; a kind without one is free."""
    write_kinds: Mapping[Action, str] = field(default_factory=dict)
    """Call.kind of the writes, for the forecast; an action that is missing here is "write"."""
    read_kind: str = "read"
    """Call.kind of reads, for the forecast."""
    in_flight: int = 1
    """Requests at a time."""
    daily_quota: int | None = None
    """Calls a day, where there is a limit."""
    quota_reset: str = "00:00Z"
    """When the day begins."""
    renew_after: frozenset[str] = frozenset()
    """Collections whose new records need a fresh session before they can be used (GLPI's entities)."""
    marker_field: bool = True
    """A marker may live in a field of its own or as a last line (there are text fields)."""
    without_key: bool = False
    """A step needs neither key nor marker: the system has an external id of its own."""
    notes: tuple[str, ...] = ()
    """Sentences that every plan under these options says."""
    cannot: Mapping[Action, str] = field(default_factory=dict)
    """Why an action is missing in batch_max, as a sentence."""


# ---------------------------------------------------------------- how it is reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Keys that every system takes, whatever its connector."""

    pace: str | None = dataclasses.field(
        default=None, metadata=about("Calls per time instead of the documented limit.", examples=("5/min", "off"))
    )
    in_flight: int | None = dataclasses.field(default=None, metadata=about("Requests at a time.", examples=(4,)))
    zone: str = dataclasses.field(
        default="UTC",
        metadata=about("Time zone of dates and times without one.", examples=("Asia/Tokyo",)),
    )
    timeout: float = dataclasses.field(default=60, metadata=about("Seconds to wait for an answer."))
    ca_bundle: str | None = dataclasses.field(
        default=None, metadata=about("File of the certificate authorities to trust.")
    )
    proxy: str | None = dataclasses.field(
        default=None, metadata=about("URL of an HTTP proxy; the environment's is not used.")
    )
    insecure: bool = dataclasses.field(
        default=False, metadata=about("No TLS check: a banner in every view, kept in the run's record.")
    )


class Auth(Protocol):
    """How requests prove who we are. Pure; the transport owns login, renewal (once, under a lock) and log-out."""

    def headers(self) -> Mapping[str, str]:
        """Sent with every request, the login included."""
        return {}

    def login(self) -> Call | None:
        """The request that opens a session; None: there is none."""
        return None

    def prepare(self) -> tuple[Call, ...]:
        """Requests that follow each login (active entity, profile)."""
        return ()

    def ready(self, answers: Sequence[Answer]) -> None:
        """Looks at the answers of `prepare`. Raises LoginRefused, Denied."""
        return

    def session(self, answer: Answer) -> Mapping[str, str]:
        """Headers that the login's answer gives for the requests after it. Raises LoginRefused, BadAnswer."""
        return {}

    def logout(self) -> Call | None:
        """Closes the session; sent with its headers; also after a failure."""
        return None

    def expired(self, answer: Answer) -> bool:
        """The session is dead: log in again and repeat a read once."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown, derived forms included (Basic's base64)."""
        return ()


class Wire(Protocol):
    """What a connector sends its reads through, and the program its writes."""

    @property
    def origin(self) -> str:
        """Where it leads: the base URL without a trailing slash, or the folder's path."""
        ...

    @property
    def transfer(self) -> Transfer:
        """The keys that every system takes: zone and the like."""
        ...

    def ask(self, call: Call) -> Answer:
        """One read, paced and retried. Raises Unreachable. Any status that is no call to try again is answered."""
        ...

    def stream(self, calls: Iterable[Call]) -> Iterator[Answer]:
        """Many reads: answers in the order of the calls, at most in_flight (and 8) asked ahead, paced and retried.

        Lazy: takes a call only when there is room for it. Closing the iterator drops what was asked ahead.
        Raises Unreachable at the answer's turn.
        """
        ...

    def send(self, call: Call, open_file: Callable[[File], Iterator[bytes]] | None = None) -> Future[Answer]:
        """One write, once: neither paced nor retried here. The future raises NotSent, Lost or FileUnread.

        `open_file` gives the bytes of a File in the body; it runs on a worker thread.
        """
        ...

    def renew(self) -> None:
        """Log in afresh, unless somebody has since the last call left. Raises LoginRefused."""
        ...

    def download(self, call: Call) -> Iterator[bytes]:
        """The body of a read in pieces. Raises Unreachable, BadAnswer for any status but 200."""
        ...


class Clock(Protocol):
    """Time, handed in."""

    def monotonic(self) -> float:
        """Seconds that never jump; for durations."""
        ...

    def wall(self) -> float:
        """Epoch seconds; for records of what happened, never for decisions."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass; returns early when the run is asked to stop."""
        ...


class Budget(Protocol):
    """Pace and quota of one tenant."""

    def take(self, kind: str) -> float:
        """Take a place for one call of this kind. 0.0: taken; else seconds until asking again makes sense."""
        ...

    def told(self, seconds: float) -> None:
        """The server asked for a rest: no call of any kind before these seconds are over."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A source collection and the target collection it goes to: all of a Ref but the id."""

    target: str
    """Identity of the target system."""
    collection: str
    """Target collection."""
    source: str
    """Identity of the source system."""
    source_collection: str
    """Source collection."""
    part: str = ""
    """Which of several targets of one source record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A row of the id map."""

    target_id: str
    """The record that was made from (or linked to) the source record."""
    run: int
    """Number of the run that wrote the row."""
    gone_at: str | None = None
    """Set by our own deletes: ISO 8601."""


class IdMap(Protocol):
    """Which target record was made from which source record. Reading only."""

    def lookup(self, pair: Pair, source_ids: Sequence[str]) -> Mapping[str, Mapped]:
        """Source id -> row, for those that have one (rows with gone_at included)."""
        ...

    def owners(self, target: str, collection: str, target_ids: Sequence[str]) -> Mapping[str, tuple[Pair, str]]:
        """Target id -> (pair, source id) that claims it, over all pairs of this target collection; gone rows not."""
        ...

    def rows(self, pair: Pair) -> Iterator[tuple[str, Mapped]]:
        """All rows of a pair, by source id."""
        ...

    def size(self, pair: Pair) -> int:
        """How many rows a pair has, gone ones not."""
        ...


# ---------------------------------------------------------------- the two protocols


class Source(Protocol):
    """One system to read from. A context manager."""

    medium: ClassVar[Literal["http", "file"]] = "http"
    """Which transport it wants."""
    Options: ClassVar[type]
    """Frozen dataclass: the keys of a system beside those of Transfer; secrets are marked `about(secret=True)`."""
    ReadOptions: ClassVar[type]
    """Frozen dataclass: the keys of source.query (and scope)."""
    WriteOptions: ClassVar[type]
    """Frozen dataclass: the keys of target.options."""

    @classmethod
    def address(cls, options: Any) -> str:
        """Base URL without a trailing slash, or a folder as written. Pure."""
        ...

    @classmethod
    def check(cls, options: Any) -> tuple[str, ...]:
        """What is wrong with these Options that types cannot tell, as sentences. Pure; sees `env` expressions."""
        return ()

    @classmethod
    def auth(cls, options: Any) -> Auth | None:
        """Login, renewal, log-out. Handed to the transport, which owns it."""
        return None

    @classmethod
    def busy(cls, answer: Answer) -> bool:
        """A read that should be tried again, in whatever disguise. Pure; MUST NOT be asked about a write."""
        return answer.status in {408, 421, 425, 429, 500, 502, 503, 504}

    def __init__(self, options: Any, wire: Wire) -> None:
        """Options, and the wire to use. No request is sent here."""
        ...

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of what the server holds for us (cursors). MUST not raise over `error`."""
        return

    def capabilities(self, options: Any, collection: Collection | None = None) -> Capabilities:
        """Facts under these Read- or WriteOptions (None: the defaults), of this collection where it matters. Pure."""
        raise NotImplementedError

    def identity(self) -> str:
        """Which tenant this is, such as "kintone:acme.example"; the same for every login that sees its records.

        Reads only. Asked again before an apply. Raises LoginRefused, Unreachable.
        """
        raise NotImplementedError

    def describe(self, collection: str, options: Any) -> Collection:
        """Fields, choices, rights, look-up lists; read once. MUST raise NotFound if it does not exist. Reads only.

        `options` are the Read- or WriteOptions of the step.
        """
        raise NotImplementedError

    def count(self, query: Query) -> int | None:
        """How many records fit, in one cheap call, or None if the system can't say."""
        return None

    def read(self, query: Query) -> Iterator[Page]:
        """Every record that fits, each exactly once.

        Pages come through `wire.stream`, in order. MUST raise BadAnswer if the pages repeat, CountDrift (after the
        last page) if they fall short of the announced total: never an early end in silence. MUST free what the
        server holds (a cursor) at the end, also after a failure or when the iterator is closed early.
        """
        raise NotImplementedError

    def open(self, file: File) -> Iterator[bytes]:
        """A File's bytes. MUST be safe on another thread. Raises NotFound, Unreachable."""
        raise NotImplementedError("this connector has no files")


class Target(Source, Protocol):
    """One system to write to."""

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        """One Page per page of ids, in order, several asked ahead; a record that is gone is left out.

        Only where capabilities.fetch_max is not 0; a page is never longer than it and never empty.
        """
        raise NotImplementedError

    def find(
        self,
        collection: Collection,
        key: tuple[str, ...],
        pages: Iterable[Sequence[Key]],
        fields: tuple[str, ...] | None,
    ) -> Iterator[Page]:
        """The same by key values; only where capabilities.find says so. The key fields are always among the fields.

        Two records with one key MUST both come. May bring records whose key only looks alike: the caller folds.
        """
        raise NotImplementedError

    def fold(self, field: Field | None, value: Value) -> str:
        """The system's own idea of equal keys (case, width, blanks, number forms). Pure. "" means empty.

        `field` is None where the system does not tell its fields. Default: the text itself.
        """
        return "" if value is None else str(value)

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """What reading back will show of these fields after writing them over `before` (None: a create). Pure.

        Equality is as_stored(wanted) == as_stored(found), a found record going through it over itself; no other
        rule exists. Fields whose raw values and types are equal need not pass it. `True == 1` is not equal.
        A Ref in `fields` comes back as it is.
        """
        return fields

    def companions(self, writing: Writing, changed: frozenset[str]) -> frozenset[str]:
        """Fields that must be sent along with these lest the system loses them. Pure."""
        return frozenset()

    def check_change(self, writing: Writing, change: Change) -> None:
        """What a field's description cannot tell and the server would refuse, found while planning. Pure.

        Called for every create and update without a Ref. Raises SystemFailed with a Problem that names the field.
        """
        return

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """The change's part of a request. Pure. MUST send change.version where the system checks it.

        Neither key nor fields of `change` hold a Ref any more: ids stand as text, and the connector brings them to
        the field's form. A File whose system is this one stands for its handle. Raises SystemFailed with a Problem
        for what can never be sent.
        """
        raise NotImplementedError

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """One request for 1..bundle batches out of their parts. Pure."""
        raise NotImplementedError

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """One result per change, in order. Pure.

        Matched by the id or key in the answer; by position only where the answer holds neither AND its length is
        the request's, else all such are Unknown. Missing in the answer = Unknown; never done by the status line.
        Raises Conflict, Denied, Throttled, Refused, LoginRefused: then nothing was written. An answer that does
        not tell (5xx, HTML) is Unknown for all.
        """
        raise NotImplementedError

    def complete(self, writings: tuple[Writing, ...], stamp: str | None) -> str | None:
        """All changes of the plan on one collection have outcomes: finish what is only staged.

        `writings` are the plan's steps on it, `stamp` the collection's while planning. Returns the new stamp where
        there is one. Raises Conflict where the collection moved under us: then nothing was done. MUST be safe to
        repeat, also after it was cut off anywhere.
        """
        return stamp
