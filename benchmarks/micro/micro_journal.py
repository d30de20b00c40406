"""The durable journal: intents, outcomes with their rows of the id map, look-ups in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from migrator.contract import Call, Pair
from migrator.model.plan import Action
from migrator.model.run import Outcome, Status
from migrator.state.idmap import Entry
from migrator.state.journal import Settled
from migrator.state.runs import RunStep
from migrator.state.state import State

SENT = 500
"""Changes of a request: five batches of a hundred."""
PAIR = Pair(target="kintone:new", collection="2", source="kintone:old", source_collection="1")
CALL = Call(method="POST", path="/k/v1/bulkRequest.json", kind="write", repeatable=False, body=b"x" * 500_000)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state that is being written, with a run in it."""
    step = RunStep(
        step="copy", target=PAIR.target, collection=PAIR.collection, pair=PAIR, read=0, partial=False, target_count=0
    )
    with State.open(tmp_path / "state", write=True) as opened, opened.lease([(PAIR.target, PAIR.collection)]):
        opened.history.start("ab" * 32, "load", "benchmark", [step])
        yield opened


def settled(start: int) -> list[Settled]:
    """Outcomes of one request of creates."""
    return [
        Settled(
            line=line * 900,
            outcome=Outcome(
                change_id=f"{line:032x}", status=Status.DONE, target_id=str(line), version="1", did=Action.CREATE
            ),
            entry=Entry(pair=PAIR, source_id=str(line), target_id=str(line)),
        )
        for line in range(start, start + SENT)
    ]


@pytest.mark.benchmark(group="journal, a request of 500")
def test_intent(benchmark: BenchmarkFixture, state: State) -> None:
    """Committed and synced before it returns."""
    lines = [line * 900 for line in range(SENT)]
    assert benchmark(lambda: state.journal.intent(1, "copy", 1, CALL, lines)) > 0


@pytest.mark.benchmark(group="journal, a request of 500")
def test_outcomes_and_id_map(benchmark: BenchmarkFixture, state: State) -> None:
    """500 outcomes and 500 rows of the id map in one synced transaction; rows are made before."""
    starts = itertools.count(0, SENT)

    def more() -> tuple[tuple[int, list[Settled], tuple[int, ...]], dict[str, object]]:
        return (1, settled(next(starts)), ()), {}

    benchmark.pedantic(state.journal.settle, setup=more, rounds=60)  # type: ignore[no-untyped-call]  # it has no types
    assert state.journal.total(1) >= SENT


@pytest.mark.benchmark(group="id map, 500 of 50,000")
def test_look_up(benchmark: BenchmarkFixture, state: State) -> None:
    """Where 500 source records went."""
    for start in range(0, 50_000, SENT):
        state.journal.settle(1, settled(start))
    names = [str(at) for at in range(20_000, 20_000 + SENT)]
    assert len(benchmark(lambda: state.ids.lookup(PAIR, names))) == SENT
