"""The HTTP face: log-in, permissions, and a function for each path below `/api/v1`."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from migrator.emulators.ketryx import access, assumptions, versions, wire
from migrator.emulators.ketryx.access import Key
from migrator.emulators.ketryx.kql import parse
from migrator.emulators.ketryx.pace import Pace
from migrator.emulators.ketryx.refusal import Refusal
from migrator.emulators.ketryx.search import Search
from migrator.emulators.ketryx.store import Store
from migrator.emulators.server import Request, Response, Router

PREFIX = "/api/v1"
"""What stands behind the origin. [docs]"""

PAGE = 1000
"""Results of a page at most, and where nothing is said. [seed]"""

_NUMBER_DIGITS = 18
"""A longer number is none."""

T = TypeVar("T")


class Api:
    """The paths of one organization, over its store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pace = Pace()
        self.router = Router(self._failed)
        one = "/projects/<project_id>"
        self._add("GET", "/projects", access.LIST_PROJECTS, self._projects)
        self._add("POST", "/projects", access.CREATE_PROJECT, self._make_project)
        self._add("GET", one, access.LIST_PROJECTS, self._project)
        self._add("POST", one, access.PROJECT_SETTINGS, self._set_project)
        self._add("DELETE", one, access.DELETE_PROJECT, self._drop_project)
        self._add("GET", f"{one}/items", access.GET_ITEMS, self._items)
        self._add("POST", f"{one}/items", access.WRITE_ITEMS, self._write)
        self._add("GET", f"{one}/items/<item_id>/records", access.GET_ITEMS, self._records_of)
        self._add("GET", f"{one}/records", access.GET_ITEMS, self._records)

    def _add(self, method: str, path: str, permission: str, view: Callable[..., Response]) -> None:
        """Answer with `view` behind log-in, pace and permission."""

        def answer(request: Request, **parts: str) -> Response:
            key = self._logged_in(request)
            wait = self._pace.wait(key.token, self._store.clock.now(), self._store.switches.bucket)
            if wait is not None:
                status, message = assumptions.TOO_MANY
                return _json(status, {"error": message}, {"Retry-After": str(wait)})
            if permission not in key.permissions:
                raise Refusal(assumptions.FORBIDDEN_STATUS, f"The API key lacks the permission: {permission}")
            with self._store.lock:
                return view(request, **parts)

        self.router.add(method, PREFIX + path, answer)

    def _logged_in(self, request: Request) -> Key:
        """`Authorization: Bearer KXTK_...`. [docs]"""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        key = self._store.keys.get(token)
        if scheme.lower() != "bearer" or key is None:
            raise Refusal(*assumptions.UNAUTHORIZED)
        return key

    def _failed(self, request: Request, error: Exception) -> Response | None:
        if isinstance(error, Refusal):
            return _json(error.status, {"error": error.message})
        if isinstance(error, MethodNotAllowed):
            return _json(405, {"error": f"{request.method} is not for this path"})
        if isinstance(error, HTTPException):
            return _json(404, {"error": f"no such path: {request.path}"})
        return None

    # ------------------------------------------------------------ projects

    def _projects(self, request: Request) -> Response:
        name = request.args.get("name")
        found = [each for each in self._store.projects.values() if not each.deleted]
        if name is not None:
            whole = assumptions.PROJECT_NAME_IS_WHOLE
            found = [each for each in found if (name == each.name if whole else name in each.name)]
        start = _number(request, "startAt", 0, 0, None)
        size = _number(request, "maxResults", len(found) or 1, 1, None)
        shown = [{"id": each.id, "name": each.name} for each in found[start : start + size]]
        return _json(200, {"projects": shown})

    def _make_project(self, request: Request) -> Response:
        """200, not 201. [docs]"""
        body = _object(request)
        name, repositories = body.get("name"), body.get("repositories", [])
        if not isinstance(name, str) or not name:
            raise _bad("name is required")
        if not isinstance(repositories, list) or not all(isinstance(each, dict) for each in repositories):
            raise _bad("repositories is a list of objects")
        return _json(200, {"id": self._store.add_project(name, repositories).id})

    def _project(self, request: Request, project_id: str) -> Response:
        project = self._store.project(project_id)
        repositories = [
            {
                **{name: each.get(name) for name in ("url", "mainRef", "releaseRef")},
                "hasAuth": bool(each.get("authToken")),
            }
            for each in project.repositories
        ]
        return _json(200, {"id": project.id, "name": project.name, "repositories": repositories})

    def _set_project(self, request: Request, project_id: str) -> Response:
        project = self._store.project(project_id)
        settings = _object(request).get("settings")
        if not isinstance(settings, dict):
            raise _bad("settings is an object")
        project.settings.update(settings)
        return _json(200, {"id": project.id})

    def _drop_project(self, request: Request, project_id: str) -> Response:
        self._store.project(project_id).deleted = True
        return Response(status=204)

    # ------------------------------------------------------------ items and records

    def _items(self, request: Request, project_id: str) -> Response:
        project = self._store.project(project_id)
        return self._page(
            request, "items", self._store.items_of(project.id), lambda item: wire.show_item(self._store, item)
        )

    def _records_of(self, request: Request, project_id: str, item_id: str) -> Response:
        item = self._store.item(self._store.project(project_id), item_id)
        extras = _extras(request)
        return self._page(
            request, "records", item.records, lambda record: wire.show_record(self._store, item, record, extras)
        )

    def _records(self, request: Request, project_id: str) -> Response:
        project, text = self._store.project(project_id), request.args.get("query")
        if text is None:
            raise _bad("query is required")
        states = versions.states(
            self._store, project, request.args.get("versionId"), request.args.get("comparedVersionId")
        )
        search = Search(states, self._store.types, self._store.projects, project, self._store.switches.sequences)
        fits = search.run(parse(text))
        extras = _extras(request)
        own = [state for number, state in states.items() if number in fits and state.item.project == project.id]
        return self._page(
            request, "records", own, lambda state: wire.show_record(self._store, state.item, state.record, extras)
        )

    def _page(self, request: Request, name: str, found: Sequence[T], show: Callable[[T], dict[str, Any]]) -> Response:
        """A page that repeats the effective numbers and tells no total. [seed, docs]"""
        clamp = self._store.switches.clamp
        start = _number(request, "startAt", 0, 0, None, clamp=clamp)
        asked = _number(request, "maxResults", PAGE, 1, PAGE, clamp=clamp)
        size = min(asked, self._store.switches.page_cap)
        shown = [show(each) for each in found[start : start + size]]
        return _json(200, {name: shown, "startAt": start, "maxResults": size})

    def _write(self, request: Request, project_id: str) -> Response:
        """200 for a new item and for a changed one. [seed]"""
        self._store.project(project_id)
        return _json(200, {"id": self._store.write(project_id, _parsed(request))})


