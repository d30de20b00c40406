"""A lean dataclass is a dataclass: nobody but the clock can tell them apart."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from migrator.model.lean import dataclass


def classes(decorator: Callable[..., Any]) -> tuple[Any, ...]:
    """A class with every sort of field, one that inherits from it, one whose arguments have places, a mutable one."""

    @decorator(frozen=True, slots=True, kw_only=True)
    class Thing:
        needed: int
        given: str = "x"
        made: list[int] = field(default_factory=list, compare=False)
        hidden: str = field(default="secret", repr=False)

    @decorator(frozen=True, slots=True, kw_only=True)
    class More(Thing):
        more: int

        def __repr__(self) -> str:
            return "its own"

    @decorator(frozen=True, slots=True)
    class Placed:
        first: int
        second: int = 2

    @decorator(slots=True)
    class Loose:
        one: int
        many: list[int] = field(default_factory=list)

    return Thing, More, Placed, Loose


LEAN, USUAL = classes(dataclass), classes(dataclasses.dataclass)

DEEDS: dict[str, Callable[..., Any]] = {
    "shown": lambda thing, more, placed, loose: [
        repr(thing(needed=1)),
        repr(more(needed=1, more=2)),
        repr(placed(1)),
    ],
    "equal": lambda thing, more, placed, loose: [thing(needed=1) == thing(needed=1, made=[5]), thing(needed=1) == 1],
    "unequal": lambda thing, more, placed, loose: [thing(needed=1) == thing(needed=2), placed(1) != placed(1, 3)],
    "of other kinds": lambda thing, more, placed, loose: [more(needed=1, more=2) == thing(needed=1)],
    "in a set": lambda thing, more, placed, loose: len(
        {placed(1), placed(1), placed(2), thing(needed=1), thing(needed=1)}
    ),
    "replaced": lambda thing, more, placed, loose: repr(dataclasses.replace(placed(1), second=9)),
    "as a dict": lambda thing, more, placed, loose: dataclasses.asdict(more(needed=1, more=2)),
    "its fields": lambda thing, more, placed, loose: [(one.name, one.kw_only) for one in dataclasses.fields(more)],
    "made afresh": lambda thing, more, placed, loose: thing(needed=1).made is thing(needed=1).made,
    "given": lambda thing, more, placed, loose: thing(needed=1, made=[1], hidden="h").made,
    "copied": lambda thing, more, placed, loose: [
        repr(copy.copy(placed(1))),
        repr(copy.deepcopy(thing(needed=1, made=[3]))),
    ],
    "its slots": lambda thing, more, placed, loose: [made.__slots__ for made in (thing, more, placed)],
    "matched": lambda thing, more, placed, loose: [made.__match_args__ for made in (thing, more, placed)],
    "missing": lambda thing, more, placed, loose: thing(),
    "missing in a heir": lambda thing, more, placed, loose: more(needed=1),
    "in places": lambda thing, more, placed, loose: thing(1),
    "unknown": lambda thing, more, placed, loose: placed(1, third=3),
    "set": lambda thing, more, placed, loose: setattr(placed(1), "first", 2),
    "mutable": lambda thing, more, placed, loose: [repr(loose(1)), loose(1) == loose(1), loose(1, [2]) == loose(1)],
    "mutable in a set": lambda thing, more, placed, loose: {loose(1)},
    "mutable set": lambda thing, more, placed, loose: setattr(loose(1), "one", 2),
    "mutable set to what it has not": lambda thing, more, placed, loose: setattr(loose(1), "two", 2),
    "mutable copied": lambda thing, more, placed, loose: repr(copy.deepcopy(loose(1, [2]))),
    "deleted": lambda thing, more, placed, loose: delattr(placed(1), "first"),
}


def outcome(deed: Callable[..., Any], made: tuple[Any, ...]) -> Any:
    try:
        return deed(*made)
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_both_do_the_same(deed: Callable[..., Any]) -> None:
    """Whatever comes first, and again when the methods are there."""
    expected = outcome(deed, USUAL)
    for made in (classes(dataclass), LEAN, LEAN):
        assert outcome(deed, made) == expected


@dataclass(frozen=True, slots=True)
class Carried:
    one: int


def test_one_can_be_carried_elsewhere() -> None:
    """Pickled and back."""
    assert pickle.loads(pickle.dumps(Carried(1))) == Carried(1)


def test_others_are_made_as_ever() -> None:
    """A class that does more than to hold what it is given."""

    @dataclass(slots=True)
    class Busy:
        one: int
        two: int = field(init=False)

        def __post_init__(self) -> None:
            self.two = self.one + 1

    assert Busy(1).two == 2
