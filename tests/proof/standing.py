"""What stands in an emulator, told so that two runs can be compared: a record a line, without numbers and times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

KITCHEN_SINK = 1
"""The app that no playbook speaks of; its file has another key in each world."""
POINTERS = ("location", "owner", "place", "inside")
"""Fields of the sample apps that hold the number of another record: a second plan compares them."""
STAMPS = ("$id", "Record_number", "Created_datetime", "Updated_datetime")
WRITTEN = ("$revision", "Created_by", "Updated_by")
"""What tells how often, and by whom, a record was written."""
GLPI_STAMPS = ("id", "date_mod", "date_creation", "locations_id", "ancestors_cache", "sons_cache")
Look = Callable[[Any, bool], Iterator[str]]


def _bare(record: Mapping[str, Any], *volatile: str) -> str:
    return repr(sorted((name, repr(value)) for name, value in record.items() if name not in volatile))


def _file(name: object, content: bytes) -> str:
    return f"{name}: {len(content)} bytes {sha256(content).hexdigest()[:12]}"


def _kintone(store: Any, writes: bool) -> Iterator[str]:
    for app in store.apps:
        for record in store.records(app):
            if app != KITCHEN_SINK:
                shown = {name: _attached(store, value) for name, value in record.items()}
                yield f"{app} " + _bare(shown, *STAMPS, *POINTERS, *(() if writes else WRITTEN))


def _attached(store: Any, value: Any) -> Any:
    """A file field as its files, each once for every place that it has."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "fileKey" in value[0]:
        return [_file(one["name"], store.files.attached[one["fileKey"]].content) for one in value]
    return value


def _kainexus(store: Any, _: bool) -> Iterator[str]:
    with store.lock:
        for number, item in sorted(store.items.items()):
            if not item.deleted:
                shown = store.read(number)
                yield _bare({name: shown[name] for name in shown if "Date" not in name}, "id", "parentId")


def _ketryx(store: Any, _: bool) -> Iterator[str]:
    with store.lock:
        for item in store.items.values():
            one = item.current
            yield repr((one.type, one.title, sorted(one.fields.items()), sorted(name for name, _ in one.relations)))


def _glpi(store: Any, writes: bool) -> Iterator[str]:
    for itemtype in ("Computer", "Location", "Ticket", "Monitor"):
        for row in store.rows(itemtype):
            if writes or not row.get("is_deleted"):
                yield f"{itemtype} " + _bare(row, *GLPI_STAMPS)
    for row in store.rows("Document"):
        yield f"Document {row['name']} " + _file(row["filename"], store.files.get(row["id"], b""))
    for row in store.rows("Document_Item"):
        item = store.row(row["itemtype"], row["items_id"])
        yield f"{store.row('Document', row['documents_id'])['name']} is attached to {item['name']}"


def _kitemaker(store: Any, _: bool) -> Iterator[str]:
    with store.lock:
        for item in store.work_items.values():
            labels = sorted(label.name for label in item.labels)
            yield repr((item.space.key, item.title, item.description, item.status.name, labels))


SEEN: Mapping[str, Look] = {
    "kintone": _kintone,
    "kainexus": _kainexus,
    "ketryx": _ketryx,
    "glpi": _glpi,
    "kitemaker": _kitemaker,
}
"""System -> its records. With True also how often each was written and what lies in the trash, where that is told."""
