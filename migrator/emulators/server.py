"""The ground that all emulators stand on: clocks, routes, the finished `Emulator`, and serving on loopback.

An emulator is a WSGI callable over a store. Mounted on a client it is a whole system inside one process; served
on a port it is the demo. Nothing here knows any system.
"""

import importlib
import logging
import queue
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from cheroot import wsgi
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from migrator.emulators import EMULATORS
from migrator.emulators.faults import Faults

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

IDLE_SECONDS = 300
"""How long a kept-alive connection may rest before the server closes it."""

STOP_SECONDS = 3
"""How long `stop` waits for answers under way."""

THREADS = 10
"""Worker threads per address family."""


class Clock(Protocol):
    """Where an emulator reads the time: tests hand in one that stands still."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00Z."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00Z, as the machine tells."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """The start plus all that was advanced."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now += seconds


@dataclass(frozen=True)
class Emulator:
    """One stand-in system: its app, and what a user has to know to reach it."""

    system: str
    """The name in the EMULATORS table."""
    app: "WSGIApplication"
    """Plain WSGI, faults already wrapped around: mount it in-process or hand it to `serve`."""
    faults: Faults
    """The switchboard of scripted HTTP faults of this app."""
    url_variable: str
    """The environment variable that takes the address, "KINTONE_URL"."""
    variables: Mapping[str, str]
    """The other environment variables, with values that log in."""
    collections: Mapping[str, int | str]
    """Sample collections: name -> id."""
    store: Any
    """The state behind HTTP, for tests that compare with the truth."""
    url_path: str = ""
    """What stands behind the host in the address, "/apirest.php"."""
    pace: str = "documented"
    """"documented": the vendor's rate limits hold; "off": they do not."""

    def env(self, url: str) -> dict[str, str]:
        """The environment variables that the playbooks read, when the app is served at `url` (scheme, host, port)."""
        return {self.url_variable: url.rstrip("/") + self.url_path, **self.variables}


def create_emulator(
    system: str, *, seed: str = "sample", pace: str = "documented", clock: Clock | None = None
) -> Emulator:
    """Make the emulator of `system` by the EMULATORS table.

    `seed`: "sample" (with records) or "empty". `pace`: "documented" or "off". Raises ValueError for a word that
    is none of these, or a system that has no emulator.
    """
    if system not in EMULATORS:
        raise ValueError(f"no emulator of {system!r}; there are: {', '.join(sorted(EMULATORS))}")
    if seed not in ("sample", "empty"):
        raise ValueError(f"seed is 'sample' or 'empty', not {seed!r}")
    if pace not in ("documented", "off"):
        raise ValueError(f"pace is 'documented' or 'off', not {pace!r}")
    module, _, name = EMULATORS[system].partition(":")
    made: Emulator = getattr(importlib.import_module(module), name)(
        seed=seed, pace=pace, clock=clock or SystemClock()
    )
    return made


View = Callable[..., Response]
"""A route's function: `view(request, **parts of the path) -> Response`."""

ErrorView = Callable[[Request, Exception], Response | None]
"""Turns an exception of a view into an answer, or returns None to let it pass."""


class Router:
    """Method and path -> function; a WSGI app.

    Rules are werkzeug's (`/items/<int:item>`); one without placeholders is found by a dict. `on_error` gets every
    exception of a view, and `werkzeug.exceptions.NotFound` or `MethodNotAllowed` where no rule fits, so that a
    system can answer in its own form. What it leaves (returns None for) is answered by werkzeug's page if it is an
    HTTPException, else raised.
    """

    def __init__(self, on_error: ErrorView | None = None) -> None:
        self._plain: dict[str, dict[str, View]] = {}
        self._map = Map()
        self._on_error = on_error

    def add(self, method: str, rule: str, view: View) -> None:
        """Answer `method` on `rule` with `view`."""
        if "<" in rule:
            self._map.add(Rule(rule, methods=[method], endpoint=view))
        else:
            self._plain.setdefault(rule, {})[method] = view

    def route(self, method: str, rule: str) -> Callable[[View], View]:
        """Decorate a view: `@router.route("GET", "/items/<id>")`."""

        def decorate(view: View) -> View:
            self.add(method, rule, view)
            return view

        return decorate

    def dispatch(self, request: Request) -> Response:
        """The answer to `request`; raises what `on_error` leaves."""
        try:
            return self._call(request)
        except Exception as error:
            answer = self._on_error(request, error) if self._on_error else None
            if answer is not None:
                return answer
            if isinstance(error, HTTPException):
                return Response.force_type(error.get_response(request.environ), request.environ)
            raise

    def _call(self, request: Request) -> Response:
        views = self._plain.get(request.path)
        if views is not None:
            if request.method not in views:
                raise MethodNotAllowed(valid_methods=sorted(views))
            return views[request.method](request)
        view, parts = self._map.bind_to_environ(request.environ).match()
        answer: Response = view(request, **parts)
        return answer

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """WSGI."""
        return self.dispatch(Request(environ))(environ, start_response)


