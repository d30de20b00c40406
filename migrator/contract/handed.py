"""What is handed in instead of imported: wire, login, clock, budget, id map."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

from migrator.contract.messages import Answer, Call
from migrator.model.described import about
from migrator.model.lean import dataclass
from migrator.model.values import File, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Keys that every system takes, whatever its connector."""

    pace: str | None = dataclasses.field(
        default=None, metadata=about("Calls per time instead of the documented limit.", examples=("5/min", "off"))
    )
    in_flight: int | None = dataclasses.field(default=None, metadata=about("Requests at a time.", examples=(4,)))
    quota: int | None = dataclasses.field(
        default=None, metadata=about("Calls a day instead of the documented limit.", examples=(8000, 100000))
    )
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
        """Epoch seconds; for records of what happened, and for what processes or people share: a day, an hour."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass; returns early when the run is asked to stop."""
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


def pair_of_ref(ref: Ref) -> Pair:
    """Where the id map has the record that a Ref points to."""
    return Pair(
        target=ref.target,
        collection=ref.collection,
        source=ref.source,
        source_collection=ref.source_collection,
        part=ref.part,
    )


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

    def claims(self, target: str, collection: str, target_ids: Sequence[str]) -> Iterator[tuple[Pair, str, Mapped]]:
        """Every row, of all pairs of this target collection, that claims one of these records; gone rows not."""
        ...

    def rows(self, pair: Pair) -> Iterator[tuple[str, Mapped]]:
        """All rows of a pair, by source id."""
        ...

    def size(self, pair: Pair) -> int:
        """How many rows a pair has, gone ones not."""
        ...
