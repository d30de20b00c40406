"""Changes as requests: parts are made one by one and joined as bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from migrator.connectors.glpi.calls import DECODED, JSON, WRITE, of_type
from migrator.connectors.glpi.columns import Sort
from migrator.connectors.glpi.form import FILE, FILLED, TIMED, Form
from migrator.connectors.glpi.instants import written
from migrator.connectors.glpi.stored import one, text_of
from migrator.connectors.glpi.text import sent
from migrator.contract import Batch, Call
from migrator.model.plan import Action, Change
from migrator.model.values import Value

_METHODS = {Action.CREATE: "POST", Action.UPDATE: "PUT", Action.DELETE: "DELETE"}


def part_of(form: Form, change: Change) -> bytes:
    """A change's part: the input of a create, of an update with its id, or a delete's id."""
    if change.action is Action.CREATE:
        return orjson.dumps(to_payload(form, change.after or {}))
    number = {"id": int(change.target_id or 0)}
    if change.action is Action.DELETE:
        return orjson.dumps(number)
    return orjson.dumps({**to_payload(form, {**_along(form, change), **(change.after or {})}), **number})


def to_payload(form: Form, fields: Mapping[str, Value]) -> dict[str, Any]:
    """Fields as an `input` takes them."""
    return {
        name: _wire(form, name, value)
        for name, value in fields.items()
        if name != FILE and (name not in FILLED or value not in (None, ""))
    }


def companions_of(form: Form, changed: frozenset[str]) -> frozenset[str]:
    """What must be sent along, or be known, when these change.

    A tree item that is renamed without its parent's key moves to the root; a priority is computed anew where urgency
    or impact change without it [observed]. The status of a ticket is only looked at: see checks.
    """
    along: set[str] = set()
    if form.parent is not None and "name" in changed:
        along.add(form.parent)
    if form.itemtype in TIMED:
        along.add("status")
        if changed & {"urgency", "impact"}:
            along.add("priority")
    return frozenset(along) - changed


def call_of(form: Form, batch: Batch, *, purge: bool) -> Call:
    """POST, PUT or DELETE of all parts. Never repeatable: a late repeat makes a second item, or overwrites."""
    forced = b',"force_purge":true' if batch.action is Action.DELETE and purge else b""
    return Call(
        method=_METHODS[batch.action],
        path=of_type(form.itemtype),
        kind=WRITE,
        repeatable=False,
        body=b'{"input":[%s]%s}' % (b",".join(item.part for item in batch.items), forced),
        headers={**JSON, **DECODED},
    )


def _along(form: Form, change: Change) -> dict[str, Value]:
    """Companions as found; the root entity has no parent to send."""
    looked_at = {"status"} if form.itemtype in TIMED else set()
    return {
        name: value for name, value in (change.along or {}).items() if name not in looked_at and value is not None
    }


def _wire(form: Form, name: str, value: Value) -> Any:
    column = form.columns.get(name)
    if column is None:
        return _beside(value)
    if value is None or value == "":
        void = one(form, column, None)
        return "" if column.sort is Sort.TEXT and (value == "" or not column.empty) else void
    if column.sort is Sort.TEXT:
        text = text_of(value)
        return sent(text) if form.encodes else text
    if column.sort is Sort.MOMENT:
        return written(text_of(value), form.zone)
    return one(form, column, value)


def _beside(value: Value) -> Any:
    """Ids of actors as numbers; maps and texts as they are."""
    if isinstance(value, tuple):
        return [_beside(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _beside(each) for name, each in value.items()}
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
