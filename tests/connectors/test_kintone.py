"""Kintone passes the common suite, on an app with a field of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import strategies as st

from migrator.connectors.kintone import Kintone
from migrator.contract import Call
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.values import Value
from tests.connectors.suite import *  # noqa: F403  the common tests
from tests.connectors.wires import emulated
from tests.connectors.world import World

PEOPLE = ("ann", "bob", "chie", "dora")


def sample(place: int) -> dict[str, Value]:
    """A record of the kitchen sink."""
    return {"code": f"K-{place:05}", "title": f"title {place}"}


def odd_key(text: str) -> dict[str, Value]:
    """A single-line key takes any text."""
    return {"code": text, "title": text}


def options(emulator: Emulator, **changed: Any) -> Any:
    """A login by token, or what is said instead."""
    login = changed or {"api_token": emulator.variables["KINTONE_API_TOKEN"]}
    return Kintone.Options(url="https://acme.kintone.example", **login)


@pytest.fixture
def emulator() -> Emulator:
    """An empty domain."""
    return create_emulator("kintone", seed="empty", pace="off")


@pytest.fixture
def world(emulator: Emulator) -> World:
    """The kitchen sink of the sample domain."""
    return world_of(emulator)


def world_of(emulator: Emulator) -> World:
    """The kitchen sink of an emulator's domain."""
    tenant = emulator.store
    app = tenant.app(emulator.collections["kitchen-sink"])
    tenant.add_records(tenant.app(emulator.collections["customers"]), [{"customer_no": "C-1", "name": "Aoba"}])
    variables = emulator.variables

    def fill(size: int) -> Sequence[str]:
        return [str(id_) for id_ in tenant.add_records(app, [sample(place) for place in range(size)])]

    def truth() -> dict[str, str]:
        return {record["$id"]: record["title"] for record in tenant.records(app)}

    def touch(id_: str) -> None:
        other = Kintone.Options(url="https://acme.kintone.example", api_token=variables["KINTONE_API_TOKEN"])
        with emulated(Kintone, other, emulator.app) as wire:
            wire.send(_call("PUT", {"app": app.id, "id": id_, "record": {"memo": {"value": "theirs"}}})).result()

    def remove(id_: str) -> None:
        app.table.remove(int(id_))

    return World(
        connector=Kintone,
        options=options(emulator),
        wire=partial(_wire, emulator),
        collection=str(app.id),
        unknown="4711",
        text="title",
        sample=sample,
        fill=fill,
        truth=truth,
        key=("code",),
        odd_keys=odd_key,
        reads={
            "id": Kintone.ReadOptions(),
            "order": Kintone.ReadOptions(query="order by title desc"),
            "cursor": Kintone.ReadOptions(query='title not in ("no such")', reading="cursor"),
        },
        write=Kintone.WriteOptions(),
        other=options(emulator, username=variables["KINTONE_USERNAME"], password=variables["KINTONE_PASSWORD"]),
        wrong=options(emulator, api_token="no-such-token-anywhere"),
        secrets=(variables["KINTONE_API_TOKEN"], variables["KINTONE_PASSWORD"], "no-such-token-anywhere"),
        refused=("state", "no such state"),
        touch=touch,
        remove=remove,
        held=lambda: len(tenant.cursors),
        faults=emulator.faults,
        create_call="POST /k/v1/records.json",
        update_call="PUT /k/v1/records.json",
        delete_call="DELETE /k/v1/records.json",
        read_call="GET /k/v1/records/cursor.json",
        read_calls={"id": "POST /k/v1/records.json"},
        values=_values(),
        left_out=frozenset({"files"}),
    )


def _wire(emulator: Emulator, options: Any) -> Any:
    return emulated(Kintone, options, emulator.app)


def _call(method: str, body: Any) -> Call:
    return Call(
        method=method,
        path="/k/v1/record.json",
        kind="write",
        repeatable=False,
        body=orjson.dumps(body),
        headers={"Content-Type": "application/json"},
    )


def _values() -> dict[str, st.SearchStrategy[Value]]:
    """Where the description alone does not tell what fits."""
    links = st.sampled_from((None, "https://example.com/a?b=c", "http://example.org"))
    moments = st.sampled_from(("2024-03-01T00:30:00Z", "2024-03-01T09:30:59+09:00"))
    return {
        "Created_by": st.sampled_from(PEOPLE),
        "Updated_by": st.sampled_from(PEOPLE),
        "Created_datetime": moments,
        "Updated_datetime": moments,
        "site": links,
        "mail": st.sampled_from((None, "ann@example.com")),
        "people": st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple),
        "departments": st.lists(st.sampled_from(("sales", "support")), unique=True).map(tuple),
        "groups": st.lists(st.sampled_from(("everyone", "leads")), unique=True).map(tuple),
        "customer": st.sampled_from((None, "C-1")),
        "memo": st.sampled_from((None, "one\ntwo", "one\r\ntwo", " blank ", "日本語")),
        "body": st.sampled_from((None, "<b>bold</b>", "plain")),
    }
