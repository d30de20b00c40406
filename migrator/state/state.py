"""The state as the stages see it: id map, journal, lease, copies of plans."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.errors import LocalFault, PlanRefused, UsageWrong
from migrator.model.plan import Follows, PlanHeader, PlanTrailer
from migrator.planfile import PlanFile, PlanWriter, sync_folder
from migrator.state import folder as folders
from migrator.state.arrivals import Arrivals
from migrator.state.database import FILE, Database, empty, open_to_read, open_to_write
from migrator.state.idmap import IdRows
from migrator.state.journal import Journal
from migrator.state.lease import Holder, Lease, living
from migrator.state.process import awake as since_start
from migrator.state.runs import RunRow, Runs
from migrator.state.turns import Turns


class State:
    """One state folder. A context manager."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        wall: Callable[[], float] = time.time,
        awake: Callable[[], float] = since_start,
    ) -> None:
        def now() -> str:
            return datetime.fromtimestamp(wall(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

        self.folder = folder
        """Where it is."""
        self.ids = IdRows(database)
        database.on_rollback = self.ids.forget_new
        """Which target record was made from which source record."""
        self._lease = Lease(database, now, wall, awake)
        self.journal = Journal(database, self.ids, self._lease, now)
        """Intents and outcomes."""
        self.turns = Turns(database, self._lease)
        """Lines that became another change."""
        self.history = Runs(database, self.ids, self._lease, now)
        """Runs and their steps."""
        self.arrivals = Arrivals(database, self.ids, self._lease)
        """Rows of the id map that come from another state."""
        self._database = database
        self._wall = wall

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        write: bool,
        wall: Callable[[], float] = time.time,
        awake: Callable[[], float] = since_start,
    ) -> State:
        """The state of this folder. To read, nothing is made where nothing is; to write, what is missing is made.

        Raises LocalFault for a file that is damaged, newer, or on a disk that fails.
        """
        if write:
            folders.make(folder)
            return cls(folder, open_to_write(folder, wall), wall, awake)
        return cls(folder, open_to_read(folder), wall, awake)

    @classmethod
    def empty(cls) -> State:
        """A state without a folder, in which nothing ever happened; to read only."""
        return cls(Path(folders.NAME), empty(Path(folders.NAME) / FILE))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def keep(self, file: PlanFile, home: Path | None = None) -> PlanFile:
        """Our own copy of a plan, synced, every byte of it proved. Raises PlanRefused, LocalFault.

        `home` is the folder that its file systems start from: kept beside the copy, so that the run can be taken up
        from any other folder.
        """
        place = self.plan_path(file.hash)
        temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        try:
            if not (place.exists() and _whole(place)):
                _copy(file.path, temporary)
                _proved(temporary, file)
                if home is not None:
                    folders.keep_home(self.folder, file.hash, home)
                temporary.replace(place)
                sync_folder(place.parent)
        except OSError as error:
            raise LocalFault(
                f"cannot copy the plan to {place}: {error.strerror}", hint="free space, then apply again"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        return PlanFile(place)

    def hold(self, header: PlanHeader) -> str:
        """The hash of a plan without lines, kept under it: what a run carried out that sends nothing."""
        temporary = self.folder / folders.PLANS / f".held.{os.getpid()}.jsonl"
        with PlanWriter(temporary, header) as writer:
            made = writer.finish(PlanTrailer(counts={}))
        try:
            temporary.replace(self.plan_path(made))
        except OSError as error:
            raise LocalFault(
                f"cannot keep {temporary}: {error.strerror}", hint="mend the rights, then again"
            ) from error
        return made

    def plan_path(self, plan_hash: str) -> Path:
        """Where the copy of a plan is."""
        return self.folder / folders.PLANS / f"{plan_hash}.jsonl"

    def unfinished(self, number: int | None) -> Path:
        """The kept plan of this run, or of the last unfinished one, rather one that nobody carries out now.

        Raises UsageWrong: nothing to resume.
        """
        runs = [run for run in self.runs() if run.unfinished and number in (None, run.number)]
        held = {holder.run for holder in self.holders()}
        runs.sort(key=lambda run: run.number not in held)  # the last is taken
        if not runs:
            what = "no unfinished run" if number is None else f"run {number} is not unfinished"
            raise UsageWrong(f"nothing to resume: {what} (state {self.folder})", hint="`migrator runs` lists them")
        return self.plan_path(runs[-1].plan)

    def plan_of(self, run: RunRow) -> PlanFile:
        """The copy of the plan that a run carried out. Raises PlanRefused where it is gone."""
        return PlanFile(self.plan_path(run.plan))

    def log_path(self, run: RunRow) -> Path:
        """Where the log of a run is."""
        return self.folder / folders.RUNS / f"{run.id}.jsonl"

    def holders(self) -> tuple[Holder, ...]:
        """Whoever holds target collections now, as far as anybody can know; oldest first."""
        return living(self._database, self._wall())

    def lease(self, collections: Iterable[tuple[str, str]]) -> Lease:
        """The right to write, for these target identities and collections; enter it. Raises Locked when entered."""
        return self._lease.on(collections)

    def beat(self) -> None:
        """A sign of life in our lease, at most every ten seconds. Raises Locked where it was taken over."""
        self._lease.beat()

    def follows(self, targets: Iterable[tuple[str, str]]) -> tuple[Follows, ...]:
        """The last run on each of these target identities and collections, sorted, where there is one."""
        found = []
        for target, collection in sorted(set(targets)):
            rows = self._database.rows(
                "SELECT MAX(run) FROM run_steps WHERE target = ? AND collection = ?", (target, collection)
            )
            if rows[0][0] is None:
                continue
            run = self.history.run(rows[0][0])
            request = self.journal.last_answered(run.number)
            found.append(
                Follows(target=target, collection=collection, run=run.number, run_id=run.id, request=request)
            )
        return tuple(found)

    def unfinished_on(self, targets: Iterable[tuple[str, str]]) -> tuple[RunRow, ...]:
        """Unfinished runs that touch any of these target identities and collections."""
        numbers: set[int] = set()
        for place in set(targets):
            rows = self._database.rows("SELECT run FROM run_steps WHERE target = ? AND collection = ?", place)
            numbers.update(row[0] for row in rows)
        return tuple(run for run in self.history.runs() if run.unfinished and run.number in numbers)

    def runs(self) -> tuple[RunRow, ...]:
        """All runs, oldest first."""
        return self.history.runs()

    def prove(self) -> None:
        """Look at every page and every index. Raises LocalFault where one is damaged."""
        self._database.prove()

    def shrink(self) -> None:
        """Give room that no row needs back to the disk; under the lease, outside a transaction. Raises LocalFault."""
        self._database.run("VACUUM")
        self._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def run(self, number: int) -> RunRow:
        """The run of this number. Raises PlanRefused where there is none."""
        return self.history.run(number)


def _whole(place: Path) -> bool:
    try:
        PlanFile(place).check()
    except PlanRefused:
        return False
    return True


def _copy(source: Path, temporary: Path) -> None:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as copy, source.open("rb") as original:
        shutil.copyfileobj(original, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())


def _proved(temporary: Path, file: PlanFile) -> None:
    """The copy is whole and the plan that was meant; what is wrong is told of the file that people named."""
    try:
        copy = PlanFile(temporary)
        copy.check()
    except PlanRefused as error:
        first = error.problems[0]
        raise PlanRefused(first.summary.replace(str(temporary), str(file.path)), hint=first.hint) from error
    if copy.hash != file.hash:
        raise PlanRefused(f"the plan {file.path} changed while it was read", hint="apply it again")
