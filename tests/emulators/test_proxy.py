"""Faults of the wire strike where they are told to, and nothing else is touched."""

import threading
import time
from collections.abc import Iterator

import pytest
import requests

from migrator.emulators.faults import Faults
from migrator.emulators.proxy import Proxy, WireFaultKind
from migrator.emulators.server import Request, Response, Router, serve


class Place:
    """A proxy before an app that keeps what is posted to /items."""

    def __init__(self, proxy: Proxy, kept: list[str]) -> None:
        self.proxy, self.kept = proxy, kept
        self.session = requests.Session()

    def post(self, body: str, **more: float) -> requests.Response:
        return self.session.post(f"{self.proxy.url}/items?a=1", data=body, **{"timeout": 10.0, **more})


@pytest.fixture
def place() -> Iterator[Place]:
    kept: list[str] = []
    router, arrived = Router(), threading.Event()

    def add(request: Request) -> Response:
        kept.append(request.get_data(as_text=True))
        arrived.set()
        return Response("answer of some length")

    router.add("POST", "/items", add)
    with serve(Faults().wrap(router)) as server, Proxy(server.port) as proxy:
        found = Place(proxy, kept)
        yield found
        found.session.close()


def test_without_a_fault_everything_passes(place: Place) -> None:
    assert [place.post(body).text for body in ("a", "b", "")] == ["answer of some length"] * 3
    chunked = place.session.post(f"{place.proxy.url}/items", data=iter([b"c1", b"c2"]), timeout=10)
    assert (chunked.status_code, place.kept) == (200, ["a", "b", "", "c1c2"])


@pytest.mark.parametrize(
    ("kind", "kept"), [("reset_before", []), ("reset_after", ["lost"]), ("cut", ["lost"]), ("stall", ["lost"])]
)
def test_the_answer_is_lost_and_the_effect_is_as_told(place: Place, kind: WireFaultKind, kept: list[str]) -> None:
    fault = place.proxy.add("POST /items?a=1", kind=kind, after=1, at_byte=5, seconds=0.05)
    place.post("first")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        place.post("lost")
    assert place.kept == ["first", *kept]
    assert fault.fired == 1
    assert place.post("next").status_code == 200


def test_an_answer_cut_in_its_body_is_told_as_such(place: Place) -> None:
    whole = place.post("a")
    head = len(f"HTTP/1.1 200 {whole.reason}\r\n") + sum(len(f"{k}: {v}\r\n") for k, v in whole.headers.items()) + 2
    place.proxy.add(kind="cut", at_byte=head + 6)
    answer = place.session.post(f"{place.proxy.url}/items", data="b", stream=True, timeout=10)
    assert answer.status_code == 200
    assert answer.raw.read(6, decode_content=False) == b"answer"
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _ = answer.content


def test_a_dripping_answer_arrives_whole(place: Place) -> None:
    place.proxy.release()
    place.proxy.add(kind="drip")
    assert place.post("a").text == "answer of some length"


def test_a_late_commit_happens_after_its_client_has_seen_a_reset(place: Place) -> None:
    place.proxy.add(kind="late", seconds=600)
    with pytest.raises(requests.ConnectionError):
        place.post("late")
    assert place.kept == []
    place.proxy.stop()  # releases what is waiting, and waits for it
    assert place.kept == ["late"]


def test_a_stalled_answer_lets_a_stopping_proxy_go(place: Place) -> None:
    place.proxy.add(kind="stall", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        place.post("a", timeout=0.2)
    start = time.monotonic()
    place.proxy.stop()
    assert time.monotonic() - start < 5


def test_an_unknown_fault_is_refused_with_the_ones_there_are(place: Place) -> None:
    with pytest.raises(ValueError, match="reset_before"):
        place.proxy.add(kind="nope")  # type: ignore[arg-type]  # the point of the test
