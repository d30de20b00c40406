"""Where credentials go, and where they must not: other hosts, proxies, errors, logs."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from migrator.contract import Transfer
from migrator.errors import BadAnswer, Lost, MigratorError, NotSent, SystemFailed, Unreachable
from migrator.transport.secrets import Scrubber
from tests.unit.transport.rawserver import OK, RawServer, answering, broken_answers
from tests.unit.transport.wires import QUICK, Plain, closed_port, failure, get, opened, outcome, post, told


def test_e03_a_redirect_is_an_error_that_names_both_hosts_and_nothing_goes_there() -> None:
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


def test_e05_netrc_and_proxy_variables_of_the_environment_change_nothing(
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


def test_b37_the_proxy_of_the_system_is_used_and_its_password_is_not_shown() -> None:
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


def test_b37_a_proxy_that_asks_for_a_login_is_told_apart_from_the_server() -> None:
    wants = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with RawServer(answering(wants)) as proxy:
        transfer = Transfer(proxy=f"http://localhost:{proxy.port}")
        for url in ("http://system.invalid", "https://system.invalid"):
            error = outcome(url, transfer=transfer)
            assert isinstance(error, NotSent)
            assert "proxy" in told(error)
            assert "407" in told(error)


@pytest.mark.parametrize("path", ["@other.example/x", ".other.example/x", "https://other.example/x", "x"])
def test_e06_a_path_cannot_lead_to_another_host(path: str) -> None:
    with RawServer(answering(OK)) as server, opened(server.url) as wire:
        with pytest.raises(Unreachable, match="slash"):
            wire.ask(get(path))
        assert isinstance(wire.send(post(path=path)).exception(), NotSent)
        assert server.seen == []


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

    def run(url: str) -> None:
        nonlocal written
        with opened(url, connector=WithCanary, transfer=QUICK, tries=1) as wire:
            for error in (wire.send(post()).exception(), failure(lambda: wire.ask(get()))):
                assert isinstance(error, MigratorError)
                written += told(error) + "".join(traceback.format_exception(error))

    for script in faults:
        with RawServer(script) as server:
            run(server.url)
    run(f"http://127.0.0.1:{closed_port()}")
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
