"""Recordings: what is in them, what matches, what is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import requests

from migrator.contract import Answer, Call, Transfer
from migrator.errors import BadAnswer
from migrator.transport.cassette import Cassette, CassetteMismatch, cassette
from migrator.transport.client import Client
from migrator.transport.secrets import Scrubber
from tests.wsgi import WsgiAdapter

TOKEN = "sess-0123456789"


def app(environ, start):  # type: ignore[no-untyped-def]  # plain WSGI
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "application/json"), ("X-Session", TOKEN), ("Set-Cookie", f"s={TOKEN}")])
    return [json.dumps({"path": environ["PATH_INFO"], "sent": body.decode("latin-1"), "token": TOKEN}).encode()]


Sent = tuple[str, bytes, dict[str, str]]


def post(
    tape: Cassette,
    path: str = "/records?app=1",
    body: bytes = b'{"a":1,"b":[2]}',
    more: Mapping[str, str] = MappingProxyType({}),
) -> Answer:
    client = Client("http://kt.example", Transfer(), adapter=tape)
    call = Call(method="POST", path=path, kind="write", repeatable=False, body=body)
    try:
        return client.write(call, {"Content-Type": "application/json", "X-Api-Token": "api-key-987654", **more})
    finally:
        client.close()


@pytest.fixture
def scrubber() -> Scrubber:
    scrubber = Scrubber()
    scrubber.learn("api-key-987654")
    return scrubber


@pytest.fixture
def path(tmp_path: Path, scrubber: Scrubber) -> Path:
    path = tmp_path / "kintone" / "create.yaml"
    with cassette(path, mode="record", scrubber=scrubber, where="emulator", inner=WsgiAdapter(app)) as tape:
        assert TOKEN.encode() in post(tape).body, "while recording, the real answer comes"
        scrubber.learn(TOKEN)  # as a login does, after its answer came
    return path


def test_a_recording_says_where_it_was_made_and_holds_no_secret(path: Path) -> None:
    text = path.read_text()
    assert text.startswith('recorded_where: "emulator"\n')
    assert TOKEN not in text
    assert "api-key" not in text
    assert "x-session" not in text.lower(), "only allow-listed headers are kept"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_replay_answers_what_was_recorded_scrubbed(path: Path, scrubber: Scrubber) -> None:
    with cassette(path, mode="replay", scrubber=scrubber) as tape:
        answer = post(tape, body=b'{"b": [2], "a": 1}')
        assert tape.recorded_where == "emulator"
    assert json.loads(answer.body) == {"path": "/records", "sent": '{"a":1,"b":[2]}', "token": "***"}
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("request_path", "body", "differs"),
    [
        ("/records?app=1", b'{"a":1,"b":[3]}', "body"),
        ("/records?app=2", b'{"a":1,"b":[2]}', "query"),
        ("/other?app=1", b'{"a":1,"b":[2]}', "path"),
    ],
)
def test_what_was_not_recorded_is_a_mismatch_that_tells_no_content(
    request_path: str, body: bytes, differs: str, path: Path, scrubber: Scrubber
) -> None:
    with pytest.raises(CassetteMismatch) as raised, cassette(path, mode="replay", scrubber=scrubber) as tape:
        post(tape, request_path, body)
    problem = raised.value.problems[0]
    assert problem.detail == f"the nearest differs in its {differs}"
    assert "app=" not in problem.summary
    assert "[" not in problem.summary + problem.detail


def test_an_exchange_is_played_as_often_as_it_was_recorded(path: Path, scrubber: Scrubber) -> None:
    with pytest.raises(CassetteMismatch), cassette(path, mode="replay", scrubber=scrubber) as tape:
        post(tape)
        post(tape)


def test_exchanges_that_nobody_asks_for_are_reported(path: Path, scrubber: Scrubber) -> None:
    with pytest.raises(CassetteMismatch) as raised, cassette(path, mode="replay", scrubber=scrubber):
        pass
    assert raised.value.problems[0].detail == "POST /records"


@pytest.mark.parametrize("hidden", [base64.b64encode(b"\xff" * 60 + TOKEN.encode()), b"\xff\xfe" + TOKEN.encode()])
def test_a_recording_in_which_a_secret_survives_is_not_written(hidden: bytes, tmp_path: Path) -> None:
    scrubber = Scrubber()
    scrubber.learn(TOKEN)
    path = tmp_path / "leak.yaml"

    def binary(environ, start):  # type: ignore[no-untyped-def]  # plain WSGI
        start("200 OK", [("Content-Type", "image/png")])
        return [b"\xff" + hidden]

    with pytest.raises(CassetteMismatch, match="known secret"):
        with cassette(path, mode="record", scrubber=scrubber, where="emulator", inner=WsgiAdapter(binary)) as tape:
            post(tape)
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_that_fails_leaves_the_old_recording(path: Path, scrubber: Scrubber) -> None:
    before = path.read_bytes()
    with pytest.raises(BadAnswer):
        with cassette(path, mode="record", scrubber=scrubber, where="emulator", inner=WsgiAdapter(app)) as tape:
            post(tape, "/half")
            raise BadAnswer("the scenario failed")
    assert path.read_bytes() == before


def test_a_file_without_its_origin_is_refused(tmp_path: Path, scrubber: Scrubber) -> None:
    bare = tmp_path / "bare.yaml"
    bare.write_text("interactions: []\nversion: 1\n")
    with (
        pytest.raises(CassetteMismatch, match="where it was recorded"),
        cassette(bare, mode="replay", scrubber=scrubber),
    ):
        pass
    with pytest.raises(ValueError, match="where"):
        cassette(bare, mode="record", scrubber=scrubber)


def test_the_recorder_leaves_the_http_library_of_the_process_alone(path: Path, scrubber: Scrubber) -> None:
    """vcrpy's own recorder would answer any request of the process; ours only the session it is mounted on."""
    with cassette(path, mode="replay", scrubber=scrubber) as tape:
        with requests.Session() as other:
            other.trust_env = False
            with pytest.raises(requests.ConnectionError):
                other.get("http://127.0.0.1:9/records?app=1", timeout=1)
        post(tape)


