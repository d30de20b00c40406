"""Of the common suite: creates, updates, deletes."""

from __future__ import annotations

import pytest

from migrator.contract import Creates, Recheck
from migrator.errors import Conflict
from migrator.model.plan import Action
from tests.connectors.words import done, without
from tests.connectors.world import World, opened


@pytest.mark.parametrize("part", ["one", "some", "most"])
def test_creates_stand_in_the_target(world: World, part: str) -> None:
    """A batch of one, of three, of as many as fit: one Done for each, with ids of its own, and all stand there."""
    with opened(world) as session:
        most = session.capabilities.batch_max[Action.CREATE]
        size = {"one": 1, "some": min(3, most), "most": most}[part]
        wanted = [world.sample(place) for place in range(size)]
        results = done(session.write(session.creates(*wanted)), size)
        assert {result.target_id: fields[world.text] for result, fields in zip(results, wanted, strict=True)} == (
            world.truth()
        )


def test_an_update_leaves_other_fields_and_other_records(world: World) -> None:
    """After an update of the text of one record everything else reads as before."""
    with opened(world) as session:
        world.fill(3)
        before = session.records()
        one = next(iter(before.values()))
        (result,) = done(session.write([session.update(one, {world.text: "another text"})]), 1)
        after = session.records()
        assert result.target_id == one.id
        assert after[one.id].fields[world.text] == "another text"
        if session.capabilities.recheck is Recheck.VERSION:
            assert result.version == after[one.id].version != one.version
        assert {id: without(session, record) for id, record in after.items()} == {
            id: without(session, record) for id, record in before.items()
        }
        assert world.truth() == {**world.truth(), one.id: "another text"}


def test_a_full_batch_of_updates_lands(world: World) -> None:
    """As many updates as fit into a batch: one Done for each, in order."""
    with opened(world) as session:
        most = session.capabilities.batch_max[Action.UPDATE]
        world.fill(most)
        found = list(session.records().values())
        changes = [session.update(record, {world.text: f"new {record.id}"}) for record in found]
        results = done(session.write(changes), most)
        assert [result.target_id for result in results] == [record.id for record in found]
        assert set(world.truth().values()) == {f"new {record.id}" for record in found}


def test_deletes_take_away_what_they_name(world: World) -> None:
    """Two of five deleted: three are left, and the results name the two."""
    with opened(world) as session:
        if Action.DELETE not in session.capabilities.batch_max:
            pytest.skip(session.capabilities.cannot[Action.DELETE])
        ids = list(world.fill(5))
        found = session.records()
        size = min(2, session.capabilities.batch_max[Action.DELETE])
        results = done(session.write([session.delete(found[id]) for id in ids[:size]]), size)
        assert [result.target_id for result in results] == ids[:size]
        assert set(world.truth()) == set(ids[size:])


def test_encoding_is_pure(world: World) -> None:
    """The same change gives the same bytes, and the same parts the same call, however often."""
    with opened(world) as session:
        changes = session.creates(world.sample(0))
        first, second = session.batch(changes), session.batch(changes)
        assert first == second
        assert session.target.encode((first,)) == session.target.encode((second,))


def test_a_taken_key_makes_no_second_record(world: World) -> None:
    """Where creates are guarded, a second one with the key raises Conflict (that names it) and changes nothing."""
    with opened(world) as session:
        if session.capabilities.creates is not Creates.GUARDED or not world.key or world.faults is None:
            pytest.skip("nothing guards creates here, or the guard is a merge")
        session.write(session.creates(world.sample(0)))
        before = world.truth()
        with pytest.raises(Conflict) as caught:
            session.write(session.creates(world.sample(1), world.sample(0)))
        assert caught.value.culprits == (1,)
        assert world.truth() == before
