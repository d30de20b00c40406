"""What this playbook once brought over and the source no longer has.

Gone is a record that the source does not return for `query`: `where` plays no part, and one with a Problem is there.
Whatever makes the reading doubtful makes that nothing is called gone. A record stays that another row of the id map
or another line of the plan claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from migrator.contract import Mapped, Pair
from migrator.errors import CountDrift
from migrator.model.lean import dataclass
from migrator.model.values import Record
from migrator.planner.lane import Lane
from migrator.planner.lines import Scratch
from migrator.planner.presence import Presence, Rendering
from migrator.planner.standing import Standing

AT_ONCE = 5_000
"""Rows of the id map, or records in scope, that are looked at together."""

Row = tuple[str, Mapped]
"""Source id and its row of the id map."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """How the reading of one step's source went."""

    lane: Lane
    """The step."""
    presence: Presence
    """What came."""
    expected: int | None = None
    """Announced before."""
    read: int | None = None
    """Records that came; None: it is not over."""
    drift: CountDrift | None = None
    """The source changed meanwhile, which --allow-count-drift lets pass."""


class Gone:
    """What the steps of one plan may remove, as far as their reading allows it."""

    def __init__(
        self,
        lanes: Iterable[Lane],
        scratch: Scratch,
        standing: Standing,
        kept: Callable[[Lane, Sequence[str]], set[str]],
    ) -> None:
        lanes = tuple(lanes)
        pairs = {lane.pair for lane in lanes if lane.removes}
        self._seen = standing
        self._readings: dict[Pair, list[Reading]] = {pair: [] for pair in pairs}
        self._wanted = {pair: sum(lane.pair == pair for lane in lanes) for pair in pairs}
        """Steps whose reading must be over before anything of the pair can be called gone."""
        self._blocked: dict[Pair, str] = {}
        self._scratch = scratch
        self.kept = kept
        """Those of these target ids that source records of this plan have met."""

    # ------------------------------------------------------------ the reading

    def watch(self, lane: Lane, expected: int | None) -> Reading | None:
        """A step begins to read; None: nothing of its pair is removed."""
        if lane.pair not in self._readings:
            return None
        reading = Reading(lane=lane, presence=Presence(lane, self._seen, self._scratch), expected=expected)
        self._readings[lane.pair].append(reading)
        return reading

    def why_not(self, pair: Pair) -> str:
        """Why nothing of this pair is removed; "": it may be. All its steps have been read."""
        if pair not in self._blocked:
            reasons = chain(chain.from_iterable(map(_doubts, self._readings[pair])), _fewer(self._readings[pair]))
            self._blocked[pair] = next(reasons, "")
        return self._blocked[pair]

    def _settled(self, pair: Pair) -> bool:
        """All that the source has of the pair is known, and it can be believed."""
        readings = self._readings.get(pair, ())
        over = sum(reading.read is not None for reading in readings)
        return bool(readings) and over == self._wanted[pair] and not self.why_not(pair)

    # ------------------------------------------------------------ what is gone

    def gone(self, lane: Lane) -> Iterator[list[Row]]:
        """Rows of the step's pair whose source record is gone and whose target record nobody else claims."""
        rows = lane.ids.rows(lane.pair)
        while some := dict(islice(rows, AT_ONCE)):
            yield [(source, some[source]) for source in self.leaving(lane.pair, some)]

    def others(self, lane: Lane) -> Counted:
        """How many rows of a gone record another playbook brought over, and which playbooks."""
        return Counted.of(self._others(lane))

    def _others(self, lane: Lane) -> Iterator[str]:
        rows = ((source, row) for source, row in lane.ids.rows(lane.pair) if row.run in lane.past.others)
        while some := dict(islice(rows, AT_ONCE)):
            yield from (lane.past.others[some[source].run] for source in self._absent(lane.pair, some))

    def leaving(self, pair: Pair, rows: Mapping[str, Mapped]) -> list[str]:
        """Source ids of these rows of a pair whose records this plan removes."""
        gone = self._gone_of(pair, rows)
        if not gone:
            return []
        lane, targets = self._remover(pair), [rows[one].target_id for one in gone]
        held = self.kept(lane, targets) | self._claimed(lane, targets)
        return [one for one in gone if rows[one].target_id not in held]

    def _remover(self, pair: Pair) -> Lane:
        return next(reading.lane for reading in self._readings[pair] if reading.lane.removes)

    def _absent(self, pair: Pair, rows: Mapping[str, Mapped]) -> list[str]:
        """Those that no step of the pair has read."""
        for reading in self._readings[pair]:
            reading.presence.flush()
        standing = [source for source, row in rows.items() if row.gone_at is None]
        there = self._seen.find(pair, standing)
        return [source for source in standing if source not in there]

    def _claimed(self, lane: Lane, targets: Sequence[str]) -> set[str]:
        """Target ids that the id map gives to a source record which is there, or about which nothing is known."""
        rows: dict[Pair, dict[str, Mapped]] = {}
        for pair, source, row in lane.ids.claims(lane.target_identity, lane.writing.collection.id, targets):
            rows.setdefault(pair, {})[source] = row
        return {
            row.target_id
            for pair, some in rows.items()
            for row in (some[source] for source in some.keys() - set(self._gone_of(pair, some)))
        }

    def _gone_of(self, pair: Pair, rows: Mapping[str, Mapped]) -> list[str]:
        """Those that no step of the pair has read, and that this playbook brought over."""
        if pair not in self._readings or not self._settled(pair):
            return []
        others = self._remover(pair).past.others
        return [source for source in self._absent(pair, rows) if rows[source].run not in others]

    # ------------------------------------------------------------ what is in scope

    def strays(self, lane: Lane) -> Iterator[tuple[int, list[Record]]]:
        """Records in scope that nobody migrated: how many there are, and those that no source record is about."""
        if lane.scope is None:
            return
        records = chain.from_iterable(page.records for page in lane.target.read(lane.scope))
        presences = [reading.presence for reading in self._readings[lane.pair] if reading.lane.scope is not None]
        while some := list(islice(records, AT_ONCE)):
            names = [record.id for record in some]
            mapped = {
                row.target_id
                for _, _, row in lane.ids.claims(lane.target_identity, lane.writing.collection.id, names)
            }
            own = [record for record in some if record.id not in mapped]
            held = self.kept(lane, [record.id for record in own]).union(*(one.known(own) for one in presences))
            yield len(own), [record for record in own if record.id not in held]

    def unclear(self, lane: Lane, own: int, others: int) -> str:
        """Why nothing is removed by scope; "": it may be.

        `own` and `others` are records with Problems, of steps whose keys are known here, and of other steps that
        write to the collection.
        """
        presences = [reading.presence for reading in self._readings[lane.pair]]
        lost = sum(presence.keyless for presence in presences) + others
        lost += own if any(presence.waiting for presence in presences) else 0
        return f"the keys of {_records(lost)} are not known, and any record in scope may be theirs" if lost else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many, and of whom."""

    count: int
    """Rows."""
    names: tuple[str, ...]
    """Playbooks, each once."""

    @classmethod
    def of(cls, names: Iterable[str]) -> Counted:
        """Count these."""
        count, met = 0, dict[str, None]()
        for name in names:
            count, met[name] = count + 1, None
        return cls(count=count, names=tuple(met))


def watched(reading: Reading | None, desired_of: Rendering) -> Rendering:
    """The rendering of a step, with its records noted where that is needed."""
    return desired_of if reading is None else reading.presence.watching(desired_of)


def _doubts(reading: Reading) -> Iterator[str]:
    """Why what came of one source cannot be believed to be all."""
    lane, read, expected = reading.lane, reading.read or 0, reading.expected
    if lane.partial or lane.limit is not None:
        yield "the plan is a part only (--only, --exclude, --limit or --where)"
    if reading.drift is not None:
        yield "the source changed while it was read (--allow-count-drift)"
    if not read:
        yield "the source came back empty"
    if expected is not None and read < expected:
        yield f"{_records(read)} came, and the source had announced {expected:,}"
    if reading.presence.nameless:
        count = reading.presence.nameless
        yield f"the keys of {_records(count)} could not be made, and these are their ids"


def _fewer(readings: Sequence[Reading]) -> Iterator[str]:
    """Fewer than half of what came the last time is more likely a fault of rights or of the query."""
    last = max((one.lane.past.read or 0 for one in readings), default=0)
    read = sum(one.read or 0 for one in readings)
    if 2 * read < last:
        yield f"{_records(read)} came, fewer than half of the {last:,} of the last run"


def _records(count: int) -> str:
    return f"{count:,} record{'s' * (count != 1)}"
