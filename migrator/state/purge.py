"""Removes finished runs: their rows, their copies of plans, their logs. The id map stays, and what others need.

Rows go first, a run a transaction; then the files that no run names any more. Killed in between, the next purge finds
those files. Kept are unfinished runs, runs that a plan may follow, and those that an unfinished plan is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from migrator.errors import LocalFault, PlanRefused
from migrator.failpoint import failpoint
from migrator.model.lean import dataclass
from migrator.state.folder import PLANS, QUARANTINE, RUNS
from migrator.state.runs import RunRow
from migrator.state.state import State

FRESH_SECONDS = 3600.0
"""A file that no run names is left alone for so long: its run may be about to begin."""
_TABLES = ("outcomes", "requests", "turns", "run_steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What a purge did."""

    removed: tuple[RunRow, ...]
    """Runs that are gone, oldest first."""
    kept: tuple[tuple[RunRow, str], ...]
    """(run that is old enough, why it was kept)."""
    freed: int
    """Bytes that the state folder is smaller by."""
    tight: str = ""
    """Why the database could not be made smaller: the room in it is used again. Empty: it was."""


def purge(state: State, seconds: float, wall: float) -> Purged:
    """Remove what ended more than so many seconds ago. Takes the lease on everything. Raises Locked, LocalFault."""
    before = datetime.fromtimestamp(wall - seconds, UTC).isoformat()
    with state.lease(()):
        size, needed, gone = _size(state.folder), dict(_needed(state)), []
        old = [run for run in state.runs() if not run.unfinished and (run.ended or run.started) < before]
        for run in old:
            if run.number not in needed:
                state.history.remove(run.number, _TABLES)
                failpoint("purge_rows")
                gone.append(run)
        _sweep(state, gone, wall - max(seconds, FRESH_SECONDS))
        tight = _shrunk(state) if gone else ""
        kept = tuple((run, needed[run.number]) for run in old if run.number in needed)
        return Purged(removed=tuple(gone), kept=kept, freed=max(0, size - _size(state.folder)), tight=tight)


def _needed(state: State) -> Iterator[tuple[int, str]]:
    """(run, why it must stay), the most telling reason last."""
    runs = state.runs()
    if runs:
        yield runs[-1].number, "it is the last of all: runs are numbered on from it"
    known = {run.id: run.number for run in runs}
    for run in runs:
        if run.unfinished:
            try:
                header = state.plan_of(run).header
            except PlanRefused:
                continue
            wanted = {last.run_id for last in header.follows} | {header.of_run[1] for _ in (1,) if header.of_run}
            for name in wanted & known.keys():
                yield known[name], f"the plan of run {run.number}, which is unfinished, follows it"
    for last, target, collection in state.history.last_runs():
        yield last, f"it is the last on {collection} ({target}): plans follow it"


def _sweep(state: State, gone: list[RunRow], before: float) -> None:
    """Files of the runs that are gone, and those that have belonged to no run for long. Raises LocalFault."""
    runs = state.runs()
    named = {run.plan for run in runs} | {run.id for run in runs}
    named |= {f"run-{run.number}" for run in runs}
    ours = {name for run in gone for name in (run.plan, run.id, f"run-{run.number}")}
    for folder in (state.folder / PLANS, state.folder / RUNS, state.folder / QUARANTINE):
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            try:
                if file.stem not in named and (file.stem in ours or file.stat().st_mtime < before):
                    file.unlink(missing_ok=True)
            except OSError as error:
                raise LocalFault(
                    f"cannot remove {file}: {error.strerror}",
                    detail="The rows of its run are gone; another purge removes what is left.",
                    hint="mend the rights, then purge again",
                ) from error


def _shrunk(state: State) -> str:
    try:
        state.shrink()
    except LocalFault as error:
        return error.problems[0].summary
    return ""


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
