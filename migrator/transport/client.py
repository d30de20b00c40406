"""One Call over requests: bytes out, a whole Answer in, or `Broken` with what happened in our words.

Nothing is followed, retried or taken from the environment: a redirect is an error that names both hosts (requests
would carry custom auth headers there), `.netrc` and proxy variables are not read (a `.netrc` entry overrides an
Authorization header), cookies are not kept (a session that wants one puts it into its headers).
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from migrator.contract import Answer, Call, Transfer
from migrator.model.lean import dataclass
from migrator.transport.body import OpenFile, Payload, payload
from migrator.transport.breakage import CAUGHT, Broken, broken
from migrator.transport.sockets import Live, SocketAdapter, progress

CONNECT_SECONDS = 10.0
"""Longest wait for a connection; less where the system's timeout is less."""
WHOLE_FACTOR = 5
"""A whole call may take this many times the system's timeout, which limits silence."""
ANSWER_BYTES = 512 * 1024 * 1024
"""Largest answer taken into memory, decompressed. KaiNexus answers a whole list at once."""
PIECE = 262_144
"""Bytes read at a time; smaller ones cost more calls (a sixth of reading a page, measured)."""
ALWAYS = {"User-Agent": "migrator", "Accept": "*/*", "Accept-Encoding": "gzip"}
"""Headers of every request."""

Pieces = Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Streaming(Answer):
    """An answer 200 whose body is still on the wire; `body` is empty."""

    pieces: Pieces
    """The decoded body; raises Broken."""


