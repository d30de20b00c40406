"""What GLPI's answers say. An error is `[code, detail]`; codes are compared, never words: these are translated.

A 200 can say nothing at all: when PHP breaks off, GLPI answers 200 with an empty page. [observed]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from migrator.contract import Answer, begin_of
from migrator.errors import BadAnswer, Denied, LoginRefused, NotFound, Refused, SystemFailed, Throttled
from migrator.model.problem import Problem

SESSION_GONE = "ERROR_SESSION_TOKEN_INVALID"
NO_ITEM = "ERROR_ITEM_NOT_FOUND"
NO_TYPE = frozenset(
    {
        "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM",  # [observed]
        "ERROR_ITEMTYPE_NOT_FOUND_NOR_COMMONDBTM",  # [vendor docs]
        "ERROR_RESOURCE_MISSING",
    }
)
NO_RIGHT = "ERROR_RIGHT_MISSING"
BEYOND = "ERROR_RANGE_EXCEED_TOTAL"

_LOGIN = {
    "ERROR_WRONG_APP_TOKEN_PARAMETER": (
        "GLPI does not take the app token",
        "check `app_token`; where no API client of the server has one, leave it out: then any is refused",
    ),
    "ERROR_APP_TOKEN_PARAMETERS_MISSING": (
        "GLPI asks for an app token",
        "set `app_token` to the token of the API client (Setup, General, API)",
    ),
    "ERROR_GLPI_LOGIN_USER_TOKEN": (
        "GLPI does not know the user's token",
        "it is the API token of the user's settings, not the personal token; is the user active?",
    ),
    "ERROR_GLPI_LOGIN": ("GLPI refuses name and password", "check both; is the user active?"),
    "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED": (
        "GLPI does not let programs log in with a password",
        "use a `user_token`, or allow the login with credentials (Setup, General, API)",
    ),
    "ERROR_LOGIN_PARAMETERS_MISSING": (
        "GLPI got no login that it can use",
        "give `user_token`, or name and password",
    ),
    "ERROR_NOT_ALLOWED_IP": (
        "GLPI does not let this machine's address use the API",
        "add the address to an active API client (Setup, General, API)",
    ),
    "ERROR_SESSION_TOKEN_MISSING": ("GLPI got no session token", "a proxy may take the header Session-Token away"),
    SESSION_GONE: ("GLPI ended the session", "it is opened again once; if this stays, another program ends it"),
}
"""Code -> what it means for the login, and what to do."""

_SWITCHED_OFF = "API disabled"
"""The one text that is looked at: the code is the `ERROR` of everything. [observed]"""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that is no success."""

    status: int
    """HTTP."""
    code: str
    """GLPI's; empty where the body is not one of its errors."""
    detail: Any = None
    """A text, the results of the items, or None."""
    page: str = ""
    """What the body is where it is no error of GLPI."""

    @property
    def text(self) -> str:
        """In GLPI's words, without the address of the docs that many carry."""
        if not self.code:
            return f"status {self.status}, {self.page}"
        words = self.detail.partition("; view documentation")[0] if isinstance(self.detail, str) else ""
        return f"{words} ({self.code})" if words else self.code


def parsed(answer: Answer) -> Any:
    """The JSON of the body; None where it is none, or empty."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def said(answer: Answer) -> Said:
    """The error of an answer."""
    found = parsed(answer)
    if isinstance(found, list) and len(found) == 2 and isinstance(found[0], str) and found[0].startswith("ERROR"):
        return Said(answer.status, found[0], found[1])
    return Said(answer.status, "", page=begin_of(answer.body))


def content(answer: Answer, what: str) -> Any:
    """The JSON of a read that succeeded. Raises what `failure` tells; an error under status 200 is one too."""
    found = parsed(answer)
    told = said(answer)
    if found is None or told.code or answer.status not in (200, 206):
        raise failure(told, what, answer)
    return found


def failure(told: Said, what: str, answer: Answer | None = None) -> SystemFailed:
    """The error of a read, or of a write that certainly wrote nothing."""
    if told.code in _LOGIN or told.status == 401:
        summary, hint = _LOGIN.get(told.code, ("GLPI refuses the login", "check the system's tokens"))
        return LoginRefused(summary, detail=told.text, hint=hint)
    if told.code in NO_TYPE:
        hint = "a collection is an itemtype as GLPI's API names it, such as Computer, Location or ITILCategory"
        return NotFound(f"GLPI knows no itemtype for {what}", detail=told.text, hint=hint)
    if told.code == NO_ITEM:
        return NotFound(f"GLPI finds no item: {what}", detail=told.text)
    if told.code == NO_RIGHT or told.status == 403:
        hint = "give the user's profile the right, or choose another `profile` or `entity`"
        return Denied(f"our login lacks a right: {what}", detail=told.text, hint=hint)
    if told.status == 429:
        return Throttled(_problem(Throttled.code, "GLPI asks to wait and try again", told), seconds=rest(answer))
    if told.code == "ERROR" and isinstance(told.detail, str) and _SWITCHED_OFF in told.detail:
        hint = "switch on the legacy REST API (Setup, General, API)"
        return BadAnswer("GLPI's API is switched off", detail=told.text, hint=hint)
    if told.code and 400 <= told.status < 500:
        return Refused(_problem(Refused.code, f"GLPI refuses {what}", told))
    return _strange(told, what)


def _strange(told: Said, what: str) -> BadAnswer:
    """No JSON of GLPI's, or none that its docs allow here: each cause with its own advice."""
    if told.page == _EMPTY:
        hint = "GLPI's own log (files/_log/php-errors.log) tells what broke off"
        return BadAnswer(f"GLPI broke off over {what} and answered an empty page", detail=told.text, hint=hint)
    if told.page.startswith(_HTML):
        hint = "check the url: it ends in /apirest.php; a single sign-on or a proxy may stand in between"
        return BadAnswer(f"a web page came instead of GLPI's answer to {what}", detail=told.text, hint=hint)
    return BadAnswer(f"GLPI's answer to {what} is none that its docs know", detail=told.text)


def rest(answer: Answer | None) -> float | None:
    """Seconds that the server, or a gateway before it, asks to wait."""
    told = "" if answer is None else answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else None


_EMPTY = "an empty body"
_HTML = "a web page"


def _problem(code: str, summary: str, told: Said) -> Problem:
    return Problem(code=code, summary=summary, detail=told.text)
