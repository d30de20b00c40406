"""The HTTP face: one entry script, checks in their order, and who answers what."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import orjson

from migrator.emulators.glpi import functions, massive, options_of_search
from migrator.emulators.glpi.options import PREFIXES
from migrator.emulators.glpi.reading import Reading
from migrator.emulators.glpi.refusal import Accident, Refusal, refusal
from migrator.emulators.glpi.rights import READ
from migrator.emulators.glpi.schema import Itemtype, find
from migrator.emulators.glpi.search import ALL_ASSETS, Search
from migrator.emulators.glpi.sessions import Session, may
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.uploads import download
from migrator.emulators.glpi.values import http_date
from migrator.emulators.glpi.wire import Call, intval, read
from migrator.emulators.glpi.writing import Writing
from migrator.emulators.server import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
_EXPIRED, _PHP_EXPIRED = "Mon, 26 Jul 1997 05:00:00 GMT", "Thu, 19 Nov 1981 08:52:00 GMT"
_EXPOSED = "content-type, content-range, accept-range"

Function = Callable[[Store, Session, Call], Any]
FUNCTIONS: dict[str, Function] = {
    "killSession": functions.kill_session,
    "getMyProfiles": functions.my_profiles,
    "getActiveProfile": functions.active_profile,
    "changeActiveProfile": functions.change_active_profile,
    "getMyEntities": functions.my_entities,
    "getActiveEntities": functions.active_entities,
    "changeActiveEntities": functions.change_active_entities,
    "getFullSession": functions.get_full_session,
    "getGlpiConfig": functions.glpi_config,
}
"""Functions of a session, by their case-sensitive names; each gives the body of a 200."""
RESOURCES = (
    "initSession", "lostPassword", *FUNCTIONS, "getMultipleItems", "listSearchOptions", "search",
    "getMassiveActions", "applyMassiveAction",
)  # fmt: skip
"""Everything that is no itemtype."""

Answer = tuple[int, Any, dict[str, str]]


class Api:
    """The WSGI app of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """WSGI."""
        request = Request(environ)
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        path = request.path
        prefix = next((each for each in PREFIXES if path == each or path.startswith(each + "/")), None)
        if prefix is None:
            return Response(b"Not Found", status=404, content_type="text/html; charset=iso-8859-1")
        if request.method == "OPTIONS":
            return Response(b"", content_type=HTML, headers=_CORS)
        parts = [part for part in path.removeprefix(prefix).strip("/").split("/") if part]
        return self._send(request, *self._answered(request, parts))

    def _answered(self, request: Request, parts: list[str]) -> Answer:
        """The answer, with refusals and accidents in their forms."""
        try:
            call = read(request, parts, self._store.options.url_base_api)
            with self._store.lock:
                return self._dispatch(call)
        except Refusal as error:
            headers = {"pragma": ""} if error.early else {}
            return error.status, [error.code, error.detail], headers
        except Accident as accident:
            return 200, accident.printed.encode(), {"content-type": HTML, "expires": _PHP_EXPIRED}

    def _send(self, request: Request, status: int, body: Any, headers: dict[str, str]) -> Response:
        """A Response; bytes go out as they are. A header of "" is left out."""
        told = {
            "expires": _EXPIRED, "cache-control": "no-store, no-cache, must-revalidate", "pragma": "no-cache",
            "content-type": JSON, **headers,
        }  # fmt: skip
        if request.method == "GET":
            told["access-control-expose-headers"] = _EXPOSED
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        response = Response(b"" if request.method == "HEAD" else raw, status=status)
        del response.headers["Content-Type"]
        for name, value in told.items():
            if value:
                response.headers[name] = value
        return response

    # who answers

    def _dispatch(self, call: Call) -> Answer:
        """Checks in the server's order: API on, address, app token, session, itemtype. [source, observed]"""
        options, base = self._store.options, self._store.options.url_base_api
        if not options.enable_api:
            raise Refusal("ERROR", "API disabled", status=400)
        if not options.client_allowed:
            raise refusal("ERROR_NOT_ALLOWED_IP", base, call.address)
        self._check_app_token(call)
        resource = call.part(0)
        if resource == "initSession":
            return 200, functions.init_session(self._store, call), {}
        if resource == "lostPassword":
            raise functions.lost_password(self._store, call)
        session = self._session(call)
        if resource in FUNCTIONS:
            return 200, FUNCTIONS[resource](self._store, session, call), {}
        if resource in RESOURCES:
            return self._resource(resource, session, call)
        return self._item(session, call)

    def _check_app_token(self, call: Call) -> None:
        wanted, sent = self._store.options.app_token, call.parameters.get("app_token")
        if sent and sent != wanted:
            raise refusal("ERROR_WRONG_APP_TOKEN_PARAMETER", self._store.options.url_base_api)
        if wanted and not sent:
            raise refusal("ERROR_APP_TOKEN_PARAMETERS_MISSING", self._store.options.url_base_api)

    def _session(self, call: Call) -> Session:
        """The session of a call; one that nobody used for too long is gone."""
        store, token = self._store, call.parameters.get("session_token")
        if not token:
            raise refusal("ERROR_SESSION_TOKEN_MISSING", store.options.url_base_api)
        session, now = store.sessions.get(str(token)), store.clock.now()
        if session is not None and now - session.used > store.options.session_seconds:
            del store.sessions[session.token]
            session = None
        if session is None:
            raise refusal("ERROR_SESSION_TOKEN_INVALID", store.options.url_base_api)
        session.used = now
        return session

    def _type(self, name: str) -> Itemtype:
        found = find(name)
        if found is None:
            raise refusal("ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM", self._store.options.url_base_api)
        return found

    def _resource(self, resource: str, session: Session, call: Call) -> Answer:
        store = self._store
        if resource == "getMultipleItems":
            return 200, Reading(store, session, call).several(), {}
        name = call.part(1)
        if not name:
            raise refusal("ERROR_RESOURCE_MISSING", store.options.url_base_api)
        name = name if name == ALL_ASSETS and resource in ("search", "listSearchOptions") else self._type(name).name
        if resource == "search":
            return Search(store, session, call, name).run()
        if resource == "listSearchOptions":
            return 200, options_of_search.listed(name), {}
        if resource == "getMassiveActions":
            return 200, massive.listed(self._type(name)), {}
        status, counts = massive.apply(store, session, call, self._type(name))
        return status, counts, {}

    def _item(self, session: Session, call: Call) -> Answer:
        """`/<Type>`, `/<Type>/<id>`, `/<Type>/<id>/<SubType>`."""
        if call.part(0) == "TicketFollowup":
            return self._old_followup(session, call)
        itemtype, number = self._type(call.part(0)), _id(call.part(0), call.part(1))
        reading = Reading(self._store, session, call)
        if call.part(2) == "Picture" and itemtype.name == "User" and number is not None:
            reading.readable(itemtype, number)
            return 204, b"", {"content-type": "", "expires": _PHP_EXPIRED}
        below, parent = call.part(2), None
        if below:
            parent, itemtype = (itemtype, number), self._type(below)
            number = _id(below, call.part(3))
        writing = Writing(self._store, session, call, itemtype)
        if call.method == "POST":
            return writing.create()
        if call.method in ("PUT", "PATCH"):
            return writing.update(number)
        if call.method == "DELETE":
            return writing.delete(number)
        if number is not None:
            return self._one(reading, itemtype, number, call)
        if parent is None or parent[1] is None:
            return reading.listing(itemtype)
        return reading.listing(itemtype, (parent[0], reading.readable(parent[0], parent[1])))

    def _one(self, reading: Reading, itemtype: Itemtype, number: int, call: Call) -> Answer:
        wants_file = "application/octet-stream" in call.accept or call.parameters.get("alt") == "media"
        if itemtype.name == "Document" and wants_file:
            found = download(self._store, reading.readable(itemtype, number))
            if found is not None:
                return 200, found[0], {**found[1], "pragma": "", "expires": _PHP_EXPIRED}
        answer = reading.item(itemtype, number)
        headers = {}
        if isinstance(answer, dict) and answer.get("date_mod"):
            headers["last-modified"] = http_date(answer["date_mod"], self._store.zone)
        return 200, answer, headers

    def _old_followup(self, session: Session, call: Call) -> Answer:
        """The former name of ITILFollowup: read only here, with tickets_id for the parent. [observed]"""
        itemtype = self._type("ITILFollowup")
        if call.method != "GET" or not may(session, itemtype.name, READ):
            raise refusal("ERROR_RIGHT_MISSING", self._store.options.url_base_api)
        status, told, headers = self._one(Reading(self._store, session, call), itemtype, intval(call.part(1)), call)
        gone = ("itemtype", "items_id", "sourceitems_id", "sourceof_items_id", "links")
        kept = {name: value for name, value in told.items() if name not in gone}
        return status, {**kept, "tickets_id": told["items_id"], "links": []}, headers


def _id(name: str, text: str) -> int | None:
    """The id of a path: its leading digits; none for 0 and below, save the root entity. [observed]"""
    number = intval(text)
    if number > 0 or (number == 0 and name.lower() == "entity" and text[:1] == "0"):
        return number
    return None


_CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": _EXPOSED,
    "access-control-allow-methods": "PUT, GET, POST, DELETE, OPTIONS",
    "access-control-allow-headers": "origin, content-type, accept, session-token, authorization, app-token",
}


def error_body(status: int, code: str, message: str) -> bytes:
    """The body of a scripted fault, in this system's form."""
    return orjson.dumps([code or "ERROR_UNKNOWN", message])
