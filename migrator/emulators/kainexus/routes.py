"""The HTTP face: log-in, pace, and a function for each path below `/api/public/v1/json`."""

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

import orjson
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from migrator.emulators.kainexus import instants
from migrator.emulators.kainexus.access import Key
from migrator.emulators.kainexus.directory import Directory
from migrator.emulators.kainexus.incoming import as_id
from migrator.emulators.kainexus.options import API_USER, PREFIX, UNPACED
from migrator.emulators.kainexus.pace import Pace
from migrator.emulators.kainexus.refusal import Code, Refusal, http_status
from migrator.emulators.kainexus.store import Store, Written
from migrator.emulators.server import Request, Response, Router

View = Callable[[Request, Key], Response]


class _NotJson(Exception):
    """The body can not be read as UTF-8 JSON: HTTP 400. [assumption]"""


class Api:
    """The paths of one organization, over its store. `pace` None: as many calls as you like."""

    def __init__(self, store: Store, pace: Pace | None) -> None:
        self._store = store
        self._pace = pace
        self._directory = Directory(store)
        self.router = Router(self._failed)
        self._add("GET", "/json/item", self._get_item)
        self._add("GET", "/json/itemList", self._get_item_list)
        for path in ("/json/item", "/json/itemList"):
            self._add("PUT", path, self._put)
        for method in ("PUT", "POST"):  # the seed's curl line sends a POST here; what it does is [assumption]
            self._add(method, "/json/itemUpdate", self._put)
        for one, many in (("user", "userList"), ("networkLocation", "networkLocationList")):
            self._add("GET", f"/json/{one}", self._directory_view(one, self._get_one))
            self._add("GET", f"/json/{many}", self._directory_view(one, self._get_many))
            for path in (one, many):
                self._add("PUT", f"/json/{path}", self._directory_view(one, self._put_directory))
        for path in ("/json/impactValue", "/json/impactValueList"):
            self._add("GET", path, self._get_impact_values)

    def _add(self, method: str, path: str, view: View) -> None:
        """Answer with `view` behind log-in and pace."""

        def answer(request: Request) -> Response:
            key = self._logged_in(request)
            if key is None:
                return _json(401, _error("ACCESS_DENIED", "wrong user name or API key"), _CHALLENGE)
            if (method, path) != UNPACED and self._pace is not None:
                wait = self._pace.wait(key.secret, self._store.clock.now())
                if wait is not None:
                    return _json(429, _error("UNKNOWN", "rate limit"), {"Retry-After": str(wait)})
            with self._store.lock:
                return view(request, key)

        self.router.add(method, PREFIX + path, answer)

    def _logged_in(self, request: Request) -> Key | None:
        """The key of Basic authentication: user name the literal `api`, password the API key. [seed]"""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, secret = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return self._store.keys.get(secret) if user == API_USER else None

    def _failed(self, request: Request, error: Exception) -> Response | None:
        if isinstance(error, Refusal):
            status = http_status(error.code, self._store.options.error_http)
            return _json(status, _error(error.code, error.message))
        if isinstance(error, _NotJson):
            return _json(400, _error("UNKNOWN", str(error)))
        if isinstance(error, MethodNotAllowed):
            return _json(405, _error("UNKNOWN", f"{request.method} is not for this path"))
        if isinstance(error, HTTPException):
            return _json(404, _error("UNKNOWN", f"no such path: {request.path}"))
        return None

    # items

    def _get_item(self, request: Request, key: Key) -> Response:
        started = self._store.clock.now()
        item = self._store.read_encoded(_number(request, "id"), key)
        return _bytes(b'{"item":%b,"statistics":%b}' % (item, self._statistics(started)))

    def _get_item_list(self, request: Request, key: Key) -> Response:
        options = self._store.options
        started = self._store.clock.now()
        card = _number(request, "id")
        offset = _number(request, "offset", 0)
        limit = _number(request, "limit", options.default_limit)
        if not 1 <= limit <= options.max_limit:
            raise Refusal("NOT_VALID", f"limit is 1 to {options.max_limit}, not {limit}")
        items, total = self._store.page(card, offset, limit, key)
        return _bytes(
            b'{"items":[%b],"count":%d,"totalCount":%d,"offset":%d,"limit":%d,"statistics":%b}'
            % (b",".join(items), len(items), total, offset, limit, self._statistics(started))
        )

    def _statistics(self, started: float) -> bytes:
        """Times of the export itself, with real milliseconds. [qa]"""
        ended = self._store.clock.now()
        return orjson.dumps(
            {
                "startDate": instants.show_exact(started),
                "endDate": instants.show_exact(ended),
                "durationSeconds": math.floor(ended - started),
            }
        )

    def _put(self, request: Request, key: Key) -> Response:
        """PUT of one item or of many; an `id` in the query is ignored, the body decides [qa]."""
        if request.args.get("fullSync") == "true":
            raise Refusal("UNKNOWN", "charts are not served here")
        bodies = self._bodies(request)
        limit = self._store.options.max_items
        if limit is not None and len(bodies) > limit:
            raise Refusal("SIZE", f"{len(bodies)} items in one call, at most {limit} are taken")
        return self._results(self._store.write(bodies, key), keep_good=not self._store.options.atomic)

    def _results(self, outcomes: list[Written], *, keep_good: bool = True) -> Response:
        """One result for each, in order; refused ones with their index. [qa], of failures [assumption]"""
        refused = next((each.refusal for each in outcomes if each.refusal), None)
        if refused is None:
            return _json(200, {"success": True, "results": [_result(each, 0) for each in outcomes]})
        status = http_status(refused.code, self._store.options.error_http)
        shown = [_result(each, index) for index, each in enumerate(outcomes) if each.refusal or keep_good]
        return _json(status, {**_error(refused.code, refused.message), "results": shown})

    def _bodies(self, request: Request) -> list[Any]:
        """The items of a body. Path and envelope have to fit, but on itemUpdate either envelope goes."""
        body = _body(request)
        single = "item" in body and not request.path.endswith("/itemList")
        bodies = [body["item"]] if single else body.get("items")
        if request.path.endswith("/item") and not single:
            raise Refusal("EMPTY", 'the body has no "item"')
        if not isinstance(bodies, list) or not bodies:
            raise Refusal("EMPTY", 'the body has no "items"')
        return bodies

    # users, locations, impact values

    def _directory_view(self, kind: str, view: Callable[[str, Request], Response]) -> View:
        return lambda request, key: view(kind, request)

    def _get_one(self, kind: str, request: Request) -> Response:
        return _json(200, {"item": self._directory.read(kind, _number(request, "id"))})

    def _get_many(self, kind: str, request: Request) -> Response:
        """All of them; a list card's `id` is not kept apart here. [assumption]"""
        return _json(200, {"items": self._directory.read_all(kind)})

    def _put_directory(self, kind: str, request: Request) -> Response:
        body = _body(request)
        bodies = body.get("items", [body["item"]] if "item" in body else None)
        if not isinstance(bodies, list) or not bodies:
            raise Refusal("EMPTY", 'the body has neither "items" nor "item"')
        return self._results(self._directory.write(kind, bodies))

    def _get_impact_values(self, request: Request, key: Key) -> Response:
        return _json(200, {"items": self._directory.impact_values(request.args.get("impactValueType"))})


