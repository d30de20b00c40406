"""Sockets that know the deadline of the whole call, and whether a byte of the request has left.

A read timeout alone does not end an answer that drips, and an exception's class alone does not tell whether a
write was begun (a TLS error may come before or in the middle of it). Both are known here, at the lowest place.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import threading
import time
import weakref
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.ERROR)  # their lines hold addresses with the query


class Live:
    """Sockets that reads are waiting on, so that closing a wire need not wait for a silent server."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._over = False

    def add(self, one: socket.socket) -> None:
        """A read is about to wait on it."""
        with self._lock:
            self._sockets.add(one)
            if self._over:
                _shut(one)

    def drop(self) -> None:
        """End every read on these sockets now, from any thread; later ones too."""
        with self._lock:
            self._over = True
            for one in list(self._sockets):
                _shut(one)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)  # the TLS layer above stays untouched: its thread still reads


class Progress(threading.local):
    """The call that this thread is busy with."""

    deadline: float | None = None
    """Monotonic seconds when the whole call must be over; None: only silence is limited. Sockets know real time
    only, so this one clock is not handed in."""
    begun: bool | None = None
    """Whether a byte of the request may have left; None: no socket of ours was used."""
    live: Live | None = None
    """Where a read's sockets are known; None for writes, which nobody may break off."""

    def start(self, *, seconds: float | None, live: Live | None) -> None:
        """A call begins on this thread; `seconds` is its deadline from now."""
        self.begun = None
        self.live = live
        self.limit(seconds)

    def limit(self, seconds: float | None) -> None:
        """From now on the call may take these seconds."""
        self.deadline = None if seconds is None else time.monotonic() + seconds

    def left(self, timeout: float | None) -> float | None:
        """Seconds that the next wait on a socket may take. Raises TimeoutError when none are left."""
        if self.deadline is None:
            return timeout
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole call took too long")
        return left if timeout is None else min(left, timeout)

    def swap(self, other: dict[str, Any]) -> dict[str, Any]:
        """Another call's progress takes the place of this one's, which is given back.

        For a call within a call: the bytes of an upload are read from another system on the same thread.
        """
        mine = dict(self.__dict__)
        self.__dict__.clear()
        self.__dict__.update(other)
        return mine


progress = Progress()


class _Deadline(socket.socket):
    """What both kinds of sockets do before they wait."""

    def _limit(self) -> None:
        if progress.live is not None:
            progress.live.add(self)
        timeout = self.gettimeout()
        left = progress.left(timeout)
        if left != timeout:
            self.settimeout(left)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._limit()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._limit()
        progress.begun = True
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._limit()
        progress.begun = True
        super().sendall(*args, **kwargs)


class _Plain(_Deadline):
    """A TCP socket."""


class _Secure(_Deadline, ssl.SSLSocket):
    """A TLS socket; the ssl module makes it through `SSLContext.sslsocket_class`."""


def _watched(made: socket.socket) -> socket.socket:
    timeout = made.gettimeout()
    wrapped = _Plain(fileno=made.detach())
    wrapped.settimeout(timeout)
    return wrapped


class _Lines:
    """What http.client reads headers from; remembers whether they ended or were cut off."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.cut = False

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._file.readline(limit)
        self.cut = not line
        return line

    def close(self) -> None:
        self._file.close()


class _Answer(http.client.HTTPResponse):
    """Takes no headers that were cut off: http.client would take the lines that came for all, and an empty body."""

    def begin(self) -> None:
        file = self.fp
        lines: Any = _Lines(file)
        self.fp = lines
        try:
            super().begin()
        finally:
            if self.fp is lines:
                self.fp = file
        if lines.cut:
            raise http.client.IncompleteRead(b"")


class _Connection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            progress.begun = False  # what a proxy was told before is no byte of the request


class _SecureConnection(HTTPSConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())

    def connect(self) -> None:
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context(cert_reqs=resolve_cert_reqs(self.cert_reqs))
            self.ssl_context.sslsocket_class = _Secure
        try:
            super().connect()
        finally:
            progress.begun = False


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect; urllib3 would warn at each unchecked connection, but `insecure` has its banner elsewhere."""
        if conn.is_closed:
            conn.connect()


def _ours(pools: PoolManager) -> None:
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class SocketAdapter(HTTPAdapter):
    """requests' own adapter over the sockets above; it never retries."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools; requests calls this."""
        super().init_poolmanager(*args, **kwargs)
        _ours(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools behind a proxy; requests calls this."""
        manager = super().proxy_manager_for(*args, **kwargs)
        _ours(manager)
        return manager
