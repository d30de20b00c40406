"""The session: opened by initSession, put into profile and entity, closed by killSession."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

import orjson

from migrator.connectors.glpi import answers
from migrator.connectors.glpi.calls import JSON, READ, get
from migrator.connectors.glpi.options import Options
from migrator.contract import Answer, Auth, Call
from migrator.errors import BadAnswer, LoginRefused


class Session(Auth):
    """Who we are. The token of an old session is never sent with a log-in: that would end the session. [observed]"""

    def __init__(self, options: Options) -> None:
        self._options = options

    def headers(self) -> Mapping[str, str]:
        """The app token, where one is given: a server that wants none refuses it."""
        return {"App-Token": self._options.app_token} if self._options.app_token else {}

    def login(self) -> Call:
        """GET initSession with the user's token or Basic."""
        scheme = "user_token" if self._options.user_token else "Basic"
        return Call(
            method="GET",
            path="/initSession",
            kind=READ,
            repeatable=True,
            headers={"Authorization": f"{scheme} {self._credential}"},
        )

    def session(self, answer: Answer) -> Mapping[str, str]:
        """The session's token. Raises LoginRefused, BadAnswer."""
        found = answers.content(answer, "the log-in")
        token = found.get("session_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token:
            raise BadAnswer("GLPI answers the log-in without a session token")
        return {"Session-Token": token}

    def prepare(self) -> tuple[Call, ...]:
        """Profile, then entity: a profile brings its own entities along."""
        options, calls = self._options, []
        if options.profile is not None:
            calls.append(_change("changeActiveProfile", {"profiles_id": options.profile}))
        if options.entity is not None:
            entity = {"entities_id": options.entity, "is_recursive": options.recursive}
            calls.append(_change("changeActiveEntities", entity))
        return tuple(calls)

    def ready(self, found: Sequence[Answer]) -> None:
        """Raises LoginRefused where profile or entity is not the user's: for the latter GLPI answers 200 `false`."""
        options = self._options
        wanted = [
            *([] if options.profile is None else [("profile", options.profile)]),
            *([] if options.entity is None else [("entity", options.entity)]),
        ]
        for (what, number), answer in zip(wanted, found, strict=True):
            taken = answer.status == 200 and answer.body.strip() == b"true"
            if not taken and answer.status not in (200, 404):
                answers.content(answer, f"the change to {what} {number}")
            if not taken:
                raise LoginRefused(
                    f"GLPI does not let this login work under {what} {number}",
                    hint=f"give the user the {what}, or leave `{what}` out of the system",
                )

    def logout(self) -> Call:
        """GET killSession."""
        return get("/killSession")

    def expired(self, answer: Answer) -> bool:
        """The session was ended, or nobody used it for too long."""
        return answer.status == 401 and answers.said(answer).code == answers.SESSION_GONE

    def secrets(self) -> tuple[str, ...]:
        """Tokens and password, and as Basic spells them."""
        options = self._options
        told = (options.app_token, options.user_token, options.password, self._credential)
        return tuple(dict.fromkeys(text for text in told if text))

    @property
    def _credential(self) -> str:
        options = self._options
        if options.user_token:
            return options.user_token
        return b64encode(f"{options.username}:{options.password or ''}".encode()).decode("ascii")


def _change(function: str, body: Mapping[str, object]) -> Call:
    return Call(method="POST", path=f"/{function}", kind=READ, repeatable=True, body=orjson.dumps(body), headers=JSON)