_CHALLENGE = {"WWW-Authenticate": 'Basic realm="KaiNexus"'}


def _body(request: Request) -> dict[str, Any]:
    raw = request.get_data()
    if not raw.strip():
        raise Refusal("EMPTY", "the request has no body")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _NotJson(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict) or not body:
        raise Refusal("EMPTY", "the request is empty")
    return body


def _number(request: Request, name: str, default: int | None = None) -> int:
    """A whole number of the query. Raises Refusal EMPTY where it is needed and missing, NOT_VALID."""
    text = request.args.get(name)
    if text is None and default is not None:
        return default
    if not text:
        raise Refusal("EMPTY", f"the parameter {name} is required")
    number = as_id(text, name)
    return -1 if number is None else number


def _result(each: Written, index: int) -> dict[str, Any]:
    if each.refusal is None:
        return {"id": each.id, "operation": each.operation}
    return {"errorCode": each.refusal.code, "errorMessage": each.refusal.message, "index": index}


def _error(code: Code, message: str) -> dict[str, Any]:
    return {"success": False, "errorCode": code, "errorMessage": message}


def error_body(status: int, code: str, message: str) -> bytes:
    """The body of a scripted fault, in this system's form."""
    return orjson.dumps({"success": False, "errorCode": code or "UNKNOWN", "errorMessage": message})


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return _bytes(orjson.dumps(body), status, headers)


def _bytes(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=status, headers=headers, content_type="application/json;charset=UTF-8")
