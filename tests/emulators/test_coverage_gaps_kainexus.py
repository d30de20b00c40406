"""Rules of KaiNexus that no other test of its emulator shows; docs/coverage names these tests."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from migrator.emulators.kainexus import create
from migrator.emulators.server import Emulator, ManualClock


@pytest.fixture
def kainexus() -> Emulator:
    """The sample organization, unpaced."""
    return create(pace="off", clock=ManualClock())


def ask(emulator: Emulator, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
    """A call with the sample key, or what `more` says."""
    auth = ("api", emulator.variables["KAINEXUS_API_KEY"])
    return Client(emulator.app).open(path, method=method, **{"auth": auth, "json": body, **more})


def code(emulator: Emulator, **item: Any) -> str:
    """The code that refuses a write of this item."""
    return str(ask(emulator, "PUT", "/api/public/v1/json/item", {"item": item}).get_json()["errorCode"])


def test_what_is_not_served_is_refused(kainexus: Emulator) -> None:
    """Charts, spreadsheets, OAuth and unknown paths, each in the system's form."""
    for path in ("/api/public/v1/excel/item?id=6141", "/.well-known/oauth-authorization-server"):
        answer = ask(kainexus, "GET", path)
        assert (answer.status_code, answer.get_json()["errorCode"]) == (404, "UNKNOWN")
    path = "/api/public/v1/json/item?fullSync=true"
    assert ask(kainexus, "PUT", path, {"item": {"id": 6141}}).get_json()["errorCode"] == "UNKNOWN"
    bearer = {"Authorization": "Bearer abc"}
    assert ask(kainexus, "GET", "/api/public/v1/json/userList", auth=None, headers=bearer).status_code == 401


def test_words_of_the_query_that_change_nothing(kainexus: Emulator) -> None:
    """An id beside a body; charts of a list; the default page."""
    path = "/api/public/v1/json/item?id=6142"
    written = ask(kainexus, "PUT", path, {"item": {"id": 6141, "summary": "by body"}}).get_json()
    assert written["results"] == [{"id": 6141, "operation": "UPDATE"}]
    page = ask(kainexus, "GET", "/api/public/v1/json/itemList?id=345&includeCharts=true").get_json()
    assert (page["limit"], page["offset"], page["count"]) == (50, 0, 19)
    user = ask(kainexus, "GET", "/api/public/v1/json/userList?includeBadges=true").get_json()["items"][0]
    assert user["username"] == "ann"
    parent = ask(kainexus, "GET", path).get_json()["item"]
    assert (parent["parentId"], parent["parentSummary"]) == (5213, "Shorter set-up times")


def test_impact_values_are_the_resources_that_impacts_named(kainexus: Emulator) -> None:
    """Nothing at first, then one entry a resource, on both paths."""
    path = "/api/public/v1/json/impactValue?id=1&impactValueType=person"
    assert ask(kainexus, "GET", path).get_json() == {"items": []}
    impact = {"typeName": "Time Savings", "amount": 1.0, "personProductServiceResource": "Engineer"}
    kainexus.store.write([{"id": 12345, "resolutionActual": {"impacts": [impact]}}])
    for each in (path, path.replace("impactValue?", "impactValueList?")):
        assert [entry["name"] for entry in ask(kainexus, "GET", each).get_json()["items"]] == ["Engineer"]


def test_changes_that_are_refused(kainexus: Emulator) -> None:
    """Another template, its own descendant as parent, people of another team, strange states and types."""
    assert code(kainexus, id=6141, templateId=210) == "INVALID_CHANGE"
    assert code(kainexus, id=6613, parentId=6141) == "INVALID_CHANGE"
    assert code(kainexus, id=6141, sponsors=[{"id": 4}]) == "NOT_VALID"
    assert code(kainexus, id=6141, milestones=[{"id": 7, "status": "MAYBE"}]) == "NOT_VALID"
    assert code(kainexus, id=6141, status="OVERDUE") == "NOT_VALID"
    impact = {"typeName": "Takt", "valueType": "OFTEN"}
    assert code(kainexus, id=6141, resolutionActual={"impacts": [impact]}) == "NOT_VALID"
    assert code(kainexus, id=6141, private="yes") == "NOT_VALID"
    assert code(kainexus, templateId=170, summary="x", status="DELETED", authors=[{"id": 4}]) == "NOT_VALID"


def test_what_the_server_sets_is_taken_and_ignored(kainexus: Emulator) -> None:
    """Counts, link and the date of the last update in a write change nothing."""
    before = kainexus.store.read(6141)
    sent = {"likeCount": 9, "ackCount": 9, "voteCount": 9, "link": "x", "lastUpdateDate": "x", "parentSummary": "x"}
    assert kainexus.store.write([{"id": 6141, **sent}])[0].operation == "UPDATE"
    after = kainexus.store.read(6141)
    assert {name: after[name] for name in sent} == {name: before[name] for name in sent}


def test_switches_for_what_nobody_tells(kainexus: Emulator) -> None:
    """Lenient dates, trimmed text, unknown keys refused: each off by default."""
    options, colon = kainexus.store.options, "2024-03-01T09:00:00+00:00"
    assert code(kainexus, id=6141, dueDate=colon) == "NOT_VALID"
    options.lenient_dates = options.trim_text = True
    kainexus.store.write([{"id": 6141, "dueDate": colon, "summary": " a ", "colour": "red"}])
    assert kainexus.store.read(6141)["dueDate"] == "2024-03-01T09:00:00.000+0000"
    assert kainexus.store.read(6141)["summary"] == "a"
    options.refuse_unknown_keys = True
    assert code(kainexus, id=6141, colour="red") == "NOT_VALID"


def test_a_required_field_that_is_blank_refuses_the_item(kainexus: Emulator) -> None:
    """Also an update of an item that was made before the field was required."""
    from dataclasses import replace

    from migrator.emulators.kainexus.sample import IDEA

    store, fields = kainexus.store, list(IDEA.fields)
    fields[1] = replace(fields[1], required=True)
    store.add_template(replace(IDEA, fields=tuple(fields)))
    assert code(kainexus, id=6141, summary="x") == "EMPTY"
    key = [{"name": "External key", "value": "K"}]
    assert store.write([{"id": 6141, "fields": key}])[0].operation == "UPDATE"
