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
from migrator.state.database import Database
from tests.wsgi import WsgiAdapter


class Killed(BaseException):
    """The process is gone: nothing catches this, and nothing more is written."""


class Points:
    """Counts the points of a run, and says which one is the n-th."""

    def __init__(self, wanted: int = 0) -> None:
        self.wanted, self.passed = wanted, 0

    def here(self) -> bool:
        """This one is it."""
        self.passed += 1
        return self.passed == self.wanted


def killed() -> NoReturn:
    raise Killed


WireKind = Literal["refused", "lost before", "lost after", "late", "cut", "gateway", "killed before", "killed after"]


class FaultyAdapter(WsgiAdapter):
    """The application in this process, and one fault before it."""

    def __init__(self, app: Any, late: list[Callable[[], object]]) -> None:
        super().__init__(app)
        self._late = late
        self.points, self.kind = Points(), "refused"

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        if not self.points.here():
            return super().send(request, *args, **more)
        match self.kind:
            case "refused":
                raise requests.ConnectionError(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
            case "lost before":
                raise requests.exceptions.ReadTimeout("silent")
            case "killed before":
                killed()
            case "late":
                self._late.append(lambda: super(FaultyAdapter, self).send(request, *args, **more))
                raise requests.exceptions.ReadTimeout("silent")
        response = super().send(request, *args, **more)
        match self.kind:
            case "lost after":
                raise requests.ConnectionError(ConnectionResetError(errno.ECONNRESET, "reset by peer"))
            case "killed after":
                killed()
            case "cut":
                return _other(response, response.status_code, response.raw.read()[:7])
        return _other(response, 502, b"<html>Bad gateway</html>")


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


@contextmanager
def faulty_disk(points: Points, kind: LocalKind) -> Iterator[None]:
    """Statements of the journal, commits, fsyncs and renames are the points; a full disk stays full.

    No process dies here, so nothing waits for the disk.
    """
    broken = False

    def passing() -> None:
        nonlocal broken
        broken = broken or points.here()
        if not broken:
            return
        if kind == "killed":
            killed()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def statement(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: Database, sql: str, values: Any = ()) -> Any:
            if not sql.startswith("DELETE FROM leases"):
                with database.told(self.path):
                    try:
                        passing()
                    except OSError as error:
                        full = sqlite3.OperationalError("database or disk is full")
                        full.sqlite_errorcode = sqlite3.SQLITE_FULL
                        raise full from error
            return original(self, sql, values)

        return run

    def before(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            passing()
            return original(*args, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "run", statement(Database.run))
        patch.setattr(os, "replace", before(os.replace))
        patch.setattr(os, "fsync", before(lambda _: None))
        yield
