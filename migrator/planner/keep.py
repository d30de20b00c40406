"""What becomes of one source record: a line that is kept, a count, or a problem."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial

from migrator.contract import Pair
from migrator.errors import SystemFailed
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change
from migrator.model.playbook import Mode
from migrator.model.problem import Place, Problem
from migrator.model.references import waits
from migrator.model.values import Value
from migrator.planfile import change_line
from migrator.planner.batch import Batches
from migrator.planner.deferral import Deferral, Deferrals
from migrator.planner.diff import Fate, Judge
from migrator.planner.findings import Findings, of_record, tainted, tellable
from migrator.planner.gone import Gone, Reading
from migrator.planner.lane import Lane
from migrator.planner.lines import Claims, Lines, LinesOf, Numbers, Scratch
from migrator.planner.match import Pairing, name_of, unknown_key
from migrator.planner.refs import References
from migrator.planner.snapshot import joined
from migrator.planner.standing import Standing
from migrator.planner.unknown import Unknowns
from migrator.planner.uploads import Uploads, carried, file_fields, misplaced

_NAMED = 5
"""Records named in a note."""


@dataclass(slots=True, kw_only=True)
class Kept:
    """What is known of one step before its lines are copied."""

    lane: Lane
    """The step."""
    judge: Judge
    """Says what becomes of its records."""
    lines: Lines
    """Where its lines are."""
    tally: Counter[str]
    """Counts, by the names of StepSummary."""
    target_count: int | None
    """Records in the target before."""
    first: int
    """Sequence number before its first record."""
    keys: Claims
    """Which keys are wanted in the target collection, by all steps."""
    ids: Claims
    """Which records of it are wanted."""
    origins: Claims
    """Ids of the source records that are brought over, by all steps of the same pair."""
    passed: Claims
    """Ids of those that `where` left out."""
    quiet: Numbers
    """Records that stand as they should: they have no line."""
    refs: References | None = None
    """Fills what its records refer to; None: they refer to nothing."""
    deferrals: Deferrals | None = None
    """Its records that refer to others of the step; None: there can be none."""
    later: Lines | None = None
    """Where the lines are that come of them."""
    uploads: Uploads | None = None
    """Makes the lines of its files; None: no field of it can hold one."""
    removed: Lines | None = None
    """Where the lines are of what leaves the target; None: nothing does."""
    reading: Reading | None = None
    """What its source has, where somebody must know what it has not."""
    again: list[str] = field(default_factory=list)
    """Some records that earlier runs made and that are gone from the target."""
    last: int = 0
    """Sequence number of its last record."""


class Book:
    """What all steps of one plan share while it is made."""

    def __init__(self, scratch: Scratch, standing: Standing, lanes: Iterable[Lane], gone: Standing) -> None:
        claims = partial(Claims, scratch)
        self.scratch = scratch
        self.standing = standing
        self.findings = Findings()
        self.unknowns = Unknowns()
        self.batches = Batches()
        self.keys: defaultdict[tuple[str, str], Claims] = defaultdict(claims)
        self.ids: defaultdict[tuple[str, str], Claims] = defaultdict(claims)
        self.origins: defaultdict[Pair, Claims] = defaultdict(claims)
        self.passed: defaultdict[Pair, Claims] = defaultdict(claims)
        self.removed: defaultdict[tuple[str, str], Claims] = defaultdict(claims)
        self.gone = Gone(lanes, scratch, gone, self.held)
        self.takeovers: list[tuple[int, Pair, str]] = []
        """(number, pair, the source record that the id map gives the target record to)."""
        self.number = 0
        self.dropped: dict[int, Problem | None] = {}
        """Numbers of records whose lines are dropped for what was found after they were kept."""

    def held(self, lane: Lane, target_ids: Sequence[str]) -> set[str]:
        """Those of these records of the step's target that lines of this plan are about."""
        return self.ids[lane.target_identity, lane.writing.collection.id].present(target_ids)

    def open(self, lane: Lane, opener: LinesOf, standing: int | None) -> Kept:
        """A step begins."""
        place = (lane.target_identity, lane.writing.collection.id)
        ordered, itself = lane.source_capabilities.ordered, lane.pair in lane.refs
        batched, named = self.batches.place if ordered else _later, file_fields(lane)
        return Kept(
            lane=lane,
            judge=Judge(lane, batched),
            lines=opener.open(ordered=ordered),
            tally=Counter(),
            target_count=standing,
            first=self.number,
            keys=self.keys[place],
            ids=self.ids[place],
            origins=self.origins[lane.pair],
            passed=self.passed[lane.pair],
            quiet=Numbers(self.scratch),
            refs=References(lane, self.standing, self.gone.leaving) if lane.refs else None,
            deferrals=opener.keep(Deferrals()) if itself else None,
            later=opener.open(ordered=ordered) if itself else None,
            uploads=Uploads(lane, named, batched, opener.open(ordered=ordered)) if named else None,
        )


