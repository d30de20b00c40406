"""A GLPI connector that is open on one itemtype of its emulator, and the words that tests of its oddities use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from migrator.connectors.glpi import Glpi
from migrator.contract import Answer, Batch, Capabilities, Item, Query, Result, Transfer, Unlimited, Wire, Writing
from migrator.emulators.server import Emulator
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import Write
from migrator.model.values import Record, Value
from migrator.transport.pace import ManualClock
from migrator.transport.retry import Patience
from migrator.transport.secrets import Scrubber
from migrator.transport.stack import open_wire
from tests.wsgi import WsgiAdapter

URL = "https://glpi.example/apirest.php"


def options(emulator: Emulator, **changed: Any) -> Any:
    """A login by token that may do everything; or what is said instead."""
    variables = emulator.variables
    login = {"user_token": variables["GLPI_USER_TOKEN"], "app_token": variables.get("GLPI_APP_TOKEN")}
    return Glpi.Options(url=URL, **{**login, **changed})


@contextmanager
def wired(app: Any, options: Any, zone: str = "UTC") -> Iterator[Wire]:
    """The program's own wire over an application, in the server's zone."""
    clock = ManualClock()
    with open_wire(
        Glpi,
        options,
        Transfer(zone=zone),
        Capabilities(page_max=1, in_flight=4),
        budget=Unlimited(),
        clock=clock,
        scrubber=Scrubber(),
        adapter=WsgiAdapter(app),
        patience=Patience(tries=2),
        chance=lambda: 1.0,
    ) as wire:
        yield wire


class Desk:
    """The connector, open on an itemtype."""

    def __init__(self, target: Glpi, wire: Wire, itemtype: str, written: Any = None) -> None:
        self.target, self.wire = target, wire
        self.options = written or Glpi.WriteOptions()
        self.collection = target.describe(itemtype, self.options)
        self.writing = Writing(
            write=Write(system="t", collection=itemtype), options=self.options, collection=self.collection
        )

    def records(self, *fields: str, **read: Any) -> list[Record]:
        """What a query of the source brings."""
        query = Query(collection=self.collection, read=Glpi.ReadOptions(**read), fields=fields or None)
        return [record for page in self.target.read(query) for record in page.records]

    def record(self, number: str) -> Record:
        """One item, by fetch."""
        (page,) = self.target.fetch(self.collection, [[number]], None)
        (found,) = page.records
        return found

    def change(self, action: Action, number: str | None, after: Mapping[str, Value]) -> Change:
        """As a plan would have it: before-image, companions along."""
        found = self.record(number).fields if number else {}
        along = self.target.companions(self.writing, frozenset(after)) if action is Action.UPDATE else ()
        return Change(
            id=f"{int(number or 0):032x}",
            step="step",
            phase=Phase.WRITE,
            action=action,
            target_id=number,
            before={name: found.get(name) for name in after} if number else None,
            after=after,
            along={name: found.get(name) for name in along} or None,
        )

    def batch(self, action: Action, changes: Sequence[Change]) -> Batch:
        """All of them in one."""
        items = tuple(
            Item(
                change_id=f"{place:032x}",
                key=(),
                target_id=change.target_id,
                part=self.target.encode_change(self.writing, change),
            )
            for place, change in enumerate(changes)
        )
        return Batch(writing=self.writing, phase=Phase.WRITE, action=action, items=items)

    def send(self, action: Action, changes: Sequence[Change]) -> tuple[Result, ...]:
        """In one request. Raises what decode raises."""
        batch = self.batch(action, changes)
        return self.target.decode((batch,), self.wire.send(self.target.encode((batch,))).result())

    def create(self, *wanted: Mapping[str, Value]) -> tuple[Result, ...]:
        """New items."""
        return self.send(Action.CREATE, [self.change(Action.CREATE, None, fields) for fields in wanted])

    def update(self, number: str, after: Mapping[str, Value]) -> Result:
        """One update."""
        return self.send(Action.UPDATE, [self.change(Action.UPDATE, number, after)])[0]

    def judged(self, action: Action, size: int, status: int, body: bytes, *ids: str) -> tuple[Result, ...]:
        """What an answer makes of a batch of so many, that was never sent."""
        items = tuple(
            Item(change_id=f"{place:032x}", key=(), target_id=ids[place] if ids else None, part=b"{}")
            for place in range(size)
        )
        batch = Batch(writing=self.writing, phase=Phase.WRITE, action=action, items=items)
        return self.target.decode((batch,), Answer(status=status, headers={}, body=body))

    def stands(self, number: str, wanted: Mapping[str, Value]) -> bool:
        """The one rule of equality."""
        found = self.record(number).fields
        shown = {name: found[name] for name in wanted}
        stored = self.target.as_stored(self.writing, found, wanted)
        return stored == self.target.as_stored(self.writing, found, shown)


@contextmanager
def desk(
    emulator: Emulator,
    itemtype: str,
    *,
    app: Any = None,
    written: Any = None,
    zone: str = "UTC",
    **changed: Any,
) -> Iterator[Desk]:
    """The connector on this itemtype; logged out at the end."""
    said = options(emulator, **changed)
    with wired(app or emulator.app, said, zone) as wire, Glpi(said, wire) as target:
        yield Desk(target, wire, itemtype, written)
