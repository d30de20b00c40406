"""A wire that breaks at the n-th request, in every way a wire can, and a disk that breaks at the n-th write."""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NoReturn

import pytest
import requests
from urllib3 import HTTPHeaderDict, HTTPResponse

from migrator.state import database
from tests.wsgi import WsgiAdapter


class Killed(BaseException):
    """The process is gone: nothing catches this, and nothing more is written."""


class Points:
    """Counts the points of a run, and says which one is the n-th."""

    def __init__(self, wanted: int = 0) -> None:
        self.wanted, self.passed = wanted, 0
        self.writes: list[int] = []
        """Which of them were requests that change something."""
        self.dead = False
        """The process was killed here: nothing comes from it any more."""

    def here(self) -> bool:
        """This one is it."""
        self.passed += 1
        return self.passed == self.wanted

    def kill(self) -> NoReturn:
        """The process ends: what a living one sends on its way out, such as the end of its session, is not sent."""
        self.dead = True
        raise Killed


WireKind = Literal[
    "refused", "unavailable", "lost before", "lost after", "soon", "late", "cut", "gateway",
    "killed before", "killed late", "killed after",
]  # fmt: skip
LATE: dict[str, float] = {"soon": 1.0, "late": 50.0, "killed late": 50.0}
"""Kind -> seconds after which a request that went astray reaches its server: less than any system's `settle`."""
Later = Callable[[float, Callable[[], object]], None]
"""Seconds, and what happens then."""


class FaultyAdapter(WsgiAdapter):
    """The application in this process, and one fault before it."""

    def __init__(self, app: Any, later: Later) -> None:
        super().__init__(app)
        self._later = later
        self.points, self.kind = Points(), "refused"
        self.process = Points()
        """What breaks the process itself: its points are elsewhere."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        if self.points.dead or self.process.dead:
            raise Killed
        struck = self.points.here()
        if _changes(request):
            self.points.writes.append(self.points.passed)
        if not struck:
            return super().send(request, *args, **more)
        match self.kind:
            case "refused":
                raise requests.ConnectionError(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
            case "lost before":
                raise requests.exceptions.ReadTimeout("silent")
            case "killed before":
                self.points.kill()
            case "unavailable":
                return _other(requests.Response(), 503, b"<html>Back soon</html>")
            case "soon" | "late" | "killed late":
                _whole(request)
                self._later(LATE[self.kind], lambda: super(FaultyAdapter, self).send(request, *args, **more))
                if self.kind == "killed late":
                    self.points.kill()
                raise requests.exceptions.ReadTimeout("silent")
        response = super().send(request, *args, **more)
        match self.kind:
            case "lost after":
                raise requests.ConnectionError(ConnectionResetError(errno.ECONNRESET, "reset by peer"))
            case "killed after":
                self.points.kill()
            case "cut":
                return _other(response, response.status_code, response.raw.read()[:7])
        return _other(response, 502, b"<html>Bad gateway</html>")


def _whole(request: requests.PreparedRequest) -> None:
    """What is on its way left its sender whole: a file is read now, not when the server gets it."""
    if request.body is not None and not isinstance(request.body, str | bytes):
        request.body = b"".join(request.body)


def _changes(request: requests.PreparedRequest) -> bool:
    """Whether it is meant to change something: no GET, none in disguise, no GraphQL query."""
    if request.method == "GET" or request.headers.get("X-HTTP-Method-Override") == "GET":
        return False
    return not request.path_url.endswith("/graphql") or "mutation" in str(request.body)


def _other(response: requests.Response, status: int, body: bytes) -> requests.Response:
    """The same with another status or body, its length as the server would tell it."""
    response.status_code = status
    kept = {name: text for name, text in response.headers.items() if name.lower() != "content-length"}
    response.raw = HTTPResponse(
        body=io.BytesIO(body),
        headers=HTTPHeaderDict(kept),
        status=status,
        preload_content=False,
        decode_content=False,
    )
    return response


LocalKind = Literal["killed", "disk full"]
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "COMMIT")
_LEAVES = "DELETE FROM leases"
"""On its way out: a dead process's lease is free at once, this process lives on, so it is let give it back."""


def _written(sql: str, passing: Callable[[], None]) -> None:
    """A statement that writes passes a point; a full disk is told in SQLite's own error."""
    if not sql.startswith(_WRITES):
        return
    try:
        passing()
    except OSError as error:
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise full from error


@contextmanager
def faulty_disk(points: Points, kind: LocalKind) -> Iterator[None]:
    """Writing statements and commits of SQLite, fsyncs and renames are the points; a full disk stays full.

    No process dies here, so nothing waits for the disk.
    """
    broken = False

    def passing() -> None:
        nonlocal broken
        broken = broken or points.here()
        if not broken:
            return
        if kind == "killed":
            points.kill()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Faulty(sqlite3.Connection):
        """Raises what SQLite raises when the disk is full."""

        leaving = False

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            self.leaving = sql.startswith(_LEAVES) or (self.leaving and sql == "COMMIT")
            if not self.leaving:
                _written(sql, passing)
            return super().execute(sql, *values)

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            _written(sql, passing)
            return super().executemany(sql, *values)

    def connect(uri: str) -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, isolation_level=None, factory=Faulty)

    def before(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            passing()
            return original(*args, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_connect", connect)
        patch.setattr(os, "replace", before(os.replace))
        patch.setattr(os, "fsync", before(lambda _: None))
        yield
