"""What Kintone's answers say: contents of reads, and errors by code, never by text (its language is the user's)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import orjson

from migrator.contract import BETWEEN, Answer, begin_of
from migrator.errors import (
    BadAnswer,
    Conflict,
    Denied,
    LoginRefused,
    NotFound,
    Refused,
    SystemFailed,
    Throttled,
)
from migrator.model.lean import dataclass
from migrator.model.problem import Place, Problem
from migrator.model.run import Cause

LOCKED = frozenset({"GAIA_DA02", "GAIA_RE18"})
"""A database lock failed: "try again after a while", as status 400 (observed)."""

BUSY = LOCKED | {"GAIA_TM12", "GAIA_TO04"}
"""Ten cursors are open; a hundred requests are running. Both are 429."""

LOGIN = frozenset({"CB_AU01", "CB_WA01", "GAIA_IA02", "GAIA_DA03"})
"""No login, wrong password, a token that no app has, two tokens of one app (the last two are status 400)."""

DENIED = frozenset({"GAIA_NO01", "CB_NO02", "GAIA_FU01", "GAIA_BF02"})
"""The token's rights, the user's, the field's, and the right to set creator or time on an add."""

GONE = frozenset({"GAIA_RE01", "GAIA_RE20"})
"""No such record; no record with that key."""

MOVED = GONE | {"GAIA_CO02"}
"""And: the revision is not the latest."""

_WHY = {
    Cause.TAKEN: "the key is taken",
    Cause.GONE: "a record is gone since the plan was made",
    Cause.MOVED: "a record changed since the plan was made",
}

NO_APP = "GAIA_AP01"
GUEST_APP = "GAIA_IL23"
NO_CURSOR = "GAIA_CN01"
NO_FILE = "GAIA_BL01"
"""An unknown key of a file, or one of an upload that expired (observed on downloads; on writes inferred)."""

_GUEST_HINT = "set `guest_space` in the system to the id of the guest space that the app belongs to"
_NO_LOGIN = "check the token (is it the app's, and was the app updated after it was made?), or name and password"


class CursorGone(BadAnswer):
    """The cursor was deleted, expired or never was."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that is no success."""

    status: int
    """HTTP."""
    code: str
    """Kintone's; empty where the body is not one of its errors."""
    text: str
    """Its message with code and request id, or the first bytes of the body."""
    errors: Mapping[str, Any] = field(default_factory=dict)
    """Key such as `records[3].serial.value` -> {"messages": […]}."""
    request: int = 0
    """Which part of a bulk request failed."""


def said(answer: Answer) -> Said:
    """The error of an answer; of a bulk request, that of its failed part."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    place = 0
    if isinstance(body, dict) and isinstance(body.get("results"), list):
        parts = enumerate(body["results"])
        place, body = next(
            ((at, part) for at, part in parts if isinstance(part, dict) and part.get("code")), (0, None)
        )
    code = body.get("code") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(code, str):
        return Said(answer.status, "", f"status {answer.status}, {begin_of(answer.body)}", request=place)
    text = f"{body.get('message', '')} ({code}, request {body.get('id', 'without id')})".strip()
    errors = body.get("errors")
    return Said(answer.status, code, text, errors if isinstance(errors, dict) else {}, place)


def body_of(answer: Answer, app: str) -> bytes:
    """The body of a read that succeeded. Raises what `failure` tells, and BadAnswer for a result that was cut."""
    if answer.status != 200:
        raise failure(said(answer), app)
    if "aborted" in answer.headers.get("x-cybozu-warning", ""):
        raise BadAnswer(
            f"Kintone cut the result of the query on app {app}: it met over 100,000 records",
            hint="make the condition narrower, or use one that needs no word search (`like`)",
            place=Place(collection=app),
        )
    return answer.body


def failure(said: Said, app: str) -> SystemFailed:
    """The error of a read, or of a write that certainly wrote nothing."""
    place = Place(collection=app)
    if said.code in LOGIN or said.status == 401:
        return LoginRefused(f"Kintone refused the login for app {app}", detail=said.text, hint=_NO_LOGIN, place=place)
    if said.code == GUEST_APP:
        return NotFound(f"app {app} belongs to a guest space", detail=said.text, hint=_GUEST_HINT, place=place)
    if said.code == NO_APP:
        return NotFound(f"there is no app {app}", detail=said.text, hint="check the number in the app's address")
    if said.code in BUSY or said.status == 429:
        return Throttled(_problem(Throttled.code, "Kintone asks to wait and try again", said, place))
    if said.code in DENIED or said.status == 403:
        hint = "give the token or user the right in the app's settings, and update the app"
        return Denied(f"our login lacks a right in app {app}", detail=said.text, hint=hint, place=place)
    if said.code == NO_CURSOR:
        return CursorGone(f"the cursor on app {app} is gone", detail=said.text, place=place)
    if not said.code or said.status >= 500:
        hint = "" if said.code else BETWEEN
        return BadAnswer(
            f"Kintone's answer for app {app} is none that its docs know", detail=said.text, hint=hint, place=place
        )
    return Refused(_problem(Refused.code, f"Kintone refused the request for app {app}", said, place))


def moved(said: Said, app: str, culprits: tuple[int, ...] = ()) -> Conflict:
    """A record changed since it was read, is gone, or its key is taken."""
    cause = Cause.TAKEN if culprits else Cause.GONE if said.code in GONE else Cause.MOVED
    problem = _problem(Conflict.code, f"{_WHY[cause]} (app {app})", said, Place(collection=app))
    return Conflict(problem, culprits=culprits, cause=cause)


def strange(app: str, why: str, body: bytes | None = None) -> BadAnswer:
    """A successful answer that the docs do not allow."""
    begin = begin_of(body) if body is not None else ""
    hint = BETWEEN if begin.startswith("a web page") else ""
    return BadAnswer(f"reading app {app}: {why}", detail=begin, hint=hint, place=Place(collection=app))


def rest(answer: Answer) -> float | None:
    """Seconds that the server asks to wait; Kintone was never seen to say, a gateway may."""
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else None


def _problem(code: str, summary: str, said: Said, place: Place) -> Problem:
    lines = [said.text, *(f"{key}: {' '.join(words(told))}" for key, told in said.errors.items())]
    return Problem(code=code, summary=summary, detail="\n".join(lines), place=place)


def words(told: Any) -> list[str]:
    """The messages under one key of `errors`."""
    messages = told.get("messages") if isinstance(told, dict) else None
    return [text for text in messages if isinstance(text, str)] if isinstance(messages, list) else []
