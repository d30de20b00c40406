"""HTTP: token, pace, the REST calls and the one address of GraphQL, errors in the documented form."""

from collections.abc import Callable
from typing import Any

import orjson
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from migrator.emulators.kitemaker import graph, rest
from migrator.emulators.kitemaker.assumptions import (
    GRAPHQL_BY_BEARER_ONLY,
    TOO_MANY_REQUESTS,
    UNKNOWN_PATH,
    WRONG_METHOD,
)
from migrator.emulators.kitemaker.organization import Organization, Token
from migrator.emulators.kitemaker.pace import Pace
from migrator.emulators.kitemaker.problems import Problem, error_body, unauthorized
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Request, Response, Router

REST = "/developers/rest/v1"
"""Before the REST paths. [docs]"""

GRAPHQL = "/developers/graphql"
"""The address of GraphQL. [docs]"""


class Wire:
    """The calls of one organization. `pace` None: any number at once."""

    def __init__(self, org: Organization, pace: Pace | None) -> None:
        self._org = org
        self._pace = pace
        self.router = Router(self._failed)
        for (method, path), view in rest.CALLS.items():
            self._add(method, REST + path, view, self._by_key)
        self._add("POST", GRAPHQL, graph.answer, self._by_bearer)

    def _add(self, method: str, path: str, view: rest.View, login: Callable[[Request], Token | None]) -> None:
        """Answer with `view` behind token and pace."""

        def answer(request: Request, **parts: Any) -> Response:
            token = login(request)
            if token is None:
                raise unauthorized()
            wait = self._pace.wait(token.secret, self._org.clock.now()) if self._pace is not None else None
            if wait is not None:
                body = error_body(429, TOO_MANY_REQUESTS, "Rate limit exceeded")
                return _json(429, body, {"Retry-After": str(wait)})
            with self._org.lock:
                status, shown = view(request, Sight(self._org, token), **parts)
            return _json(status, orjson.dumps(shown))

        self.router.add(method, path, answer)

    def _by_key(self, request: Request) -> Token | None:
        """`X-API-KEY: <token>`. [seed]"""
        return self._org.tokens.get(request.headers.get("X-API-KEY", "")) or self._by_either(request)

    def _by_bearer(self, request: Request) -> Token | None:
        """`Authorization: Bearer <token>`. [docs]"""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        known = self._org.tokens.get(secret) if scheme.lower() == "bearer" else None
        return known or self._by_either(request)

    def _by_either(self, request: Request) -> Token | None:
        if GRAPHQL_BY_BEARER_ONLY:
            return None
        words = (request.headers.get("X-API-KEY", ""), request.headers.get("Authorization", "").partition(" ")[2])
        return next((self._org.tokens[word] for word in words if word in self._org.tokens), None)

    def _failed(self, request: Request, error: Exception) -> Response | None:
        if isinstance(error, MethodNotAllowed):
            error = Problem(*WRONG_METHOD, f"{request.method} is not for this path")
        elif isinstance(error, HTTPException):
            error = Problem(*UNKNOWN_PATH, f"no such path: {request.path}")
        if isinstance(error, Problem):
            return _json(error.status, error_body(error.status, error.code, error.message))
        return None


def _json(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=status, headers=headers, content_type="application/json; charset=utf-8")
