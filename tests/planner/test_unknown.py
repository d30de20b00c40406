"""Unknown values are counted in bounded memory, whatever a source holds."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from migrator.model.problem import UnknownValue
from migrator.planner.unknown import APART, LENGTH, LISTED, Unknowns


def value(text: str, policy: str = "keep") -> UnknownValue:
    return UnknownValue(why="not in mapping m", value=text, policy=policy)


def told(unknowns: Unknowns, secret: bytes = b"hunter2") -> list[object]:
    return list(unknowns.told({"s": lambda text: secret in text}))


def test_more_values_than_are_told_apart_are_still_counted_and_a_hundred_listed() -> None:
    """The most frequent come first; long texts are cut; the number of all times is exact."""
    unknowns = Unknowns()
    for number in range(APART + 500):
        unknowns.add("s", f"r{number}", [value(f"{number:05d}" + "x" * 1_000)])
        unknowns.add("s", f"q{number}", [value("often")])
    (group,) = unknowns.told({"s": lambda text: False})
    assert (group.different, group.times, len(group.values)) == (APART, 2 * (APART + 500), LISTED)
    assert (group.values[0].value, group.values[0].records) == ("often", APART + 500)
    assert {len(one.value) for one in group.values[1:]} == {LENGTH + 1}


def test_a_value_that_holds_a_secret_is_counted_and_not_told() -> None:
    """Neither it nor a record's name that holds one."""
    unknowns = Unknowns()
    unknowns.add("s", "r1", [value("my hunter2 word")], hint='did you mean "hunter2"?')
    unknowns.add("s", "hunter2", [value("plain")])
    assert "hunter2" not in repr(told(unknowns))
    assert repr(told(unknowns)).count("(holds a secret)") == 2


@given(
    rows=st.lists(st.tuples(st.text("ab", max_size=2), st.lists(st.sampled_from("xyz"), max_size=4)), max_size=30),
    seed=st.integers(0, 9),
)
def test_the_order_of_reading_changes_nothing(rows: list[tuple[str, list[str]]], seed: int) -> None:
    """A source without an order gives the same plan each time; a record counts once however often it has a value."""
    other = list(rows)
    Random(seed).shuffle(other)
    counts = []
    for some in (rows, other):
        unknowns = Unknowns()
        for record, texts in some:
            unknowns.add("s", record, map(value, texts))
        counts.append(told(unknowns))
    assert counts[0] == counts[1]
    times = sum(len(set(texts)) for _, texts in rows)
    assert sum(group.times for group in counts[0]) == times  # type: ignore[attr-defined]  # told() is read as text elsewhere
