"""Exchanges recorded and played again: vcrpy's cassettes behind our own recorder, which is a requests adapter.

    with cassette(path, mode="replay", scrubber=scrubber) as tape:
        wire = open_wire(…, adapter=tape)

vcrpy's own recorder is not used: it patches the HTTP library of the whole process, matches a request by method and
address only (measured: another POST body replayed happily), leaves custom auth headers and tokens in answers in the
file, and prints the query and body of what does not match. Here a request matches by method (a POST that stands for
a GET is not a POST), scheme, host, path, query and canonical body; few headers are kept; all text is scrubbed when
the file is written, since a login's answer becomes a secret only after it was recorded; a file in which a known
secret survives is not written.
"""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from vcr import matchers
from vcr.cassette import Cassette as Tape
from vcr.errors import UnhandledHTTPRequestError
from vcr.record_mode import RecordMode
from vcr.request import Request
from vcr.serialize import deserialize, serialize
from vcr.serializers import yamlserializer

from migrator.errors import LocalFault, SystemFailed
from migrator.transport.secrets import Scrubber
from migrator.transport.sockets import SocketAdapter

Mode = Literal["replay", "record"]

OVERRIDE = "x-http-method-override"
"""Makes a POST that reads of one that writes (Kintone): without it the same body would be another request."""

KEPT = frozenset(
    {"content-type", "content-range", "accept-range", "retry-after", "etag", "link", "location", OVERRIDE}
)
"""Headers that are recorded; all others may hold secrets or change every time."""

HEAD = "recorded_where: "
"""The file's first line, before vcrpy's own keys; its value is a JSON string."""


class CassetteMismatch(SystemFailed):
    """What is asked and what was recorded are not the same, or a secret would be recorded."""

    code = "SY020"


def cassette(
    path: Path, *, mode: Mode, scrubber: Scrubber, where: str | None = None, inner: BaseAdapter | None = None
) -> Cassette:
    """A Cassette for a `with`.

    `where`: where a recording is made, "emulator" or "real server …"; needed to record. `inner`: what a recording
    sends through (a WSGI app); sockets if it is left out.
    """
    return Cassette(path, mode=mode, scrubber=scrubber, where=where, inner=inner)


class Cassette(BaseAdapter):
    """A requests adapter that replays a file, or records one. Safe for many threads.

    Leaving a replay raises CassetteMismatch where recorded exchanges were not asked for; leaving a recording writes
    the file. Both only where no error is on its way already.
    """

    def __init__(
        self,
        path: Path,
        *,
        mode: Mode,
        scrubber: Scrubber,
        where: str | None = None,
        inner: BaseAdapter | None = None,
    ) -> None:
        super().__init__()
        if mode == "record" and not where:
            raise ValueError('a recording needs `where`: "emulator" or "real server …"')
        self.recorded_where = where or ""
        """Who answered when the file was made."""
        self._path, self._mode, self._scrubber = path, mode, scrubber
        self._inner = inner or SocketAdapter()
        self._lock = threading.Lock()
        self._taken: list[tuple[Request, dict[str, Any]]] = []
        self._tape = Tape(
            str(path),
            record_mode=RecordMode.NONE,
            match_on=(same_method, matchers.scheme, matchers.host, matchers.path, same_query, same_body),
        )

    def __enter__(self) -> Self:
        if self._mode == "replay":
            self._load()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.close()
        if error is not None:
            return
        if self._mode == "record":
            self._save()
        elif self.unused:
            raise CassetteMismatch(
                f'{len(self.unused)} exchanges of "{self._path.name}" were not asked for',
                detail="\n".join(self.unused),
            )

    @property
    def unused(self) -> list[str]:
        """Recorded exchanges that nobody asked for, as "GET /path"."""
        return [_line(one) for at, (one, _) in enumerate(self._tape.data) if not self._tape.play_counts[at]]

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Answer from the file, or from the server and remember. Raises CassetteMismatch."""
        body = _whole_body(request)
        if self._mode == "replay":
            return _response(self, request, self._play(self._request(request, body)))
        if body is not None:
            request.body = body
        answer = self._inner.send(request, stream=False, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        taken = _taken(answer)
        with self._lock:
            self._taken.append((Request(request.method, request.url, body, dict(request.headers)), taken))
        return _response(self, request, taken)

    def close(self) -> None:
        """Nothing: sessions close their adapters, and a tape outlives them."""

    def _play(self, request: Request) -> dict[str, Any]:
        with self._lock:
            try:
                answer: dict[str, Any] = self._tape.play_response(request)
                return answer
            except UnhandledHTTPRequestError:
                pass  # its text holds the query and the body
        raise CassetteMismatch(
            f'"{self._path.name}" holds no (further) answer to {_line(request)}',
            detail=self._scrubber.clean(self._nearest(request)),
            hint="record the cassette again, or mend what asks",
        )

    def _nearest(self, request: Request) -> str:
        """What the most similar recorded request has otherwise."""
        names = ("method", "scheme", "host", "path", "query", "body")
        best: list[str] | None = None
        for stored, _ in self._tape.data:
            wrong = [name for name in names if not _agrees(name, request, stored)]
            if best is None or len(wrong) < len(best):
                best = wrong
        if best is None:
            return "nothing is recorded"
        return f"the nearest differs in its {' and '.join(best)}" if best else "it was asked for too often"

    def _load(self) -> None:
        try:
            text = self._path.read_text("utf-8")
        except OSError as error:
            raise LocalFault(f'the cassette "{self._path}" cannot be read: {error.strerror}') from error
        head = text.partition("\n")[0]
        if not head.startswith(HEAD):
            raise CassetteMismatch(f'"{self._path.name}" does not say where it was recorded', hint="record it again")
        self.recorded_where = json.loads(head.removeprefix(HEAD))
        recorded, answers, *_ = deserialize(text, yamlserializer)
        for request, answer in zip(recorded, answers, strict=True):
            self._tape.append(request, answer)

    def _save(self) -> None:
        cleaned = [(self._cleaned(one), self._cleaned_answer(answer)) for one, answer in self._taken]
        text = f"{HEAD}{json.dumps(self._scrubber.clean(self.recorded_where))}\n" + serialize(
            {"requests": [one for one, _ in cleaned], "responses": [answer for _, answer in cleaned]}, yamlserializer
        )
        leaks = [_line(one) for one, answer in cleaned if self._leaks(one, answer)]
        if leaks or self._scrubber.holds(text):
            raise CassetteMismatch(
                f'"{self._path.name}" was not written: a known secret is in it', detail="\n".join(leaks)
            )
        _write_whole(self._path, text)

    def _request(self, request: requests.PreparedRequest, body: bytes | None) -> Request:
        return self._cleaned(Request(request.method, request.url, body, dict(request.headers)))

    def _cleaned(self, request: Request) -> Request:
        headers = {name: self._scrubber.clean(_text(value)) for name, value in request.headers.items()}
        kept = {name: value for name, value in headers.items() if name.lower() in KEPT}
        return Request(request.method, self._scrubber.clean(request.uri), self._cleaned_bytes(request.body), kept)

    def _cleaned_answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        headers = {
            name: [self._scrubber.clean(value) for value in values] for name, values in answer["headers"].items()
        }
        return {**answer, "headers": headers, "body": {"string": self._cleaned_bytes(answer["body"]["string"])}}

    def _cleaned_bytes(self, body: bytes | None) -> bytes | None:
        """Text scrubbed; other bytes as they are, to be refused where a secret is in them."""
        try:
            return self._scrubber.clean(body.decode()).encode() if body else body
        except UnicodeDecodeError:
            return body

    def _leaks(self, request: Request, answer: dict[str, Any]) -> bool:
        """YAML folds lines and encodes bytes, so the parts are looked at before they are written.

        JSON also as it reads: a server may escape any character (`\\/`, `\\u0041`), and no list of forms has that.
        """
        bodies = (request.body, answer["body"]["string"])
        parts = (request.uri, *bodies, answer["headers"], request.headers, *map(_canonical, bodies))
        return any(self._scrubber.holds(_text(part)) for part in parts)


def same_method(one: Request, other: Request) -> bool:
    """Whether two requests do the same: method, and what the override makes of it."""
    return bool(_method(one) == _method(other))


def same_query(one: Request, other: Request) -> bool:
    """Whether two queries say the same, in any order; vcrpy's own matcher does not see a parameter that is empty."""
    return _query(one) == _query(other)


