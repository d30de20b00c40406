"""The one place where the layers between a connector and the wire are stacked, innermost first.

reads    client -> dates -> pace -> login -> retry   ask, stream; download without dates
login    client -> dates -> pace -> retry
writes   client -> login                         send: paced by the executor before its intent, never retried
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

from requests.adapters import BaseAdapter

from migrator.contract import Answer, Bounds, Budget, Call, Capabilities, Clock, Source, Transfer, Wait, Wire
from migrator.errors import BadAnswer, Lost, NotSent, SystemFailed, Unreachable
from migrator.model.problem import Problem
from migrator.transport.body import OpenFile
from migrator.transport.breakage import Broken
from migrator.transport.client import Client, Streaming, host_of
from migrator.transport.dates import Dates
from migrator.transport.file import FileWire
from migrator.transport.pace import Pace
from migrator.transport.retry import Patience, Retry, Tell
from migrator.transport.secrets import Scrubber
from migrator.transport.session import Ask, Login

AHEAD = 8
"""Most reads that a stream asks ahead, whatever a system allows: each answer waits in memory for its turn."""
AHEAD_FIRST = 2
"""As long as no answer has shown how large they are."""
AHEAD_BYTES = 8_000_000
"""As many bytes of answers may wait, by the last one's size: fewer reads are asked ahead where they are large."""


