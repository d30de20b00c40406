"""Troubles of reading: what each system's server may answer in the middle of it, and what people are told then."""

from __future__ import annotations

from typing import Any

import orjson

from migrator.errors import BadAnswer, CountDrift, Denied, LoginRefused, NotFound
from tests.connectors.odd_table import (
    Case,
    NotHere,
    Play,
    Row,
    no_cursor,
    no_json,
    no_session,
    no_total,
    numbers_are_narrow,
    repeating,
    replaced,
    texts_only,
)

SECOND: dict[str, Any] = {"after": 1, "times": None}
"""From the second page on."""

LOGIN: dict[str, tuple[str, ...]] = {
    "kintone": ("refused the login", "check the token"),
    "kainexus": ("does not take the API key", "EU customers have one of their own"),
    "ketryx": ("does not take the API key", "Organization > API keys"),
    "glpi": ("does not know the user's token", "API token of the user's settings"),
    "kitemaker": ("does not take the token", "check the token"),
}
"""System -> what people read where the credentials are wrong."""

WRONG_LOGIN: Row = {system: Case(error=LoginRefused, words=words) for system, words in LOGIN.items()}

EXPIRED: Row = {
    **{
        system: Case(fault={"kind": "status", "status": 401, **SECOND}, error=LoginRefused, words=LOGIN[system])
        for system in ("kintone", "kainexus", "ketryx", "kitemaker")
    },
    "glpi": Case(
        fault={"kind": "status", "status": 401, "error_code": "ERROR_SESSION_TOKEN_INVALID", **SECOND},
        error=LoginRefused,
        words=("GLPI ended the session", "another program ends it"),
    ),
}


def _end_sessions(play: Play) -> None:
    play.emulator.store.sessions.clear()


RENEWED: Row = {
    **{
        system: NotHere(
            why="its login is a credential in every request: nothing can be opened again", holds=no_session
        )
        for system in ("kintone", "kainexus", "ketryx", "kitemaker")
    },
    "glpi": Case(act=_end_sessions),
}

UNKNOWN: Row = {
    "kintone": Case(error=NotFound, words=("there is no app 4711", "check the number in the app's address")),
    "kainexus": Case(
        error=NotFound, words=("does not know list card 99999", "the id of an Item List card on a board")
    ),
    "ketryx": Case(error=NotFound, words=("Ketryx has no project", "must be of its organization")),
    "glpi": Case(error=NotFound, words=("no itemtype for Komputer", "such as Computer, Location")),
    "kitemaker": Case(error=NotFound, words=('there is no space "NIX"', "there are: ACM")),
}

NO_RIGHT: Row = {
    "kintone": Case(
        fault={"kind": "status", "status": 403, "error_code": "GAIA_NO01", **SECOND},
        error=Denied,
        words=("lacks a right in app", "give the token or user the right"),
    ),
    "kainexus": Case(
        fault={"kind": "status", "status": 403, "error_code": "ACCESS_DENIED", **SECOND},
        error=NotFound,
        words=("does not exist, or the API key may not see it",),
    ),
    "ketryx": Case(
        fault={"kind": "status", "status": 403, **SECOND},
        error=Denied,
        words=("Ketryx refuses the records", "needs the permission to get items"),
    ),
    "glpi": Case(
        fault={"kind": "status", "status": 403, "error_code": "ERROR_RIGHT_MISSING", **SECOND},
        error=Denied,
        words=("lacks a right: Computer", "give the user's profile the right"),
    ),
    "kitemaker": Case(
        fault={"kind": "status", "status": 401, "error_code": "UNAUTHORIZED", **SECOND},
        error=LoginRefused,
        words=("or it may not do this", "sees no private spaces"),
    ),
}

