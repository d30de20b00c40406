"""Login, renewal (once, under a lock) and log-out around a client."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from migrator.contract import Answer, Auth, Call
from migrator.errors import MigratorError
from migrator.transport.breakage import Broken
from migrator.transport.client import Streaming
from migrator.transport.pace import Bare
from migrator.transport.secrets import Scrubber

log = logging.getLogger(__name__)

Ask = Callable[[Call], Answer]

PUBLIC = frozenset({"accept", "accept-language", "content-type", "user-agent", "x-requested-with"})
"""Headers of an Auth that are no secrets."""


class Login:
    """Who we are on one wire. Safe for many threads: the first that needs a session opens it, the others wait.

    `ask` sends the login itself, paced and retried like any read. Raises what Auth.session and
    Auth.ready raise (LoginRefused, BadAnswer, Denied) and Unreachable, from the call that needed the session.
    """

    def __init__(self, auth: Auth | None, scrubber: Scrubber, ask: Bare) -> None:
        self._auth = auth
        self._scrubber = scrubber
        self._ask = ask
        self._lock = threading.Lock()
        self._session: Mapping[str, str] = {}
        self._age = 0
        """Counts the sessions opened: a call that began under an older one needs no further renewal."""
        self._used = 0
        """Age of the session that the last call left with."""
        self._open = False
        if auth is not None:
            scrubber.learn(*auth.secrets())
        self._standing = self._learned(auth.headers() if auth is not None else {})

    def reading(self, client: Bare) -> Ask:
        """`client` with our headers; a read under a dead session is repeated once under a new one."""

        def read(call: Call) -> Answer:
            headers, age = self._enter()
            answer = client(call, headers)
            if not self._dead(answer):
                return answer
            self._renew(age)
            return client(call, self._enter()[0])

        return read

    def writing(self, client: Bare) -> Ask:
        """`client` with our headers; under a dead session the answer is handed back, and the session renewed."""

        def write(call: Call) -> Answer:
            headers, age = self._enter()
            answer = client(call, headers)
            if self._dead(answer):
                try:
                    self._renew(age)
                except MigratorError as error:  # the answer matters more; the next call tries to log in again
                    log.info("the session could not be renewed: %s", self._scrubber.clean(str(error)))
            return answer

        return write

    def renew(self) -> None:
        """A new session, unless no call has left since the last one was opened."""
        with self._lock:
            if self._used == self._age:
                self._open = False
                self._log_in()

    def logout(self, client: Bare) -> None:
        """Close the session, if one is open; what goes wrong is only logged."""
        call = self._auth.logout() if self._auth is not None and self._open else None
        self._open = False
        if call is None:
            return
        try:
            client(call, self._headers())
        except Broken as error:
            log.info("log-out failed: %s", self._scrubber.clean(str(error)))

    def _dead(self, answer: Answer) -> bool:
        if self._auth is None or isinstance(answer, Streaming):
            return False
        return self._auth.login() is not None and self._auth.expired(answer)

    def _enter(self) -> tuple[Mapping[str, str], int]:
        """Headers of a session that is open, and its age."""
        with self._lock:
            if not self._open:
                self._log_in()
            self._used = self._age
            return self._headers(), self._age

    def _headers(self) -> Mapping[str, str]:
        return {**self._standing, **self._session}

    def _renew(self, age: int) -> None:
        """A new session, unless another thread opened one since `age`."""
        with self._lock:
            if self._age == age:
                self._open = False
                self._log_in()

    def _log_in(self) -> None:
        call = self._auth.login() if self._auth is not None else None
        self._age += 1
        if call is not None and self._auth is not None:
            self._session = self._learned(self._auth.session(self._ask(call, self._standing)))
            self._auth.ready([self._ask(one, self._headers()) for one in self._auth.prepare()])
        self._open = True

    def _learned(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers; their values are secrets from now on, whole and without their scheme word."""
        for name, value in headers.items():
            if name.lower() not in PUBLIC:
                self._scrubber.learn(value, value.partition(" ")[2])
        return headers
