"""Refs of the records of a step: looked up together, then an id, "known after apply", null, left out or a Problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from migrator.contract import IdMap, Mapped, Pair, pair_of_ref
from migrator.model.problem import Place, Problem, Severity
from migrator.model.references import PLAIN, refs_in, waits
from migrator.model.values import OMIT, Desired, Field, IfMissing, Omit, Ref, Value, quick_desired
from migrator.planner.findings import of_record
from migrator.planner.lane import Lane
from migrator.planner.match import name_of
from migrator.planner.standing import Standing

_SHOWN = 5
"""Missing records named in a note."""
_APART = 10_000
"""Missing records that a note tells apart."""

Known = Mapping[Ref, str | None]
"""Ref -> id of its record, None: this plan makes it; what nobody brought over is not here."""


Leaving = Callable[[Pair, Mapping[str, Mapped]], Collection[str]]
"""Source ids of those of these rows of the id map whose records this plan removes."""


def look_up(refs: Iterable[Ref], standing: Standing, ids: IdMap, leaving: Leaving) -> dict[Ref, str | None]:
    """What they stand for: by what this plan came to, then by the id map (neither gone rows nor what leaves now)."""
    by_pair: dict[Pair, dict[str, Ref]] = {}
    for ref in refs:
        by_pair.setdefault(pair_of_ref(ref), {})[ref.source_id] = ref
    known: dict[Ref, str | None] = {}
    for pair, wanted in by_pair.items():
        met = standing.find(pair, list(wanted))
        known.update({wanted[source]: target for source, target in met.items()})
        others = [source for source in wanted if source not in met]
        rows = ids.lookup(pair, others) if others else {}
        gone = leaving(pair, rows) if rows else ()
        for source, row in rows.items():
            if row.gone_at is None and source not in gone:
                known[wanted[source]] = row.target_id
    return known


class Missing:
    """Records that are referred to and that nobody brought over: counted for the notes of a step."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._records: Counter[tuple[str, str, IfMissing]] = Counter()
        self._ids: dict[tuple[str, str, IfMissing], Counter[str]] = {}

    def add(self, name: str, refs: Iterable[Ref]) -> None:
        """One record refers to these, under one name of the playbook."""
        for place, some in _grouped(name, refs).items():
            self._records[place] += 1
            counts = self._ids.setdefault(place, Counter())
            counts.update(one for one in some if one in counts or len(counts) < _APART)

    def notes(self) -> Iterator[Problem]:
        """A warning for each name and policy, with the ids that are referred to most."""
        for place in sorted(self._records):
            name, collection, policy = place
            counts, records = self._ids[place], self._records[place]
            most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            shown = ", ".join(f"{self._told(one)} ({_count(times, 'time')})" for one, times in most[:_SHOWN])
            more = f" and {len(most) - _SHOWN:,} more" if len(most) > _SHOWN else ""
            least = "at least " if len(counts) >= _APART else ""
            number = f"{least}{_count(len(counts), 'record')} of {collection}"
            yield Problem(
                code="PL022",
                summary=f"{_count(records, 'record')} {'refers' if records == 1 else 'refer'} to {number}"
                f" that nobody brought over ({name}): {shown}{more}",
                detail=_POLICIES[policy],
                severity=Severity.WARNING,
                place=Place(step=self._lane.step.name),
            )

    def _told(self, source_id: str) -> str:
        return "(holds a secret)" if self._lane.tainted(source_id.encode()) else source_id


_POLICIES = {
    IfMissing.PROBLEM: "Each of the records that refer to them is a problem (PL012) and has no line.",
    IfMissing.NULL: "`missing=none`: the field is null; a later plan that finds the record sets it.",
    IfMissing.OMIT: "`missing=omit`: the field is left alone; a later plan that finds the record sets it.",
}


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _grouped(name: str, refs: Iterable[Ref]) -> dict[tuple[str, str, IfMissing], set[str]]:
    grouped: dict[tuple[str, str, IfMissing], set[str]] = {}
    for ref in refs:
        grouped.setdefault((name, ref.source_collection, ref.missing), set()).add(ref.source_id)
    return grouped


