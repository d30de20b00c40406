"""Troubles of writing: what each system's server may answer to a request of several records, and what is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from migrator.contract import Done, Failed, Unknown
from migrator.errors import Denied, LoginRefused
from tests.connectors.odd_reading import LOGIN
from tests.connectors.odd_table import Case, NotHere, Play, Row, one_a_call

ALONE = NotHere(why="a request holds one record, whose id the answer has to name", holds=one_a_call)
Edit = Callable[[Any], Any]


def _edited(edit: Edit) -> Mapping[str, Any]:
    return {"kind": "edited", "edit": lambda body: orjson.dumps(edit(orjson.loads(body)))}


def _each(*names: str, turn: Callable[[list[Any]], list[Any]]) -> Edit:
    """The lists of these names in an answer, turned."""
    return lambda found: {**found, **{name: turn(found[name]) for name in names}}


def _shorter(entries: list[Any]) -> list[Any]:
    return entries[:-1]


def _backwards(entries: list[Any]) -> list[Any]:
    return entries[::-1]


FEWER_CREATES: Row = {
    "kintone": Case(
        fault=_edited(_each("ids", "revisions", turn=_shorter)),
        results=(Unknown,) * 3,
        words=("does not hold one id for each record",),
    ),
    "kainexus": Case(
        fault=_edited(_each("results", turn=_shorter)), results=(Unknown,) * 3, words=("holds no result",)
    ),
    "ketryx": ALONE,
    "glpi": Case(fault=_edited(_shorter), results=(Unknown,) * 3, words=("2 results for 3 items",)),
    "kitemaker": ALONE,
}
FEWER_UPDATES: Row = {
    "kintone": Case(
        fault=_edited(_each("records", turn=_shorter)),
        results=(Done, Done, Unknown),
        words=("leaves this record out",),
    ),
    "kainexus": Case(
        fault=_edited(_each("results", turn=_shorter)), results=(Done, Done, Unknown), words=("holds no result",)
    ),
    "ketryx": ALONE,
    "glpi": Case(fault=_edited(_shorter), results=(Done, Done, Unknown), words=("leaves it out",)),
    "kitemaker": ALONE,
}
OTHER_ORDER: Row = {
    "kintone": Case(fault=_edited(_each("records", turn=_backwards)), results=(Done,) * 3),
    "kainexus": Case(fault=_edited(_each("results", turn=_backwards)), results=(Done,) * 3),
    "ketryx": ALONE,
    "glpi": Case(fault=_edited(_backwards), results=(Done,) * 3),
    "kitemaker": ALONE,
}


def _body(found: Any) -> Mapping[str, Any]:
    return {"kind": "wrong_body", "body": orjson.dumps(found)}


HIDDEN: Row = {
    "kintone": Case(
        fault=_body({"code": "GAIA_UN03", "id": "x1", "message": "no"}),
        results=(Unknown,) * 3,
        words=("status 200, and yet no (GAIA_UN03)",),
    ),
    "kainexus": Case(
        fault=_body({"success": False, "errorCode": "NOT_VALID", "errorMessage": "the list is bad"}),
        results=(Unknown,) * 3,
        words=("the whole list failed, NOT_VALID: the list is bad",),
    ),
    "ketryx": Case(fault=_body({"ok": False, "error": "not now"}), results=(Failed,), words=("not now",)),
    "glpi": Case(
        fault=_body(["ERROR_SQL", "the table is away"]), results=(Unknown,) * 3, words=("the table is away",)
    ),
    "kitemaker": Case(
        fault=_body({"errors": [{"message": "not now", "status": 400, "code": "BAD_REQUEST"}]}),
        results=(Failed,),
        words=("not now",),
    ),
}

_LISTS = b"[" * 100_000 + b"]" * 100_000
DEEP: Row = {
    system: Case(fault={"kind": "wrong_body", "body": _LISTS}, results=(Unknown,) * size, words=words)
    for system, size, words in (
        ("kintone", 3, ("no JSON",)),
        ("kainexus", 3, ("without a whole answer",)),
        ("ketryx", 1, ("no JSON object",)),
        ("glpi", 3, ("a body that begins",)),
        ("kitemaker", 1, ("without a whole answer",)),
    )
}

EXPIRED: Row = {
    **{
        system: Case(fault={"kind": "status", "status": 401}, error=LoginRefused, words=LOGIN[system])
        for system in ("kintone", "kainexus", "ketryx", "kitemaker")
    },
    "glpi": Case(
        fault={"kind": "status", "status": 401, "error_code": "ERROR_SESSION_TOKEN_INVALID"},
        error=LoginRefused,
        words=("GLPI ended the session", "it is opened again once"),
    ),
}


def _to_another_entity(play: Play) -> None:
    """Somebody moves the second item into an entity that our login does not see."""
    second = sorted(play.world.truth(), key=int)[1]
    play.emulator.store.row("Computer", int(second))["entities_id"] = 7


def _delete_second(play: Play) -> None:
    play.emulator.store.write([{"id": int(sorted(play.world.truth(), key=int)[1]), "status": "DELETED"}])


SOME_DENIED: Row = {
    "kintone": Case(
        fault={"kind": "status", "status": 403, "error_code": "GAIA_NO01"},
        error=Denied,
        words=("lacks a right in app", "give the token or user the right"),
    ),
    "kainexus": Case(
        act=_delete_second,
        results=(Done, Failed, Done),
        words=("ACCESS_DENIED for items the key may not see and for deleted ones alike",),
    ),
    "ketryx": Case(
        fault={"kind": "status", "status": 403},
        error=Denied,
        words=("does not let us write items", "needs the permission to write items"),
    ),
    "glpi": Case(
        act=_to_another_entity,
        results=(Done, Failed, Done),
        words=("You don't have permission to perform this action.",),
    ),
    "kitemaker": Case(
        fault={"kind": "status", "status": 401, "error_code": "UNAUTHORIZED"},
        error=LoginRefused,
        words=("or it may not do this",),
    ),
}