def refuse(book: Book, kept: Kept, problems: tuple[Problem, ...], fields: Mapping[str, Value], number: int) -> None:
    """One record that has no line; its problems are listed, the record is counted once."""
    kept.tally["problems"] += 1
    nth = number - kept.first
    told = tellable(problems, fields, nth, kept.lane.tainted)
    book.findings.add(kept.lane.step.name, told)
    book.unknowns.of_problems(kept.lane.step.name, told)


def settle(book: Book, kept: Kept, pairings: Iterable[Pairing]) -> None:
    """The verdicts on the pairings of a chunk become lines, counts and problems."""
    judge, tally = kept.judge, kept.tally
    named = "".join(f"{name}\x1f" for name in kept.lane.writing.write.key)
    planned: list[tuple[Pairing, Change]] = []
    standing: list[Pairing] = []
    quiet = kept.quiet.add
    watched = kept.lane.referred or kept.deferrals is not None
    for pairing in pairings:
        verdict, record, folded = judge.verdict(pairing), pairing.record, pairing.folded
        if record is not None:
            tally["matched"] += 1
            kept.ids.add(record.id, pairing.number)
        elif pairing.mapped is not None:
            _made_again(kept, pairing)
        if folded and "" not in folded:
            kept.keys.add(named + joined(folded), pairing.number)
        elif kept.refs is not None and not folded and named:
            kept.keys.add(named + unknown_key(kept.lane, pairing.desired.key), pairing.number)
        if pairing.owner is not None:
            book.takeovers.append((pairing.number, kept.lane.pair, pairing.owner))
        if isinstance(verdict, Change):
            planned.append((pairing, verdict))
        elif isinstance(verdict, Problem):
            refuse(book, kept, (verdict,), pairing.desired.fields, pairing.number)
        else:
            tally[verdict.value] += 1
            if verdict is Fate.UNCHANGED:
                quiet(pairing.number)
            if watched and record is not None:
                standing.append(pairing)
    if kept.uploads is None or not planned:
        good = keep(book, kept, planned, kept.lines) if planned else planned
    else:
        good = _with_uploads(book, kept, planned, kept.uploads)
    tally.update(change.action for _, change in good)
    if watched:
        _remember(book, kept, [*good, *((pairing, None) for pairing in standing)])


def _with_uploads(
    book: Book, kept: Kept, planned: list[tuple[Pairing, Change]], uploads: Uploads
) -> list[tuple[Pairing, Change]]:
    """The lines, and before them those of their files. A record one of whose files cannot be sent loses its line."""
    split = [(pairing, *uploads.split(pairing, change)) for pairing, change in planned]
    good = keep(book, kept, [(pairing, change) for pairing, change, _ in split], kept.lines)
    stay = {pairing.number for pairing, _ in good}
    first = [(pairing, upload) for pairing, _, some in split if pairing.number in stay for upload in some]
    sent = keep(book, kept, first, uploads.lines, partial(_lose, book)) if first else first
    kept.tally["upload"] += len(sent)
    for _, change in (*sent, *good):
        count_files(kept, change, 1)
    return good


def count_files(kept: Kept, change: Change, sign: int) -> None:
    """What the line sends of files, for the plan's counts."""
    if change.action is Action.UPLOAD or (change.action is Action.CREATE and kept.lane.capabilities.whole_files):
        for file in carried(change):
            kept.tally["files"] += sign
            kept.tally["file_bytes"] += sign * (file.size or 0)


def _lose(book: Book, pairing: Pairing, problem: Problem) -> None:
    """It is told when its lines are dropped."""
    book.dropped[pairing.number] = problem


def _remember(book: Book, kept: Kept, settled: Iterable[tuple[Pairing, Change | None]]) -> None:
    """What others refer to, and what refers to others of its own step and can be told only when all is read."""
    rows: list[tuple[str, str | None]] = []
    inserts = kept.lane.writing.write.mode is Mode.INSERT
    for pairing, change in settled:
        desired, record = pairing.desired, pairing.record
        rows.append((desired.origin.id, None if record is None else record.id))
        wanted = kept.refs.later.pop(pairing.number, None) if kept.refs is not None else None
        if wanted and kept.deferrals is not None and not (inserts and record is not None):
            kept.deferrals.add(_deferral(kept, pairing, change, wanted))
    if kept.lane.referred:
        book.standing.add(kept.lane.pair, rows)


