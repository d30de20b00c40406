"""What a server can do to one call, over real sockets: was a byte sent, is the answer whole?"""

from __future__ import annotations

import socket
import threading

import pytest

from migrator.contract import Transfer
from migrator.errors import Lost, MigratorError, NotSent, Unreachable
from migrator.transport.stack import AHEAD_FIRST
from tests.unit.transport.rawserver import OK, Peer, RawServer, answering, broken_answers
from tests.unit.transport.wires import QUICK, closed_port, failure, get, opened, outcome, told


def test_a_write_on_a_refused_connection_was_not_sent_and_a_read_is_tried_again() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    error = outcome(url)
    assert isinstance(error, NotSent)
    assert told(error).startswith(f"{url}: the connection was refused")
    with opened(url, tries=3) as wire, pytest.raises(Unreachable, match="gave up after 3 tries"):
        wire.ask(get())


def test_a_host_that_nobody_knows_was_not_sent_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = outcome("http://nowhere.invalid")
    assert isinstance(error, NotSent)
    assert "the host name is not known" in told(error)


@pytest.mark.parametrize("fault", broken_answers())
def test_b26_b34_a_write_without_a_whole_answer_is_in_doubt_and_a_read_is_asked_again(fault: str) -> None:
    script = broken_answers()[fault]
    with RawServer(script) as server:
        error = outcome(server.url, transfer=QUICK)
        assert isinstance(error, Lost), fault
        assert "query-secret" not in told(error)
    with RawServer(lambda peer: script(peer) if peer.number == 0 else answering(OK)(peer)) as server:
        with opened(server.url, transfer=QUICK) as wire:
            assert wire.ask(get()).body == b"ok", fault


@pytest.mark.parametrize("where", ["headers", "body"])
def test_b35_an_answer_that_drips_ends_at_the_deadline_of_the_whole_call(where: str) -> None:
    answer = OK[:-2] + b"x" * 2000 if where == "body" else b"HTTP/1.1 200 OK\r\n" + b"X-Pad: 1\r\n" * 500

    def script(peer: Peer) -> None:
        peer.read()
        if where == "body":
            peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n")
        peer.drip(answer, 0.02)

    with RawServer(script) as server:
        error = outcome(server.url, transfer=QUICK)
        assert isinstance(error, Lost)
        assert "no answer came in time" in told(error)


def test_b36_a_connection_that_the_server_closed_meanwhile_is_made_anew() -> None:
    def script(peer: Peer) -> None:
        peer.read().say(OK)
        peer.hang_up()

    with RawServer(script) as server, opened(server.url) as wire:
        for _ in range(3):
            assert wire.ask(get()).body == b"ok"


def test_bytes_behind_an_answer_are_not_taken_for_the_next_one() -> None:
    with RawServer(answering(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", OK)) as server:
        with opened(server.url) as wire:
            assert [wire.ask(get()).body for _ in range(2)] == [b"ok", b"ok"]


def test_one_connection_serves_call_after_call() -> None:
    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        for _ in range(5):
            wire.ask(get())
        assert len(server.connections) == 1


def test_closing_ends_reads_that_a_silent_server_keeps_and_leaves_no_thread() -> None:
    before = threading.active_count()
    asked = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.read()
        asked.release()
        peer.stall()

    with RawServer(script) as server:
        wire = opened(server.url, transfer=Transfer(timeout=60))
        errors: list[BaseException | None] = []
        answers = wire.stream(get() for _ in range(AHEAD_FIRST))
        reader = threading.Thread(target=lambda: errors.append(failure(lambda: next(answers))))
        reader.start()
        for _ in range(AHEAD_FIRST):
            asked.acquire()
        wire.close()
        reader.join()
        assert isinstance(errors[0], MigratorError)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("wire ")]
    assert threading.active_count() == before
