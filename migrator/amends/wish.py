"""What a failed line wanted, with people's corrections in it and every Ref filled that can be by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrator.amends.deeds import Past
from migrator.executor.filling import Unfilled, filled, refs_of, stand_for
from migrator.executor.way import Way
from migrator.model.lean import dataclass
from migrator.model.plan import Change
from migrator.model.references import waits
from migrator.model.values import Key, Ref, Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wish:
    """One of them."""

    change: Change
    """As the run had it."""
    key: Key
    """Its key, corrected."""
    values: Mapping[str, Value]
    """What should stand; what a Ref of a record that was not made stands in is among `waiting`."""
    whole: Mapping[str, Value] | None
    """The same of every field, where the line has them."""
    corrected: Mapping[str, Value]
    """Fields that were corrected, as the run had wanted them."""
    waiting: frozenset[str]
    """Fields with a Ref that nothing stands for yet."""

    @property
    def plain(self) -> dict[str, Value]:
        """The values that are known."""
        return {name: value for name, value in self.values.items() if name not in self.waiting}

    @property
    def findable(self) -> bool:
        """Its key can be looked for."""
        return not any(map(waits, self.key))


def settled(past: Past, way: Way, changes: Sequence[Change], fixes: Mapping[str, Mapping[str, Value]]) -> list[Wish]:
    """A wish for each of these."""
    refs = [ref for change in changes for ref in refs_of(change)]
    known = stand_for(past.state.ids, refs)
    return [_wish(way, change, fixes.get(change.id, {}), known) for change in changes]


def _wish(way: Way, change: Change, fix: Mapping[str, Value], known: Mapping[Ref, str]) -> Wish:
    names, after = way.writing.write.key, change.after or {}
    values = {name: _filled(value, known) for name, value in {**after, **fix}.items()}
    whole = None
    if change.whole is not None:
        whole = {name: _filled(value, known) for name, value in {**change.whole, **fix}.items()}
    key = tuple(_filled(value, known) for value in change.key)
    if len(key) == len(names):
        key = tuple(fix.get(name, value) for name, value in zip(names, key, strict=True))
    return Wish(
        change=change,
        key=key,
        values=values,
        whole=whole,
        corrected={name: after.get(name) for name in fix},
        waiting=frozenset(name for name, value in values.items() if waits(value)),
    )


def _filled(value: Value, known: Mapping[Ref, str]) -> Value:
    """Filled, or as it is where it cannot be yet."""
    try:
        return filled(value, known)
    except Unfilled:
        return value
