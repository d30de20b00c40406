"""The one boundary between the errors of requests, urllib3 and sockets, and ours.

Every class of those libraries has a row here; a test walks them. A row says what happened in our own words (theirs
print URLs with their query), whether bytes may have left, and whether trying again can help a read.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Iterator

import requests.exceptions as rq
import urllib3.exceptions as u3

from migrator.model.lean import dataclass

CAUGHT = (rq.RequestException, u3.HTTPError, http.client.HTTPException, OSError, ValueError)
"""All that sending and reading can raise; ValueError for addresses and headers that cannot be."""


class Broken(Exception):
    """No whole answer. Stays inside transport/: the stack turns it into NotSent, Lost, Unreachable or BadAnswer."""

    def __init__(
        self, reason: str, *, begun: bool, again: bool = True, answered: bool = False, hint: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        """In our words, for people; never a URL's query, never a header."""
        self.begun = begun
        """Whether a byte of the request may have left this machine."""
        self.again = again
        """Whether the same read can go better."""
        self.answered = answered
        """The server did answer, but in a way that we do not take (a redirect, too large)."""
        self.hint = hint
        """What to do, where that is known."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one class of error means."""

    words: str
    """What happened."""
    begun: bool = True
    """Bytes may have left; only used where the sockets themselves did not tell."""
    again: bool = True
    """Trying again can help."""
    hint: str = ""
    """What to do."""


_ADDRESS = Row("the address cannot be used", False, False, "check the system's url")
_HEADER = Row("a header cannot be sent", False, False, "check the credentials for line breaks and odd characters")
_PROXY = Row("the proxy did not connect us", False, True, "check the system's proxy")
_PROXY_ADDRESS = Row("the proxy's address cannot be used", False, False, "check the system's proxy")
_NO_CONNECTION = Row("no connection could be made", False)
_SLOW_CONNECTION = Row("no connection was made in time", False)
_SILENCE = Row("no answer came in time")
_RESET = Row("the connection broke")
_CUT = Row("the answer was cut")
_GARBLED = Row("the answer is not HTTP as it should be")
_CODING = Row("the answer's compression is damaged")
_TLS = Row("the encrypted connection failed")
_INSIDE = Row("the HTTP library was used in a wrong way", True, False)
_REDIRECT = Row("the answer leads elsewhere", True, False)

