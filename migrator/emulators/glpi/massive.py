"""Massive actions: the list of a type, and the few that are carried out. [observed]"""

import json
from functools import cache
from typing import Any

from migrator.emulators.glpi.items import Items
from migrator.emulators.glpi.refusal import Accident, NotDone, refusal
from migrator.emulators.glpi.rights import DELETE, PURGE, UPDATE
from migrator.emulators.glpi.schema import HERE, Itemtype
from migrator.emulators.glpi.sessions import Session, may_change
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.wire import Call, intval

RIGHTS = {
    "MassiveAction:update": UPDATE,
    "MassiveAction:amend_comment": UPDATE,
    "MassiveAction:delete": DELETE,
    "MassiveAction:restore": DELETE,
    "MassiveAction:purge": PURGE,
}
"""The actions that are carried out, and the right that each takes; every other is an accident."""


@cache
def _recorded() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads((HERE / "massive_actions.json").read_text("utf-8"))
    return found


def listed(itemtype: Itemtype) -> list[dict[str, str]]:
    """The actions of a type. Of types that were not recorded, those common to all. [inferred]"""
    if itemtype.name in _recorded():
        return _recorded()[itemtype.name]
    told = [each for each in _recorded()["Computer"] if each["key"].startswith("MassiveAction:")]
    return told if "comment" in itemtype.columns else [each for each in told if "comment" not in each["key"]]


def apply(store: Store, session: Session, call: Call, itemtype: Itemtype) -> tuple[int, dict[str, Any]]:
    """`{"ids": […], "input": {…}}`: status and counts. Raises Refusal, Accident."""
    ids = call.parameters.get("ids")
    if not isinstance(ids, list | dict) or not ids:
        raise refusal("ERROR_MASSIVEACTION_NO_IDS", store.options.url_base_api)
    key = call.part(2)
    if key not in RIGHTS:
        raise Accident
    told = call.parameters.get("input")
    counts: dict[str, Any] = {"ok": 0, "noaction": 0, "ko": 0, "noright": 0, "messages": []}
    for each in ids.values() if isinstance(ids, dict) else ids:
        outcome = _one(store, session, itemtype, key, intval(each), told if isinstance(told, dict) else {})
        counts[outcome] += 1
    bad = counts["ko"] + counts["noright"]
    return (200 if not bad else 207 if counts["ok"] else 422), counts


def _one(store: Store, session: Session, itemtype: Itemtype, key: str, number: int, told: dict[str, Any]) -> str:
    row = store.row(itemtype.name, number)
    if row is None:
        return "ko"
    if not may_change(store, session, itemtype, row, RIGHTS[key]):
        return "noright"
    items = Items(store, session)
    try:
        if key == "MassiveAction:amend_comment":
            old = row.get("comment") or ""
            items.update(
                itemtype, number, {"comment": "\n".join(filter(None, [old, str(told.get("amendment", ""))]))}
            )
        elif key == "MassiveAction:delete":
            items.trash(itemtype, number, history_kept=True)
        elif key == "MassiveAction:restore":
            items.update(itemtype, number, {"is_deleted": 0})
        elif key == "MassiveAction:purge":
            items.purge(itemtype, number, {})
        else:
            items.update(itemtype, number, told)
    except NotDone:
        return "ko"
    return "ok"