def same_body(one: Request, other: Request) -> bool:
    """Whether two bodies mean the same: JSON by its values, anything else by its bytes."""
    return bool(_canonical(one.body) == _canonical(other.body))


def _canonical(body: bytes | None) -> Any:
    try:
        return json.dumps(json.loads(body), sort_keys=True) if body else b""
    except ValueError:
        return body


def _method(request: Request) -> tuple[Any, Any]:
    return request.method, request.headers.get(OVERRIDE)


def _query(request: Request) -> list[tuple[str, str]]:
    return sorted(parse_qsl(urlsplit(request.uri).query, keep_blank_values=True))


def _agrees(name: str, one: Request, other: Request) -> bool:
    own = {"method": same_method, "query": same_query, "body": same_body}
    return own[name](one, other) if name in own else bool(getattr(one, name) == getattr(other, name))


def _line(request: Request) -> str:
    return f"{request.method} {request.path}"


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _whole_body(request: requests.PreparedRequest) -> bytes | None:
    body = request.body
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else b"".join(body)


def _taken(answer: requests.Response) -> dict[str, Any]:
    """The answer in vcrpy's form, its compression undone."""
    return {
        "status": {"code": answer.status_code, "message": answer.reason or ""},
        "headers": {name: [value] for name, value in answer.headers.items() if name.lower() in KEPT},
        "body": {"string": answer.content},
    }


def _response(adapter: BaseAdapter, request: requests.PreparedRequest, answer: dict[str, Any]) -> requests.Response:
    headers = HTTPHeaderDict((name, value) for name, values in answer["headers"].items() for value in values)
    response = requests.Response()
    response.status_code = answer["status"]["code"]
    response.reason = answer["status"]["message"]
    response.headers = requests.structures.CaseInsensitiveDict(headers)
    response.raw = HTTPResponse(
        body=io.BytesIO(answer["body"]["string"]),
        headers=headers,
        status=response.status_code,
        preload_content=False,
        decode_content=False,
        request_method=request.method,
    )
    response.url, response.request = str(request.url), request
    setattr(response, "connection", adapter)  # noqa: B010  requests declares an HTTPAdapter, any adapter will do
    return response


def _write_whole(path: Path, text: str) -> None:
    """All of it or nothing, readable by its owner only."""
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise LocalFault(f'the cassette "{path}" cannot be written: {error.strerror}') from error
