"""A server on loopback that answers with bytes, so that a test can break HTTP anywhere."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Script = Callable[["Peer"], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gone(Exception):
    """The client closed the connection."""


class Peer:
    """One request on one connection, seen from the server."""

    def __init__(self, connection: socket.socket, number: int, over: threading.Event) -> None:
        self.number = number
        self.head = b""
        self.body = b""
        self._connection = connection
        self._over = over

    def read(self) -> Self:
        """Take the whole request."""
        while b"\r\n\r\n" not in self.head:
            self.head += self._receive()
        self.head, _, self.body = self.head.partition(b"\r\n\r\n")
        while len(self.body) < int(self.header("content-length") or 0):
            self.body += self._receive()
        return self

    def peek(self) -> Self:
        """Wait until something has come, and leave it there."""
        if not self._connection.recv(1, socket.MSG_PEEK):
            raise Gone
        return self

    def _receive(self) -> bytes:
        got = self._connection.recv(65_536)
        if not got:
            raise Gone
        return got

    def header(self, name: str) -> str:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            found, _, value = line.partition(": ")
            if found.lower() == name.lower():
                return value
        return ""

    def say(self, answer: bytes) -> None:
        self._connection.sendall(answer)

    def drip(self, answer: bytes, seconds: float) -> None:
        """One byte at a time, until the client has had enough."""
        for at in range(len(answer)):
            self.say(answer[at : at + 1])
            if self._over.wait(seconds):
                raise Gone

    def stall(self) -> None:
        """Say nothing until the test is over."""
        self._over.wait()
        raise Gone

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def hang_up(self) -> None:
        raise Gone


class RawServer:
    """Runs `script` for every request (a connection is kept until the script hangs up). `seen`: all requests."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self._script, self._context = script, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections: list[socket.socket] = []
        self.seen: list[Peer] = []
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://localhost:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for one in [self._socket, *self.connections]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()
        self._socket.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(Gone, OSError):
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            while not self._over.is_set():
                peer = Peer(connection, len(self.seen), self._over)
                self.seen.append(peer)
                self._script(peer)
        connection.close()


def answering(*answers: bytes) -> Script:
    """Read each request and say the answers in turn, the last one for ever."""

    def script(peer: Peer) -> None:
        peer.read().say(answers[min(peer.number, len(answers) - 1)])

    return script


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
        "reset with the request unread": lambda peer: peer.peek().reset(),
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
