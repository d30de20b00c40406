"""The id map as people look at it and carry it: pairs, rows, export, import, and the links of a plan."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec
import orjson

from migrator import __version__
from migrator.contract import Mapped, Pair
from migrator.errors import IdsRefused, LocalFault, UsageWrong
from migrator.ledger import state_folder
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change, Forecast, Phase, PlanHeader, StepSummary
from migrator.model.values import Origin
from migrator.planfile import PlanFile, PlanWriter, change_line, sync_folder
from migrator.planner.diff import change_ids
from migrator.state.arrivals import IMPORT, Arrived, Row
from migrator.state.runs import RunStep
from migrator.state.state import State

# ---------------------------------------------------------------- looking


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the id map holds of one pair."""

    pair: Pair
    """Which."""
    rows: int
    """Source records with a target record that stands."""
    gone: int
    """Those whose target record we deleted."""


def held(state: Path | None) -> tuple[Path, tuple[Held, ...]]:
    """The state folder and the pairs of its id map, in the order of their first rows. Takes no lock."""
    folder = state_folder(state)
    with State.open(folder, write=False) as known, known.ids.at_once():
        ids = known.ids
        rows = tuple(Held(pair=pair, rows=ids.size(pair), gone=ids.gone(pair)) for pair in ids.pairs())
        return folder, tuple(one for one in rows if one.rows or one.gone)


def rows_of(source_id: str, state: Path | None) -> tuple[Row, ...]:
    """The rows of all source records that have this id, one a pair. Takes no lock."""
    with State.open(state_folder(state), write=False) as known, known.ids.at_once():
        found = ((pair, known.ids.lookup(pair, (source_id,)).get(source_id)) for pair in known.ids.pairs())
        return tuple(Row(pair=pair, source_id=source_id, mapped=mapped) for pair, mapped in found if mapped)


def paper_of(one: Held | Row) -> dict[str, Any]:
    """It as JSON-like maps, with a `line` that says what it is."""
    if isinstance(one, Row):
        return {"line": "id", **_paper_of(one)}
    return {"line": "pair", **asdict(one)}


