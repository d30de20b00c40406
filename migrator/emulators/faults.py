"""Scripted HTTP faults around a WSGI app: what a gateway, an outage or a hurried release does to an answer.

    emulator.faults.add(match="POST /k/v1/records.json", kind="after_commit_status", status=502)

A fault looks at "METHOD /path?query"; the first one that fits and is due decides. Faults of the wire itself
(reset, cut, stall) are no business of HTTP: proxy.py stands between the sockets for these.
"""

import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FaultKind = Literal["status", "after_commit_status", "slow", "wrong_body", "edited", "html", "truncate_json", "empty"]
"""What goes wrong:

status               the app is not called; `status` and the system's error body (or `body`)
after_commit_status  the app is called, its effects stay; `status` and the error body replace its answer
slow                 the app is called after `seconds`, or as soon as `Faults.release()` is called
wrong_body           the app is called; its status stays, `body` replaces its body
edited               the app is called; its status stays (or `status`), `edit` makes another body of its body
html                 the app is not called; `status` (503) and a gateway's HTML page
truncate_json        the app is called; only the first half of its body is sent, as if that were all
empty                the app is called; its status stays, its body is empty
"""

ErrorBody = Callable[[int, str, str], bytes]
"""(status, code, message) -> the body in the system's own form."""

HTML_PAGE = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body>nginx</body></html>"


def plain_error(status: int, code: str, message: str) -> bytes:
    """An error body for a system that has not said its own form."""
    return json.dumps({"status": status, "code": code, "message": message}).encode()


@dataclass
class Trigger:
    """When a fault strikes: at which requests, how often, after how many of them. Counts what it has seen."""

    match: str = ""
    times: int | None = 1
    after: int = 0
    when: Callable[[str, bytes], bool] | None = None
    seen: int = 0
    fired: int = 0

    def due(self, line: str, body: bytes) -> bool:
        """Whether the fault strikes the request; counts it either way."""
        if self.match not in line or (self.when is not None and not self.when(line, body)):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True


@dataclass
class Fault:
    """One scripted fault; `Faults.add` makes it."""

    kind: FaultKind
    trigger: Trigger
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    error_code: str = ""
    seconds: float = 0.0
    edit: Callable[[bytes], bytes] = bytes

    @property
    def fired(self) -> int:
        """How often it has struck."""
        return self.trigger.fired


@dataclass
class _Answer:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Faults:
    """The switchboard of one app. `calls` counts every request by (method, path), faulty ones too."""

    def __init__(self, error_body: ErrorBody = plain_error, content_type: str = "application/json") -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self._faults: list[Fault] = []
        self._error_body = error_body
        self._content_type = content_type
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(
        self,
        match: str = "",
        *,
        kind: FaultKind = "status",
        times: int | None = 1,
        after: int = 0,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        error_code: str = "",
        seconds: float = 0.0,
        when: Callable[[str, bytes], bool] | None = None,
        edit: Callable[[bytes], bytes] = bytes,
    ) -> Fault:
        """Script a fault.

        `match`: part of "METHOD /path?query" ("" fits all). It strikes `times` times (None: always) after letting
        `after` fitting requests pass. `status`: default 500 (503 for html). `headers` take the place of the
        answer's own of these names. `when(line, body)` narrows it further; `edit` is of `edited`. Raises ValueError
        for an unknown kind.
        """
        if kind not in get_args(FaultKind):
            raise ValueError(f"no such fault: {kind!r}; there are: {', '.join(get_args(FaultKind))}")
        trigger = Trigger(match, times, after, when)
        fault = Fault(kind, trigger, status, dict(headers or {}), body, error_code, seconds, edit)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take all scripted faults away; the counts stay."""
        with self._lock:
            self._faults.clear()

    def release(self) -> None:
        """End every slow answer now, and let later ones pass at once."""
        self._released.set()

    def total(self, match: str = "") -> int:
        """How many requests so far had `match` in "METHOD /path"."""
        with self._lock:
            return sum(count for (method, path), count in self.calls.items() if match in f"{method} {path}")

    def wrap(self, app: "WSGIApplication") -> "WSGIApplication":
        """`app`, with the scripted faults in front of it."""

        def faulty(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            fault = self._strike(environ)
            if fault is None:
                return app(environ, start_response)
            if fault.kind == "slow":
                self._released.wait(fault.seconds)
                return app(environ, start_response)
            answer = self._answer(fault, app, environ)
            start_response(answer.status, answer.headers)
            return [answer.body]

        return faulty

    def _strike(self, environ: "WSGIEnvironment") -> Fault | None:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        with self._lock:
            self.calls[method, path] += 1
            if not self._faults:
                return None
            line = f"{method} {path}?{environ.get('QUERY_STRING', '')}"
            body = _body(environ) if any(fault.trigger.when for fault in self._faults) else b""
            return next((fault for fault in self._faults if fault.trigger.due(line, body)), None)

    def _answer(self, fault: Fault, app: "WSGIApplication", environ: "WSGIEnvironment") -> _Answer:
        if fault.kind in ("status", "after_commit_status", "html"):
            if fault.kind == "after_commit_status":
                _call(app, environ)
            answer = self._failure(fault)
        else:
            answer = _call(app, environ)
            answer.body = _spoilt(fault, answer.body)
            if fault.kind == "edited" and fault.status is not None:
                answer.status = _status_line(fault.status)
        replaced = {"content-length", *(name.lower() for name in fault.headers)}
        kept = [pair for pair in answer.headers if pair[0].lower() not in replaced]
        answer.headers = [*kept, *fault.headers.items(), ("Content-Length", str(len(answer.body)))]
        return answer

    def _failure(self, fault: Fault) -> _Answer:
        html = fault.kind == "html"
        status = fault.status or (503 if html else 500)
        line = _status_line(status)
        body = fault.body
        if body is None:
            body = HTML_PAGE if html else self._error_body(status, fault.error_code, line.partition(" ")[2])
        content_type = "text/html" if html else self._content_type
        return _Answer(line, [("Content-Type", content_type)], body)


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:  # 520 and its like have no phrase
        return f"{status} Unknown"


def _spoilt(fault: Fault, body: bytes) -> bytes:
    if fault.kind == "truncate_json":
        return body[: len(body) // 2]
    if fault.kind == "wrong_body":
        return b'{"unexpected":true}' if fault.body is None else fault.body
    return fault.edit(body) if fault.kind == "edited" else b""


def _body(environ: "WSGIEnvironment") -> bytes:
    """Read the request's body and put it back for the app."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        body = environ["wsgi.input"].read(int(length))
    else:
        body = environ["wsgi.input"].read() if environ.get("wsgi.input_terminated") else b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return bytes(body)


def _call(app: "WSGIApplication", environ: "WSGIEnvironment") -> _Answer:
    """Run the app to its end and take its whole answer."""
    answer = _Answer("", [], b"")

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        answer.status, answer.headers = status, headers
        return chunks.append

    chunks: list[bytes] = []
    result = app(environ, start_response)
    try:
        chunks.extend(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    answer.body = b"".join(chunks)
    return answer
