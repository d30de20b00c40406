"""GLPI passes the common suite, on computers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st

from migrator.connectors.glpi import Glpi
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.values import Value
from tests.connectors.suite import *  # noqa: F403  the common tests
from tests.connectors.wires import emulated
from tests.connectors.world import World

URL = "https://glpi.example/apirest.php"
KEYS = (
    "users_id_tech", "groups_id_tech", "autoupdatesystems_id", "locations_id", "networks_id", "computermodels_id",
    "computertypes_id", "manufacturers_id", "users_id", "groups_id", "states_id",
)  # fmt: skip


def sample(place: int) -> dict[str, Value]:
    """A computer."""
    return {"serial": f"SN-{place:05}", "name": f"pc {place}"}


def odd_key(text: str) -> dict[str, Value]:
    """A serial takes any text."""
    return {"serial": text, "name": f"pc with {text}"}


def options(emulator: Emulator, **changed: Any) -> Any:
    """A login by token, or what is said instead."""
    variables = emulator.variables
    login = changed or {"user_token": variables["GLPI_USER_TOKEN"]}
    return Glpi.Options(url=URL, app_token=variables["GLPI_APP_TOKEN"], **login)


@pytest.fixture
def emulator() -> Emulator:
    """A server as it is after installation."""
    return create_emulator("glpi", seed="empty", pace="off")


@pytest.fixture
def world(emulator: Emulator) -> World:
    """Its computers."""
    return world_of(emulator)


def world_of(emulator: Emulator) -> World:
    """The computers of an emulator's server."""
    store = emulator.store

    def fill(size: int) -> Sequence[str]:
        return [str(store.add("Computer", **sample(place))) for place in range(size)]

    def truth() -> dict[str, str]:
        return {str(row["id"]): plain(row["name"] or "") for row in store.rows("Computer") if not row["is_deleted"]}

    def remove(id_: str) -> None:
        store.table("Computer").remove(int(id_))

    return World(
        connector=Glpi,
        options=options(emulator),
        wire=partial(_wire, emulator),
        collection="Computer",
        unknown="Komputer",
        text="name",
        sample=sample,
        fill=fill,
        truth=truth,
        key=("serial",),
        odd_keys=odd_key,
        reads={
            "listing": Glpi.ReadOptions(page=40),
            "text": Glpi.ReadOptions(page=40, searchText={"name": "^pc"}),
            "search": Glpi.ReadOptions(
                page=40, criteria=({"field": "name", "searchtype": "contains", "value": "^pc"},)
            ),
            "blocks": Glpi.ReadOptions(page=40, blocks=("infocoms",)),
        },
        write=Glpi.WriteOptions(),
        page=40,
        other=options(emulator, username="glpi", password="glpi"),
        wrong=options(emulator, user_token="no-such-token-anywhere"),
        secrets=(
            emulator.variables["GLPI_USER_TOKEN"],
            emulator.variables["GLPI_APP_TOKEN"],
            "no-such-token-anywhere",
        ),
        refused=("entities_id", "4711"),
        remove=remove,
        faults=emulator.faults,
        create_call="POST /apirest.php/Computer",
        update_call="PUT /apirest.php/Computer",
        delete_call="DELETE /apirest.php/Computer",
        read_call="GET /apirest.php/Computer?",
        read_calls={"search": "GET /apirest.php/search/", "blocks": "GET /apirest.php/getMultipleItems"},
        values=_values(),
        left_out=frozenset({"is_deleted", "is_template", "entities_id"}),
    )


def plain(text: str) -> str:
    """A stored text as it was meant."""
    return text.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")


def _wire(emulator: Emulator, options: Any) -> Any:
    return emulated(Glpi, options, emulator.app)


def _values() -> dict[str, st.SearchStrategy[Value]]:
    """Where the description alone does not tell what fits."""
    ids = st.sampled_from((None, "0", "1", "7", 7))
    flags = st.sampled_from((None, 0, 1))
    moments = st.datetimes(datetime(1970, 1, 2), datetime(2038, 1, 18)).map(
        lambda moment: moment.isoformat(timespec="seconds") + "Z"
    )
    lines = st.none() | st.text(st.sampled_from("ab &<>;#36082\namplgt"), max_size=30)
    return {
        **dict.fromkeys(KEYS, ids),
        **dict.fromkeys(("is_dynamic", "is_recursive"), flags),
        **dict.fromkeys(("last_inventory_update", "last_boot"), st.none() | moments),
        **dict.fromkeys(("date_mod", "date_creation"), moments),
        **dict.fromkeys(("comment", "contact"), lines),
    }
