"""Ketryx passes the common suite, on the requirements of the sample project, with and without a server's own cap."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st

from migrator.connectors.ketryx import Ketryx
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.values import Value
from tests.connectors.suite import *  # noqa: F403  the common tests
from tests.connectors.wires import emulated
from tests.connectors.world import World

URL = "https://app.ketryx.example"
KINDS = {
    "Description": "string",
    "External key": "string",
    "Requirement type": "string",
    "Rationale": "string",
    "Priority": "number",
}


def options(emulator: Emulator, **changed: Any) -> Any:
    """A good login, or what is said instead."""
    return Ketryx.Options(url=URL, **{"api_key": emulator.variables["KETRYX_API_KEY"], **changed})


def sample(place: int) -> dict[str, Value]:
    """A requirement with the id that we choose."""
    return {"sourceId": f"K-{place:05}", "title": f"requirement {place}"}


@pytest.fixture
def emulator() -> Emulator:
    """An organization whose project is empty."""
    return create_emulator("ketryx", seed="empty")


@pytest.fixture(params=["full pages", "capped"])
def world(emulator: Emulator, request: pytest.FixtureRequest) -> World:
    """The sample project."""
    if request.param == "capped":
        emulator.store.switches.page_cap = 17
        emulator.store.switches.empty_is = "absent"
    return world_of(emulator)


def world_of(emulator: Emulator) -> World:
    """The sample project of an emulator's organization."""
    store, project = emulator.store, emulator.collections["sample"]

    def fill(size: int) -> Sequence[str]:
        return [store.write(project, {**sample(place), "type": "Requirement"}) for place in range(size)]

    def truth() -> dict[str, str]:
        return {item.id: item.current.title for item in store.items.values()}

    return World(
        connector=Ketryx,
        options=options(emulator),
        wire=partial(_wire, emulator),
        collection=str(project),
        unknown="KXPRJ" + "Z" * 26,
        text="title",
        sample=sample,
        fill=fill,
        truth=truth,
        key=("sourceId",),
        odd_keys=lambda text: {"sourceId": text, "title": text},
        reads={
            "all": Ketryx.ReadOptions(limit=40, kinds=KINDS),
            "query": Ketryx.ReadOptions(kql="type:Requirement and not none", limit=40, kinds=KINDS),
            "target": Ketryx.WriteOptions(type="Requirement", limit=40, kinds=KINDS),
        },
        write=Ketryx.WriteOptions(type="Requirement", kinds=KINDS),
        page=40,
        other=options(emulator, api_key="KXTK_read"),
        wrong=options(emulator, api_key="KXTK_nobody-knows"),
        secrets=(emulator.variables["KETRYX_API_KEY"], "KXTK_nobody-knows"),
        refused=("relation:fulfills", ("KXITM" + "0" * 26,)),
        remove=store.remove,
        faults=emulator.faults,
        create_call=f"POST /api/v1/projects/{project}/items",
        update_call=f"POST /api/v1/projects/{project}/items",
        read_call="/records?",
        values={f"relation:{name}": st.just(()) for name in ("fulfills", "tests")},
        left_out=frozenset({"type"}),
    )


def _wire(emulator: Emulator, options: Any) -> Any:
    return emulated(Ketryx, options, emulator.app)