class Client:
    """Sends one Call at a time per thread; safe for many threads, each has connections of its own.

    Requests are prepared by requests and sent by its adapter; its Session, which would merge settings, keep cookies
    and follow redirects, is left out: it does nothing here that we want, for a quarter of a call's cost (measured).
    """

    def __init__(
        self,
        origin: str,
        transfer: Transfer,
        *,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self.origin = origin.rstrip("/")
        self.transfer = transfer
        self._adapter = adapter
        self._timeout = (min(CONNECT_SECONDS, transfer.timeout), transfer.timeout)
        self._verify = False if transfer.insecure else (transfer.ca_bundle or True)
        self._proxies = {"http": transfer.proxy, "https": transfer.proxy} if transfer.proxy else {}
        self._mine = threading.local()
        self._adapters: list[BaseAdapter] = []
        self._lock = threading.Lock()
        self._live = Live()
        self._over = threading.Event()

    def read(self, call: Call, headers: Mapping[str, str]) -> Answer:
        """The whole answer to a read. Raises Broken."""
        with self._exchange(call, headers, self._live) as response:
            return self._answer(response)

    def write(self, call: Call, headers: Mapping[str, str], open_file: OpenFile | None = None) -> Answer:
        """The whole answer to a write, which `drop_reads` does not break off. Raises Broken, FileUnread."""
        with self._exchange(call, headers, None, open_file) as response:
            return self._answer(response)

    def open(self, call: Call, headers: Mapping[str, str]) -> Answer:
        """A `Streaming` for status 200, whose body only silence limits; else the whole answer. Raises Broken."""
        response = self._exchange(call, headers, self._live)
        if response.status_code != 200:
            with response:
                return self._answer(response)
        progress.limit(None)
        return Streaming(status=200, headers=_headers(response), body=b"", pieces=_closing(response, self._pieces))

    def over(self) -> bool:
        """Whether the reads were dropped."""
        return self._over.is_set()

    def drop_reads(self) -> None:
        """End the reads that are waiting for bytes; they raise Broken in their threads."""
        self._over.set()
        self._live.drop()

    def close(self) -> None:
        """Close the connections of all threads; none may be busy."""
        with self._lock:
            while self._adapters:
                self._adapters.pop().close()

    def _exchange(
        self, call: Call, headers: Mapping[str, str], live: Live | None, open_file: OpenFile | None = None
    ) -> requests.Response:
        """Everything up to the answer's headers. The caller closes the response."""
        if call.path and call.path[0] not in "/?":  # "@evil.example" behind a host would be another host
            raise Broken("a path must begin with a slash", begun=False, again=False)
        seconds = self.transfer.timeout * WHOLE_FACTOR
        body = payload(call.body, open_file, sent=lambda: progress.limit(seconds))
        progress.start(seconds=None if isinstance(body, Payload) else seconds, live=live)
        try:
            request = _prepared(call.method, self.origin + call.path, {**ALWAYS, **headers, **call.headers}, body)
            response = self._mine_or_new().send(
                request, stream=True, timeout=self._timeout, verify=self._verify, proxies=self._proxies
            )
        except CAUGHT as error:
            raise broken(error, begun=progress.begun) from None  # its text holds the address with the query
        finally:
            if isinstance(body, Payload):
                body.close()
        return self._accepted(response)

    def _accepted(self, response: requests.Response) -> requests.Response:
        """The response, unless it leads elsewhere or comes from the proxy. Raises Broken."""
        location = response.headers.get("Location")
        if 300 <= response.status_code < 400 and location is not None:
            response.close()
            raise Broken(
                f"it answered with a redirect ({response.status_code}) from {host_of(self.origin)} to "
                f"{host_of(location) or 'another path'}, which is not followed",
                begun=True, again=False, answered=True, hint="put the right address into the system's url",
            )  # fmt: skip
        if response.status_code == 407 and self.transfer.proxy:
            response.close()
            raise Broken(
                f"the proxy {host_of(self.transfer.proxy)} asks for a login (407)",
                begun=False, again=False, hint="put user and password into the system's proxy",
            )  # fmt: skip
        return response

    def _answer(self, response: requests.Response) -> Answer:
        size, pieces = 0, []
        for piece in self._pieces(response):
            size += len(piece)
            if size > ANSWER_BYTES:
                raise Broken(
                    f"the answer is larger than {ANSWER_BYTES:,} bytes",
                    begun=True, again=False, answered=True, hint="read less at a time",
                )  # fmt: skip
            pieces.append(piece)
        return Answer(status=response.status_code, headers=_headers(response), body=b"".join(pieces))

    def _pieces(self, response: requests.Response) -> Pieces:
        """The decoded body. `read1` returns what is there, so that the deadline is looked at between drops."""
        raw: Any = response.raw  # requests says Any: urllib3's HTTPResponse
        try:
            coded = iter(lambda: raw.read1(PIECE, decode_content=False), b"")
            coding = response.headers.get("Content-Encoding", "").strip().lower()
            if coding in ("", "identity"):
                yield from coded
            elif coding in ("gzip", "x-gzip"):
                yield from gunzip(coded)
            else:
                raise Broken(
                    f"it answered in a compression that was not asked for ({coding[:20]})",
                    begun=True, again=False, answered=True,
                )  # fmt: skip
        except CAUGHT as error:
            raise broken(error, begun=True) from None

    def _mine_or_new(self) -> BaseAdapter:
        adapter: BaseAdapter | None = getattr(self._mine, "adapter", None)
        if adapter is None:
            adapter = self._mine.adapter = self._adapter or SocketAdapter()
            with self._lock:
                self._adapters.append(adapter)
        return adapter


def _prepared(
    method: str, url: str, headers: Mapping[str, str], body: bytes | Payload | None
) -> requests.PreparedRequest:
    """Raises what requests raises for an address, a header or a body that cannot be sent."""
    request = requests.PreparedRequest()
    request.prepare_method(method)
    request.url = _address(url)
    request.prepare_headers(headers)
    request.prepare_body(body or None, None)
    return request


@lru_cache(maxsize=64)
def _address(url: str) -> str:
    """As it goes over the wire; writes go to a handful of addresses. Raises what requests raises for a wrong one."""
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    if not str(request.url).lower().startswith(("http://", "https://")):
        raise requests.exceptions.InvalidSchema("neither http nor https")
    return str(request.url)


def gunzip(coded: Iterator[bytes]) -> Pieces:
    """Decode gzip in pieces of bounded size. Raises Broken where it is damaged or ends early."""
    decoder = None
    try:
        for piece in coded:
            while piece:
                decoder = decoder or zlib.decompressobj(wbits=31)
                yield decoder.decompress(piece, PIECE)
                piece = decoder.unconsumed_tail
                if decoder.eof:  # another member may follow (RFC 1952)
                    piece, decoder = decoder.unused_data, None
    except zlib.error as error:
        raise Broken("the answer's compression is damaged", begun=True) from error
    if decoder is not None:
        rest = decoder.flush()
        if not decoder.eof:
            raise Broken("the answer's compression ends early", begun=True)
        yield rest


def _closing(response: requests.Response, pieces: Callable[[requests.Response], Pieces]) -> Pieces:
    with response:
        yield from pieces(response)


def _headers(response: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def host_of(url: str) -> str:
    """Scheme, host and port of a URL, without user and password; "" where it has none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}" if parts.scheme and parts.hostname else ""
    except ValueError:
        return ""
