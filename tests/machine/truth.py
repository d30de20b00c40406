"""Each system as the machine's target: how its store is read and edited behind the connector's back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

import requests

from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.sample import TOKEN
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Emulator
from tests.wsgi import WsgiAdapter


class Row(NamedTuple):
    """A record that has a key."""

    key: str
    number: Any
    """Its id."""
    title: str
    other: str
    """A field that the playbook does not write; "": empty."""


@dataclass(frozen=True)
class Side:
    """What the machine needs of a target."""

    rows: Callable[[Emulator], list[Row]]
    """Every record that has a key."""
    title: Callable[[Emulator, Any, str], object]
    """Somebody gives the record of this id another title."""
    other: Callable[[Emulator, Any, str], object]
    """Somebody writes into the field that the playbook does not name."""
    delete: Callable[[Emulator, Any], object] | None
    """Somebody deletes it."""
    opens: int
    """Requests of an apply before its run begins."""
    deletes: bool = False
    """The program can delete there."""
    trash: bool = False
    """What it deletes lies in a trash, and comes back as the same record."""
    window: float = 0.0
    """Seconds between a look and its write that the forecast names."""
    guarded: bool = False
    """A late create makes no second record, and a late change changes nothing that moved."""


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


def _kintone(emulator: Emulator) -> list[Row]:
    records = emulator.store.records(6)
    return [Row(one["item_id"], one["$id"], one["summary"], one["status"] or "") for one in records]


def _kintone_edit(emulator: Emulator, number: Any, **fields: str) -> None:
    record = {name: {"value": value} for name, value in fields.items()}
    _kintone_call(emulator, "PUT", {"id": number, "record": record})


def _glpi(emulator: Emulator) -> list[Row]:
    rows = [row for row in emulator.store.rows("Monitor") if row["otherserial"] and not row["is_deleted"]]
    return [Row(row["otherserial"], row["id"], row["name"], row["contact"] or "") for row in rows]


def _glpi_edit(emulator: Emulator, number: Any, **fields: str) -> None:
    store = emulator.store
    store.table("Monitor").replace({**store.row("Monitor", number), **fields, "date_mod": store.now()})


def _kainexus(emulator: Emulator) -> list[Row]:
    store, found = emulator.store, []
    for number in [number for number, item in store.items.items() if not item.deleted]:
        item = store.read(number)
        values = {one["name"]: one.get("value", one.get("numericValue")) for one in item.get("fields", [])}
        if key := marked(values.get("External key")):
            saved = values.get("Expected savings")
            found.append(Row(key, item["id"], item["summary"], "" if saved is None else f"{saved:.0f}"))
    return found


def _kainexus_edit(emulator: Emulator, number: Any, **changes: Any) -> None:
    (written,) = emulator.store.write([{"id": number, **changes}])
    assert written.refusal is None, written.refusal


def _kitemaker(emulator: Emulator) -> list[Row]:
    items = [item for item in emulator.store.work_items.values() if marked(item.description)]
    return [Row(marked(item.description), item.id, item.title, item.effort or "") for item in items]


def _kitemaker_edit(emulator: Emulator, number: Any, **changes: Any) -> None:
    org = emulator.store
    Desk(Sight(org, org.tokens[TOKEN])).edit_work_item({"id": number, **changes})


def _ketryx(emulator: Emulator) -> list[Row]:
    items = [item for item in emulator.store.items.values() if (item.source_id or "").startswith("matrix:")]
    return [
        Row(
            item.source_id.removeprefix("matrix:"),
            item.id,
            item.current.title,
            item.current.fields.get("Rationale") or "",
        )
        for item in items
    ]


def _ketryx_edit(emulator: Emulator, number: Any, **changes: Any) -> None:
    emulator.store.write(emulator.collections["sample"], {"id": number, **changes})


SIDES: Mapping[str, Side] = {
    "kintone": Side(
        _kintone,
        lambda emulator, number, title: _kintone_edit(emulator, number, summary=title),
        lambda emulator, number, text: _kintone_edit(emulator, number, status=text),
        lambda emulator, number: _kintone_call(emulator, "DELETE", {"ids": [number]}, "records"),
        opens=2,
        deletes=True,
        guarded=True,
    ),
    "glpi": Side(
        _glpi,
        lambda emulator, number, title: _glpi_edit(emulator, number, name=title),
        lambda emulator, number, text: _glpi_edit(emulator, number, contact=text),
        lambda emulator, number: emulator.store.table("Monitor").remove(number),
        opens=4,
        deletes=True,
        trash=True,
    ),
    "kainexus": Side(
        _kainexus,
        lambda emulator, number, title: _kainexus_edit(emulator, number, summary=title),
        lambda emulator, number, text: _kainexus_edit(
            emulator, number, fields=[{"name": "Expected savings", "numericValue": int(text)}]
        ),
        lambda emulator, number: _kainexus_edit(emulator, number, status="DELETED"),
        opens=3,
        window=900,
    ),
    "kitemaker": Side(
        _kitemaker,
        lambda emulator, number, title: _kitemaker_edit(emulator, number, title=title),
        lambda emulator, number, text: setattr(emulator.store.work_items[number], "effort", text),
        None,
        opens=3,
        window=900,
    ),
    "ketryx": Side(
        _ketryx,
        lambda emulator, number, title: _ketryx_edit(emulator, number, title=title),
        lambda emulator, number, text: _ketryx_edit(emulator, number, fields=[{"label": "Rationale", "value": text}]),
        lambda emulator, number: emulator.store.remove(number),
        opens=4,
        guarded=True,
    ),
}
"""Guarded by a unique key and versions; looked at by ids; found by a list read; one call a record; upserts."""
