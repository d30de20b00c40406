"""What the pipeline hands in: one step's target made ready, and what people allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from migrator.contract import Bounds, Budget, Capabilities, Pair, Query, Target, Wire, Writing
from migrator.model.lean import dataclass
from migrator.model.values import File, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way to one step's target."""

    step: str
    """Name of the step."""
    target: Target
    """The connector, open."""
    wire: Wire
    """What its writes are sent through."""
    budget: Budget
    """Pace and quota of its tenant."""
    writing: Writing
    """The target side of the step, described just now."""
    capabilities: Capabilities
    """Under the step's WriteOptions."""
    identity: str
    """Of the target system."""
    open_file: Callable[[File], Iterator[bytes]] | None = None
    """The bytes of a File, of whichever system of the plan it is; None: the step sends none."""
    skew: Callable[[], float | None] = lambda: None
    """Seconds that its clock is ahead of ours, as its answers tell; None: they do not."""

    @property
    def place(self) -> tuple[str, str]:
        """Identity and collection, as the state keys them."""
        return self.identity, self.writing.collection.id

    @property
    def target_identity(self) -> str:
        """Of the target system, under the name that a planned step has for it."""
        return self.identity

    def read_back(self, fields: tuple[str, ...] | None = None) -> Query:
        """The target collection as a whole."""
        writing = self.writing
        return Query(collection=writing.collection, write=writing.options, fields=fields, key=writing.write.key)

    def pair(self, origin: Origin) -> Pair:
        """The id map's view of a line with this origin."""
        return _pair(
            self.identity, self.writing.collection.id, origin.system, origin.collection, self.writing.write.part
        )


@lru_cache(maxsize=256)
def _pair(target: str, collection: str, source: str, source_collection: str, part: str) -> Pair:
    """One object a pair, since every record of a step asks for it."""
    return Pair(target=target, collection=collection, source=source, source_collection=source_collection, part=part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """What people allowed and asked for."""

    allow_updates: int | None = None
    """The exact count of updates in steps over the brake."""
    allow_deletes: int | None = None
    """The exact count of deletes in steps over the brake."""
    allow_problems: int | None = None
    """Records that could not be planned, at most."""
    first: int | None = None
    """Send so many changes, read them back, compare, pause."""
    max_errors: float | None = None
    """Percent of failures after 100 records of a step that stop the run; None: 5."""
    expect_hash: str | None = None
    """The plan hash that was approved."""
    max_wait: float | None = None
    """Seconds of waiting at a stretch after which the run pauses; None: 900."""
    lock_timeout: float = 0.0
    """Seconds to wait for another run on the same collections."""
    until: float | None = None
    """Epoch seconds at which the run pauses; None: when it is done."""
    overwrite: bool = False
    """Records that moved since planning are written over, their values kept in the journal."""

    @property
    def bounds(self) -> Bounds:
        """How long a call may wait."""
        plain = Bounds(until=self.until)
        return plain if self.max_wait is None else replace(plain, max_wait=self.max_wait)
