"""Each system as the machine's target: how its store is read and edited behind the connector's back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import requests

from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.sample import TOKEN
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Emulator
from tests.wsgi import WsgiAdapter

Standing = dict[str, tuple[Any, str]]
"""Key of a record -> its id and its title."""


@dataclass(frozen=True)
class Side:
    """What the machine needs of a target."""

    stands: Callable[[Emulator], list[tuple[str, Any, str]]]
    """Key, id and title of every record that has a key."""
    edit: Callable[[Emulator, Any, str], object]
    """Somebody gives the record of this id another title."""
    delete: Callable[[Emulator, Any], object] | None
    """Somebody deletes it."""
    deletes: bool = False
    """The program can delete there."""
    scribble: Callable[[Emulator, Any, int], object] | None = None
    """Somebody writes a number into another field of the record, which no playbook speaks of."""
    scribbled: Callable[[Emulator, Any], int] | None = None
    """What stands in that field."""
    minds: bool = False
    """Who edits a record while a write of it rests is always noticed: by versions, or by a look before each batch."""


def marked(text: str | None) -> str:
    """The key at the end of a marker; "": there is none."""
    _, found, marker = (text or "").rpartition("migrator:")
    return unquote(marker.split()[0].rpartition("/")[2]) if found else ""


def _kintone_call(emulator: Emulator, method: str, body: Mapping[str, Any], path: str = "record") -> None:
    headers = {"X-Cybozu-API-Token": emulator.variables["KINTONE_API_TOKEN"]}
    with requests.Session() as session:
        session.mount("http://", WsgiAdapter(emulator.app))
        url = f"http://kintone.localhost/k/v1/{path}.json"
        session.request(method, url, json={"app": 6, **body}, headers=headers).raise_for_status()


def _kintone(emulator: Emulator) -> list[tuple[str, Any, str]]:
    return [(one["item_id"], one["$id"], one["summary"]) for one in emulator.store.records(6)]


def _due(emulator: Emulator, number: Any) -> int:
    (record,) = [one for one in emulator.store.records(6) if one["$id"] == number]
    return int(record["due"][-2:] or 0)


def _glpi(emulator: Emulator) -> list[tuple[str, Any, str]]:
    rows = [row for row in emulator.store.rows("Monitor") if row["otherserial"] and not row["is_deleted"]]
    return [(row["otherserial"], row["id"], row["name"]) for row in rows]


def _edit_glpi(emulator: Emulator, number: Any, title: str) -> None:
    store = emulator.store
    store.table("Monitor").replace({**store.row("Monitor", number), "name": title})


def _contact(emulator: Emulator, number: Any, word: int) -> None:
    """As GLPI's own form would: the moment of the change is kept."""
    here = {"App-Token": emulator.variables["GLPI_APP_TOKEN"]}
    with requests.Session() as session:
        session.mount("http://", WsgiAdapter(emulator.app))
        place = emulator.env("http://glpi.localhost")["GLPI_URL"]
        login = {**here, "Authorization": f"user_token {emulator.variables['GLPI_USER_TOKEN']}"}
        here["Session-Token"] = session.get(f"{place}/initSession", headers=login).json()["session_token"]
        body = {"input": {"contact": str(word)}}
        session.put(f"{place}/Monitor/{number}", json=body, headers=here).raise_for_status()
        session.get(f"{place}/killSession", headers=here)


def _delete_glpi(emulator: Emulator, number: Any) -> None:
    emulator.store.table("Monitor").remove(number)


def _kainexus(emulator: Emulator) -> list[tuple[str, Any, str]]:
    store = emulator.store
    shown = [store.read(number) for number, item in store.items.items() if not item.deleted]
    found = []
    for item in shown:
        keys = [field.get("value", "") for field in item.get("fields", []) if field["name"] == "External key"]
        if keys and marked(keys[0]):
            found.append((marked(keys[0]), item["id"], item["summary"]))
    return found


def _edit_kainexus(emulator: Emulator, number: Any, title: str) -> None:
    (written,) = emulator.store.write([{"id": number, "summary": title}])
    assert written.refusal is None


def _delete_kainexus(emulator: Emulator, number: Any) -> None:
    (written,) = emulator.store.write([{"id": number, "status": "DELETED"}])
    assert written.refusal is None


def _kitemaker(emulator: Emulator) -> list[tuple[str, Any, str]]:
    items = emulator.store.work_items.values()
    return [(marked(item.description), item.id, item.title) for item in items if marked(item.description)]


def _edit_kitemaker(emulator: Emulator, number: Any, title: str) -> None:
    org = emulator.store
    Desk(Sight(org, org.tokens[TOKEN])).edit_work_item({"id": number, "title": title})


def _ketryx(emulator: Emulator) -> list[tuple[str, Any, str]]:
    items = [(source, emulator.store.items[number]) for (_, source), number in emulator.store.sources.items()]
    return [(source.removeprefix("matrix:"), source, item.current.title) for source, item in items]


def _edit_ketryx(emulator: Emulator, source: Any, title: str) -> None:
    emulator.store.write(emulator.collections["sample"], {"sourceId": source, "title": title})


SIDES: Mapping[str, Side] = {
    "kintone": Side(
        _kintone,
        lambda emulator, number, title: _kintone_call(
            emulator, "PUT", {"id": number, "record": {"summary": {"value": title}}}
        ),
        lambda emulator, number: _kintone_call(emulator, "DELETE", {"ids": [number]}, "records"),
        deletes=True,
        scribble=lambda emulator, number, word: _kintone_call(
            emulator, "PUT", {"id": number, "record": {"due": {"value": f"2026-01-{word:02}"}}}
        ),
        scribbled=_due,
        minds=True,
    ),
    "glpi": Side(
        _glpi,
        _edit_glpi,
        _delete_glpi,
        deletes=True,
        scribble=_contact,
        scribbled=lambda emulator, number: int(emulator.store.row("Monitor", number)["contact"] or 0),
        minds=True,
    ),
    "kainexus": Side(_kainexus, _edit_kainexus, _delete_kainexus),
    "kitemaker": Side(_kitemaker, _edit_kitemaker, None),
    "ketryx": Side(_ketryx, _edit_ketryx, None),
}
"""Guarded by a unique key and versions; looked at by ids; found by a list read; one call a record; ids of our own."""
