"""Faults of the wire: a small proxy on loopback between a client and a served emulator.

    with serve(emulator.app) as server, Proxy(server.port) as proxy:
        proxy.add("POST /k/v1/records.json", kind="reset_after")

It understands just enough HTTP to take one exchange at a time, so that a fault strikes a chosen request at a chosen
byte. Waiting ends early at `release()`, so no test has to sleep.
"""

import http.client
import io
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Literal, Self, get_args

from migrator.emulators.faults import Trigger

WireFaultKind = Literal["reset_before", "reset_after", "cut", "stall", "drip", "late"]
"""What goes wrong between the sockets:

reset_before  the request is taken and the connection reset; the system never sees it
reset_after   the system answers, its effects stay; the connection is reset before a byte of the answer is sent
cut           the system answers; the first `at_byte` bytes of the answer are sent, then the connection is closed
stall         the system answers; nothing is sent for `seconds` (or until `release`), then the connection is closed
drip          the system answers; one byte at a time, `seconds` between two of them
late          the connection is reset at once; the system sees the request `seconds` later (or at `release`)
"""


@dataclass
class WireFault:
    """One scripted fault; `Proxy.add` makes it."""

    kind: WireFaultKind
    trigger: Trigger
    at_byte: int
    seconds: float

    @property
    def fired(self) -> int:
        """How often it has struck."""
        return self.trigger.fired


@dataclass(frozen=True)
class _Exchange:
    method: str
    target: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def line(self) -> str:
        """METHOD, blank, path, "?", query: what a fault's `match` looks at."""
        path, _, query = self.target.partition("?")
        return f"{self.method} {path}?{query}"


class Proxy:
    """Stands before `upstream` (a port on loopback) until `stop`. Use it in a `with`."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._faults: list[WireFault] = []
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://localhost:{self.port}"
        self._start(self._accept)

    def add(
        self, match: str = "", *, kind: WireFaultKind, times: int | None = 1, after: int = 0,
        at_byte: int = 0, seconds: float = 60.0, when: Callable[[str, bytes], bool] | None = None,
    ) -> WireFault:  # fmt: skip
        """Script a fault; `match`, `times`, `after` and `when` as in `Faults.add`. Raises ValueError for the kind."""
        if kind not in get_args(WireFaultKind):
            raise ValueError(f"no such fault: {kind!r}; there are: {', '.join(get_args(WireFaultKind))}")
        fault = WireFault(kind, Trigger(match, times, after, when), at_byte, seconds)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take all scripted faults away."""
        with self._lock:
            self._faults.clear()

    def release(self) -> None:
        """End all waiting now and for good."""
        self._released.set()

    def stop(self) -> None:
        """Close everything; requests that were to come late are sent first. Safe to repeat."""
        self.release()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # stopped
            self._start(partial(self._serve, connection))

    def _serve(self, client: socket.socket) -> None:
        """The exchanges of one connection, until it ends or a fault ends it."""
        with self._lock:
            self._open.add(client)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        upstream = http.client.HTTPConnection("127.0.0.1", self._upstream)
        try:
            with suppress(OSError, http.client.HTTPException), client.makefile("rb") as stream:
                while (exchange := _read(stream, client)) and self._answer(client, upstream, exchange):
                    pass
        finally:
            upstream.close()
            with self._lock:
                self._open.discard(client)
            client.close()

    def _answer(self, client: socket.socket, upstream: http.client.HTTPConnection, exchange: _Exchange) -> bool:
        """Pass one exchange on, with the fault that is due; False ends the connection."""
        with self._lock:
            due = (fault for fault in self._faults if fault.trigger.due(exchange.line, exchange.body))
            fault = next(due, None)
        if fault is not None and fault.kind in ("reset_before", "late"):
            _reset(client)
            if fault.kind == "late":
                self._released.wait(fault.seconds)
                _forward(upstream, exchange)
            return False
        answer = _forward(upstream, exchange)
        if fault is None:
            client.sendall(answer)
            return True
        return self._spoil(client, fault, answer)

    def _spoil(self, client: socket.socket, fault: WireFault, answer: bytes) -> bool:
        if fault.kind == "reset_after":
            _reset(client)
        elif fault.kind == "cut":
            client.sendall(answer[: fault.at_byte])
        elif fault.kind == "stall":
            self._released.wait(fault.seconds)
        else:
            for at in range(len(answer)):
                client.sendall(answer[at : at + 1])
                self._released.wait(fault.seconds)
            return True
        return False


def _read(stream: io.BufferedReader, client: socket.socket) -> _Exchange | None:
    """One request, or None at the end of the connection."""
    line = stream.readline(65_537)
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = http.client.parse_headers(stream)
    if headers.get("Expect", "").lower() == "100-continue":
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return _Exchange(method, target, headers, b"".join(_chunks(stream)))
    size = int(headers.get("Content-Length") or 0)
    body = stream.read(size)
    return _Exchange(method, target, headers, body) if len(body) == size else None  # the client hung up within it


def _chunks(stream: io.BufferedReader) -> Iterator[bytes]:
    while size := int(stream.readline().split(b";")[0], 16):
        yield stream.read(size)
        stream.readline()
    while stream.readline().strip():
        pass  # trailers


def _forward(upstream: http.client.HTTPConnection, exchange: _Exchange) -> bytes:
    """Send the request on and return the whole answer as bytes, its length told in a header."""
    upstream.putrequest(exchange.method, exchange.target, skip_host=True, skip_accept_encoding=True)
    for name, value in exchange.headers.items():
        if name.lower() not in ("content-length", "transfer-encoding", "expect", "connection"):
            upstream.putheader(name, value)
    upstream.putheader("Content-Length", str(len(exchange.body)))
    upstream.endheaders(exchange.body)
    response = upstream.getresponse()
    body = response.read()
    dropped = ("content-length", "transfer-encoding", "connection")
    kept = [(name, value) for name, value in response.getheaders() if name.lower() not in dropped]
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in (*kept, ("Content-Length", str(len(body))))]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _reset(client: socket.socket) -> None:
    """Close at once with nothing lingering, whatever streams were made from the socket: the peer sees a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(client.detach())
