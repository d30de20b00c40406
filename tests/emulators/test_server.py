"""The emulators' ground: routes, serving on loopback, scripted faults."""

import json
import socket
import time

import pytest
import requests
from werkzeug.test import Client

from migrator.emulators import server as ground
from migrator.emulators.faults import FaultKind, Faults
from migrator.emulators.server import ManualClock, Request, Response, Router, create_emulator, serve


def small() -> tuple[Router, list[str]]:
    """An app that counts: GET /items/N tells N, POST /items appends the body."""
    router, kept = Router(), []
    router.add("GET", "/items/<int:number>", lambda request, number: Response(json.dumps({"item": number})))

    @router.route("POST", "/items")
    def add(request: Request) -> Response:
        kept.append(request.get_data(as_text=True))
        return Response(json.dumps({"count": len(kept)}), content_type="application/json")

    return router, kept


def test_routes_go_by_method_and_path() -> None:
    client = Client(small()[0])
    assert client.get("/items/5").get_json(force=True) == {"item": 5}
    assert client.post("/items", data="a").get_json() == {"count": 1}
    assert client.get("/items").status_code == 405
    assert client.delete("/items/5").status_code == 405
    assert client.get("/nothing").status_code == 404


def test_a_system_answers_errors_in_its_own_form() -> None:
    router = Router(on_error=lambda request, error: Response(type(error).__name__, 418))
    router.add("GET", "/broken", lambda request: Response(str(1 // 0)))
    client = Client(router)
    assert client.get("/broken").text == "ZeroDivisionError"
    assert client.get("/nothing").text == "NotFound"
    assert client.put("/broken").text == "MethodNotAllowed"


def test_an_app_is_served_on_both_loopback_addresses_until_it_is_stopped() -> None:
    router, kept = small()
    with serve(router) as server, requests.Session() as session:
        assert server.url == f"http://localhost:{server.port}"
        session.post(f"http://127.0.0.1:{server.port}/items", data="four", timeout=5)
        try:
            socket.create_connection(("::1", server.port), 1).close()
        except OSError:
            kept.append("six")  # this machine has no IPv6
        else:
            session.post(f"http://[::1]:{server.port}/items", data="six", timeout=5)
        assert kept == ["four", "six"]
        port = server.port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)
    with serve(router, port=port) as again:
        assert again.port == port
        with pytest.raises(OSError, match=str(port)):
            serve(router, port=port)


def test_a_stopped_server_leaves_its_open_connections_at_once() -> None:
    with serve(small()[0]) as server, requests.Session() as session:
        session.get(f"{server.url}/items/1", timeout=5)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 5


def test_a_hanging_answer_does_not_hold_a_stopping_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "STOP_SECONDS", 0.3)
    router, _ = small()
    faults = Faults()
    faults.add(kind="slow", seconds=600)
    with serve(faults.wrap(router)) as server, requests.Session() as session:
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{server.url}/items/1", timeout=0.2)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 20
    faults.release()


@pytest.mark.parametrize(
    ("kind", "status", "body", "called"),
    [
        ("status", 429, {"status": 429, "code": "E1", "message": "Too Many Requests"}, False),
        ("after_commit_status", 429, {"status": 429, "code": "E1", "message": "Too Many Requests"}, True),
        ("slow", 200, {"count": 1}, True),
        ("wrong_body", 200, {"unexpected": True}, True),
        ("html", 429, None, False),
        ("truncate_json", 200, None, True),
        ("empty", 200, None, True),
    ],
)
def test_each_kind_of_fault_strikes_as_told(kind: FaultKind, status: int, body: object, called: bool) -> None:
    router, kept = small()
    faults = Faults()
    faults.release()
    faults.add("POST /items", kind=kind, status=429, error_code="E1", headers={"Retry-After": "2"}, seconds=60)
    client = Client(faults.wrap(router))
    answer = client.post("/items", data="a")
    assert (answer.status_code, answer.get_json(silent=True), kept == ["a"]) == (status, body, called)
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.headers.get("Retry-After") == (None if kind == "slow" else "2")
    assert client.post("/items", data="b").status_code == 200


def test_a_fault_waits_counts_and_looks_at_the_body() -> None:
    router, kept = small()
    faults = Faults()
    faults.add("POST", times=2, after=1)
    picky = faults.add(times=None, status=503, when=lambda line, body: b"bad" in body)
    client = Client(faults.wrap(router))
    assert [client.post("/items", data=word).status_code for word in "abcd"] == [200, 500, 500, 200]
    assert [client.post("/items", data=word).status_code for word in ("bad", "fine", "bad")] == [503, 200, 503]
    assert (picky.fired, faults.calls["POST", "/items"], faults.total("POST /items"), kept) == (
        2,
        7,
        7,
        ["a", "d", "fine"],
    )
    faults.clear()
    assert client.post("/items", data="bad").status_code == 200


@pytest.mark.parametrize("words", [{"system": "nope"}, {"seed": "nope"}, {"pace": "nope"}])
def test_an_unknown_word_is_refused_with_the_words_there_are(words: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="nope"):
        create_emulator(**{"system": "kintone", **words})


def test_the_environment_that_playbooks_read_names_the_address() -> None:
    env = create_emulator("kintone", seed="empty", clock=ManualClock()).env("http://localhost:8081")
    assert env["KINTONE_URL"] == "http://localhost:8081"
    assert set(env) == {"KINTONE_URL", "KINTONE_API_TOKEN", "KINTONE_USERNAME", "KINTONE_PASSWORD"}
    assert len(env["KINTONE_API_TOKEN"]) == 40
