"""The KaiNexus emulator on a port, met with an HTTP client as a user's program meets it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from migrator.emulators.server import Emulator, ManualClock, create_emulator, serve


class Session:
    """A logged-in client of a served emulator."""

    def __init__(self, emulator: Emulator, url: str) -> None:
        self.emulator = emulator
        env = emulator.env(url)
        self._base = env["KAINEXUS_URL"] + "/api/public/v1/json/"
        self._http = requests.Session()
        self._http.auth = ("api", env["KAINEXUS_API_KEY"])

    def get(self, path: str, **query: Any) -> requests.Response:
        return self._http.get(self._base + path, params=query, timeout=30)

    def put(self, path: str, body: Any) -> requests.Response:
        return self._http.put(self._base + path, json=body, timeout=30)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    emulator = create_emulator("kainexus", clock=ManualClock(), **request.param)
    with serve(emulator.app) as server:
        client = Session(emulator, server.url)
        yield client
        client.close()


def package(rank: int) -> dict[str, Any]:
    return {
        "templateName": "Package",
        "summary": f"libexample{rank}",
        "authors": [{"username": "ann"}],
        "suppressNotifications": True,
        "fields": [
            {"name": "External key", "value": f"debian/{rank}"},
            {"name": "Maintainer", "value": "佐藤 花子 <hanako@example.com>"},
            {"name": "Installed size", "numericValue": rank},
        ],
    }


@pytest.mark.parametrize("session", [{"pace": "off", "seed": "empty"}], indirect=True)
def test_thousands_of_packages_are_written_in_batches_and_read_in_pages(session: Session) -> None:
    made: list[int] = []
    for start in range(0, 3_000, 100):
        answer = session.put("itemList", {"items": [package(start + rank) for rank in range(100)]}).json()
        made += [result["id"] for result in answer["results"] if result["operation"] == "CREATE"]
    card = session.emulator.collections["packages"]
    pages = [session.get("itemList", id=card, offset=offset, limit=1_250).json() for offset in (0, 1_250, 2_500)]
    assert [page["count"] for page in pages] == [1_250, 1_250, 500]
    items = [item for page in pages for item in page["items"]]
    assert [item["id"] for item in items] == made
    assert [item["fields"][6]["numericValue"] for item in items] == [float(rank) for rank in range(3_000)]
    assert items[7]["fields"][4]["value"] == "佐藤 花子 <hanako@example.com>"
    assert session.emulator.store.notifications == []


@pytest.mark.parametrize("session", [{"pace": "documented"}], indirect=True)
def test_the_sixth_list_call_of_a_minute_has_to_wait_and_single_updates_do_not(session: Session) -> None:
    for _ in range(5):
        assert session.get("itemList", id=345, limit=1).status_code == 200
    refused = session.put("itemList", {"items": [{"id": 6141, "summary": "too soon"}]})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    for rank in range(10):
        assert session.put("item", {"item": {"id": 6141, "summary": f"round {rank}"}}).json()["success"] is True
    session.emulator.store.clock.advance(60)
    assert session.get("item", id=6141).json()["item"]["summary"] == "round 9"


@pytest.mark.parametrize("session", [{"pace": "off"}], indirect=True)
def test_people_and_places_changed_by_a_call_show_on_items_at_once(session: Session) -> None:
    assert session.get("item", id=6144).json()["item"]["authors"][0]["lastName"] == "Lee"
    session.put("user", {"item": {"id": 4, "lastName": "Lee-Sato"}})
    session.put("networkLocationList", {"items": [{"id": 5, "name": "Plant Far North"}]})
    item = session.get("item", id=6144).json()["item"]
    assert item["authors"][0]["lastName"] == "Lee-Sato"
    assert item["responsibleLocations"] == [{"id": 5, "name": "Plant Far North"}]
