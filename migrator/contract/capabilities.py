"""What a connector can do, as data: the planner decides by this and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from migrator.model.lean import dataclass
from migrator.model.plan import Action
from migrator.model.values import Kind


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


EVERY = "*"
"""The kind of a rate that holds for calls of all kinds together."""


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
    """When the day begins: HH:MM and Z, or a time zone by name ("09:00 Asia/Tokyo")."""
    renew_after: frozenset[str] = frozenset()
    """Collections whose new records need a fresh session before they can be used (GLPI's entities)."""
    marker_field: bool = True
    """A marker may live in a field of its own or as a last line (there are text fields)."""
    whole_files: bool = False
    """A create carries its file itself, in one request of its own: no upload comes before it, and nothing is left
    over where it fails."""
    without_key: bool = False
    """A step needs neither key nor marker: the system has an external id of its own."""
    notes: tuple[str, ...] = ()
    """Sentences that every plan under these options says."""
    cannot: Mapping[Action, str] = field(default_factory=dict)
    """Why an action is missing in batch_max, as a sentence."""
