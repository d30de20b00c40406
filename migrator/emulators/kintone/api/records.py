"""Records: read, add, update, upsert, delete."""

from collections.abc import Mapping
from typing import Any

from migrator.emulators.kintone import assumptions, numeric, problems, search
from migrator.emulators.kintone.app import App
from migrator.emulators.kintone.conditions import Scope
from migrator.emulators.kintone.edit import Edit
from migrator.emulators.kintone.parameters import Parameters
from migrator.emulators.kintone.query import parse
from migrator.emulators.kintone.rows import Row
from migrator.emulators.kintone.values import text_of
from migrator.emulators.kintone.wire import Call, Calls

BATCH = 100
FILTER_ABORTED = "Filter aborted because of too many search results"


def row_of(app: App, record_id: int) -> Row:
    """The record. Raises GAIA_RE01."""
    row = app.table.rows.get(record_id)
    if row is None:
        raise problems.no_record(record_id)
    return row


def checked(row: Row, revision: int | None) -> Row:
    """The same row, if the revision is its latest. Raises GAIA_CO02."""
    if revision is not None and revision != row.revision:
        raise problems.stale_record(row.id)
    return row


def get_record(call: Call) -> bytes:
    """GET record.json"""
    record_id = call.parameters.integer("id")
    app = call.app("view")
    return b'{"record":' + row_of(app, record_id).json(app.projection(())) + b"}"


def get_records(call: Call) -> bytes:
    """GET records.json"""
    text, fields = call.parameters.text("query", ""), call.parameters.texts("fields", high=1000)
    app = call.app("view")
    scope = Scope(app, call.caller.user, call.tenant.clock.now())
    rows, total, cut = search.page(parse(text), scope, count=call.parameters.flag("totalCount"))
    if cut:
        call.warning = FILTER_ABORTED
    projection = app.projection(tuple(fields))
    count = b"null" if total is None else b'"%d"' % total
    return b'{"records":[' + b",".join([row.json(projection) for row in rows]) + b'],"totalCount":' + count + b"}"


def add_record(call: Call) -> dict[str, Any]:
    """POST record.json"""
    record = call.parameters.mapping("record")
    edit = Edit(call.tenant, call.app("add"), call.caller)
    edit.add(record, "record")
    row = edit.finish()[0]
    return {"id": str(row.id), "revision": str(row.revision)}


def add_records(call: Call) -> dict[str, Any]:
    """POST records.json"""
    message = f"A maximum of {BATCH} records can be added at one time."
    records = call.parameters.objects("records", high=BATCH, message=message)
    edit = Edit(call.tenant, call.app("add"), call.caller)
    for at, record in enumerate(records):
        edit.add(record, f"records[{at}]")
    rows = edit.finish()
    return {"ids": [str(row.id) for row in rows], "revisions": [str(row.revision) for row in rows]}


def update_record(call: Call) -> dict[str, Any]:
    """PUT record.json"""
    record = call.parameters.mapping("record")
    _one_selector(call.parameters)
    revision = call.parameters.revision()
    app = call.app("edit")
    edit = Edit(call.tenant, app, call.caller)
    row = _selected(app, call.parameters)
    if row is None:
        raise _no_such_key()
    edit.update(checked(row, revision), record, "record")
    return {"revision": str(edit.finish()[0].revision)}


def update_records(call: Call) -> dict[str, Any]:
    """PUT records.json, with `upsert` too"""
    message = f"A maximum of {BATCH} records can be updated at one time."
    entries = call.parameters.objects("records", high=BATCH, message=message)
    upsert = call.parameters.flag("upsert")
    inner = [Parameters(entry, f"records[{at}].") for at, entry in enumerate(entries)]
    for each in inner:
        _one_selector(each)
        call.parameters.errors |= each.errors
    app = call.app("edit")
    if upsert:
        call.caller.must(app, "add")
    edit = Edit(call.tenant, app, call.caller)
    written = _Upsert(edit, upsert)
    operations = [written.entry(each, f"records[{at}]") for at, each in enumerate(inner)]
    return {
        "records": [_told(row, operation, upsert) for row, operation in zip(edit.finish(), operations, strict=True)]
    }


def _told(row: Row, operation: str, upsert: bool) -> dict[str, str]:
    shown = {"id": str(row.id), "revision": str(row.revision)}
    return {**shown, "operation": operation} if upsert else shown


