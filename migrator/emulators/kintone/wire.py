"""HTTP in front of the calls: paths, parameters, login, transaction, headers and error bodies."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug.wrappers import Request, Response

from migrator.emulators.kintone import access, assumptions, parameters, problems
from migrator.emulators.kintone.access import Caller
from migrator.emulators.kintone.app import App
from migrator.emulators.kintone.parameters import Parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from migrator.emulators.kintone.tenant import Tenant

CONCURRENT = 100
"""Requests that may run at once in a domain. [docs]"""


@dataclass
class Call:
    """One call on its way: who, where (the guest space's id, or None), with what."""

    tenant: "Tenant"
    caller: Caller
    space: int | None
    parameters: Parameters
    request: Request | None = None
    """The HTTP request; none inside a bulk request."""
    warning: str = ""

    def app(self, right: str, name: str = "app") -> App:
        """The app that the parameter names, where the caller has `right`. Ends the reading of parameters."""
        app_id = self.parameters.integer(name)
        self.parameters.done()
        app = self.tenant.app(app_id)
        self.on_right_side(app)
        self.caller.must(app, right)
        return app

    def on_right_side(self, app: App) -> None:
        """Raise GAIA_IL23 for a guest space's app on the plain path, CB_NO02 for another one on a guest path."""
        guest = app.space.id if app.space and app.space.guest else None
        if guest is not None and self.space is None:
            raise problems.KintoneError(400, "GAIA_IL23", "Use the guest space's path to reach this app.")
        if guest != self.space:
            raise problems.no_privilege()


Answer = dict[str, Any] | bytes | Response
"""Objects, finished JSON, or a whole response (a file)."""
View = Callable[[Call], Answer]
Calls = dict[tuple[str, str], View]
"""(method, path after /k/v1/) -> the function that answers."""


class Wire:
    """The WSGI app over a tenant. `limited`: whether the number of running requests is limited."""

    def __init__(self, tenant: "Tenant", calls: Calls, *, limited: bool) -> None:
        self._tenant = tenant
        self._calls = calls
        self._limited = limited
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """WSGI."""
        with self._lock:
            self._running += 1
            running = self._running
        try:
            with Request(environ) as request:  # closes the spooled parts of an upload
                response = self._answer(request, running)
        finally:
            with self._lock:
                self._running -= 1
        response.headers["X-ConcurrencyLimit-Limit"] = str(CONCURRENT)
        response.headers["X-ConcurrencyLimit-Running"] = str(running)
        return response(environ, start_response)

    def _answer(self, request: Request, running: int) -> Response:
        query = len(request.query_string) + len(request.path)
        if query > assumptions.URL_LIMIT_BYTES:
            return Response("Request URL Too Large", 414, content_type="text/plain")
        try:
            if self._limited and running > CONCURRENT:
                message = "The number of concurrent API requests exceeds the limit."
                raise problems.KintoneError(429, "GAIA_TO04", message)
            return self._call(request)
        except problems.KintoneError as error:
            return _json(orjson.dumps(error.body()), error.status, {"X-Cybozu-Error": error.code})
        except BulkFailed as failed:
            return _json(orjson.dumps(failed.body()), failed.error.status, {"X-Cybozu-Error": failed.error.code})

    def _call(self, request: Request) -> Response:
        method = request.method
        if method == "POST":
            method = request.headers.get("X-HTTP-Method-Override", method)
        space, name = split_path(request.path)
        view = self._calls.get((method, name))
        if view is None:
            raise problems.illegal_request()
        caller = access.caller_of(
            self._tenant,
            request.headers.get("X-Cybozu-Authorization"),
            request.headers.get("X-Cybozu-API-Token"),
        )
        call = Call(self._tenant, caller, space, Parameters(_parameters(request, method)), request)
        with self._tenant.lock, self._tenant.undo.transaction():
            answer = view(call)
        headers = {"X-Cybozu-Warning": call.warning} if call.warning else {}
        if isinstance(answer, Response):
            return answer
        return _json(answer if isinstance(answer, bytes) else orjson.dumps(answer), 200, headers)


class BulkFailed(Exception):  # an outcome of a bulk request, named as the tree of its cause is
    """A bulk request whose part `index` of `count` was refused."""

    def __init__(self, index: int, count: int, error: problems.KintoneError) -> None:
        super().__init__(f"sub-request {index}: {error}")
        self.index, self.count, self.error = index, count, error

    def body(self) -> dict[str, Any]:
        """`{"results": [{}, …, the error, …, {}]}`"""
        results: list[dict[str, object]] = [{} for _ in range(self.count)]
        results[self.index] = self.error.body()
        return {"results": results}


def split_path(path: str) -> tuple[int | None, str]:
    """`/k/guest/3/v1/record.json` -> (3, "record.json"). Raises CB_IL02 for any other kind of path."""
    parts = path.split("/", 5)
    if path.startswith("/k/v1/"):
        return None, path.removeprefix("/k/v1/")
    if path.startswith("/k/guest/") and len(parts) == 6 and parts[3].isdigit() and parts[4] == "v1":
        return int(parts[3]), parts[5]
    raise problems.illegal_request()


def _parameters(request: Request, method: str) -> dict[str, Any]:
    """Parameters of the call, wherever they stand: the body where there is one, else the query string."""
    if request.mimetype == "multipart/form-data":
        return {}
    body = request.get_data()
    if not body:
        if method in ("GET", "DELETE"):
            return parameters.from_query(request.args)
        raise problems.bad_json()
    if request.mimetype != "application/json":
        if method in ("GET", "DELETE"):
            return parameters.from_query(request.args)
        raise problems.KintoneError(*assumptions.UNSUPPORTED_MEDIA_TYPE, "The Content-Type is not supported.")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise problems.bad_json() from None
    if not isinstance(found, dict):
        raise problems.bad_json()
    return found


def _json(body: bytes, status: int, headers: dict[str, str]) -> Response:
    return Response(body, status, headers, content_type="application/json;charset=utf-8")
