"""What is recorded of Kintone: the customers of the sample domain, a small app."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from migrator.connectors.kintone import Kintone, reading
from migrator.contract import Query
from migrator.emulators.kintone.sample import PEOPLE, TOKEN
from migrator.emulators.kintone.tenant import ADMINISTRATOR
from migrator.emulators.server import Emulator
from migrator.errors import Conflict, LoginRefused, NotFound, Refused
from migrator.model.playbook import OnTaken
from migrator.model.values import Record
from tests.connectors.cassette_stage import Subject
from tests.connectors.world import Session

ODD_KEYS = (
    'say "hi"',
    "back\\slash",
    "50% & more?",
    "(1, 2) or 3",
    "日本語",
    "🦀 é",
    "O'Brien",
)
"""What a query has to quote, an address to encode, or neither may touch."""

_ACCOUNTS = (ADMINISTRATOR, *PEOPLE)
_PAIRS = tuple(b64encode(f"{one.code}:{one.password}".encode()).decode() for one in _ACCOUNTS)

KINTONE = Subject(
    system="kintone",
    connector=Kintone,
    options=lambda token: Kintone.Options(url="https://acme.kintone.example", api_token=token),
    login="KINTONE_API_TOKEN",
    collection="2",
    key=("customer_no",),
    read=Kintone.ReadOptions(),
    write=Kintone.WriteOptions(),
    secrets=(TOKEN, *(one.password for one in _ACCOUNTS), *_PAIRS),
)


def four_customers(emulator: Emulator) -> None:
    """C-1 to C-4."""
    add(emulator, "C-1", "C-2", "C-3", "C-4")


def odd_customers(emulator: Emulator) -> None:
    """One for each odd key, and one besides."""
    add(emulator, *ODD_KEYS, "C-1")


def add(emulator: Emulator, *numbers: str) -> None:
    """Customers with these numbers."""
    tenant = emulator.store
    tenant.add_records("customers", [{"customer_no": number, "name": f"name of {number}"} for number in numbers])


@contextmanager
def pages_of(size: int) -> Iterator[None]:
    """A page is 500 records, too many to look at: here it is shorter. All else is as ever."""
    with patch.object(reading, "PAGE", size):
        yield


def downwards(session: Session) -> Query:
    """All customers, in an order of its own, their numbers only."""
    read = Kintone.ReadOptions(query="order by customer_no desc")
    return Query(collection=session.collection, read=read, fields=("customer_no",))


def seen(records: Any) -> list[tuple[str, Any]]:
    """Id and key of each."""
    return [(record.id, record.fields["customer_no"]) for record in records]


def customer(id_: str, version: str, **fields: Any) -> Record:
    """A record as it was found at some time."""
    return Record(id=id_, version=version, fields={"customer_no": f"C-{id_}", "name": f"name of C-{id_}", **fields})


@KINTONE.scenario(described=False)
def describe(session: Session) -> Any:
    """The form of the app, its name and how it rounds."""
    return session.target.describe("2", Kintone.ReadOptions())


@KINTONE.scenario(prepare=four_customers)
def read_by_id(session: Session) -> Any:
    """Two pages, the second short."""
    with pages_of(3):
        return [seen(page.records) for page in session.target.read(session.query())]


@KINTONE.scenario(prepare=four_customers)
def read_by_cursor(session: Session) -> Any:
    """Two pages in an order of its own; the last one ends the cursor."""
    with pages_of(3):
        return [seen(page.records) for page in session.target.read(downwards(session))]


@KINTONE.scenario(prepare=four_customers)
def cursor_left_early(session: Session) -> Any:
    """One page of two, then the cursor is deleted."""
    with pages_of(3):
        walk = session.target.read(downwards(session))
        first = seen(next(walk).records)
        walk.close()  # type: ignore[attr-defined]  # an Iterator that is a generator
        return first


@KINTONE.scenario(prepare=odd_customers)
def find_odd_keys(session: Session) -> Any:
    """By key, two pages of keys; the last one nobody has."""
    keys = [(key,) for key in (*ODD_KEYS, "nobody's")]
    pages = session.target.find(session.collection, ("customer_no",), [keys[:4], keys[4:]], ("customer_no",))
    return [seen(page.records) for page in pages]


@KINTONE.scenario()
def insert(session: Session) -> Any:
    """Three at once."""
    wanted = [{"customer_no": f"N-{at}", "name": "新しい", "credit": f"{at}.50"} for at in (1, 2, 3)]
    return session.write(session.creates(*wanted))


@KINTONE.scenario(prepare=four_customers)
def update(session: Session) -> Any:
    """Two, each with the revision that was read."""
    changes = [session.update(customer(id_, "1"), {"rank": rank}) for id_, rank in (("1", "A"), ("3", None))]
    return session.write(changes)


@KINTONE.scenario(prepare=four_customers)
def conflict(session: Session) -> Any:
    """The second has a revision that is no longer the latest."""
    session.write([session.update(customer("2", "1"), {"rank": "C"})])
    stale = [session.update(customer(id_, "1"), {"rank": "A"}) for id_ in ("1", "2")]
    with pytest.raises(Conflict) as raised:
        session.write(stale)
    return raised.value


@KINTONE.scenario(prepare=four_customers)
def key_taken(session: Session) -> Any:
    """The second of three creates has the key of a record that stands."""
    wanted = [{"customer_no": number, "name": "new"} for number in ("N-1", "C-2", "N-3")]
    with pytest.raises(Conflict) as raised:
        session.write(session.creates(*wanted))
    return raised.value


@KINTONE.scenario()
def refused(session: Session) -> Any:
    """The first has no name, the third a rank that is no choice; the second is fine."""
    wanted = [
        {"customer_no": "N-1", "name": ""},
        {"customer_no": "N-2", "name": "fine"},
        {"customer_no": "N-3", "name": "bad rank", "rank": "Z"},
    ]
    with pytest.raises(Refused) as raised:
        session.write(session.creates(*wanted))
    return raised.value


@KINTONE.scenario(wrong=True, described=False)
def wrong_token(session: Session) -> Any:
    """A token that no app has."""
    with pytest.raises(LoginRefused) as raised:
        session.target.describe("2", Kintone.ReadOptions())
    return raised.value


@KINTONE.scenario(described=False)
def unknown_app(session: Session) -> Any:
    """An app that is not there."""
    with pytest.raises(NotFound) as raised:
        session.target.describe("4711", Kintone.ReadOptions())
    return raised.value


@KINTONE.scenario(prepare=four_customers, on_taken=OnTaken.UPDATE)
def upsert(session: Session) -> Any:
    """One that stands, one that does not."""
    wanted = [{"customer_no": number, "name": "upserted"} for number in ("C-4", "N-1")]
    return session.write(session.creates(*wanted))


@KINTONE.scenario(prepare=four_customers)
def delete(session: Session) -> Any:
    """Two, each with its revision."""
    return session.write([session.delete(customer(id_, "1")) for id_ in ("1", "4")])