def error_body(status: int, code: str, message: str) -> bytes:
    """The body of a scripted fault: JSON below 500, plain text from there on. [assumption]"""
    return message.encode() if status >= 500 else orjson.dumps({"error": message})


def _bad(message: str) -> Refusal:
    return Refusal(assumptions.BAD_REQUEST_STATUS, message)


def _extras(request: Request) -> list[str]:
    words = [word.strip() for word in request.args.get("fields", "").split(",")]
    if not assumptions.UNKNOWN_EXTRAS_PASS and not set(filter(None, words)) <= wire.EXTRAS:
        raise _bad(f"fields takes {', '.join(sorted(wire.EXTRAS))}")
    return words


def _parsed(request: Request) -> Any:
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise _bad(f"the body is not JSON: {error}") from None


def _object(request: Request) -> dict[str, Any]:
    body = _parsed(request)
    if not isinstance(body, dict):
        raise _bad("the body is a JSON object")
    return body


def _number(request: Request, name: str, default: int, low: int, high: int | None, *, clamp: bool = False) -> int:
    """A whole number of the query. Raises Refusal 400 for one out of range, unless it is brought into it."""
    text = request.args.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _NUMBER_DIGITS):
        raise _bad(f"{name} is a whole number, not {text!r}")
    number = int(text)
    inside = max(low, number if high is None else min(number, high))
    if inside != number and not clamp:
        raise _bad(
            f"{name} is {low} or more, not {number}" if high is None else f"{name} is {low} to {high}, not {number}"
        )
    return inside


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status=status, headers=headers, content_type="application/json")