ROWS: tuple[tuple[type[BaseException], Row], ...] = (
    # sockets and TLS, the most telling first
    (ssl.SSLCertVerificationError, Row("the certificate is not trusted", False, False,
        "name the company's certificates in ca_bundle")),
    (socket.gaierror, Row("the host name is not known", False, True, "check the system's url")),
    (ConnectionRefusedError, Row("the connection was refused", False)),
    (ConnectionError, _RESET),
    (TimeoutError, _SILENCE),
    (ssl.SSLError, _TLS),
    # urllib3
    (u3.NameResolutionError, Row("the host name is not known", False, True, "check the system's url")),
    (u3.NewConnectionError, _NO_CONNECTION),
    (u3.ConnectTimeoutError, _SLOW_CONNECTION),
    (u3.ReadTimeoutError, _SILENCE),
    (u3.TimeoutError, _SILENCE),
    (u3.ProxySchemeUnknown, _PROXY_ADDRESS),
    (u3.ProxySchemeUnsupported, _PROXY_ADDRESS),
    (u3.ProxyError, _PROXY),
    (u3.SSLError, _TLS),
    (u3.IncompleteRead, _CUT),  # also InvalidChunkLength
    (u3.DecodeError, _CODING),
    (u3.ResponseNotChunked, _INSIDE),
    (u3.ProtocolError, _RESET),
    (u3.ConnectionError, _RESET),
    (u3.HostChangedError, _REDIRECT),
    (u3.ResponseError, _GARBLED),
    (u3.HeaderParsingError, _GARBLED),
    (u3.InvalidHeader, _GARBLED),
    (u3.BodyNotHttplibCompatible, _INSIDE),
    (u3.UnrewindableBodyError, _INSIDE),
    (u3.TimeoutStateError, _INSIDE),
    (u3.LocationValueError, _ADDRESS),  # also LocationParseError, URLSchemeUnknown
    (u3.MaxRetryError, _RESET),
    (u3.PoolError, _INSIDE),  # empty, full, closed pools and RequestError: never without a cause of their own
    # http.client
    (http.client.IncompleteRead, _CUT),
    (http.client.InvalidURL, _ADDRESS),
    (http.client.HTTPException, _GARBLED),
    # requests
    (rq.ConnectTimeout, _SLOW_CONNECTION),
    (rq.ReadTimeout, _SILENCE),
    (rq.Timeout, _SILENCE),
    (rq.InvalidProxyURL, _PROXY_ADDRESS),
    (rq.ProxyError, _PROXY),
    (rq.SSLError, _TLS),
    (rq.ConnectionError, _RESET),
    (rq.ChunkedEncodingError, _CUT),
    (rq.ContentDecodingError, _CODING),
    (rq.JSONDecodeError, _GARBLED),
    (rq.InvalidJSONError, _INSIDE),
    (rq.TooManyRedirects, _REDIRECT),
    (rq.RetryError, _RESET),
    (rq.HTTPError, _GARBLED),
    (rq.InvalidHeader, _HEADER),
    (rq.InvalidURL, _ADDRESS),
    (rq.InvalidSchema, _ADDRESS),
    (rq.MissingSchema, _ADDRESS),
    (rq.URLRequired, _ADDRESS),
    (rq.StreamConsumedError, _INSIDE),
    (rq.UnrewindableBodyError, _INSIDE),
    # Python itself, about what was to be sent
    (UnicodeError, _HEADER),
    (ValueError, Row("the request cannot be sent", False, False)),
)  # fmt: skip
"""Class -> meaning; the first that fits decides, so children stand before their parents."""

REST = Row("the connection failed", True, True)
"""For OSErrors of no class of their own (a route that is gone, no more file descriptors) and the bases."""


def row_of(error: BaseException) -> Row:
    """The meaning of one error, its causes not looked at."""
    return next((row for kind, row in ROWS if isinstance(error, kind)), REST)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those it wraps, outermost first: by `reason`, by argument, by `__cause__`."""
    seen: list[BaseException] = []
    pending = [error]
    while pending:
        one = pending.pop(0)
        if any(one is other for other in seen):
            continue
        seen.append(one)
        yield one
        inner = (getattr(one, "reason", None), *one.args, one.__cause__)
        pending.extend(each for each in inner if isinstance(each, BaseException))


def broken(error: BaseException, *, begun: bool | None) -> Broken:
    """What `error` means. `begun` is what the sockets saw; None: they were not asked (a test's adapter)."""
    chain = list(causes(error))
    row = row_of(chain[-1])
    if row is REST:
        row = next((found for found in map(row_of, reversed(chain)) if found is not REST), REST)
    proxy = next((one for one in chain if isinstance(one, u3.ProxyError | rq.ProxyError)), None)
    words = row.words if proxy is None or row is _PROXY else f"{_PROXY.words}: {row.words}"
    detail = _detail(chain[-1])
    silent = all(not row_of(one).begun for one in chain) or proxy is not None or not row.begun
    return Broken(
        f"{words} ({detail})" if detail else words,
        begun=(not silent) if begun is None else begun,
        again=row.again,
        hint=row.hint if proxy is None else _PROXY.hint,
    )


def _detail(error: BaseException) -> str:
    """What the operating system or the TLS library says; texts of other errors may hold URLs and are left out."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(getattr(error, "verify_message", ""))
    if isinstance(error, ssl.SSLError):
        return str(getattr(error, "reason", None) or "").replace("_", " ").lower()
    if isinstance(error, rq.RequestException):
        return ""
    if isinstance(error, OSError):
        tunnel = re.match(r"Tunnel connection failed: (\d{3})", str(error))
        return f"it answered {tunnel[1]}" if tunnel else error.strerror or ""
    return ""
