"""A Wire that calls a WSGI app in the same process: no socket, no pace, no retry, no thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from migrator.contract import Answer, Auth, Call, Transfer
from migrator.errors import BadAnswer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class AppWire:
    """`log` keeps every call; `login` is done before the first one, as the transport does."""

    def __init__(self, app: WSGIApplication, auth: Auth | None, origin: str) -> None:
        self.origin = origin
        self.transfer = Transfer()
        self.log: list[Call] = []
        self._client = Client(app)
        self._auth = auth
        self._session: Mapping[str, str] | None = None

    def ask(self, call: Call) -> Answer:
        """The answer, whatever its status."""
        self.log.append(call)
        return self._move(call)

    def stream(self, calls: Iterable[Call]) -> Iterator[Answer]:
        """One after the other, each when it is asked for."""
        for call in calls:
            yield self.ask(call)

    def send(self, call: Call) -> Future[Answer]:
        """Done before it returns."""
        self.log.append(call)
        future: Future[Answer] = Future()
        future.set_result(self._move(call))
        return future

    def download(self, call: Call) -> Iterator[bytes]:
        """The body in one piece."""
        answer = self.ask(call)
        if answer.status != 200:
            raise BadAnswer(f"the download was answered with status {answer.status}")
        yield answer.body

    def _move(self, call: Call) -> Answer:
        headers: dict[str, str] = {}
        if self._auth is not None:
            headers.update(self._auth.headers())
            headers.update(self._logged_in(self._auth))
        return self._exchange(call, {**headers, **call.headers})

    def _logged_in(self, auth: Auth) -> Mapping[str, str]:
        if self._session is None:
            login = auth.login()
            self._session = {} if login is None else auth.session(self._exchange(login, dict(auth.headers())))
        return self._session

    def _exchange(self, call: Call, headers: dict[str, str]) -> Answer:
        assert isinstance(call.body, bytes), "files go over the real transport"
        body: dict[str, Any] = {"data": call.body} if call.body else {}
        got = self._client.open(self._path(call), method=call.method, headers={**call.headers, **headers}, **body)
        names = {name.lower(): value for name, value in got.headers.items()}
        return Answer(status=got.status_code, headers=names, body=got.get_data())

    def _path(self, call: Call) -> str:
        """Below the app's root: what stands behind host and port in the address, then the call's path."""
        below = self.origin.partition("://")[2].partition("/")
        return f"/{below[2]}{call.path}" if below[2] else call.path
