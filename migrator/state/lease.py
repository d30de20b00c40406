"""Who may write to which target collections: a row for each, with a heartbeat and a number that only grows.

Runs on different collections go on side by side. A holder that is gone is taken over with a higher number (the
fence); whoever was taken over is refused by its own number at its next write, and stops. What two machines' clocks
say is never enough: a silent holder elsewhere is watched on our own clock before it is taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, fields
from types import TracebackType
from typing import Self

from migrator.contract import Clock
from migrator.errors import Interrupted, Locked, MigratorError
from migrator.model.lean import dataclass
from migrator.model.run import Waiting
from migrator.state.database import Database
from migrator.state.process import Life, Process, life, myself

BEAT_SECONDS = 10.0
"""Time between two signs of life in the rows."""
WATCH_SECONDS = 2.5 * BEAT_SECONDS
"""A holder elsewhere that seems silent is taken over when its row stood still for so long before our own eyes."""
NAP_SECONDS = 30.0
"""After so long between a look at the lease and the bytes that it allows, somebody else may hold it."""
LOOK_SECONDS = 1.0
"""Time between two looks of one who waits."""
ALL = ("", "")
"""In the place of a collection: all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A holder, as its first row tells."""

    fence: int
    """Its number."""
    process: Process
    """Who."""
    run: int | None
    """Number of its run, once it has one."""
    since: str
    """ISO 8601, UTC."""
    beat: str
    """Its last sign of life; ISO 8601, UTC."""
    places: tuple[tuple[str, str], ...]
    """Target identities and collections; ALL among them: everything."""

    @property
    def told(self) -> str:
        """For people: owner, host, process, run, since when, last sign of life."""
        run = "" if self.run is None else f", run {self.run}"
        who = f"{self.process.user} on {self.process.host}, process {self.process.pid}{run}"
        return f"{who}, since {self.since}, last sign of life {self.beat}"


class Lease:
    """The right to write. A context manager; entering it again in the same State is nothing new."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], str],
        wall: Callable[[], float],
        awake: Callable[[], float],
    ) -> None:
        self._database, self._now, self._wall, self._awake = database, now, wall, awake
        self._wanted: list[tuple[str, str]] = [ALL]
        self._depth = 0
        self._beaten = self._checked = 0.0
        self._watched: dict[int, _Watched] = {}
        self.fence = 0
        """Our number while we hold it, else 0."""
        self.over: tuple[Holder, ...] = ()
        """Silent holders elsewhere that were taken over when it was taken."""

    def on(self, collections: Iterable[tuple[str, str]]) -> Self:
        """The same lease, for these target identities and collections; for none of them: for all there are."""
        if not self._depth:
            self._wanted = sorted(set(collections)) or [ALL]
        return self

    def __enter__(self) -> Self:
        if not self.fence:
            self._take()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if not self._depth:
            with suppress(MigratorError):  # a row that stays names a process that is gone soon: it is taken over
                with self._database.transaction():
                    self._database.run("DELETE FROM leases WHERE fence = ?", (self.fence,))
            self.fence = 0

    def awaited(self, seconds: float, clock: Clock, stop: Callable[[], int | None]) -> Iterator[Waiting]:
        """Take it, waiting so long for others to end; enter it then. Raises Locked, LocalFault, Interrupted.

        A holder that seems to be gone without leaving word is watched for as long as that takes.
        """
        if not self.fence:
            yield from self._waited(self._take, seconds, clock, stop)

    def cleared(self, seconds: float, clock: Clock, stop: Callable[[], int | None]) -> Iterator[Waiting]:
        """The same as `awaited`, but only look: nothing is taken, and nobody is judged but who lives on this machine.

        For before the first request: who holds the place may have the system's only calls under way.
        """
        yield from self._waited(self._look, seconds, clock, stop)

    def _waited(
        self, act: Callable[[], None], seconds: float, clock: Clock, stop: Callable[[], int | None]
    ) -> Iterator[Waiting]:
        until, told = clock.monotonic() + seconds, ""
        while True:
            try:
                act()
                return
            except _Held as held:
                now = clock.monotonic()
                until = max(until, now + held.watch)
                if until <= now:
                    raise
                why = held.problems[0].summary
                if why != told:
                    yield Waiting(seconds=until - now, why=why)
                told = why
                clock.wait(min(LOOK_SECONDS, until - now))
                number = stop()
                if number is not None:
                    raise Interrupted(f"stopped by signal {number}, waiting", signal_number=number) from held

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, and only while we hold the lease. Raises Locked, LocalFault."""
        with self._database.transaction():
            self.check()
            yield

    def check(self) -> None:
        """We hold it still. Inside the transaction that writes. Raises Locked where somebody took it over."""
        rows = self._database.rows("SELECT COUNT(*) FROM leases WHERE fence = ?", (self.fence,))
        if not self.fence or rows[0][0] != len(self._wanted):
            raise Locked(
                "another process took over this run; what we would write now is refused",
                hint="look at `migrator runs`; nothing more was sent",
            )
        self._checked = self._awake()

    def still(self) -> None:
        """Where the machine slept since the last check, check again. Raises Locked."""
        if self._awake() - self._checked >= NAP_SECONDS:
            self.check()

    def beat(self) -> None:
        """A sign of life, at most every ten seconds. Raises Locked where somebody took it over."""
        if self.fence and self._awake() - self._beaten >= BEAT_SECONDS:
            with self.transaction():
                self._database.run("UPDATE leases SET beat = ? WHERE fence = ?", (self._now(), self.fence))
            self._beaten = self._awake()

    def carries(self, run: int) -> None:
        """Our rows tell this run. Inside a transaction."""
        self._database.run("UPDATE leases SET run = ? WHERE fence = ?", (run, self.fence))

    def _look(self) -> None:
        for holder in holders(self._database):
            if self._meets(holder) and life(holder.process, holder.beat, self._wall()) is Life.HERE:
                raise _Held(self._database, holder, self._wanted)

    def _take(self) -> None:
        over = []
        with self._database.transaction():
            for holder in holders(self._database):
                if self._meets(holder):
                    if self._judged(holder) is not Life.GONE:
                        over.append(holder)
                    self._database.run("DELETE FROM leases WHERE fence = ?", (holder.fence,))
            fence = int(self._database.rows("SELECT value FROM meta WHERE name = 'fence'")[0][0]) + 1
            self._database.run("UPDATE meta SET value = ? WHERE name = 'fence'", (str(fence),))
            now = self._now()
            rows = [(*place, fence, *astuple(myself()), None, now, now) for place in self._wanted]
            self._database.run_many("INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self.fence, self.over = fence, tuple(over)
        self._beaten = self._checked = self._awake()

    def _meets(self, holder: Holder) -> bool:
        return ALL in (*self._wanted, *holder.places) or not set(self._wanted).isdisjoint(holder.places)

    def _judged(self, holder: Holder) -> Life:
        """How a holder in our way may be taken over. Raises Locked where it may not, or not yet."""
        judged = life(holder.process, holder.beat, self._wall())
        if judged is Life.GONE:
            return judged
        if judged is not Life.SILENT:
            raise _Held(self._database, holder, self._wanted)
        now = self._awake()
        first = _Watched(beat=holder.beat, since=now, moved=False)
        watched = self._watched.setdefault(holder.fence, first)
        if watched.beat != holder.beat:
            watched = self._watched[holder.fence] = _Watched(beat=holder.beat, since=now, moved=True)
        left = watched.since + WATCH_SECONDS - now
        if left > 0:
            raise _Held(self._database, holder, self._wanted, watch=0.0 if watched.moved else left)
        return judged


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """What we saw of a holder that seemed silent."""

    beat: str
    """Its sign of life."""
    since: float
    """When we saw that for the first time, on our own clock."""
    moved: bool
    """It gave a new one while we looked: it lives, and is waited for no longer than anybody."""


class _Held(Locked):
    """Somebody holds what we want; `watch`: seconds after which it can be known that nobody does."""

    def __init__(
        self, database: Database, holder: Holder, wanted: Iterable[tuple[str, str]], watch: float = 0.0
    ) -> None:
        self.watch = watch
        both = [place for place in holder.places if place in set(wanted) and place != ALL]
        what = ", ".join(f"{collection} ({target})" for target, collection in both) or "the state"
        super().__init__(
            f"another run holds {what}: {holder.told}",
            detail=f"State: {database.path}",
            hint="--lock-timeout SECONDS waits for it; one whose process is gone is taken over by itself: on this"
            " machine at once, elsewhere after ten minutes of silence",
        )


def holders(database: Database) -> tuple[Holder, ...]:
    """All that have rows, dead ones too, oldest first."""
    of = ", ".join(field.name for field in fields(Process))
    found: dict[int, Holder] = {}
    for target, collection, fence, run, since, beat, *process in database.rows(
        f"SELECT target, collection, fence, run, since, beat, {of} FROM leases ORDER BY fence, target, collection"  # noqa: S608  names of our own fields
    ):
        places = (*found[fence].places, (target, collection)) if fence in found else ((target, collection),)
        who = Process(**dict(zip((field.name for field in fields(Process)), process, strict=True)))
        found[fence] = Holder(fence=fence, process=who, run=run, since=since, beat=beat, places=places)
    return tuple(found.values())


def living(database: Database, wall: float) -> tuple[Holder, ...]:
    """Those of whom nobody can say that they are gone."""
    return tuple(
        holder
        for holder in holders(database)
        if life(holder.process, holder.beat, wall) not in (Life.GONE, Life.SILENT)
    )