@pytest.mark.parametrize(
    ("recorded", "asked", "differs"),
    [
        (("/records?app=1&q=", b"", {}), ("/records?app=1", b"", {}), "query"),
        (("/records", b"", {}), ("/records", b"null", {}), "body"),
        (("/records", b"{}", {"X-HTTP-Method-Override": "GET"}), ("/records", b"{}", {}), "method"),
    ],
)
def test_what_means_something_else_does_not_replay(
    recorded: Sent, asked: Sent, differs: str, tmp_path: Path, scrubber: Scrubber
) -> None:
    """An empty parameter, a body that is empty and one that says null, a POST that stands for a GET."""
    path = tmp_path / "near.yaml"
    with cassette(path, mode="record", scrubber=scrubber, where="emulator", inner=WsgiAdapter(app)) as tape:
        post(tape, *recorded)
    with cassette(path, mode="replay", scrubber=scrubber) as tape:
        with pytest.raises(CassetteMismatch) as raised:
            post(tape, *asked)
        post(tape, *recorded)
    assert raised.value.problems[0].detail == f"the nearest differs in its {differs}"


def test_a_secret_in_json_is_seen_however_it_is_escaped(tmp_path: Path) -> None:
    """Servers may escape any character of a JSON text; such a secret is not scrubbed, so nothing is written."""
    scrubber = Scrubber()
    scrubber.learn(TOKEN)
    escaped = "".join(f"\\u{ord(character):04x}" for character in TOKEN)

    def server(environ, start):  # type: ignore[no-untyped-def]  # plain WSGI
        start("200 OK", [("Content-Type", "application/json")])
        return [f'{{"token":"{escaped}"}}'.encode()]

    with pytest.raises(CassetteMismatch, match="known secret"):
        tape = cassette(tmp_path / "x.yaml", mode="record", scrubber=scrubber, where="x", inner=WsgiAdapter(server))
        with tape:
            post(tape)
    assert list(tmp_path.iterdir()) == []
