"""WSGI apps for tests: a function that answers, and statuses in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

URL = "http://system.example"
Reply = tuple[int, bytes, dict[str, str]]


class App:
    """A WSGI app over a function: (method, path, headers) -> status, body, headers. Counts what it was asked."""

    def __init__(self, reply: Callable[[str, str, dict[str, str]], Reply]) -> None:
        self.asked: list[str] = []
        self._reply = reply

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self.asked.append(line)
        headers = {name[5:].lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
        status, body, more = self._reply(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers)
        start(f"{status} X", [("Content-Length", str(len(body))), *more.items()])
        return [body]


def scripted(*statuses: int, **headers: str) -> App:
    """Answers these statuses in turn, then 200 for ever."""
    left = iter(statuses)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return App(lambda *asked: (next(left, 200), b"ok", named))