REPEATS: Row = {
    "kintone": Case(
        fault={"kind": "edited", "times": None, "edit": repeating()}, error=BadAnswer, words=("the pages repeat",)
    ),
    "kainexus": Case(
        fault={"kind": "edited", "times": None, "edit": repeating()},
        error=BadAnswer,
        words=("brings a page of list card 346 a second time",),
    ),
    "ketryx": Case(
        fault={"kind": "edited", "times": None, "edit": repeating()}, error=BadAnswer, words=("instead of 39",)
    ),
    "glpi": Case(
        fault={"kind": "edited", "times": None, "edit": repeating()},
        error=BadAnswer,
        words=("reading Computer", "40-40/41 announced, and 40 items came"),
    ),
    "kitemaker": Case(
        fault={"kind": "edited", "times": None, "edit": repeating()},
        error=BadAnswer,
        words=("says that there is more and shows the same page again",),
    ),
}

TOTAL: Row = {
    "kintone": Case(
        fault={"kind": "edited", "edit": replaced(b'"totalCount":"501"', b'"totalCount":"510"')},
        error=CountDrift,
        words=("changed while it was read", "510 records were announced, 501 came"),
    ),
    "kainexus": Case(
        fault={"kind": "edited", "times": None, "edit": replaced(b'"totalCount":41', b'"totalCount":45')},
        error=CountDrift,
        words=("it announced 45 items, 41 different came",),
    ),
    "ketryx": NotHere(why="its lists announce no total: the first page that is not full is the last", holds=no_total),
    "glpi": Case(
        fault={"kind": "edited", "headers": {"Content-Range": "0-39/45"}},
        error=CountDrift,
        words=("Computer changed while it was read", "45 items were announced, 41 came"),
    ),
    "kitemaker": NotHere(why="its pages say whether there is more, never how much", holds=no_total),
}


def _body(found: Any) -> dict[str, Any]:
    return {"kind": "wrong_body", "body": orjson.dumps(found), **SECOND}


HIDDEN: Row = {
    "kintone": Case(
        fault=_body({"code": "GAIA_UN03", "id": "x1", "message": "the records are away"}),
        error=BadAnswer,
        words=("not what its docs tell", "the records are away"),
    ),
    "kainexus": Case(
        fault=_body({"success": False, "errorCode": "INTERNAL_ERROR", "errorMessage": "the card is away"}),
        error=BadAnswer,
        words=("list card 346 with INTERNAL_ERROR", "the card is away"),
    ),
    "ketryx": Case(
        fault=_body({"ok": False, "error": "the records are away"}),
        error=BadAnswer,
        words=("the records of project", "the records are away"),
    ),
    "glpi": Case(
        fault=_body(["ERROR_SQL", "the table is away"]),
        error=BadAnswer,
        words=("none that its docs know", "the table is away (ERROR_SQL)"),
    ),
    "kitemaker": Case(
        fault=_body({"data": None, "errors": [{"message": "the page is away"}]}),
        error=BadAnswer,
        words=("a page of items with status 200", "the page is away"),
    ),
}

_PAGE = ("a web page", "Temporarily Unavailable", "a proxy")
HTML: Row = {
    system: Case(fault={"kind": "html", "status": 200, **SECOND}, error=BadAnswer, words=_PAGE)
    for system in ("kintone", "kainexus", "ketryx", "glpi", "kitemaker")
}

EMPTY: Row = {
    **{
        system: Case(fault={"kind": "empty", **SECOND}, error=BadAnswer, words=("an empty body",))
        for system in ("kintone", "kainexus", "ketryx", "kitemaker")
    },
    "glpi": Case(
        fault={"kind": "empty", **SECOND}, error=BadAnswer, words=("answered an empty page", "php-errors.log")
    ),
}

CUT: Row = {
    system: Case(fault={"kind": "truncate_json", **SECOND}, error=BadAnswer, words=("a body that begins",))
    for system in ("kintone", "kainexus", "ketryx", "glpi", "kitemaker")
}

_LISTS = b"[" * 100_000 + b"]" * 100_000
DEEP: Row = {
    system: Case(fault={"kind": "wrong_body", "body": body, **SECOND}, error=BadAnswer, words=("a body that begins",))
    for system, body in {
        "kintone": b'{"records":' + _LISTS + b',"totalCount":"501"}',
        "kainexus": b'{"items":' + _LISTS + b',"totalCount":41}',
        "ketryx": b'{"records":' + _LISTS + b"}",
        "glpi": _LISTS,
        "kitemaker": b'{"data":{"page":' + _LISTS + b"}}",
    }.items()
}


