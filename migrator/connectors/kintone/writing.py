"""Changes as requests: parts are made one by one and joined as bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from migrator.connectors.kintone.reading import JSON
from migrator.connectors.kintone.rows import columns_of, completed, rows_of
from migrator.connectors.kintone.stored import cell_stored
from migrator.connectors.kintone.values import text_of, to_payload, type_of
from migrator.contract import Batch, Call, Writing
from migrator.errors import Refused
from migrator.model.plan import Action, Change
from migrator.model.playbook import OnTaken
from migrator.model.problem import Place, Problem
from migrator.model.values import Field, File, Value

UNCHECKED = "-1"
"""As a revision: do not check."""

_UPSERT_TYPES = frozenset({"SINGLE_LINE_TEXT", "NUMBER"})
"""Types that `updateKey` takes, if unique."""

KEY_LENGTH = 64
"""Characters of an update key at most (vendor docs)."""

_WITH_FILES = frozenset({"FILE", "SUBTABLE"})

_METHODS = {Action.CREATE: "POST", Action.UPDATE: "PUT", Action.DELETE: "DELETE"}


def upserts(writing: Writing) -> str | None:
    """The key field by which creates become native upserts; None: they are plain adds."""
    write = writing.write
    if write.on_taken is not OnTaken.UPDATE or len(write.key) != 1:
        return None
    field = (writing.collection.fields or {}).get(write.key[0])
    return field.name if field is not None and field.unique and type_of(field) in _UPSERT_TYPES else None


def part_of(writing: Writing, change: Change, system: str) -> bytes:
    """A change's part: a record; an update with its id and revision first; a delete's id and revision.

    `system` is our identity. Raises Refused for a File that does not stand here, and for an update key too long.
    """
    if change.action is Action.DELETE:
        return orjson.dumps([change.target_id, change.version or UNCHECKED])
    known = writing.collection.fields or {}
    before = change.before or {}
    after = {**(change.along or {}), **(change.after or {})}
    for name, value in after.items():
        type_ = type_of(known.get(name))
        if type_ == "SUBTABLE":
            after[name] = value = _whole(known[name], value, before.get(name), change)
        if type_ in _WITH_FILES:
            _must_be_ours(value, system, change, name)
    record = to_payload(after, known)
    if change.action is Action.UPDATE:
        version = change.version or UNCHECKED
        return _json({"id": change.target_id, "revision": version, "record": record}, change)
    key = upserts(writing)
    if key is None:
        return _json(record, change)
    value = record.pop(key)["value"]
    if len(value) > KEY_LENGTH:
        raise _never(change, key, f"a key of more than {KEY_LENGTH} characters cannot serve `on_taken: update`")
    return _json({"updateKey": {"field": key, "value": value}, "record": record}, change)


def call_of(root: str, batches: tuple[Batch, ...]) -> Call:
    """One request: a batch as it is, several as a bulk request, which is done whole or not at all."""
    # a second time would overwrite (an upsert) or be refused (all others): look before sending again
    quota = batches[0].writing.collection.id
    if len(batches) == 1:
        method, body = _method(batches[0]), _body(batches[0])
        return Call(
            method=method,
            path=f"{root}/records.json",
            kind="write",
            repeatable=False,
            body=body,
            headers=JSON,
            quota=quota,
        )
    head = b'{"method":"%s","api":"' + root.encode() + b'/records.json","payload":%s}'
    parts = b",".join(head % (_method(batch).encode(), _body(batch)) for batch in batches)
    return Call(
        method="POST",
        path=f"{root}/bulkRequest.json",
        kind="write",
        repeatable=False,
        body=b'{"requests":[%s]}' % parts,
        headers=JSON,
        quota=quota,
    )


def checked(batch: Batch) -> bool:
    """Whether its request carries a revision to check."""
    if batch.action is Action.DELETE:
        return any(orjson.loads(item.part)[1] != UNCHECKED for item in batch.items)
    unchecked = b'"revision":"%s"' % UNCHECKED.encode()
    return batch.action is Action.UPDATE and any(unchecked not in item.part[:60] for item in batch.items)


def _method(batch: Batch) -> str:
    return "PUT" if batch.action is Action.CREATE and upserts(batch.writing) else _METHODS[batch.action]


def _body(batch: Batch) -> bytes:
    app = orjson.dumps(batch.writing.collection.id)
    if batch.action is Action.DELETE:
        pairs = [orjson.loads(item.part) for item in batch.items]
        ids, revisions = orjson.dumps([pair[0] for pair in pairs]), orjson.dumps([pair[1] for pair in pairs])
        return b'{"app":%s,"ids":%s,"revisions":%s}' % (app, ids, revisions)
    upsert = b',"upsert":true' if batch.action is Action.CREATE and upserts(batch.writing) else b""
    return b'{"app":%s%s,"records":[%s]}' % (app, upsert, b",".join(item.part for item in batch.items))


def _whole(field: Field, value: Value, before: Value, change: Change) -> Value:
    """A table's rows with the cells that they do not name, out of the rows that stand. Raises Refused."""
    rows = rows_of(value)
    known = {cell.name for cell in field.fields}
    for row in rows:
        for name in row.keys() - known:  # the server would ignore it without a word
            raise _never(change, field.name, f"the table {field.name} has no column {name}")
    columns = columns_of(field)
    whole = completed(columns, rows, before, cell_stored)
    return tuple({name: row[name] for name in columns if name in row} for row in whole)


def _must_be_ours(value: Value, system: str, change: Change, name: str) -> None:
    """A file goes by its key, which is good in its own system only. Raises Refused."""
    if any(file.system != system for file in _files(value)):
        raise _never(change, name, "a file of another system cannot be written to Kintone yet")


def _json(body: Mapping[str, object], change: Change) -> bytes:
    """Raises Refused for text that is no Unicode (lone surrogates): JSON cannot hold it."""
    try:
        return orjson.dumps(body)
    except TypeError as error:
        raise _never(change, None, f"a value cannot be sent: {error}") from error


def _files(value: Value) -> Iterator[File]:
    if isinstance(value, File):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _files(item)
    elif isinstance(value, Mapping):
        for cell in value.values():
            yield from _files(cell)


def _never(change: Change, field: str | None, why: str) -> Refused:
    key = ", ".join(map(text_of, change.key)) or (None if change.origin is None else change.origin.id)
    return Refused(Problem(code=Refused.code, summary=why, place=Place(record=key, field=field)))
