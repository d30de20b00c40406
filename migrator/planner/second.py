"""Self-references, when all steps are read: what they stand for is known by then, whatever the records' order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from migrator.model.plan import Action, Change, Phase
from migrator.model.problem import Problem
from migrator.model.references import refs_in
from migrator.model.values import Origin, Value
from migrator.planner.deferral import Deferral
from migrator.planner.diff import change_ids
from migrator.planner.keep import Book, Kept, keep, refuse
from migrator.planner.match import Pairing, name_of
from migrator.planner.refs import look_up

_SENT = frozenset({Action.CREATE, Action.UPDATE})
"""Actions of phase 1 whose outcome a self-reference waits for."""


def refer_back(book: Book, kept: Kept) -> None:
    """Lines of phase 2 for what a step's records say of each other and what does not stand yet."""
    if kept.deferrals is None or kept.later is None or kept.refs is None:
        return
    lane, seconds = kept.lane, _Seconds(book, kept)
    origin = Origin(system=lane.source_identity, collection=lane.query.collection.id, id="")
    for some in kept.deferrals.walk():
        refs = dict.fromkeys(ref for one in some for value in one.wanted.values() for ref in refs_in(value))
        known = look_up(refs, book.standing, lane.ids, book.gone.leaving)
        planned: list[tuple[Pairing, Change]] = []
        for one in some:
            pairing = one.pairing(origin)
            made, problems = kept.refs.filling.fields(one.wanted, known, name_of(pairing.desired))
            change = None if problems else seconds.change(one, pairing, made)
            if problems:
                _lose(book, kept, one.own, pairing, problems)
            elif change is not None:
                planned.append((pairing, change))
        _keep(book, kept, some, planned)


def _keep(book: Book, kept: Kept, some: Sequence[Deferral], planned: list[tuple[Pairing, Change]]) -> None:
    own = {one.number: one.own for one in some}
    if not planned or kept.later is None:
        return
    good = keep(
        book,
        kept,
        planned,
        kept.later,
        lambda pairing, problem: _lose(book, kept, own[pairing.number], pairing, (problem,)),
    )
    for pairing, _ in good:
        kept.tally["self_reference"] += 1
        kept.tally["unchanged"] -= not own[pairing.number]
        kept.tally["rewritten"] += pairing.record is not None and own[pairing.number] != Action.UPDATE


def _lose(book: Book, kept: Kept, own: str, pairing: Pairing, problems: tuple[Problem, ...]) -> None:
    """A record that cannot be planned loses its line in phase 1 too, and is told when that is dropped."""
    if own:
        book.dropped[pairing.number] = problems[0]
    else:
        kept.tally["unchanged"] -= 1
        refuse(book, kept, problems, pairing.desired.fields, pairing.number)


class _Seconds:
    """Makes the lines of phase 2 of one step."""

    def __init__(self, book: Book, kept: Kept) -> None:
        lane = kept.lane
        self._kept = kept
        ids = partial(
            change_ids,
            lane.target_identity,
            lane.writing.collection.id,
            lane.writing.write.part,
            (lane.source_identity, lane.query.collection.id),
        )
        self._first, self._second = ids(Phase.WRITE), ids(Phase.SELF_REFERENCE)
        self._place = book.batches.place if lane.source_capabilities.ordered else None

    def change(self, one: Deferral, pairing: Pairing, made: Mapping[str, Value]) -> Change | None:
        """The line; None: the record shows all that already."""
        lane, record = self._kept.lane, pairing.record
        wanted = self._given(made) if record is None else self._kept.judge.changed(made, record.fields)
        if not wanted:
            return None
        along = lane.target.companions(lane.writing, frozenset(wanted)) - wanted.keys()
        return Change(
            id=self._second(one.origin),
            step=lane.step.name,
            phase=Phase.SELF_REFERENCE,
            action=Action.UPDATE,
            batch=None if self._place is None else self._place(lane, Phase.SELF_REFERENCE, Action.UPDATE),
            key=one.key,
            origin=pairing.desired.origin,
            target_id=one.target_id,
            version=one.version,
            before=None if record is None else {name: record.fields.get(name) for name in wanted},
            after=wanted,
            needs=(self._first(one.origin),) if one.own in _SENT else (),
            along={name: one.around[name] for name in sorted(along) if name in one.around} or None,
        )

    def _given(self, made: Mapping[str, Value]) -> dict[str, Value]:
        """What a record that was just made does not show: empty fields are empty, but for those with a default."""
        known = self._kept.lane.writing.collection.fields or {}
        return {
            name: value
            for name, value in made.items()
            if value not in (None, "", ()) or (name in known and known[name].has_default)
        }
