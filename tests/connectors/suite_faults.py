"""Of the common suite: records that moved or are refused, answers that do not tell, secrets in error texts."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.contract import Answer, Done, Failed, Recheck, Unknown
from migrator.errors import Conflict, MigratorError, Refused, SystemFailed
from migrator.model.plan import Action
from tests.connectors.words import shown, text_of
from tests.connectors.world import World, opened


def test_a_record_that_moved_is_not_overwritten(world: World) -> None:
    """Where the write carries the version, a record that somebody changed since raises Conflict and stays theirs."""
    with opened(world) as session:
        if session.capabilities.recheck is not Recheck.VERSION or world.touch is None:
            pytest.skip("no versions here")
        ids = list(world.fill(2))
        found = session.records()
        world.touch(ids[1])
        before = world.truth()
        with pytest.raises(Conflict):
            session.write([session.update(found[id], {world.text: "ours"}) for id in ids])
        assert world.truth() == before
        if Action.DELETE in session.capabilities.batch_max:
            with pytest.raises(Conflict):
                session.write([session.delete(found[id]) for id in ids])
            assert world.truth() == before


def test_a_record_that_is_gone_is_no_success(world: World) -> None:
    """An update of a record that somebody deleted: Conflict, or Failed for it; never Done, never a new record."""
    with opened(world) as session:
        if world.remove is None or world.faults is None:
            pytest.skip("nobody can delete here")
        ids = list(world.fill(1))
        found = session.records()[ids[0]]
        world.remove(ids[0])
        try:
            (result,) = session.write([session.update(found, {world.text: "ours"})])
        except (Conflict, Refused):
            pass
        else:
            assert isinstance(result, Failed)
        assert world.truth() == {}


def test_a_refused_record_is_named(world: World) -> None:
    """One bad value among good ones: the culprit's place and field are told, by Refused or by its own Failed."""
    with opened(world) as session:
        if world.refused is None:
            pytest.skip("this system takes anything")
        name, value = world.refused
        size = min(3, session.capabilities.batch_max[Action.CREATE])
        wanted = [world.sample(place) for place in range(size)]
        wanted[-1][name] = value
        try:
            results = session.write(session.creates(*wanted))
        except Refused as error:
            assert [(culprit.index, culprit.field) for culprit in error.culprits] == [(size - 1, name)]
            assert all(culprit.code and culprit.reason for culprit in error.culprits)
            assert world.truth() == {}
        else:
            assert [type(result) for result in results] == [Done] * (size - 1) + [Failed]
            assert isinstance(results[-1], Failed) and results[-1].field in (name, None) and results[-1].reason
            assert len(world.truth()) == size - 1


@pytest.mark.parametrize("kind", ["status", "after_commit_status", "html", "truncate_json", "empty", "wrong_body"])
def test_an_answer_that_does_not_tell_is_unknown(world: World, kind: Any) -> None:
    """502, a gateway's page, half a body, no body, a strange body: Unknown for every change, committed or not."""
    if world.faults is None:
        pytest.skip("this system is no server")
    with opened(world) as session:
        size = min(2, session.capabilities.batch_max[Action.CREATE])
        world.faults.add(match=world.create_call, kind=kind, status=502 if "status" in kind else None)
        results = session.write(session.creates(*(world.sample(place) for place in range(size))))
        assert [type(result) for result in results] == [Unknown] * size
        assert not shown(world, repr(results))


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DELETE])
@pytest.mark.parametrize("kind", ["after_commit_status", "html", "truncate_json", "empty", "wrong_body"])
def test_the_same_holds_for_updates_and_deletes(world: World, action: Action, kind: Any) -> None:
    """An answer that does not tell is Unknown, though a delete's success may be an answer that is almost empty."""
    match = {Action.UPDATE: world.update_call, Action.DELETE: world.delete_call}[action]
    if world.faults is None or not match:
        pytest.skip("this system is no server, or has no such call")
    with opened(world) as session:
        world.fill(1)
        (found,) = session.records().values()
        change = session.delete(found) if action is Action.DELETE else session.update(found, {world.text: "ours"})
        world.faults.add(match=match, kind=kind, status=502 if "status" in kind else None)
        assert [type(result) for result in session.write([change])] == [Unknown]


def test_no_error_shows_a_secret(world: World) -> None:
    """Whatever the server answers, with whatever status, neither its error nor its result holds a credential."""
    if world.faults is None:
        pytest.skip("this system is no server")
    with opened(world) as session:
        for status in (400, 401, 403, 404, 409, 413, 429, 500, 503):
            world.faults.add(match=world.create_call, kind="status", status=status)
            try:
                text = repr(session.write(session.creates(world.sample(0))))
            except MigratorError as error:
                text = text_of(error)
            assert text and not shown(world, text)
        assert not shown(world, repr(session.target))


def test_waiting_is_asked_for_where_the_server_asks(world: World) -> None:
    """429 on a write raises an error that says to try again; nothing was written. On a read it is busy."""
    if world.faults is None:
        pytest.skip("this system is no server")
    with opened(world) as session:
        world.faults.add(match=world.create_call, kind="status", status=429)
        batches = (session.batch(session.creates(world.sample(0))),)
        answer = session.wire.send(session.target.encode(batches)).result()
        with pytest.raises(SystemFailed) as caught:
            session.target.decode(batches, answer)
        assert caught.value.again
        assert world.connector.busy(Answer(status=429, headers={}, body=b""))
        assert world.truth() == {}
