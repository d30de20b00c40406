"""What the common suite has to know about one connector, its emulator and a collection to try things on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from migrator.contract import Batch, Capabilities, Item, Query, Result, Target, Wire, Writing
from migrator.emulators.faults import Faults
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import OnTaken, Write
from migrator.model.values import Collection, Field, Kind, Record, Value, WritableOn

Fields = Mapping[str, Value]


@dataclass(kw_only=True)
class World:
    """One connector and a system behind it. A test module gives one in a fixture called `world`, fresh for each test.

    The collection is empty at the start. Where something is None or empty, the tests that need it are skipped.
    """

    connector: type[Target]
    """The class under test."""
    options: Any
    """Its Options, with a login that may do everything."""
    wire: Callable[[Any], AbstractContextManager[Wire]]
    """Options -> the wire to hand in, closed at the end: over an emulator (`wires.emulated`), or over a folder."""
    collection: str
    """To read and write."""
    unknown: str
    """An id of the right form that no collection has."""
    text: str
    """A text field, not the key, that every record has and that takes writes."""
    sample: Callable[[int], dict[str, Value]]
    """Fields of a create, the n-th (from 0): the key (if any), `text`, whatever is required; all keys differ."""
    fill: Callable[[int], Sequence[str]]
    """Put samples 0 to n-1 behind the connector's back, fast; their ids in the same order."""
    truth: Callable[[], Mapping[str, str]]
    """Behind the connector's back: id -> the value of `text` in every record that stands."""
    key: tuple[str, ...] = ()
    """Key fields."""
    odd_keys: Callable[[str], dict[str, Value] | None] = lambda text: None
    """A text -> fields of a create whose (one) key is that text; None: the system could not hold it."""
    reads: Mapping[str, Any] = field(default_factory=lambda: {"default": None})
    """Ways of reading by name -> ReadOptions that bring every record of the collection."""
    write: Any = None
    """WriteOptions."""
    page: int | None = None
    """Records on a page in the ways of `reads`; None: capabilities.page_max."""
    other: Any = None
    """Options with another login to the same tenant."""
    wrong: Any = None
    """Options whose login is refused."""
    secrets: tuple[str, ...] = ()
    """Texts of both logins that nothing may show."""
    refused: tuple[str, Value] | None = None
    """A field and a value of it that the server refuses, though the other records of the batch are fine."""
    touch: Callable[[str], object] | None = None
    """Somebody else changes the record with this id."""
    remove: Callable[[str], object] | None = None
    """Somebody else deletes it."""
    held: Callable[[], int] = lambda: 0
    """How many things the server holds for readers (cursors)."""
    faults: Faults | None = None
    """The emulator's switchboard."""
    create_call: str = "POST"
    """What fits the request of a create, for `faults`."""
    update_call: str = ""
    """The same of an update."""
    delete_call: str = ""
    """The same of a delete."""
    read_call: str = ""
    """What fits the requests that bring records, for `faults`."""
    read_calls: Mapping[str, str] = field(default_factory=dict)
    """Way of reading -> the same, where it is another."""
    values: Mapping[str, st.SearchStrategy[Value]] = field(default_factory=dict)
    """Field -> values to try, instead of those that its description suggests."""
    left_out: frozenset[str] = frozenset()
    """Writable fields that the round trip does not try."""


@dataclass(kw_only=True)
class Session:
    """A connector that is open on its collection."""

    world: World
    target: Target
    wire: Wire
    collection: Collection
    writing: Writing
    capabilities: Capabilities

    def query(self, way: str | None = None, fields: tuple[str, ...] | None = None) -> Query:
        """The whole collection, read in the named way (None: the first)."""
        read = self.world.reads[way if way is not None else next(iter(self.world.reads))]
        return Query(collection=self.collection, read=read, fields=fields)

    def records(self, fields: tuple[str, ...] | None = None) -> dict[str, Record]:
        """All records by id, as the connector reads them."""
        return {record.id: record for page in self.target.read(self.query(fields=fields)) for record in page.records}

    def batch(self, changes: Sequence[Change]) -> Batch:
        """The changes, which are of one action, as one batch."""
        items = tuple(
            Item(
                change_id=change.id,
                key=change.key,
                target_id=change.target_id,
                part=self.target.encode_change(self.writing, change),
            )
            for change in changes
        )
        return Batch(writing=self.writing, phase=changes[0].phase, action=changes[0].action, items=items)

    def write(self, changes: Sequence[Change]) -> tuple[Result, ...]:
        """Send them in one request and finish what is staged. Raises what decode raises."""
        batches = (self.batch(changes),)
        answer = self.wire.send(self.target.encode(batches)).result()
        results = self.target.decode(batches, answer)
        self.target.complete((self.writing,), self.collection.stamp)
        return results

    def creates(self, *wanted: Fields) -> list[Change]:
        """One create for each."""
        return [
            Change(
                id=f"{place:032x}",
                step="step",
                phase=Phase.WRITE,
                action=Action.CREATE,
                key=tuple(fields[name] for name in self.world.key),
                after=fields,
            )
            for place, fields in enumerate(wanted)
        ]

    def update(self, found: Record, after: Fields) -> Change:
        """An update of a record as it was found."""
        return Change(
            id=f"{int.from_bytes(found.id.encode()[-15:]):032x}",
            step="step",
            phase=Phase.WRITE,
            action=Action.UPDATE,
            key=tuple(found.fields.get(name) for name in self.world.key),
            target_id=found.id,
            version=found.version,
            before={name: found.fields.get(name) for name in after},
            after=after,
            along={name: found.fields.get(name) for name in self._companions(after)},
        )

    def delete(self, found: Record) -> Change:
        """A delete of a record as it was found."""
        return Change(
            id=f"{int.from_bytes(found.id.encode()[-15:]):032x}",
            step="step",
            phase=Phase.DELETE,
            action=Action.DELETE,
            key=tuple(found.fields.get(name) for name in self.world.key),
            target_id=found.id,
            version=found.version,
            before=found.fields,
        )

    def _companions(self, after: Fields) -> frozenset[str]:
        return self.target.companions(self.writing, frozenset(after))


