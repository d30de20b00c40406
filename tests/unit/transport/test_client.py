"""What a server, a proxy and the environment can do to one call, over real sockets."""

from __future__ import annotations

import gzip
import inspect
import logging
import shlex
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests.exceptions
import urllib3.exceptions

from migrator.contract import Transfer
from migrator.errors import BadAnswer, FileUnread, Lost, MigratorError, NotFound, NotSent, SystemFailed, Unreachable
from migrator.model.values import File
from migrator.transport import client as client_module
from migrator.transport.breakage import REST, broken, row_of
from migrator.transport.client import gunzip
from migrator.transport.secrets import Scrubber
from tests.unit.transport.rawserver import OK, Peer, RawServer, answering
from tests.unit.transport.wires import Plain, get, opened, post

QUICK = Transfer(timeout=0.1)
"""Silence 0.1 s; a whole call 0.5 s."""


def told(error: MigratorError) -> str:
    problem = error.problems[0]
    return f"{problem.summary}\n{problem.detail}\n{problem.hint}"


def outcome(url: str, **more: Any) -> MigratorError:
    """What a write comes to."""
    with opened(url, **more) as wire:
        error = wire.send(post()).exception()
    assert isinstance(error, MigratorError), error
    return error


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


# ------------------------------------------------------------------ was a byte sent?


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


