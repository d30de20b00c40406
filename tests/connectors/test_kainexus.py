"""KaiNexus passes the common suite, on the template and the card of ideas, with either of the two writing calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st

from migrator.connectors.kainexus import KaiNexus
from migrator.connectors.kainexus import options as words
from migrator.contract import Capabilities, Transfer, Unlimited, Wire
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.values import Value
from migrator.transport.pace import ManualClock
from migrator.transport.retry import Patience
from migrator.transport.secrets import Scrubber
from migrator.transport.stack import open_wire
from tests.connectors.suite import *  # noqa: F403  the common tests
from tests.connectors.world import World
from tests.wsgi import WsgiAdapter

URL = "https://api.kainexus.example"
ZONE = "America/Chicago"
CARD = 346
KINDS = {
    "Description": "text",
    "External key": "text",
    "Expected savings": "number",
    "Target date": "date",
    "Go-live": "datetime",
    "Category": "attribute",
    "Owner": "attribute",
    "Adjust": "milestone",
    "Analyze": "milestone",
}
REST = ("Committee Approval", "Finance Approval", "Board Approval")
"""Milestones that are not tried: one of them takes a role."""


@contextmanager
def wired(emulator: Emulator, options: Any) -> Iterator[Wire]:
    """The program's own wire over the emulator, unpaced, in the zone of the sample organization."""
    clock = ManualClock()
    with open_wire(
        KaiNexus,
        options,
        Transfer(zone=ZONE),
        Capabilities(page_max=1, in_flight=4),
        budget=Unlimited(),
        clock=clock,
        scrubber=Scrubber(),
        adapter=WsgiAdapter(emulator.app),
        patience=Patience(tries=2),
        chance=lambda: 1.0,
    ) as wire:
        yield wire


def options(emulator: Emulator, **changed: Any) -> Any:
    """A good login, or what is said instead."""
    return KaiNexus.Options(
        url=URL, **{"api_key": emulator.variables["KAINEXUS_API_KEY"], "tenant": "acme", **changed}
    )


def sample(place: int) -> dict[str, Value]:
    """An idea with its author, as every status needs one."""
    return {"summary": f"idea {place}", "External key": f"K-{place:05}", "authors": ("ann",)}


@pytest.fixture
def emulator() -> Emulator:
    """An organization without items."""
    return create_emulator("kainexus", seed="empty", pace="off")


@pytest.fixture(params=["itemList", "item"])
def world(emulator: Emulator, request: pytest.FixtureRequest) -> World:
    """The card of ideas."""
    return world_of(emulator, request.param)


def world_of(emulator: Emulator, call: str = "itemList") -> World:
    """The card of ideas of an emulator's organization."""
    store = emulator.store

    def fill(size: int) -> Sequence[str]:
        return [str(store.add_item(_body(place))) for place in range(size)]

    def truth() -> dict[str, str]:
        return {str(item.id): item.summary for item in store.items.values() if not item.deleted}

    def remove(id_: str) -> None:
        store.write([{"id": int(id_), "status": "DELETED"}])

    return World(
        connector=KaiNexus,
        options=options(emulator),
        wire=partial(wired, emulator),
        collection="Idea",
        unknown="99999",
        text="summary",
        sample=sample,
        fill=fill,
        truth=truth,
        key=("External key",),
        reads={"card": KaiNexus.ReadOptions(list=CARD, limit=40, kinds=KINDS)},
        write=KaiNexus.WriteOptions(list=CARD, kinds=KINDS, call=words.CallForm(call)),
        page=40,
        other=options(emulator),
        wrong=options(emulator, api_key="no-such-key-anywhere"),
        secrets=(emulator.variables["KAINEXUS_API_KEY"], "no-such-key-anywhere"),
        refused=("Category", "no such value"),
        remove=remove,
        faults=emulator.faults,
        create_call="PUT /api/public/v1/json/item",
        read_call="/json/itemList",
        values=_values(),
        left_out=frozenset({"createDate", "customStatus", *_not_tried()}),
    )


def _body(place: int) -> dict[str, Any]:
    return {
        "templateName": "Idea",
        "summary": f"idea {place}",
        "authors": [{"username": "ann"}],
        "fields": [{"name": "External key", "value": f"K-{place:05}"}],
    }


def _not_tried() -> set[str]:
    """What the first item shows beside the declared names, and second names of the same thing."""
    undeclared = {"field": ["Sticky note"], "attribute": ["Site", "Hazard", "Effort"], "milestone": list(REST)}
    names = {"html:Description", *(name for group in undeclared.values() for name in group)}
    for group in ("field", "attribute", "attribute-notes", "milestone", "milestone-notes"):
        some = undeclared.get(group.removesuffix("-notes"), [])
        names.update(f"{group}:{name}" for name in (*KINDS, *some))
    return names


def _values() -> dict[str, st.SearchStrategy[Value]]:
    """What the description alone does not tell."""
    people = st.sampled_from(("ann", "greg", "mia", "tom", "sato"))
    several = st.lists(people, unique=True, max_size=3).map(tuple)
    places = st.lists(st.sampled_from(("Executive", "Development", "Plant North")), unique=True).map(tuple)
    choices = ("General Process", "Quality", "Other")
    return {
        **dict.fromkeys(("collaborators", "followers"), several),
        **dict.fromkeys(("participatingLocations", "originatingLocations", "responsibleLocations"), places),
        "authors": st.lists(people, unique=True, min_size=1, max_size=3).map(tuple),
        "status": st.just("NEW"),
        "private": st.none() | st.booleans(),
        "responsible": st.none(),
        "assigner": st.none() | people,
        "Category": st.none() | st.sampled_from(choices),
        "Owner": st.none() | people,
        "Adjust": st.sampled_from(("APPROVED", "NOT_APPROVED", "READY")),
        "Analyze": st.sampled_from(("APPROVED", "NOT_APPROVED", "READY")),
    }