def _forget_cursors(play: Play) -> None:
    """Ten minutes without a question: the server lets go of every cursor it holds."""
    play.emulator.store.cursors.clear()


NESTED: Row = {
    **{
        system: Case(
            fault={"kind": "edited", "edit": replaced(old, b"[" * 500 + b"]" * 500), **SECOND},
            error=BadAnswer,
            words=("nests deeper than 100 levels", "leave its field out"),
        )
        for system, old in (("ketryx", b'"requirement 40"'), ("kainexus", b'"K-00040"'))
    },
    "kintone": Case(
        fault={
            "kind": "edited",
            "edit": replaced(
                b'{"type":"SINGLE_LINE_TEXT","value":"title 500"}',
                b'{"type":"NEW","value":' + b"[" * 500 + b"]" * 500 + b"}",
            ),
            **SECOND,
        },
        error=BadAnswer,
        words=("nests deeper than 100 levels", "leave its field out"),
    ),
    "glpi": NotHere(why="its columns hold one value each", holds=no_json),
    "kitemaker": NotHere(why="its fields hold texts, names and lists of them", holds=no_json),
}

CURSOR: Row = {
    "kintone": Case(way="order", act=_forget_cursors),
    "kainexus": NotHere(why="a page is an offset into a card", holds=no_cursor),
    "ketryx": NotHere(why="a page is an offset into a list", holds=no_cursor),
    "glpi": NotHere(why="a page is a range of a listing", holds=no_cursor),
    "kitemaker": Case(
        fault=_body({"data": None, "errors": [{"message": "Invalid cursor"}]}),
        error=BadAnswer,
        words=("a page of items", "Invalid cursor"),
    ),
}


def _delete_first(play: Play) -> None:
    """Somebody deletes a record that was read already: what follows slides up."""
    assert play.world.remove is not None
    play.world.remove(next(iter(play.world.truth())))


GOING: Row = {
    "kintone": Case(act=_delete_first),
    "kainexus": Case(act=_delete_first, error=CountDrift, words=("list card 346 changed while it was read",)),
    "ketryx": Case(
        act=_delete_first,
        error=CountDrift,
        words=("changed while they were read", "40 stand there by now, 41 came"),
    ),
    "glpi": Case(act=_delete_first, error=CountDrift, words=("41 items were announced, 40 came",)),
    "kitemaker": NotHere(why="its cursor names an item: nothing slides", holds=lambda play: not no_cursor(play)),
}

_HALF = b"\\ud800"
SURROGATE: Row = {
    system: Case(
        fault={"kind": "edited", "edit": replaced(old, _HALF), **SECOND}, error=BadAnswer, words=(words, "begins")
    )
    for system, old, words in (
        ("kintone", b"title 500", "not what its docs tell"),
        ("kainexus", b"idea 40", "no JSON object"),
        ("ketryx", b"requirement 40", "no JSON object"),
        ("glpi", b"pc 40", "none that its docs know"),
        ("kitemaker", b"item 0", "not as documented"),
    )
}

DIGITS = "9" * 30
"""A whole number of over 64 bits."""

GIANT: Row = {
    "kainexus": Case(fault={"old": b'"K-00000"'}),
    "ketryx": Case(fault={"old": b'"requirement 0"'}),
    "kintone": NotHere(why="its numbers are texts", holds=texts_only),
    "glpi": NotHere(why="its database holds no whole number that wide", holds=numbers_are_narrow),
    "kitemaker": NotHere(why="none of its fields holds a number", holds=numbers_are_narrow),
}

Told = list[tuple[int, bytes, bool]]
_PLAIN: Told = [(429, b"", True), (503, b"", True), (403, b"abuse detected", False), (400, b"{}", False)]
BUSY: dict[str, Told] = {
    **dict.fromkeys(("kainexus", "ketryx", "glpi", "kitemaker"), _PLAIN),
    "kintone": [*_PLAIN, (400, b'{"code":"GAIA_DA02"}', True), (400, b'{"code":"CB_VA01"}', False)],
}
"""System -> (status, body, whether a read is to be tried again)."""
