"""What is recorded of KaiNexus: ideas on the card of ideas."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from migrator.connectors.kainexus import KaiNexus
from migrator.connectors.kainexus.options import CallForm, Form
from migrator.contract import Call
from migrator.emulators.kainexus.options import SAMPLE_KEY
from migrator.emulators.server import Emulator
from migrator.errors import LoginRefused, Throttled
from migrator.model.values import Record, Value
from tests.connectors.cassette_stage import Subject
from tests.connectors.wires import emulated
from tests.connectors.world import Session

CARD = 346
KINDS = {
    "Description": Form.TEXT,
    "External key": Form.TEXT,
    "Expected savings": Form.NUMBER,
    "Target date": Form.DATE,
    "Category": Form.ATTRIBUTE,
}


def options(key: str) -> Any:
    """The sample organization with this API key."""
    return KaiNexus.Options(url="https://api.kainexus.example", api_key=key, tenant="acme")


KAINEXUS = Subject(
    system="kainexus",
    connector=KaiNexus,
    options=options,
    login="KAINEXUS_API_KEY",
    collection="Idea",
    key=("External key",),
    read=KaiNexus.ReadOptions(list=CARD, limit=2, kinds=KINDS),
    write=KaiNexus.WriteOptions(list=CARD, limit=2, kinds=KINDS),
    secrets=(SAMPLE_KEY, b64encode(f"api:{SAMPLE_KEY}".encode()).decode()),
    zone="America/Chicago",
)


def idea(place: int) -> dict[str, Any]:
    """As KaiNexus takes it; the first has a value of each sort."""
    body: dict[str, Any] = {
        "templateName": "Idea",
        "summary": f"idea {place}",
        "authors": [{"username": "ann"}],
        "fields": [{"name": "External key", "value": f"K-{place}"}],
    }
    if place == 1:
        body["responsibleLocations"] = [{"name": "Plant North"}]
        body["attributes"] = [{"name": "Category", "values": [{"name": "Quality"}]}]
        body["fields"] += [
            {"name": "Description", "value": "工具壁 & more"},
            {"name": "Expected savings", "numericValue": 1200.5},
            {"name": "Target date", "dateValue": "2023-06-01T05:00:00.000+0000"},
        ]
    return body


def one_idea(emulator: Emulator) -> None:
    """With a value of each sort."""
    emulator.store.add_item(idea(1), number=101)


def three_ideas(emulator: Emulator) -> None:
    """Items 101 to 103."""
    for place in (1, 2, 3):
        emulator.store.add_item(idea(place), number=100 + place)


def busy_minute(emulator: Emulator) -> None:
    """One idea, and somebody who has used up the five calls of this minute."""
    one_idea(emulator)
    call = Call(method="GET", path="/api/public/v1/json/userList", kind="list", repeatable=True)
    with emulated(KaiNexus, options(SAMPLE_KEY), emulator.app) as wire:
        for _ in range(5):
            assert wire.ask(call).status == 200


def found(place: int) -> Record:
    """An item as it was read."""
    fields: dict[str, Value] = {"summary": f"idea {place}", "External key": f"K-{place}", "authors": ("ann",)}
    return Record(id=str(100 + place), fields=fields)


def wanted(place: int, **more: Any) -> dict[str, Any]:
    """Fields of a create."""
    return {"summary": f"new {place}", "External key": f"N-{place}", "authors": ("ann",), **more}


@KAINEXUS.scenario(prepare=one_idea, described=False)
def describe(session: Session) -> Any:
    """Locations, users, and a page of items that fields are learnt from."""
    return session.target.describe("Idea", session.writing.options)


@KAINEXUS.scenario(prepare=three_ideas)
def read_list(session: Session) -> Any:
    """Two pages of a card, the second short."""
    return [list(page.records) for page in session.target.read(session.query(fields=tuple(KINDS)))]


@KAINEXUS.scenario(prepare=three_ideas)
def fetch(session: Session) -> Any:
    """By id; one is not there."""
    pages = session.target.fetch(session.collection, [["102"], ["999"]], ("summary",))
    return [list(page.records) for page in pages]


@KAINEXUS.scenario()
def create_by_item_list(session: Session) -> Any:
    """Two in one call."""
    first = wanted(1, **{"Expected savings": "99.5", "Target date": "2024-02-29", "Category": "Safety"})
    return session.write(session.creates(first, wanted(2)))


@KAINEXUS.scenario(prepare=three_ideas, write=KaiNexus.WriteOptions(list=CARD, kinds=KINDS, call=CallForm.ITEM))
def update_by_item(session: Session) -> Any:
    """One a call."""
    return session.write([session.update(found(2), {"summary": "改めて", "Expected savings": "7"})])


@KAINEXUS.scenario(prepare=three_ideas)
def errors_by_item(session: Session) -> Any:
    """Three updates: the second names a choice that is none, the third an item that is not there."""
    changes = [
        session.update(found(1), {"summary": "fine"}),
        session.update(found(2), {"Category": "no such value"}),
        session.update(found(899), {"summary": "of nobody"}),
    ]
    return session.write(changes)


@KAINEXUS.scenario(wrong=True, described=False)
def wrong_key(session: Session) -> Any:
    """A key that nobody has."""
    with pytest.raises(LoginRefused) as raised:
        session.target.identity()
    return raised.value


@KAINEXUS.scenario(prepare=busy_minute)
def read_paced(session: Session) -> Any:
    """The sixth call of a minute is asked to wait, waits, and is answered."""
    return [list(page.records) for page in session.target.read(session.query(fields=("summary",)))]


@KAINEXUS.scenario(prepare=busy_minute)
def write_paced(session: Session) -> Any:
    """The sixth call of a minute wrote nothing."""
    with pytest.raises(Throttled) as raised:
        session.write(session.creates(wanted(1)))
    return raised.value