class _Upsert:
    """The entries of one PUT records.json, one after the other."""

    def __init__(self, edit: Edit, upsert: bool) -> None:
        self._edit, self._upsert = edit, upsert
        self._dropped_ids: set[int] = set()

    def entry(self, one: Parameters, prefix: str) -> str:
        """Update or insert one; returns which. Raises GAIA_RE01, GAIA_RE20, GAIA_RE09, GAIA_CO02."""
        record, revision = one.mapping("record"), one.revision()
        one.done()
        row = _selected(self._edit.app, one, missing_id_is_none=self._upsert)
        if row is not None:
            self._edit.update(checked(row, revision), record, prefix)
            return "UPDATE"
        if not self._upsert:
            raise _no_such_key()
        self._insert(one, record, prefix)
        return "INSERT"

    def _insert(self, one: Parameters, record: Mapping[str, Any], prefix: str) -> None:
        """A new record: under a fresh id, or with the key field taken from the update key."""
        if one.has("id"):
            dropped = one.integer("id")
            if dropped in self._dropped_ids:
                raise problems.KintoneError(*assumptions.UPSERT_REPEAT, f"The record (ID: {dropped}) is given twice.")
            self._dropped_ids.add(dropped)
        else:
            key = one.mapping("updateKey")
            record = {**record, key["field"]: {"value": key["value"]}}
        self._edit.add(record, prefix)


def _one_selector(one: Parameters) -> None:
    """Note CB_VA01 unless exactly one of `id` and `updateKey` is there."""
    if one.has("id") and one.has("updateKey"):
        one.wrong("id", "Specify either id or updateKey.")
    elif one.has("id"):
        one.integer("id")
    elif one.has("updateKey"):
        key = Parameters(one.mapping("updateKey"), "updateKey.")
        key.text("field")
        key.text("value")
        for name, messages in key.errors.items():
            one.wrong(name, messages[0])
    else:
        one.wrong("id", "Required field.")


def _selected(app: App, one: Parameters, *, missing_id_is_none: bool = False) -> Row | None:
    """The record that `id` or `updateKey` names; None where no record has the key."""
    if one.has("id"):
        record_id = one.integer("id")
        if missing_id_is_none and record_id not in app.table.rows:
            return None
        return row_of(app, record_id)
    key = one.mapping("updateKey")
    code, value = str(key["field"]), text_of(key["value"])
    field = app.fields.get(code)
    if field is None:
        raise problems.query_error("GAIA_IQ11", f"Specified field ({code}) not found.")
    if field.type not in ("SINGLE_LINE_TEXT", "NUMBER") or not field.unique:
        raise problems.query_error("GAIA_IQ27", f"{code} cannot be an update key: no unique text or number field.")
    if not value or len(value) > 64:
        raise problems.invalid(
            {"updateKey.value": ["Enter between 1 and 64 characters."]}, assumptions.EMPTY_UPDATE_KEY_CODE
        )
    found = app.table.holder(code, _as_kept(value, app) if field.type == "NUMBER" else value)
    return None if found is None else app.table.rows[found]


def _as_kept(value: str, app: App) -> str:
    try:
        return numeric.stored(value, app.precision)
    except numeric.NotANumber:
        raise problems.invalid({"updateKey.value": ["Only numbers are allowed."]}) from None


def _no_such_key() -> problems.KintoneError:
    return problems.KintoneError(404, "GAIA_RE20", "The record that the update key names is not found.")


def delete_records(call: Call) -> dict[str, Any]:
    """DELETE records.json"""
    one = call.parameters
    many = f"Between 1 and {BATCH} records can be deleted at one time."
    ids, revisions = one.integers("ids", required=True, high=10_000), one.items("revisions")
    if one.has("ids") and not 1 <= len(ids) <= BATCH:
        one.wrong("ids", many)
        one.wrong("ids", f"size must be between 1 and {BATCH}")
    if revisions and len(revisions) != len(ids):
        one.wrong("revisions", "ids and revisions must have the same size.")
    wanted = [Parameters({"revision": each}).revision() for each in revisions] or [None] * len(ids)
    app = call.app("delete")
    edit = Edit(call.tenant, app, call.caller)
    for record_id, revision in zip(ids, wanted, strict=True):
        edit.touch(record_id)
        edit.delete(checked(row_of(app, record_id), revision))
    edit.finish()
    return {}


CALLS: Calls = {
    ("GET", "record.json"): get_record,
    ("GET", "records.json"): get_records,
    ("POST", "record.json"): add_record,
    ("POST", "records.json"): add_records,
    ("PUT", "record.json"): update_record,
    ("PUT", "records.json"): update_records,
    ("DELETE", "records.json"): delete_records,
}