def broken_answers() -> dict[str, Callable[[Peer], None]]:
    packed = gzip.compress(b"x" * 5000)

    def coded(body: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def cut(answer: bytes) -> Callable[[Peer], None]:
        def script(peer: Peer) -> None:
            peer.read().say(answer)
            peer.hang_up()

        return script

    def half(peer: Peer) -> None:
        peer.read().say(OK[:-1])
        peer.stall()

    return {
        "reset before it reads": lambda peer: peer.reset(),
        "reset after it has read": lambda peer: peer.read().reset(),
        "closed without a word": lambda peer: peer.read().hang_up(),
        "cut after a header": cut(b"HTTP/1.1 200 OK\r\nServer: x\r\n"),
        "cut in the headers": cut(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "shorter than its length": cut(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        "cut between chunks": cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
        "cut in a chunk": cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nok"),
        "gzip cut": answering(coded(packed[:-9])),
        "gzip damaged": answering(coded(packed[:20] + b"\0\0\0\0" + packed[24:])),
        "no gzip at all": answering(coded(b"plain")),
        "no HTTP at all": cut(b"SSH-2.0-OpenSSH\r\n\r\n"),
        "silent": lambda peer: peer.read().stall(),
        "silent in the body": half,
    }


@pytest.mark.parametrize("fault", broken_answers())
def test_a_write_without_a_whole_answer_is_in_doubt_and_a_read_is_asked_again(fault: str) -> None:
    script = broken_answers()[fault]
    with RawServer(script) as server:
        error = outcome(server.url, transfer=QUICK)
        assert isinstance(error, Lost), fault
        assert "query-secret" not in told(error)
    with RawServer(lambda peer: script(peer) if peer.number == 0 else answering(OK)(peer)) as server:
        with opened(server.url, transfer=QUICK) as wire:
            assert wire.ask(get()).body == b"ok", fault


@pytest.mark.parametrize("where", ["headers", "body"])
def test_an_answer_that_drips_ends_at_the_deadline_of_the_whole_call(where: str) -> None:
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


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew() -> None:
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


# ------------------------------------------------------------------ where the credentials go


def test_a_redirect_is_an_error_that_names_both_hosts_and_nothing_goes_there() -> None:
    with RawServer(answering(OK)) as other:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {other.url}/x?token=theirs\r\nContent-Length: 0\r\n\r\n".encode()
        with RawServer(answering(moved)) as server:
            with opened(server.url) as wire:
                with pytest.raises(BadAnswer) as raised:
                    wire.ask(get())
                lost = wire.send(post()).exception()
            assert isinstance(lost, Lost)
            for error in (raised.value, lost):
                assert server.url in told(error)
                assert other.url in told(error)
                assert "token" not in told(error)
            assert len([peer for peer in server.seen if peer.head]) == 2
        assert other.seen == []


@pytest.mark.parametrize("location", ["/elsewhere", "http://[broken", "//user:pass-word@host"])
def test_a_redirect_to_anything_is_an_error_without_its_secrets(location: str) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with RawServer(answering(answer)) as server, opened(server.url) as wire, pytest.raises(BadAnswer) as raised:
        wire.ask(get())
    assert "pass-word" not in told(raised.value)


def test_netrc_and_proxy_variables_of_the_environment_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine localhost login someone password else\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        assert wire.ask(get()).body == b"ok"
        assert server.seen[0].header("authorization") == ""
        assert server.seen[0].header("accept-encoding") == "gzip"


def test_cookies_are_not_kept() -> None:
    with RawServer(answering(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: s=1\r\n\r\n"))) as server:
        with opened(server.url) as wire:
            wire.ask(get())
            wire.ask(get())
            assert server.seen[1].header("cookie") == ""


def test_the_proxy_of_the_system_is_used_and_its_password_is_not_shown() -> None:
    with RawServer(answering(OK)) as proxy:
        transfer = Transfer(proxy=f"http://me:proxy-pass@localhost:{proxy.port}")
        with opened("http://system.invalid", transfer=transfer) as wire:
            assert wire.ask(get("/a")).body == b"ok"
        assert proxy.seen[0].head.startswith(b"GET http://system.invalid/a ")
    for url in ("http://system.invalid", "https://system.invalid"):
        error = outcome(url, transfer=transfer)
        assert isinstance(error, NotSent)
        assert "proxy" in told(error)
        assert "proxy-pass" not in told(error)


def test_a_proxy_that_asks_for_a_login_is_told_apart_from_the_server() -> None:
    wants = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with RawServer(answering(wants)) as proxy:
        transfer = Transfer(proxy=f"http://localhost:{proxy.port}")
        for url in ("http://system.invalid", "https://system.invalid"):
            error = outcome(url, transfer=transfer)
            assert isinstance(error, NotSent)
            assert "proxy" in told(error)
            assert "407" in told(error)


# ------------------------------------------------------------------ size and coding


def test_a_bomb_is_dropped_when_it_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
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


# ------------------------------------------------------------------ files in a body

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
    assert not any(peer.body.endswith(b">") for peer in server.seen)


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


# ------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    name = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2"
    command = f"openssl req -x509 {curve} {name} -keyout {key} -out {cert}"
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    return key, cert


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[RawServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    with RawServer(answering(OK), context) as server:
        yield server


def test_an_unknown_certificate_is_refused_before_a_byte_of_the_request(secure: RawServer) -> None:
    error = outcome(secure.url)
    assert isinstance(error, NotSent)
    assert "the certificate is not trusted" in told(error)
    assert "ca_bundle" in told(error)
    with opened(secure.url) as wire, pytest.raises(Unreachable) as raised:
        wire.ask(get())
    assert "tries" not in str(raised.value), "trying again cannot help"


def test_a_certificate_can_be_named_and_the_check_be_switched_off(
    secure: RawServer, certificate: tuple[Path, Path]
) -> None:
    for transfer in (Transfer(ca_bundle=str(certificate[1])), Transfer(insecure=True)):
        with opened(secure.url, transfer=transfer) as wire:
            assert wire.ask(get()).body == b"ok"
            assert wire.send(post()).result().body == b"ok"


def test_a_drip_over_tls_ends_at_the_deadline_too(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])

    def script(peer: Peer) -> None:
        peer.read().say(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n")
        peer.drip(b"x" * 2000, 0.02)

    transfer = Transfer(timeout=0.3, ca_bundle=str(certificate[1]))
    with RawServer(script, context) as server:
        assert isinstance(outcome(server.url, transfer=transfer), Lost)


def test_a_server_without_tls_where_tls_is_spoken_was_not_sent_to() -> None:
    with RawServer(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        assert isinstance(outcome(server.url.replace("http:", "https:"), transfer=QUICK), NotSent)


# ------------------------------------------------------------------ errors, all of them


def library_errors() -> list[type[BaseException]]:
    modules = (requests.exceptions, urllib3.exceptions)
    bases = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)  # only ever raised as their children
    return [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException)
        and kind.__module__ == module.__name__
        and not issubclass(kind, Warning)
        and kind not in bases
    ]


@pytest.mark.parametrize("kind", library_errors(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_error_of_the_http_libraries_has_a_row(kind: type[BaseException]) -> None:
    error = kind.__new__(kind)
    assert row_of(error) is not REST
    assert issubclass(kind, client_module.CAUGHT)


def test_an_error_is_told_by_its_innermost_cause_and_never_by_its_own_text() -> None:
    inner = urllib3.exceptions.NewConnectionError(None, "to http://host/?token=query-secret")  # type: ignore[arg-type]
    inner.__cause__ = ConnectionRefusedError(111, "Connection refused")
    outer = requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/?token=query-secret", inner))  # type: ignore[arg-type]
    found = broken(outer, begun=None)
    assert found.reason == "the connection was refused (Connection refused)"
    assert not found.begun
    assert broken(outer, begun=True).begun, "what the sockets saw counts more"


@pytest.mark.parametrize("url", ["htp://host", "http://", "http://[::1", "http://host:port"])
def test_an_address_that_cannot_be_is_told_at_once(url: str) -> None:
    error = outcome(url)
    assert isinstance(error, NotSent)
    assert "address cannot be used" in told(error)


@pytest.mark.parametrize("path", ["@other.example/x", ".other.example/x", "https://other.example/x", "x"])
def test_a_path_cannot_lead_to_another_host(path: str) -> None:
    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        with pytest.raises(Unreachable, match="slash"):
            wire.ask(get(path))
        assert isinstance(wire.send(post(path=path)).exception(), NotSent)
        assert server.seen == []


def test_one_connection_serves_call_after_call() -> None:
    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        for _ in range(5):
            wire.ask(get())
        assert len(server.connections) == 1


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


@pytest.mark.parametrize("value", ["line\nbreak-secret", "鍵 break-secret"])
def test_a_header_that_cannot_be_is_told_without_its_value(value: str) -> None:
    class Broken:
        def headers(self) -> dict[str, str]:
            return {"X-Token": value}

        def login(self) -> None: ...

        def logout(self) -> None: ...

        def secrets(self) -> tuple[str, ...]:
            return ()

    class Wrong(Plain):
        login = Broken()  # type: ignore[assignment]  # as much of an Auth as is used

    with RawServer(answering(OK)) as server:
        error = outcome(server.url, connector=Wrong)
    assert isinstance(error, NotSent)
    assert "a header cannot be sent" in told(error)
    assert "break-secret" not in told(error)


def test_known_secrets_are_taken_out_of_paths() -> None:
    scrubber = Scrubber()
    scrubber.learn("path-secret-1")
    with opened(f"http://127.0.0.1:{closed_port()}", scrubber=scrubber) as wire:
        error = wire.send(post(path="/hook/path-secret-1/x")).exception()
    assert isinstance(error, NotSent)
    assert error.problems[0].detail == "POST /hook/***/x"


def test_no_error_traceback_or_log_line_holds_a_secret_whatever_breaks(caplog: pytest.LogCaptureFixture) -> None:
    """The query's and the header's canary, through every fault of this file, at the most talkative level."""

    class Canary:
        def headers(self) -> dict[str, str]:
            return {"X-Token": "header-canary-1"}

        def login(self) -> None: ...

        def logout(self) -> None: ...

        def secrets(self) -> tuple[str, ...]:
            return ()

    class WithCanary(Plain):
        login = Canary()  # type: ignore[assignment]  # as much of an Auth as is used

    caplog.set_level(logging.DEBUG)
    faults = [*broken_answers().values(), answering(b"HTTP/1.1 302 F\r\nLocation: /x?token=query-secret\r\n\r\n")]
    written = ""
    for script in faults:
        with RawServer(script) as server, opened(server.url, connector=WithCanary, transfer=QUICK, tries=1) as wire:
            for error in (wire.send(post()).exception(), failure(lambda wire=wire: wire.ask(get()))):
                assert isinstance(error, MigratorError)
                written += told(error) + "".join(traceback.format_exception(error))
    written += caplog.text
    assert "/record" in written
    for canary in ("query-secret", "header-canary-1"):
        assert canary not in written


def test_a_password_in_an_address_is_refused_and_one_in_a_proxy_is_learned() -> None:
    with pytest.raises(SystemFailed) as raised:
        opened("https://me:pass-word@system.example")
    assert "pass-word" not in told(raised.value)
    scrubber = Scrubber()
    with opened("https://system.example", scrubber=scrubber, transfer=Transfer(proxy="http://me:p%2Fass-word@proxy")):
        assert scrubber.clean("p/ass-word p%2Fass-word") == "*** ***"


# ------------------------------------------------------------------ closing


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
        answers = wire.stream(get() for _ in range(3))
        reader = threading.Thread(target=lambda: errors.append(failure(lambda: next(answers))))
        reader.start()
        for _ in range(3):
            asked.acquire()
        wire.close()
        reader.join()
        assert isinstance(errors[0], MigratorError)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("wire ")]
    assert threading.active_count() == before


def failure(act: Callable[[], object]) -> BaseException | None:
    try:
        act()
    except MigratorError as error:
        return error
    return None
