"""Bodies: bombs, compressions, downloads, and files streamed into a request."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator

import pytest

from migrator.errors import BadAnswer, FileUnread, Lost, NotFound, Unreachable
from migrator.model.values import File
from migrator.transport import client as client_module
from migrator.transport.client import gunzip
from tests.unit.transport.rawserver import OK, Peer, RawServer, answering
from tests.unit.transport.wires import QUICK, get, opened, post


def test_b27_a_bomb_is_dropped_when_it_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "ANSWER_BYTES", 100_000)
    packed = gzip.compress(b"\0" * 5_000_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(packed), packed)
    with RawServer(answering(answer)) as server, opened(server.url) as wire:
        with pytest.raises(BadAnswer, match="larger than 100,000 bytes"):
            wire.ask(get())
        assert isinstance(wire.send(post()).exception(), Lost)


def test_gzip_is_decoded_in_pieces_over_several_members_and_any_cut() -> None:
    packed = gzip.compress(b"\0" * 1_000_000) + gzip.compress(b"tail")
    for size in (1, 7, 4096, len(packed)):
        pieces = list(gunzip(packed[at : at + size] for at in range(0, len(packed), size)))
        assert b"".join(pieces) == b"\0" * 1_000_000 + b"tail"
        assert max(map(len, pieces)) <= client_module.PIECE


def test_a_compression_that_was_not_asked_for_is_refused() -> None:
    answer = OK.replace(b"\r\n\r\n", b"\r\nContent-Encoding: br\r\n\r\n")
    with RawServer(answering(answer)) as server, opened(server.url) as wire, pytest.raises(BadAnswer, match="br"):
        wire.ask(get())


def test_a_download_comes_in_pieces_and_any_other_status_is_a_bad_answer() -> None:
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"z" * 300_000
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"

    def script(peer: Peer) -> None:
        peer.read().say((big, missing, cut)[peer.number])
        if peer.number == 2:
            peer.hang_up()

    with RawServer(script) as server, opened(server.url) as wire:
        pieces = list(wire.download(get()))
        assert b"".join(pieces) == b"z" * 300_000
        assert len(pieces) > 1
        with pytest.raises(BadAnswer, match="404"):
            list(wire.download(get()))
        with pytest.raises(Unreachable, match="cut"):
            list(wire.download(get()))


PHOTO = File(name="p.png", size=6, media_type="image/png")


@pytest.mark.parametrize("size", [6, None])
def test_a_file_is_streamed_between_head_and_tail_with_its_length(size: int | None) -> None:
    file = File(name="p.png", size=size, media_type="image/png")
    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        future = wire.send(post((b"<", file, b">")), lambda file: iter([b"abc", b"def"]))
        assert future.result().body == b"ok"
        assert server.seen[0].body == b"<abcdef>"
        assert server.seen[0].header("content-length") == "8"
        assert server.seen[0].header("transfer-encoding") == ""


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (PHOTO, [b"abc"]),
        (PHOTO, [b"abc", b"defg"]),
        (File(name="p.png", size=6, media_type="image/png", sha256="0" * 64), [b"abcdef"]),
    ],
)
def test_a_file_that_is_not_what_its_system_said_breaks_the_request_off(file: File, content: list[bytes]) -> None:
    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        assert isinstance(wire.send(post((b"<", file, b">")), lambda file: iter(content)).exception(), FileUnread)
    assert all(len(peer.body) < 8 for peer in server.seen), "never a whole body, however wrong"


def test_a_file_that_is_gone_fails_before_anything_is_sent() -> None:
    def gone(file: File) -> Iterator[bytes]:
        raise NotFound("the file is not there any more")
        yield b""

    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        for file in (PHOTO, File(name="p.png", size=None, media_type="")):
            error = wire.send(post((b"<", file, b">")), gone).exception()
            assert isinstance(error, FileUnread)
            assert "not there any more" in str(error)
        assert isinstance(wire.send(post((b"<", PHOTO, b">"))).exception(), FileUnread), "nobody to ask"
        assert server.seen == []


def test_a_large_file_may_take_longer_than_an_answer_may() -> None:
    """A whole call is limited to 0.5 s here; the file takes 0.8 s to come, the answer none."""
    slow = threading.Event()

    def pieces(file: File) -> Iterator[bytes]:
        for _ in range(8):
            slow.wait(0.1)
            yield b"x"

    file = File(name="f", size=8, media_type="")
    with RawServer(answering(OK)) as server, opened(server.url, transfer=QUICK) as wire:
        assert wire.send(post((b"", file, b"")), pieces).result().body == b"ok"