__all__ = [
    "Clock", "SystemClock", "ManualClock", "Emulator", "create_emulator",
    "Router", "Request", "Response", "NotFound", "MethodNotAllowed", "serve", "Server",
]  # fmt: skip


class _Listener(wsgi.Server):
    """One bound address; its threads are daemonic, its complaints go to the log."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Log instead of writing to stderr."""
        log.log(level, "%s", msg, exc_info=sys.exc_info() if traceback else None)

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[Any, ...]) -> socket.socket:
        """Bind, and close the socket where that fails: cheroot would leave it open."""
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_


class Server:
    """A WSGI app on loopback, over IPv4 and, where there is one, IPv6, until `stop`. Use it in a `with`."""

    def __init__(self, app: "WSGIApplication", port: int = 0) -> None:
        self._running: list[tuple[_Listener, threading.Thread]] = []
        self.port = self._bind(app, port)
        self.url = f"http://localhost:{self.port}"

    def _bind(self, app: "WSGIApplication", port: int) -> int:
        """Bind both families to one port; a free one is tried again where only IPv4 could have it."""
        for tries_left in range(9, -1, -1):
            bound = self._listen(app, "127.0.0.1", port)
            if not _has_ipv6():
                return bound
            try:
                return self._listen(app, "::1", bound)
            except OSError:
                self.stop()
                if port or not tries_left:
                    raise
        raise AssertionError("unreachable: the loop returns or raises")

    def _listen(self, app: "WSGIApplication", address: str, port: int) -> int:
        listener = _Listener((address, port), app, numthreads=THREADS, timeout=IDLE_SECONDS, request_queue_size=128)
        listener.shutdown_timeout = 1
        listener.expiration_interval = 0.05  # seconds; also the longest that stop() has to wait
        ready: queue.Queue[BaseException | None] = queue.Queue()
        # prepared inside the daemonic thread: the worker threads inherit that from their maker
        thread = threading.Thread(target=_run, args=(listener, ready), daemon=True, name=f"emulator {address}")
        thread.start()
        failure = ready.get()
        if failure is not None:
            thread.join()
            raise OSError(f"cannot listen on {address} port {port}: {_plain(failure)}") from failure
        self._running.append((listener, thread))
        return int(listener.bind_addr[1])

    def stop(self) -> None:
        """Close the sockets and end the threads; safe to repeat."""
        while self._running:
            listener, thread = self._running.pop()
            # an answer that hangs would hold cheroot for ever: its daemonic thread is left behind instead
            stopping = threading.Thread(target=listener.stop, daemon=True)
            stopping.start()
            stopping.join(STOP_SECONDS)
            thread.join(STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(app: "WSGIApplication", *, port: int = 0) -> Server:
    """Serve `app` on 127.0.0.1 and ::1 at `port` (0: any free one). Raises OSError where the port is taken."""
    return Server(app, port)


def _plain(failure: BaseException) -> str:
    """The system's own words, without what cheroot wraps around them."""
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(failure))
    return found[1].strip().lower() if found else str(failure)


def _run(listener: _Listener, ready: "queue.Queue[BaseException | None]") -> None:
    try:
        listener.prepare()
    except OSError as error:
        ready.put(error)
        return
    ready.put(None)
    listener.serve()


def _has_ipv6() -> bool:
    """Whether ::1 can be bound here; containers often have the family but no address."""
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
