"""The two protocols: a system to read from, a system to write to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Literal, Protocol, Self
from urllib.parse import urlsplit

from migrator.contract.capabilities import Capabilities
from migrator.contract.handed import Auth, Wire
from migrator.contract.messages import Answer, Batch, Call, Page, Query, Result, Writing
from migrator.model.people import Person
from migrator.model.plan import Change
from migrator.model.values import Collection, Field, File, Key, Value


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
    def tenant(cls, options: Any) -> str:
        """Whose limits calls count against, told without asking: one pace and quota for all that say the same.

        Pure. Default: host and path of the address; to be told where one address serves many tenants.
        """
        parts = urlsplit(cls.address(options))
        return f"{parts.netloc.rpartition('@')[2].lower()}{parts.path}"

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

    def people(self) -> Sequence[Person] | None:
        """Everybody whom its user fields can name; None where the system does not tell. Reads only.

        Asked once, and only where a mapping of the playbook names the system.
        """
        return None

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

    def whereabouts(self, query: Query, places: frozenset[int]) -> Mapping[int, str]:
        """Where the nth records of `read` (from 1) stand, such as "line 7", for people; none where nothing tells.

        Asked for the few records that are told of, after the reading.
        """
        return {}

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
        Of an upload, Done.target_id is the handle by which records name the file; UploadGone where a record names
        one that is not there any more. Raises Conflict, Denied, Throttled, Refused, LoginRefused: then nothing was
        written. An answer that does
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
