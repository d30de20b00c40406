"""A plan of the records that a run failed on: what it wanted, with people's corrections, against what stands now.

The target is read again, so a record that meanwhile landed has no line, and one that moved is shown as it stands. A
line has the id that it had in the run.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from migrator.amends.deeds import Past
from migrator.amends.draft import Draft, Made
from migrator.amends.finding import LOST, UNKNOWN, WAITS, cannot, stands_already
from migrator.amends.standing import ASKED, SCANNED
from migrator.amends.wish import Wish, settled
from migrator.contract import Mapped
from migrator.executor.load import unsent
from migrator.executor.look import look, shows
from migrator.executor.way import Way
from migrator.model.files import files_in
from migrator.model.plan import Action, Change, Phase, PlanKind
from migrator.model.playbook import Mode, OnGone
from migrator.model.run import Outcome, Planning, Status
from migrator.model.values import Record, Value, WritableOn

FAILED = frozenset({Status.FAILED, Status.CONFLICT, Status.SKIPPED, Status.UNKNOWN})
"""What a retry is about."""
Failure = tuple[Change, Outcome]
_FILES = "files go up anew with a new plan of the playbook"


def retry(
    past: Past,
    ways: Mapping[str, Way],
    out: Path,
    stains: Callable[[bytes], bool],
    *,
    fixes: Mapping[str, Mapping[str, Value]],
    only: frozenset[Status] = FAILED,
) -> Generator[Planning, None, Made]:
    """Look at what stands for each record that did not come about, and write the plan of them to `out`. Reads only.

    `fixes`: change id -> field -> corrected value. Raises what reading raises, and LocalFault for the disk.
    """
    steps = [step.step for step in past.kept.header.steps]
    planned: set[str] = set()
    with Draft(PlanKind.RETRY, past, ways, stains) as draft:
        parts = [_Step(past, ways[name], draft, fixes, only, planned) for name in steps]
        for phase in (Phase.UPLOAD, Phase.WRITE, Phase.SELF_REFERENCE, Phase.DELETE):
            for part in parts:
                yield from part.walked(phase)
        order = [(name, phase) for phase in (Phase.WRITE, Phase.SELF_REFERENCE) for name in steps]
        return draft.write(out, [*order, *((name, Phase.DELETE) for name in reversed(steps))], steps)


class _Step:
    """The failures of one step."""

    def __init__(
        self,
        past: Past,
        way: Way,
        draft: Draft,
        fixes: Mapping[str, Mapping[str, Value]],
        only: frozenset[Status],
        planned: set[str],
    ) -> None:
        self._past, self._way, self._draft = past, way, draft
        self._fixes, self._only, self._planned = fixes, only, planned
        self._sections = past.sections(way.step)
        self._chunk = ASKED if way.capabilities.fetch_max and way.capabilities.find else SCANNED
        draft.looked(way.step, way.target.count(way.read_back()))

    def walked(self, phase: Phase) -> Iterator[Planning]:
        """Its failures in this phase."""
        take = {Phase.WRITE: self._write, Phase.SELF_REFERENCE: self._second, Phase.DELETE: self._delete}
        found = self._past.outcomes(self._sections.get(phase), but_done=True)
        wanted = (one for one in found if one[1].status in self._only)
        while some := list(islice(wanted, self._chunk)):
            self._draft.read(self._way.step, len(some))
            take.get(phase, self._upload)([one for one in some if self._can_be_told(*one)])
            yield self._draft.told(self._way.step, None)

    def _can_be_told(self, change: Change, outcome: Outcome) -> bool:
        if outcome.status is Status.UNKNOWN:
            self._draft.leave(change, UNKNOWN)
        return outcome.status is not Status.UNKNOWN

    def _upload(self, failures: Sequence[Failure]) -> None:
        for change, _ in failures:
            self._draft.leave(change, cannot(_FILES))

    # ------------------------------------------------------------ creates and updates

    def _write(self, failures: Sequence[Failure]) -> None:
        wishes = settled(self._past, self._way, [change for change, _ in failures], self._fixes)
        rows = self._rows(wishes)
        seen = self._look(wishes, rows)
        owners = self._owners(seen)
        for number, wish in enumerate(wishes):
            records, row = seen[number], rows.get(wish.change.id)
            if any(next(files_in(value), None) for value in (wish.change.after or {}).values()):
                self._draft.leave(wish.change, cannot(_FILES))
            elif wish.change.action not in (Action.CREATE, Action.UPDATE):
                self._draft.leave(wish.change, cannot(f"a failed {wish.change.action.value} is left to a new plan"))
            elif len(records) > 1:
                self._draft.leave(wish.change, cannot(f"{len(records)} records have its key: which one is meant?"))
            elif not records:
                self._missing(wish)
            else:
                self._met(wish, records[0], row, owners.get(records[0].id))

    def _rows(self, wishes: Sequence[Wish]) -> dict[str, Mapped]:
        """Change id -> the row of the id map of its source record, where its target record was not deleted by us."""
        found: dict[str, Mapped] = {}
        for pair in {self._way.pair(wish.change.origin) for wish in wishes if wish.change.origin is not None}:
            names = {
                wish.change.id: wish.change.origin.id
                for wish in wishes
                if wish.change.origin is not None and self._way.pair(wish.change.origin) == pair
            }
            rows = self._past.state.ids.lookup(pair, list(names.values()))
            found |= {
                name: rows[origin]
                for name, origin in names.items()
                if origin in rows and rows[origin].gone_at is None
            }
        return found

    def _look(self, wishes: Sequence[Wish], rows: Mapping[str, Mapped]) -> dict[int, list[Record]]:
        """Number of a wish -> what stands for it: by the id map or its own id first, then by key or marker."""
        known = {number: _known_id(wish, rows) for number, wish in enumerate(wishes)}
        loads = [
            unsent(number, replace(wish.change, target_id=known[number], key=wish.key, after=wish.plain))
            for number, wish in enumerate(wishes)
            if known[number] is not None or wish.findable
        ]
        seen: dict[int, list[Record]] = {number: [] for number in known}
        seen |= look(self._way, loads) if loads else {}
        again = [
            unsent(number, replace(wish.change, target_id=None, key=wish.key, after=wish.plain))
            for number, wish in enumerate(wishes)
            if known[number] is not None
            and not seen[number]
            and wish.change.action is Action.CREATE
            and wish.findable
        ]
        return seen | (look(self._way, again) if again else {})

    def _owners(self, seen: Mapping[int, Sequence[Record]]) -> dict[str, str]:
        """Target id -> the source record that the id map gives it to."""
        ids = sorted({record.id for records in seen.values() for record in records})
        found = self._past.state.ids.owners(*self._way.place, ids) if ids else {}
        return {target: source for target, (_, source) in found.items()}

    def _missing(self, wish: Wish) -> None:
        """Nothing stands for it."""
        change, write = wish.change, self._way.writing.write
        if change.action is Action.CREATE:
            self._add(wish, replace(change, key=wish.key, after=wish.values, version=None, target_id=None))
        elif wish.whole is not None and write.on_gone is OnGone.CREATE:
            made = replace(change, action=Action.CREATE, key=wish.key, after=wish.whole)
            self._add(wish, replace(made, target_id=None, version=None, before=None, along=None, whole=None))
        else:
            self._draft.leave(change, LOST)

    def _met(self, wish: Wish, record: Record, row: Mapped | None, owner: str | None) -> None:
        change, own = wish.change, wish.change.origin.id if wish.change.origin is not None else None
        if owner is not None and owner != own:
            self._draft.leave(change, stands_already(owner))
        elif change.action is Action.CREATE and row is None and self._way.writing.write.mode is Mode.INSERT:
            self._draft.leave(change, stands_already(None))
        else:
            self._compare(wish, record, linked=row is not None and row.target_id == record.id)

    def _compare(self, wish: Wish, record: Record, *, linked: bool) -> None:
        way, change = self._way, wish.change
        known = way.writing.collection.fields or {}
        changed = {
            name: value
            for name, value in wish.values.items()
            if not (name in known and known[name].writable_on is WritableOn.CREATE)
            and (name in wish.waiting or not shows(way, record, {name: value}, over=record.fields))
        }
        if not changed and (linked or change.phase is not Phase.WRITE or change.origin is None):
            self._draft.stands(way.step)
            return
        names = way.target.companions(way.writing, frozenset(changed)) - changed.keys()
        line = replace(
            change,
            action=Action.UPDATE if changed else Action.LINK,
            key=wish.key,
            target_id=record.id,
            version=record.version if changed else None,
            before={name: record.fields.get(name) for name in changed} or None,
            after=changed or None,
            along={name: record.fields.get(name) for name in sorted(names)} or None,
            needs=(),
        )
        self._add(wish, line)

    def _add(self, wish: Wish, line: Change) -> None:
        corrected = {name: value for name, value in wish.corrected.items() if name in (line.after or {})}
        if self._draft.add(replace(line, corrected=corrected or None)):
            self._planned.add(line.id)

    # ------------------------------------------------------------ references within a step, deletes

    def _second(self, failures: Sequence[Failure]) -> None:
        """Where the record stands, it is compared; where it is tried again, the line still waits for it."""
        wishes = settled(self._past, self._way, [change for change, _ in failures], self._fixes)
        rows = self._rows(wishes)
        waiting = [wish for wish in wishes if self._planned.issuperset(wish.change.needs) and wish.change.needs]
        for wish in waiting:
            self._add(wish, replace(wish.change, after=wish.values, before=None, version=None, target_id=None))
        others = [wish for wish in wishes if wish not in waiting]
        known = [(wish, _known_id(wish, rows)) for wish in others]
        loads = [
            unsent(number, replace(wish.change, target_id=target, after=wish.plain))
            for number, (wish, target) in enumerate(known)
            if target is not None
        ]
        seen = look(self._way, loads) if loads else {}
        for number, (wish, target) in enumerate(known):
            if target is None:
                self._draft.leave(wish.change, WAITS)
            elif not seen[number]:
                self._draft.leave(wish.change, LOST)
            else:
                self._compare(wish, seen[number][0], linked=True)

    def _delete(self, failures: Sequence[Failure]) -> None:
        loads = [unsent(number, change) for number, (change, _) in enumerate(failures)]
        seen = look(self._way, loads)
        for load, (change, _) in zip(loads, failures, strict=True):
            if not seen[load.line]:
                self._draft.stands(self._way.step)
                continue
            (record, *_) = seen[load.line]
            found = {name: record.fields.get(name) for name in change.before or {}}
            self._draft.add(replace(change, version=record.version, before=found))


def _known_id(wish: Wish, rows: Mapping[str, Mapped]) -> str | None:
    row = rows.get(wish.change.id)
    return wish.change.target_id if row is None else row.target_id