class OpenWire(Wire, Protocol):
    """A Wire that is open; a context manager: leaving it closes it."""

    def skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours, as its first answer told; None: nothing told it."""
        ...

    def close(self) -> None:
        """Log out, end the threads, close the connections. Safe to repeat."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class HttpWire(Wire):
    """A Wire over HTTP. A context manager: leaving it ends the reads in flight, waits for writes, logs out."""

    def __init__(
        self,
        client: Client,
        login: Login,
        *,
        read: Ask,
        open: Ask,
        tell: Tell,
        in_flight: int,
        open_file: OpenFile | None,
        dates: Dates,
    ) -> None:
        self._client, self._login, self._read, self._open = client, login, read, open
        self._tell, self._open_file = tell, open_file
        self.skew = dates.skew
        self._ahead = min(in_flight, AHEAD)
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix=f"wire {client.origin}")

    @property
    def origin(self) -> str:
        """The base URL without a trailing slash."""
        return self._client.origin

    @property
    def transfer(self) -> Transfer:
        """The keys that every system takes."""
        return self._client.transfer

    def ask(self, call: Call) -> Answer:
        """One read on the caller's thread, paced and retried. Raises Unreachable, BadAnswer, LoginRefused, Paused."""
        return self._read(call)

    def stream(self, calls: Iterable[Call]) -> Iterator[Answer]:
        """Many reads, answers in order; see Wire. Raises what `ask` raises, at the answer's turn."""
        waiting: deque[Future[Answer]] = deque()
        feed, ahead = iter(calls), min(self._ahead, AHEAD_FIRST)
        try:
            while True:
                while len(waiting) < ahead and (call := next(feed, None)) is not None:
                    waiting.append(self._threads.submit(self._read, call))
                if not waiting:
                    return
                answer = waiting.popleft().result()
                ahead = min(self._ahead, max(1, AHEAD_BYTES // max(1, len(answer.body))))
                yield answer
        finally:
            for future in waiting:
                future.cancel()

    def send(self, call: Call, open_file: OpenFile | None = None) -> Future[Answer]:
        """One write, once. The future raises NotSent, Lost, FileUnread, LoginRefused."""
        return self._threads.submit(self._send, call, open_file)

    def renew(self) -> None:
        """Log in afresh, unless no call has left since the last login. Raises LoginRefused, Unreachable."""
        self._login.renew()

    def download(self, call: Call) -> Iterator[bytes]:
        """The body of a read in pieces. Raises Unreachable, BadAnswer."""
        answer = self._open(call)
        if not isinstance(answer, Streaming):
            raise self._tell(BadAnswer, call, f"it answered {answer.status} where a file was expected", "")
        try:
            yield from answer.pieces
        except Broken as error:
            raise self._tell(Unreachable, call, error.reason, error.hint) from error

    def close(self) -> None:
        """End the reads in flight, wait for the writes, log out. Safe to repeat."""
        self._client.drop_reads()
        self._threads.shutdown(wait=True, cancel_futures=True)
        try:
            self._login.logout(self._client.write)
        finally:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, call: Call, open_file: OpenFile | None) -> Answer:
        write = partial(self._client.write, open_file=open_file or self._open_file)
        try:
            return self._login.writing(write)(call)
        except Broken as error:
            raise self._tell(Lost if error.begun else NotSent, call, error.reason, error.hint) from error
        except (Unreachable, BadAnswer) as error:  # the login's: nothing of this write has left
            raise NotSent(replace(error.problems[0], code=NotSent.code)) from error


class Words:
    """Words the errors of one wire for people: never the query, never a secret."""

    def __init__(self, origin: str, scrubber: Scrubber) -> None:
        self._host, self._scrubber = host_of(origin), scrubber

    def tell(self, kind: type[SystemFailed], call: Call, reason: str, hint: str) -> SystemFailed:
        """The error, with host, reason, method and path."""
        return kind(
            Problem(
                code=kind.code,
                summary=self._scrubber.clean(f"{self._host}: {reason}"),
                detail=self._scrubber.clean(f"{call.method} {call.path.partition('?')[0]}"),
                hint=hint,
            )
        )


def open_wire(
    connector: type[Source],
    options: Any,
    transfer: Transfer,
    capabilities: Capabilities,
    *,
    budget: Budget,
    clock: Clock,
    scrubber: Scrubber,
    folder: Path | None = None,
    adapter: BaseAdapter | None = None,
    open_file: OpenFile | None = None,
    patience: Patience | None = None,
    chance: Callable[[], float] = random.random,
    bounds: Bounds | None = None,
    waits: Callable[[Wait], None] = lambda wait: None,
) -> OpenWire:
    """The wire of one system, ready for its connector. No request is sent yet.

    `folder`: where paths of file systems start. `adapter`: a requests adapter in the place of sockets (a WSGI app,
    a cassette). `open_file`: a source's `open`, for sends that bring none of their own. `chance`: numbers 0 to 1.
    `bounds`: how long people let a read wait. `waits` is told, on any thread, of each wait that people would notice.
    """
    address = connector.address(options)
    if connector.medium == "file":
        return FileWire((folder or Path()) / address, transfer)
    _keep_passwords_out(address, transfer, scrubber)
    client = Client(address, transfer, adapter=adapter)
    tell = Words(address, scrubber).tell
    bounds = bounds or Bounds()
    pace = Pace(budget, clock, client.over, bounds, waits)
    retry = Retry(pace, tell, connector.busy, patience or Patience(seconds=bounds.max_wait), chance)
    dates = Dates(clock)
    read = dates.around(client.read)
    logs_in = pace.around(read, enters=False)
    login = Login(
        connector.auth(options), scrubber, lambda call, by: retry.around(lambda one: logs_in(one, by))(call)
    )
    return HttpWire(
        client,
        login,
        read=retry.around(login.reading(pace.around(read))),
        open=retry.around(login.reading(pace.around(client.open, enters=False))),
        tell=tell,
        in_flight=transfer.in_flight or capabilities.in_flight,
        open_file=open_file,
        dates=dates,
    )


def _keep_passwords_out(address: str, transfer: Transfer, scrubber: Scrubber) -> None:
    """An address goes into identities and plans, so it holds no password; a proxy's may."""
    try:
        if urlsplit(address).username is not None:
            raise SystemFailed(
                f"the address of {host_of(address)} holds a user or a password",
                hint="put them into the system's own options",
            )
        password = urlsplit(transfer.proxy or "").password
    except ValueError:  # not an address at all: the first call tells
        return
    if password:
        scrubber.learn(password, unquote(password))
