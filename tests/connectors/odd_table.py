"""The table of troubles that a server can make, and what of it each system's people are told.

A row is a trouble, a column a system. A cell is a `Case`: how the emulator is spoilt and which words come; or a
`NotHere`: why the trouble cannot happen with this system, with a question that is asked of the connector itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from migrator.contract import Result
from migrator.emulators.server import Emulator, create_emulator
from migrator.errors import SystemFailed
from migrator.model.values import Kind
from tests.connectors import test_glpi, test_kainexus, test_ketryx, test_kintone, test_kitemaker
from tests.connectors.world import Session, World, opened

WORLDS: Mapping[str, Callable[[Emulator], World]] = {
    "kintone": test_kintone.world_of,
    "kainexus": test_kainexus.world_of,
    "ketryx": test_ketryx.world_of,
    "glpi": test_glpi.world_of,
    "kitemaker": test_kitemaker.world_of,
}
SYSTEMS = tuple(WORLDS)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A trouble as one system makes it."""

    fault: Mapping[str, Any] = field(default_factory=dict)
    """For `Faults.add`, beside `match`."""
    error: type[SystemFailed] | None = None
    """What is raised; None: nothing, the trouble is overcome."""
    words: tuple[str, ...] = ()
    """Of what people read: what happened, and what to do."""
    way: str | None = None
    """Name of the way of reading; None: the first."""
    act: Callable[[Play], object] | None = None
    """What happens behind the connector's back, instead of a fault or beside it."""
    results: tuple[type[Result], ...] = ()
    """Of a write: one for each change."""


@dataclass(frozen=True, kw_only=True)
class NotHere:
    """A trouble that this system cannot make."""

    why: str
    """A sentence."""
    holds: Callable[[Play], bool]
    """Asks the connector, or what it sent, whether that is so."""


Row = Mapping[str, Case | NotHere]


@dataclass(kw_only=True)
class Play:
    """A system with records, its connector open."""

    system: str
    emulator: Emulator
    world: World
    session: Session
    asked: list[str]
    """Every request so far: METHOD, path, query and body."""

    def spoil(self, match: str, case: Case) -> None:
        """Make the trouble."""
        if case.fault:
            self.emulator.faults.add(match=match, **case.fault)
        if case.act is not None:
            case.act(self)

    def read_call(self, way: str | None = None) -> str:
        """What fits the requests that bring records in this way."""
        first = next(iter(self.world.reads))
        return self.world.read_calls.get(way or first, self.world.read_call)

    def pages(self, size: int, way: str | None = None) -> Iterator[list[str]]:
        """Ids of the records, a page at a time, out of so many pages and one record."""
        self.world.fill(size * (self.world.page or self.session.capabilities.page_max) + 1)
        for page in self.session.target.read(self.session.query(way)):
            yield [record.id for record in page.records]


@contextmanager
def play(system: str) -> Iterator[Play]:
    """A system whose collection is empty."""
    emulator = create_emulator(system, seed="empty", pace="off")
    world = WORLDS[system](emulator)
    asked: list[str] = []

    def seen(line: str, body: bytes) -> bool:
        asked.append(f"{line} {body.decode('utf-8', 'replace')}")
        return False

    with opened(world) as session:
        emulator.faults.add(when=seen, times=None)
        yield Play(system=system, emulator=emulator, world=world, session=session, asked=asked)


def repeating() -> Callable[[bytes], bytes]:
    """An edit that answers for ever what it answered first; made for one reading."""
    first: list[bytes] = []

    def edit(body: bytes) -> bytes:
        first.append(body)
        return first[0]

    return edit


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """An edit that puts one text in the place of another, which must be there."""

    def edit(body: bytes) -> bytes:
        assert old in body, body[:300]
        return body.replace(old, new)

    return edit


def one_a_call(play: Play) -> bool:
    """Whether a request holds one record at most."""
    return set(play.session.capabilities.batch_max.values()) == {1}


def no_total(play: Play) -> bool:
    """Whether no page ever announces how many there are."""
    play.world.fill(3)
    return [page.total for page in play.session.target.read(play.session.query())] == [None]


def no_cursor(play: Play) -> bool:
    """Whether a reading asks the server to keep a place."""
    list(play.pages(1))
    return len(play.asked) > 1 and not any("cursor" in line.casefold() for line in play.asked)


def no_session(play: Play) -> bool:
    """Whether there is no log-in that could be done again."""
    auth = play.world.connector.auth(play.world.options)
    return auth is not None and auth.login() is None


def no_json(play: Play) -> bool:
    """Whether no field takes a value of any depth."""
    return Kind.JSON not in {each.kind for each in (play.session.collection.fields or {}).values()}


def texts_only(play: Play) -> bool:
    """Whether no value that was read is a number of JSON's."""
    play.world.fill(2)
    values = [value for record in play.session.records().values() for value in record.fields.values()]
    return bool(values) and not any(isinstance(value, int | float) for value in values)


def numbers_are_narrow(play: Play) -> bool:
    """Whether every field of whole numbers has an end below 64 bits (ids are the server's own)."""
    fields = [each for each in (play.session.collection.fields or {}).values() if each.kind is Kind.NUMBER]
    return all(each.name == "id" or Decimal(each.maximum or 2**64) < 2**64 for each in fields)
