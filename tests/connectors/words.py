"""Words that the tests of the common suite are written in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from migrator.contract import Done, Result
from migrator.errors import MigratorError
from migrator.model.values import Record, Value, WritableOn
from tests.connectors.world import Session, World, writable


def needs_find(session: Session) -> None:
    if not session.capabilities.find or len(session.world.key) != 1:
        pytest.skip("this system cannot look up by key")


def key_of(session: Session, record: Record) -> tuple[str, ...]:
    return folded(session, tuple(record.fields[name] for name in session.world.key))


def folded(session: Session, key: Sequence[Value]) -> tuple[str, ...]:
    fields = session.collection.fields or {}
    names = session.world.key
    return tuple(session.target.fold(fields.get(name), value) for name, value in zip(names, key, strict=True))


def done(results: Iterable[Result], size: int) -> list[Done]:
    done = [result for result in results if isinstance(result, Done)]
    assert len(done) == size, results
    assert len({result.target_id for result in done}) == size
    return done


def without(session: Session, record: Record) -> dict[str, Value]:
    """The record's writable fields but the text, which is what an update must leave alone."""
    fields = writable(session, WritableOn.BOTH) or record.fields
    return {name: record.fields.get(name) for name in fields if name != session.world.text}


def cut(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def text_of(error: MigratorError) -> str:
    """All that people see of an error."""
    parts = [[problem.summary, problem.detail, problem.hint, repr(problem.place)] for problem in error.problems]
    return "\n".join([str(error), *(text for part in parts for text in part)])


def shown(world: World, text: str) -> list[str]:
    return [secret for secret in world.secrets if secret in text]
