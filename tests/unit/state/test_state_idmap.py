"""The id map keeps what a dict would keep, and loses nothing when a transaction comes to nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contract import Mapped, Pair
from migrator.state.idmap import Entry
from migrator.state.state import State

PAIRS = [Pair(target="t", collection=name, source="s", source_collection="x") for name in ("a", "b")]
NAMES = st.sampled_from(["", "1", "02", "é", "日本", "a'b", "x" * 300])
STEPS = st.lists(
    st.tuples(st.sampled_from(PAIRS), NAMES, st.sampled_from(["11", "12", "gone", None])), min_size=1, max_size=30
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_rows_are_what_the_last_entries_made_them(steps: list[tuple[Pair, str, str | None]]) -> None:
    """Set, mark as gone, remove: lookup, rows, size and owners agree with a dict."""
    known: dict[tuple[Pair, str], Mapped] = {}
    with tempfile.TemporaryDirectory() as folder, State.open(Path(folder), write=True) as state:
        with state.lease([("t", "a")]) as lease:
            for number, (pair, name, target) in enumerate(steps):
                gone = target == "gone"
                entry = Entry(pair=pair, source_id=name, target_id="9" if gone else target, gone=gone)
                with lease.transaction():
                    state.ids.write(number, [entry], "now")
                if target is None:
                    known.pop((pair, name), None)
                elif not gone:
                    known[pair, name] = Mapped(target_id=target, run=number)
                elif (pair, name) in known:
                    known[pair, name] = Mapped(target_id=known[pair, name].target_id, run=number, gone_at="now")
        for pair in PAIRS:
            mine = {name: row for (where, name), row in known.items() if where == pair}
            assert dict(state.ids.rows(pair)) == mine
            assert dict(state.ids.lookup(pair, ["nobody", *mine])) == mine
            assert state.ids.size(pair) == sum(row.gone_at is None for row in mine.values())
            owners = state.ids.owners("t", pair.collection, ["11", "12"])
            assert set(owners) == {row.target_id for row in mine.values() if row.gone_at is None}
            claims = {(where, name): row for where, name, row in state.ids.claims("t", pair.collection, ["11", "12"])}
            assert {name: row for (where, name), row in claims.items() if where == pair} == {
                name: row for name, row in mine.items() if row.gone_at is None
            }


def test_rows_come_in_order_over_many_pages(tmp_path: Path) -> None:
    """All rows, by source id, however many there are."""
    names = [f"{number:05}" for number in range(1203)]
    with State.open(tmp_path, write=True) as state:
        with state.lease([("t", "a")]) as lease, lease.transaction():
            entries = [Entry(pair=PAIRS[0], source_id=name, target_id=f"t{name}") for name in reversed(names)]
            state.ids.write(1, entries, "now")
        assert [name for name, _ in state.ids.rows(PAIRS[0])] == names
        assert len(state.ids.lookup(PAIRS[0], names)) == 1203


def test_a_pair_that_was_never_committed_is_forgotten(tmp_path: Path) -> None:
    """A number given inside a transaction that came to nothing is given anew."""
    entry = Entry(pair=PAIRS[0], source_id="1", target_id="11")
    with State.open(tmp_path, write=True) as state, state.lease([("t", "a")]) as lease:
        with pytest.raises(ZeroDivisionError), lease.transaction():
            state.ids.write(1, [entry], "now")
            raise ZeroDivisionError
        assert state.ids.size(PAIRS[0]) == 0
        with lease.transaction():
            state.ids.write(1, [entry], "now")
        assert state.ids.size(PAIRS[0]) == 1