@contextmanager
def connected(world: World, options: Any = None) -> Iterator[tuple[Target, Wire]]:
    """The connector and its wire; nothing was asked yet."""
    options = world.options if options is None else options
    with world.wire(options) as wire, world.connector(options, wire) as target:
        yield target, wire


@contextmanager
def opened(world: World, options: Any = None, *, on_taken: OnTaken = OnTaken.CONFLICT) -> Iterator[Session]:
    """The connector, open on the world's collection, with this login (None: the good one)."""
    with connected(world, options) as (target, wire):
        collection = target.describe(world.collection, next(iter(world.reads.values())))
        write = Write(system="target", collection=world.collection, key=world.key, on_taken=on_taken)
        yield Session(
            world=world,
            target=target,
            wire=wire,
            collection=collection,
            writing=Writing(write=write, options=world.write, collection=collection),
            capabilities=target.capabilities(world.write),
        )


def writable(session: Session, on: WritableOn) -> dict[str, Field]:
    """Fields that take values on a create or an update; the key and what the world leaves out are not among them."""
    fields = session.collection.fields or {}
    out = session.world.left_out.union(session.world.key)
    return {name: field for name, field in fields.items() if name not in out and takes(field, on)}


def takes(field: Field, on: WritableOn) -> bool:
    """Whether it may be written then."""
    return field.writable_on in (WritableOn.BOTH, on)


def values_of(world: World, field: Field) -> st.SearchStrategy[Value] | None:
    """Values that fit the field's description; None: nobody knows any."""
    if field.name in world.values:
        return world.values[field.name]
    made = _STRATEGIES.get(field.kind)
    if made is None or (field.kind in (Kind.CHOICE, Kind.CHOICES) and not field.choices):
        return None
    filled = made(field)
    return filled if field.required or field.unique else st.none() | filled


def _text(field: Field) -> st.SearchStrategy[Value]:
    alphabet = st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"))
    return st.text(alphabet, min_size=field.min_length or 1, max_size=min(field.max_length or 30, 30)).filter(
        lambda text: text == text.strip()
    )


def _number(field: Field) -> st.SearchStrategy[Value]:
    low = float(field.minimum) if field.minimum is not None else -1e6
    high = float(field.maximum) if field.maximum is not None else 1e6
    return st.decimals(str(low), str(high), places=2).map(str) | st.decimals(str(low), str(high), places=6).map(str)


def _row(field: Field) -> st.SearchStrategy[Value]:
    cells = {cell.name: _cell(cell) for cell in field.fields if takes(cell, WritableOn.BOTH)}
    known = {name: strategy for name, strategy in cells.items() if strategy is not None}
    rows = st.lists(st.fixed_dictionaries(known), max_size=3)
    return rows.map(tuple)


def _cell(field: Field) -> st.SearchStrategy[Value] | None:
    made = _STRATEGIES.get(field.kind)
    return None if made is None or (field.choices == ()) else made(field)


def _minute(text: Any) -> str:
    return str(text.isoformat(timespec="seconds")) + "Z"


_STRATEGIES: dict[Kind, Callable[[Field], st.SearchStrategy[Value]]] = {
    Kind.TEXT: _text,
    Kind.RICH_TEXT: lambda field: st.sampled_from(("<b>bold</b>", "plain", "<p>one</p><p>two</p>")),
    Kind.NUMBER: _number,
    Kind.BOOLEAN: lambda field: st.booleans(),
    Kind.DATE: lambda field: st.dates(date(1900, 1, 1), date(2100, 12, 31)).map(str),
    Kind.TIME: lambda field: st.times().map(lambda time: time.strftime("%H:%M")),
    Kind.DATETIME: lambda field: st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)).map(_minute),
    Kind.CHOICE: lambda field: st.sampled_from(field.choices or ()),
    Kind.CHOICES: lambda field: st.lists(st.sampled_from(field.choices or ()), unique=True).map(tuple),
    Kind.TABLE: _row,
}
