"""Cursors: a result kept on the server and read page by page."""

import uuid
from typing import Any

from migrator.emulators.kintone import assumptions, problems, search
from migrator.emulators.kintone.conditions import Scope
from migrator.emulators.kintone.query import parse
from migrator.emulators.kintone.tenant import Cursor
from migrator.emulators.kintone.wire import Call, Calls

MOST = 10
LIFE_SECONDS = 600


def create(call: Call) -> dict[str, Any]:
    """POST records/cursor.json"""
    one, tenant = call.parameters, call.tenant
    text, fields = one.text("query", ""), one.texts("fields", high=1000)
    size = one.integer("size", 100, high=500)
    app = call.app("view")
    query = parse(text)
    if query.limit is not None or query.offset is not None:
        raise problems.query_error(
            assumptions.CURSOR_WITH_LIMIT_CODE, "A cursor's query takes no limit and no offset."
        )
    _expire(call)
    if len(tenant.cursors) >= MOST:
        raise problems.KintoneError(429, "GAIA_TM12", f"No more than {MOST} cursors can be open.")
    now = tenant.clock.now()
    rows = search.every(query, Scope(app, call.caller.user, now))
    cursor_id = str(uuid.uuid4())
    tenant.cursors[cursor_id] = Cursor(app, rows, app.projection(tuple(fields)), size, now + LIFE_SECONDS)
    return {"id": cursor_id, "totalCount": str(len(rows))}


def read(call: Call) -> bytes:
    """GET records/cursor.json"""
    cursor_id, cursor = _open(call)
    rows = cursor.rows[cursor.position : cursor.position + cursor.size]
    cursor.position += len(rows)
    if not assumptions.CURSOR_IS_SNAPSHOT:
        there = cursor.app.table.rows
        rows = [there[row.id] for row in rows if row.id in there]
    cursor.expires = call.tenant.clock.now() + LIFE_SECONDS
    more = cursor.position < len(cursor.rows)
    if not more:
        del call.tenant.cursors[cursor_id]
    records = b",".join([row.json(cursor.projection) for row in rows])
    return b'{"records":[' + records + b'],"next":' + (b"true" if more else b"false") + b"}"


def delete(call: Call) -> dict[str, Any]:
    """DELETE records/cursor.json"""
    cursor_id, _ = _open(call)
    del call.tenant.cursors[cursor_id]
    return {}


def _open(call: Call) -> tuple[str, Cursor]:
    cursor_id = call.parameters.text("id")
    call.parameters.done()
    _expire(call)
    cursor = call.tenant.cursors.get(cursor_id)
    if cursor is None:
        raise problems.KintoneError(404, "GAIA_CN01", "The specified cursor is not found.")
    call.on_right_side(cursor.app)
    call.caller.must(cursor.app, "view")
    return cursor_id, cursor


def _expire(call: Call) -> None:
    now, cursors = call.tenant.clock.now(), call.tenant.cursors
    for cursor_id in [each for each, cursor in cursors.items() if cursor.expires <= now]:
        del cursors[cursor_id]


CALLS: Calls = {
    ("POST", "records/cursor.json"): create,
    ("GET", "records/cursor.json"): read,
    ("DELETE", "records/cursor.json"): delete,
}