def _deferral(kept: Kept, pairing: Pairing, change: Change | None, wanted: Mapping[str, Value]) -> Deferral:
    lane, record = kept.lane, pairing.record
    names = {*wanted, *lane.target.companions(lane.writing, frozenset(wanted))}
    stands = {**({} if record is None else record.fields), **((change.after or {}) if change is not None else {})}
    return Deferral(
        number=pairing.number,
        origin=pairing.desired.origin.id,
        key=pairing.desired.key,
        folded=pairing.folded,
        own="" if change is None else change.action.value,
        target_id=None if record is None else record.id,
        version=None if record is None else record.version,
        wanted=wanted,
        around={name: stands[name] for name in sorted(names) if name in stands},
    )


def _made_again(kept: Kept, pairing: Pairing) -> None:
    kept.tally["again"] += 1
    if len(kept.again) < _NAMED and pairing.mapped is not None:
        kept.again.append(f"{name_of(pairing.desired)} (run {pairing.mapped.run})")


def keep(
    book: Book,
    kept: Kept,
    planned: list[tuple[Pairing, Change]],
    lines: Lines,
    lose: Callable[[Pairing, Problem], None] | None = None,
) -> list[tuple[Pairing, Change]]:
    """Lines of a chunk, but of those that cannot be sent or written down: these are problems. Gives those kept.

    `lose` takes such a problem; without it the record is refused.
    """
    lane = kept.lane
    made = [_line(change) for _, change in planned]
    whole = b"".join(line for line in made if line is not None)
    dubious = lane.tainted(whole)
    marked = b"$" in whole or None in made
    filed = marked and b'"$file"' in whole
    numbers: list[int] = []
    orders: list[str] = []
    good: list[bytes] = []
    lost: set[int] = set()
    for place, ((pairing, change), line) in enumerate(zip(planned, made, strict=True)):
        problem = _unsendable(lane, pairing, change, marked) or (
            misplaced(lane, name_of(pairing.desired), change) if filed else None
        )
        if problem is None and dubious and line is not None and lane.tainted(line):
            problem = tainted(lane.step.name, name_of(pairing.desired))
        if line is None or problem is not None:
            problem = problem or _strange(lane, pairing, change)
            lost.add(place)
            if lose is None:
                refuse(book, kept, (problem,), pairing.desired.fields, pairing.number)
            else:
                lose(pairing, problem)
            continue
        numbers.append(pairing.number)
        orders.append(joined(pairing.folded) if pairing.folded else pairing.desired.origin.id)
        good.append(line)
    kept.tally["lines"] += len(good)
    lines.add(numbers, orders, good)
    return [one for place, one in enumerate(planned) if place not in lost] if lost else planned


def _line(change: Change) -> bytes | None:
    """None: it has a value that no plan can hold."""
    try:
        return change_line(change)
    except (TypeError, ValueError):
        return None


def _unsendable(lane: Lane, pairing: Pairing, change: Change, marked: bool) -> Problem | None:
    """What the connector says can never be sent is found now, not at two in the morning.

    `marked`: a Ref may be inside. What it stands for is known only after the apply: such a change is not looked at.
    """
    if change.action is Action.LINK:
        return None
    if change.action not in lane.capabilities.batch_max:
        why = lane.capabilities.cannot.get(change.action, f"the target cannot {change.action.value}")
        return of_record("PL008", why, step=lane.step.name, record=name_of(pairing.desired))
    if marked and any(map(waits, (change.after or {}).values())):
        return None
    try:
        lane.target.check_change(lane.writing, change)
    except SystemFailed as error:
        found = error.problems[0]
        place = Place(
            step=lane.step.name,
            record=name_of(pairing.desired),
            field=found.place.field if found.place is not None else None,
        )
        return replace(found, place=place)
    return None


def _strange(lane: Lane, pairing: Pairing, change: Change) -> Problem:
    """Why there is no line."""
    why = ""
    try:
        change_line(change)
    except (TypeError, ValueError) as error:
        why = str(error)
    return of_record(
        "PL009",
        "a value has no place in a plan",
        step=lane.step.name,
        record=name_of(pairing.desired),
        detail=why,
    )


def _later(lane: Lane, phase: int, action: Action) -> int | None:
    """Lines that are sorted first get their batch when they are copied."""
    return None
