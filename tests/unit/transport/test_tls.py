"""Encrypted connections: trusted, named, unchecked, and broken."""

from __future__ import annotations

import shlex
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.contract import Transfer
from migrator.errors import BadAnswer, Lost, NotSent, Unreachable
from tests.unit.transport.rawserver import OK, Peer, RawServer, answering
from tests.unit.transport.wires import QUICK, get, opened, outcome, post, told


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


def test_e04_an_unknown_certificate_is_refused_before_a_byte_of_the_request(secure: RawServer) -> None:
    error = outcome(secure.url)
    assert isinstance(error, NotSent)
    assert "the certificate is not trusted" in told(error)
    assert "ca_bundle" in told(error)
    with opened(secure.url) as wire, pytest.raises(Unreachable) as raised:
        wire.ask(get())
    assert "tries" not in str(raised.value), "trying again cannot help"


def test_e04_a_certificate_can_be_named_and_the_check_be_switched_off(
    secure: RawServer, certificate: tuple[Path, Path]
) -> None:
    for transfer in (Transfer(ca_bundle=str(certificate[1])), Transfer(insecure=True)):
        with opened(secure.url, transfer=transfer) as wire:
            assert wire.ask(get()).body == b"ok"
            assert wire.send(post()).result().body == b"ok"


def test_e04_a_redirect_from_https_to_http_is_not_followed(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    with RawServer(answering(OK)) as plain:
        there = f"HTTP/1.1 301 Moved\r\nLocation: {plain.url}/\r\nContent-Length: 0\r\n\r\n".encode()
        with RawServer(answering(there), context) as server:
            with opened(server.url, transfer=Transfer(ca_bundle=str(certificate[1]))) as wire:
                with pytest.raises(BadAnswer, match="which is not followed"):
                    wire.ask(get())
        assert plain.seen == []


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