def cells_of(found: Sequence[Held | Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head and the rows of a table: the two sides, then what is known of them."""
    cells: list[tuple[str, ...]] = []
    head: tuple[str, ...] = ()
    for one in found:
        pair = one.pair
        sides = (f"{pair.source} {pair.source_collection}", f"{pair.target} {pair.collection}", pair.part or "-")
        if isinstance(one, Row):
            head = ("from", "to", "part", "target id", "run", "deleted by us")
            cells.append((*sides, one.mapped.target_id, str(one.mapped.run), one.mapped.gone_at or "-"))
        else:
            head = ("from", "to", "part", "records", "gone")
            cells.append((*sides, f"{one.rows:,}", f"{one.gone:,}"))
    return head, cells


# ---------------------------------------------------------------- carrying


class _Paper(msgspec.Struct, forbid_unknown_fields=True):
    """A row as a line of a file."""

    pair: dict[str, str]
    source_id: str
    target_id: str
    run: int = 0
    gone_at: str | None = None


_PAPER = msgspec.json.Decoder(_Paper)


def _paper_of(row: Row) -> dict[str, Any]:
    return {"pair": asdict(row.pair), "source_id": row.source_id, **asdict(row.mapped)}


def export(file: Path, state: Path | None) -> int:
    """Write all rows as JSON Lines, whole or not at all, mode 0600; how many. Raises UsageWrong, LocalFault."""
    _may_become_export(file)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with State.open(state_folder(state), write=False) as known, known.ids.at_once():
            count = _written(temporary, known)
        temporary.replace(file)
        sync_folder(file.absolute().parent)
    except OSError as error:
        raise LocalFault(f"cannot write {file}: {error.strerror}", hint="free space or name another place") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return count


def _written(temporary: Path, known: State) -> int:
    count = 0
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        for pair in known.ids.pairs():
            for source_id, mapped in known.ids.rows(pair):
                row = _paper_of(Row(pair=pair, source_id=source_id, mapped=mapped))
                out.write(orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
                count += 1
        out.flush()
        os.fsync(out.fileno())
    return count


def _may_become_export(file: Path) -> None:
    """An export may be written over an export, never over anything else."""
    if file.is_dir():
        raise UsageWrong(f"{file} is a folder; an export takes the name of a file")
    if file.exists():
        try:
            next(read(file), None)
        except IdsRefused as error:
            raise UsageWrong(f"{file} is there and is no id map; it is not written over") from error


def read(file: Path) -> Iterator[Row]:
    """The rows of an export, in order. Raises IdsRefused at the first line that is none, UsageWrong, unreadable."""
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield _row(file, number, line)
    except OSError as error:
        raise UsageWrong(f"cannot read {file}: {error.strerror}") from error


def _row(file: Path, number: int, line: bytes) -> Row:
    try:
        paper = _PAPER.decode(line)
        pair = Pair(**paper.pair)
        if not (line.endswith(b"\n") and paper.target_id and pair.target and pair.source):
            raise ValueError("it is cut, or lacks an id")
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise IdsRefused(
            f"line {number} of {file} is no row of an id map: {error}",
            hint="nothing was imported; make the file with `migrator ids export`",
        ) from error
    mapped = Mapped(target_id=paper.target_id, run=paper.run, gone_at=paper.gone_at)
    return Row(pair=pair, source_id=paper.source_id, mapped=mapped)


def bring(file: Path, state: Path | None, *, replace: bool) -> tuple[Path, Arrived]:
    """Read an export into the state, in one transaction, as a run of its own; the state folder and what became of it.

    A plan that was made before is stale afterwards. Raises IdsRefused, UsageWrong, Locked, LocalFault.
    """
    places = {(row.pair.target, row.pair.collection) for row in read(file)}  # damage is told before a state is made
    folder = state_folder(state)
    if not places:
        return folder, Arrived(new=0, same=0, replaced=0, kept=0, run=None)
    with State.open(folder, write=True) as known, known.lease(places):
        return folder, known.arrivals.enter(read(file), replace=replace, begin=_beginning(known, file))


def _beginning(known: State, file: Path) -> Callable[[Mapping[Pair, int]], int]:
    """What enters an import among the runs, under a plan without lines: so all that reads runs can read it."""

    def begin(sizes: Mapping[Pair, int]) -> int:
        places = {(pair.target, pair.collection) for pair in sizes}
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        header = PlanHeader(
            playbook=IMPORT,
            path=file.name,
            resolved=digest,
            systems={},
            steps=(),
            tool=__version__,
            follows=known.follows(places),
            partial=True,
        )
        plan = known.hold(header)
        steps = (_step(number, pair, size) for number, (pair, size) in enumerate(sizes.items(), 1))
        return known.history.done_at_once(plan, header.kind.value, header.playbook, steps)

    return begin


def _step(number: int, pair: Pair, size: int) -> RunStep:
    return RunStep(
        step=f"pair {number}",
        target=pair.target,
        collection=pair.collection,
        pair=pair,
        read=size,
        partial=True,
        target_count=None,
    )


# ---------------------------------------------------------------- rebuilding


def links_of(plan: Path, out: Path, state: Path) -> int:
    """Write a plan of the same records to `out` that only enters its matches into the id map; how many there are.

    A matched record that differs is linked too, and left as it is. `state`: its folder.
    """
    made = PlanFile(plan)
    offsets: list[tuple[str, int, int, int]] = []
    counts = {name: _only_read(summary) for name, summary in made.trailer.counts.items()}
    with State.open(state, write=False) as known, PlanWriter(out, replace(made.header, partial=True)) as writer:
        wanted = _Unlinked(made.header, known)
        for section in made.sections():
            if section.phase is not Phase.WRITE:
                continue
            start, links = writer.offset, 0
            for _, change in made.changes(section.start, section.stop):
                if wanted(change):
                    writer.changes([change_line(_link(change))])
                    links += 1
            if links:
                offsets.append((section.step, int(section.phase), start, links))
            counts[section.step] = _linking(counts[section.step], section.count, links)
        writer.finish(replace(made.trailer, counts=counts, brakes=(), forecast=Forecast(), offsets=tuple(offsets)))
    return sum(links for *_, links in offsets)


class _Unlinked:
    """Tells which changes are of a match that the id map does not hold."""

    def __init__(self, header: PlanHeader, known: State) -> None:
        self._ids = known.ids
        self._steps = {step.step: (header.systems[step.target[0]].identity, step.write.part) for step in header.steps}
        self._names = [
            (pair, change_ids(pair.target, pair.collection, pair.part, sides, Phase.WRITE))
            for pair in known.ids.pairs()
            if (sides := (pair.source, pair.source_collection))
        ]

    def __call__(self, change: Change) -> bool:
        if change.target_id is None or change.origin is None:
            return False
        return change.action is Action.LINK or (
            change.action is Action.UPDATE and not self._held(change.origin, change)
        )

    def _held(self, origin: Origin, change: Change) -> bool:
        """The name of a change is made of its pair and source record, so it proves which pair it is of."""
        for pair, name in self._names:
            sides = (pair.target, pair.part, pair.source, pair.source_collection)
            if (
                sides == (*self._steps[change.step], origin.system, origin.collection)
                and name(origin.id) == change.id
            ):
                row = self._ids.lookup(pair, (origin.id,)).get(origin.id)
                return row is not None and row.gone_at is None and row.target_id == change.target_id
        return False


def _link(change: Change) -> Change:
    return Change(
        id=change.id,
        step=change.step,
        phase=Phase.WRITE,
        action=Action.LINK,
        key=change.key,
        origin=change.origin,
        target_id=change.target_id,
    )


def _only_read(summary: StepSummary) -> StepSummary:
    """The counts of a step without what it would send."""
    return replace(summary, create=0, update=0, delete=0, link=0, unlink=0, upload=0, act=0, self_reference=0)


def _linking(summary: StepSummary, lines: int, links: int) -> StepSummary:
    """Lines that are no links are left out, and counted as that."""
    return replace(summary, link=links, skipped=summary.skipped + lines - links)