class Filling:
    """Puts into fields what their Refs stand for, and keeps account of what is missing."""

    def __init__(self, lane: Lane, missing: Missing) -> None:
        self._lane = lane
        self._missing = missing
        self._fields: Mapping[str, Field] = lane.writing.collection.fields or {}

    def fields(
        self, fields: Mapping[str, Value], known: Known, record: str
    ) -> tuple[dict[str, Value], tuple[Problem, ...]]:
        """The fields without those that are left alone, and why the record cannot be planned."""
        made: dict[str, Value] = {}
        gone: list[Ref] = []
        problems: list[Problem] = []
        for name, value in fields.items():
            if value.__class__ in PLAIN or not waits(value):
                made[name] = value
                continue
            lost = [ref for ref in refs_in(value) if ref not in known]
            gone += lost
            fatal = next((ref for ref in lost if ref.missing is IfMissing.PROBLEM), None)
            filled = OMIT if fatal is not None else _filled(value, known)
            if fatal is not None:
                problems.append(self._nobody(fatal, record, name))
            elif filled in (None, ()) and name in self._fields and self._fields[name].required:
                problems.append(self._empty(lost, record, name))
            elif not isinstance(filled, Omit):
                made[name] = filled
        for pair in {pair_of_ref(ref) for ref in gone}:
            self._missing.add(self._lane.refs[pair], [ref for ref in gone if pair_of_ref(ref) == pair])
        return made, tuple(problems)

    def _nobody(self, ref: Ref, record: str, field: str) -> Problem:
        return of_record(
            "PL012",
            f"it refers to {ref.source_collection} {ref.source_id}, which nobody brought over",
            step=self._lane.step.name,
            record=record,
            field=field,
            detail=f"`ref('{self._lane.refs[pair_of_ref(ref)]}', …)`: no earlier run made it, nor does this plan, "
            "or this plan removes it (`missing: delete`)",
            hint="bring it over first, or say `missing=none` (null) or `missing=omit` (left alone) in `ref()`",
        )

    def _empty(self, lost: Sequence[Ref], record: str, field: str) -> Problem:
        return of_record(
            "PL012",
            f'"{field}" is required and would be empty: nobody brought over {lost[0].source_collection} '
            f"{lost[0].source_id}",
            step=self._lane.step.name,
            record=record,
            field=field,
            hint="bring it over first, or leave the record out with `where`",
        )


def _filled(value: Value, known: Known) -> Value | Omit:
    """A list drops what is missing; a list of nothing but missing ones is missing itself."""
    if isinstance(value, Ref):
        found = known.get(value, value.missing)
        if isinstance(found, IfMissing):
            return None if found is IfMissing.NULL else OMIT
        return value if found is None else found
    if isinstance(value, tuple):
        items = [_filled(one, known) for one in value]
        left = [
            item
            for item, one in zip(items, value, strict=True)
            if not isinstance(item, Omit) and not (item is None and isinstance(one, Ref))
        ]
        return tuple(left) if left or not items else items[0]
    if isinstance(value, Mapping):
        made = {name: _filled(one, known) for name, one in value.items()}
        return {name: one for name, one in made.items() if not isinstance(one, Omit)}
    return value


class References:
    """The Refs of one step while its records are read."""

    def __init__(self, lane: Lane, standing: Standing, leaving: Leaving) -> None:
        self.lane = lane
        self.standing = standing
        self.leaving = leaving
        self.missing = Missing(lane)
        self.filling = Filling(lane, self.missing)
        self.later: dict[int, Mapping[str, Value]] = {}
        """Sequence number -> fields that refer to the step's own records, of the chunks in hand."""
        self._own = lane.pair if lane.pair in lane.refs else None

    def resolved(self, some: Sequence[tuple[int, Desired]]) -> Iterator[tuple[int, Desired, tuple[Problem, ...]]]:
        """The records with their Refs filled as far as can be, and the problems for which one has no line."""
        refs: dict[Ref, None] = {}
        for number, desired in some:
            if PLAIN.issuperset(map(type, desired.fields.values())):
                continue
            own = self._own_fields(desired) if self._own is not None else None
            if own:
                self.later[number] = own
            refs.update(
                dict.fromkeys(
                    ref
                    for name, value in desired.fields.items()
                    if not own or name not in own
                    for ref in refs_in(value)
                )
            )
        known = look_up(refs, self.standing, self.lane.ids, self.leaving) if refs else {}
        for number, desired in some:
            yield self._filled(number, desired, known)

    def forget(self, number: int) -> None:
        """A record that has no line."""
        self.later.pop(number, None)

    def _own_fields(self, desired: Desired) -> dict[str, Value]:
        return {
            name: value
            for name, value in desired.fields.items()
            if value.__class__ not in PLAIN and any(pair_of_ref(ref) == self._own for ref in refs_in(value))
        }

    def _filled(self, number: int, desired: Desired, known: Known) -> tuple[int, Desired, tuple[Problem, ...]]:
        if PLAIN.issuperset(map(type, desired.fields.values())):
            return number, desired, ()
        own = self.later.get(number)
        fields = {name: value for name, value in desired.fields.items() if own is None or name not in own}
        made, problems = self.filling.fields(fields, known, name_of(desired))
        if problems:
            self.forget(number)
            return number, desired, problems
        key = tuple(map(made.get, self.lane.writing.write.key))
        return number, quick_desired(origin=desired.origin, key=key, fields=made), ()
