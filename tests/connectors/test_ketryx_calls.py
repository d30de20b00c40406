"""What the connector of Ketryx uses, call by call; docs/coverage/ketryx.md names these tests."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from migrator.connectors.ketryx import Ketryx
from migrator.connectors.ketryx.layout import RELATION, RELATIONS
from migrator.contract import Creates, Done, Query, Recheck
from migrator.emulators.ketryx import SAMPLE_PROJECT
from migrator.emulators.ketryx.organization import RELATIONS as KNOWN
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.plan import Action
from migrator.model.values import WritableOn
from tests.connectors.test_ketryx import options
from tests.connectors.test_ketryx_oddities import WRITE, change, desk, origin

KETRYX_CALLS = {
    "GET /projects", "GET /projects/{projectId}", "GET /projects/{projectId}/items",
    "GET /projects/{projectId}/items/{itemId}/records", "GET /projects/{projectId}/records",
    "POST /projects/{projectId}/items",
}  # fmt: skip
"""All that the connector asks."""


class Heard:
    """An app that notes method, path and headers of each request, with ids as their kinds."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.calls: set[str] = set()
        self.headers: list[dict[str, str]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = re.sub("KXITM[A-Z0-9]+", "{itemId}", environ["PATH_INFO"].replace(SAMPLE_PROJECT, "{projectId}"))
        self.calls.add(f"{environ['REQUEST_METHOD']} {path.removeprefix('/api/v1')}")
        self.headers.append({name: str(value) for name, value in environ.items()})
        return self._app(environ, start_response)


@pytest.fixture
def emulator() -> Emulator:
    """The sample organization."""
    return create_emulator("ketryx")


def test_ketryx_is_asked_by_these_calls_and_no_others(emulator: Emulator) -> None:
    """Describing by id and by name, reading in both ways, looking up, creating, changing; always with the token."""
    heard = Heard(emulator.app)
    with desk(dataclasses.replace(emulator, app=heard), collection="Infusion Pump") as one:
        everything = Ketryx.ReadOptions(kql="RQ", records="all")
        assert list(one.target.read(Query(collection=one.collection, read=everything)))
        assert one.find("sourceId", "sample:RQ-1")
        assert isinstance(one.send(change(after={"title": "t"}, origin=origin())), Done)
        assert isinstance(one.update(one.titled("t"), title="u"), Done)
    assert heard.calls == KETRYX_CALLS
    assert {headers["HTTP_AUTHORIZATION"] for headers in heard.headers} == {"Bearer KXTK_full"}
    bodies = [headers for headers in heard.headers if headers["REQUEST_METHOD"] == "POST"]
    assert {headers["CONTENT_TYPE"] for headers in bodies} == {"application/json"}


def test_what_ketryx_cannot_do_is_said(emulator: Emulator) -> None:
    """No delete, no files, no approvals; one item a call, at our own pace; a create repeated is the same item."""
    with desk(emulator) as one:
        facts = one.target.capabilities(WRITE, one.collection)
    assert facts.cannot.keys() == {Action.DELETE, Action.UPLOAD, Action.ACT}
    assert dict(facts.batch_max) == {Action.CREATE: 1, Action.UPDATE: 1}
    assert (facts.creates, facts.upsert, facts.without_key) == (Creates.BY_ID, True, True)
    assert (facts.recheck, facts.in_flight) == (Recheck.BY_IDS, 1)
    assert [(rate.calls, rate.seconds) for rate in facts.pace] == [(4, 1)]
    assert "until people approve it" in "".join(facts.notes)


def test_each_relation_of_the_vendor_is_written_and_read_back(emulator: Emulator) -> None:
    """By its name behind `relation:`; the two readings of the manual know the same names."""
    assert set(RELATIONS) == set(KNOWN)
    with desk(emulator) as one:
        target = one.titled("Stop on air in the line").id
        wanted = {RELATION + name: (target,) for name in RELATIONS}
        made = one.send(change(after={"title": "t", **wanted}, origin=origin()))
        assert isinstance(made, Done)
        found = one.read()[made.target_id].fields
    assert {name: found[name] for name in wanted} == wanted
    relations: Any = found["relations"]
    assert {each["type"] for each in relations} == set(RELATIONS)


def test_each_json_type_of_a_field_is_written_and_read_back(emulator: Emulator) -> None:
    """Text, number, true or false, a list; null clears each."""
    for kind, wanted in (
        ("Test Case", {"Steps": "one\ntwo", "Components": ("a", "b")}),
        ("Risk", {"Severity": 3, "Probability": 2.5}),
        ("Software Item Spec", {"Safety critical": False, "Description": "日本語"}),
    ):
        with desk(emulator, Ketryx.WriteOptions(type=kind)) as one:
            made = one.send(change(after={"title": "t", **wanted}, origin=origin(kind)))
            assert isinstance(made, Done)
            record = one.read()[made.target_id]
            assert {name: record.fields[name] for name in wanted} == wanted
            nothing = dict.fromkeys(wanted)
            assert isinstance(one.update(record, **{name.replace(" ", "_"): None for name in wanted}), Done)
            fields = one.read()[made.target_id].fields
            assert {name: fields[name] for name in wanted} == nothing


def test_what_ketryx_sets_takes_no_value(emulator: Emulator) -> None:
    """Ids, versions, approval, folders and what other systems call the item; type and sourceId once."""
    with desk(emulator) as one:
        fields = one.collection.fields or {}
    never = {name for name, field in fields.items() if field.writable_on is WritableOn.NEVER}
    assert never == {
        "recordId", "revision", "isControlled", "createdAt", "introducedInVersion", "obsoleteInVersion", "relations",
        "itemCreatedAt", "isExcluded", "folderPath", "externalIds", "system", "externalKey", "controlledRecordId",
    }  # fmt: skip
    assert {name for name, field in fields.items() if field.writable_on is WritableOn.CREATE} == {"type", "sourceId"}


def test_an_unpublished_rate_limit_is_waited_out(emulator: Emulator) -> None:
    """A read that is refused for its pace is asked again after what the server says."""
    emulator.store.switches.bucket = (1000, 1.0)
    emulator.faults.add("/items?", kind="status", status=429, headers={"Retry-After": "3"})
    with desk(emulator) as one:
        assert len(one.read()) == 9


def test_numbers_that_a_server_clamps_are_read_as_told(emulator: Emulator) -> None:
    """The effective maxResults counts, not ours."""
    emulator.store.switches.clamp = True
    emulator.store.switches.page_cap = 4
    with desk(emulator, Ketryx.ReadOptions(limit=7)) as one:
        assert len(one.read()) == 25


def test_a_key_is_the_only_login_and_is_never_shown(emulator: Emulator) -> None:
    """Neither by its options nor by the login made of them."""
    assert [each.name for each in dataclasses.fields(Ketryx.Options)] == ["url", "api_key"]
    login = Ketryx.auth(options(emulator))
    assert login is not None and login.secrets() == ("KXTK_full",)
    assert "KXTK" not in repr(login) + repr(options(emulator))
