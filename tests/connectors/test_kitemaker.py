"""Kitemaker passes the common suite, on the work items of a space, written by either of its two interfaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import strategies as st

from migrator.connectors.kitemaker import Kitemaker
from migrator.connectors.kitemaker.options import CallForm, WriteOptions
from migrator.emulators.kitemaker import sample as stand
from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Emulator, ManualClock, create_emulator
from migrator.model.values import Value
from tests.connectors.suite import *  # noqa: F403  the common tests
from tests.connectors.wires import emulated
from tests.connectors.world import World

URL = "https://kitemaker.example"
MOMENTS = ("1999-12-31T23:59:59Z", "2024-02-29T12:00:00Z", "2031-01-01T00:00:00Z")
"""No null: the server then takes the time of the writing."""
PEOPLE = st.sampled_from(("ann", "greg", "sato"))


def options(emulator: Emulator, **changed: Any) -> Any:
    """A good login, or what is said instead."""
    return Kitemaker.Options(**{"url": URL, "token": emulator.variables["KITEMAKER_TOKEN"], **changed})


def sample(place: int) -> dict[str, Value]:
    """An item with a text."""
    return {"title": f"item {place}", "description": f"text {place}"}


@pytest.fixture
def emulator() -> Emulator:
    """An organization without items."""
    return create_emulator("kitemaker", seed="empty", pace="off", clock=ManualClock())


@pytest.fixture(params=list(CallForm))
def world(emulator: Emulator, request: pytest.FixtureRequest) -> World:
    """The items of the space ACM."""
    return world_of(emulator, request.param)


def world_of(emulator: Emulator, call: CallForm = CallForm.REST) -> World:
    """The items of the space ACM of an emulator's organization."""
    org = emulator.store
    space = org.space(stand.SPACE)

    def fill(size: int) -> Sequence[str]:
        desk = Desk(Sight(org, org.tokens[stand.TOKEN]))
        column = space.statuses[0].id
        return [desk.create_work_item({**sample(place), "status_id": column}).id for place in range(size)]

    graphql = call is CallForm.GRAPHQL
    path = "/developers/graphql" if graphql else "/developers/rest/v1/workitem"
    return World(
        connector=Kitemaker,
        options=options(emulator),
        wire=lambda made: emulated(Kitemaker, made, emulator.app),
        collection=space.id,
        unknown="NIX",
        text="description",
        sample=sample,
        fill=fill,
        truth=lambda: {item.id: item.description.rstrip("\n") for item in org.work_items.values()},
        key=("title",),
        reads={"default": WriteOptions(call=call)},
        write=WriteOptions(call=call),
        other=options(emulator, token=stand.APPLICATION_TOKEN),
        wrong=options(emulator, token="no-such-token-anywhere"),
        secrets=(stand.TOKEN, stand.APPLICATION_TOKEN, "no-such-token-anywhere"),
        refused=("title", "  "),
        faults=emulator.faults,
        create_call=f"POST {path}",
        update_call=f"{'POST' if graphql else 'PUT'} {path}",
        read_call="POST /developers/graphql",
        values={
            **dict.fromkeys(("members", "watchers"), st.lists(PEOPLE, unique=True).map(tuple)),
            **dict.fromkeys(("createdAt", "updatedAt"), st.sampled_from(MOMENTS)),
            **dict.fromkeys(("effort", "impact"), st.none() | st.sampled_from(("Small", "Medium", "Large"))),
        },
    )
