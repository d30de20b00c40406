"""Of the common suite: as_stored tells what reads back, for any fitting value of every writable field."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.model.values import Record, Value, WritableOn
from tests.connectors.words import done
from tests.connectors.world import Session, World, opened, values_of, writable

given_values = settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@given_values
@given(data=st.data())
def test_what_was_created_reads_back_as_stored(world: World, data: st.DataObject) -> None:
    """as_stored tells what reading shows after a create, for any fitting value of every writable field."""
    with opened(world) as session:
        wanted = {**_fresh(session, data), **_drawn(session, data, WritableOn.CREATE)}
        (result,) = done(session.write(session.creates(wanted)), 1)
        found = session.records()[result.target_id]
        _as_expected(session, session.target.as_stored(session.writing, None, wanted), found)


@given_values
@given(data=st.data())
def test_what_was_updated_reads_back_as_stored(world: World, data: st.DataObject) -> None:
    """The same after writing some fields over whatever stood there before."""
    with opened(world) as session:
        first = {**_fresh(session, data), **_drawn(session, data, WritableOn.BOTH)}
        (made,) = done(session.write(session.creates(first)), 1)
        before = session.records()[made.target_id]
        wanted = _drawn(session, data, WritableOn.UPDATE)
        names = data.draw(st.sets(st.sampled_from(sorted(wanted)), min_size=1)) if wanted else set()
        after = {name: wanted[name] for name in names} or {world.text: "changed"}
        done(session.write([session.update(before, after)]), 1)
        found = session.records()[made.target_id]
        _as_expected(session, session.target.as_stored(session.writing, before.fields, after), found)


def _as_expected(session: Session, expected: Any, found: Record) -> None:
    """The one rule of equality, and that applying it twice changes nothing."""
    names = expected.keys()
    shown = {name: found.fields.get(name) for name in names}
    stored = session.target.as_stored(session.writing, found.fields, shown)
    assert dict(expected) == dict(stored)
    assert dict(session.target.as_stored(session.writing, found.fields, stored)) == dict(stored)


def _fresh(session: Session, data: st.DataObject) -> dict[str, Value]:
    """A sample with a key that no record has yet."""
    return session.world.sample(len(session.world.truth()) + 1000)


def _drawn(session: Session, data: st.DataObject, on: WritableOn) -> dict[str, Value]:
    drawn: dict[str, Value] = {}
    for name, field in writable(session, on).items():
        strategy = values_of(session.world, field)
        if strategy is not None and not field.unique:
            drawn[name] = data.draw(strategy, label=name)
    return drawn
