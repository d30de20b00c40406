"""A WSGI app as a requests adapter: an emulator mounted in process, without a socket.

open_wire(Connector, options, Transfer(), capabilities, …, adapter=WsgiAdapter(emulator.app))
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse


class WsgiAdapter(BaseAdapter):
    """Calls `app` in the sender's thread. Several threads may do so at once, as with a real server.

    `before` and `after`, if set, are called with the prepared request around the app; what they raise is what the
    sender sees: raise `requests.ConnectionError` in `after` and the answer is lost although the app has worked.
    """

    def __init__(self, app: Any, *, before: Any = None, after: Any = None) -> None:
        super().__init__()
        self.app = app
        self.before = before
        self.after = after
        self.requests: list[requests.PreparedRequest] = []

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        self.requests.append(request)
        if self.before is not None:
            self.before(request)
        answer = _Answer()
        body = self._run(_environ(request), answer)
        if self.after is not None:
            self.after(request)
        return _response(self, request, answer, b"" if request.method == "HEAD" else body)

    def _run(self, environ: dict[str, Any], answer: _Answer) -> bytes:
        result: Iterable[bytes] = self.app(environ, answer.start)
        try:
            return answer.written.getvalue() + b"".join(result)
        finally:
            if hasattr(result, "close"):
                result.close()

    def close(self) -> None:
        """Nothing is held; the adapter may be mounted again."""


class _Answer:
    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.written = io.BytesIO()

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self.headers = status, headers
        return self.written.write


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    parts = urlsplit(str(request.url))
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b"".join(body)
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        variable = name.upper().replace("-", "_")
        environ[variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"] = _text(value)
    return environ


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(
    adapter: WsgiAdapter, request: requests.PreparedRequest, answer: _Answer, body: bytes
) -> requests.Response:
    code, _, phrase = answer.status.partition(" ")
    raw = HTTPResponse(
        body=io.BytesIO(body),
        headers=HTTPHeaderDict(answer.headers),
        status=int(code),
        reason=phrase,
        preload_content=False,
        decode_content=False,
        request_method=request.method,
    )
    response = requests.Response()
    response.status_code = int(code)
    response.headers = requests.structures.CaseInsensitiveDict(raw.headers)
    response.raw = raw
    response.reason = phrase
    response.url = str(request.url)
    response.request = request
    response.connection = adapter
    return response
