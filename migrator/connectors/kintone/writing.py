"""Changes as requests: parts are made one by one and joined as bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from migrator.connectors.kintone.form import DEFAULT_PRECISION
from migrator.connectors.kintone.reading import JSON
from migrator.connectors.kintone.rows import columns_of, completed, rows_of
from migrator.connectors.kintone.stored import cell_stored, is_number, number_text
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

_CHECKED = frozenset({"NUMBER", "FILE", "SUBTABLE"})
"""Types with a rule that their Field cannot tell."""

_METHODS = {Action.CREATE: "POST", Action.UPDATE: "PUT", Action.DELETE: "DELETE"}


def upserts(writing: Writing) -> str | None:
    """The key field by which creates become native upserts; None: they are plain adds."""
    write = writing.write
    if write.on_taken is not OnTaken.UPDATE or len(write.key) != 1:
        return None
    field = (writing.collection.fields or {}).get(write.key[0])
    return field.name if field is not None and field.unique and type_of(field) in _UPSERT_TYPES else None


class Form:
    """The target side of a step, with what its fields ask of a change looked up once; `system` is our identity."""

    def __init__(self, writing: Writing, system: str) -> None:
        self.writing = writing
        self._system = system
        self._known = writing.collection.fields or {}
        types = {name: type_of(field) for name, field in self._known.items()}
        self._ruled = tuple((name, self._known[name], type_) for name, type_ in types.items() if type_ in _CHECKED)
        self._tables = tuple(name for name, type_ in types.items() if type_ == "SUBTABLE")
        self._key = upserts(writing)

    def check(self, change: Change) -> None:
        """What the server would refuse, or ignore without a word. Raises Refused."""
        after = change.after or {}
        for name, field, type_ in self._ruled:
            if name not in after:
                continue
            value = after[name]
            if type_ == "NUMBER":
                _must_fit(field, value, change)
                continue
            if type_ == "SUBTABLE":
                _must_have_columns(field, value, change)
            if any(file.system != self._system for file in _files(value)):
                raise _never(change, name, "a file of another system cannot be written to Kintone yet")
        key = self._key if change.action is Action.CREATE else None
        if key is not None and len(text_of(after.get(key))) > KEY_LENGTH:
            raise _never(change, key, f"a key of more than {KEY_LENGTH} characters cannot serve `on_taken: update`")

    def part(self, change: Change) -> bytes:
        """A change's part: a record; an update with its id and revision first; a delete's id and revision.

        Raises Refused as `check` does, and for text that is no Unicode.
        """
        if change.action is Action.DELETE:
            return orjson.dumps([change.target_id, change.version or UNCHECKED])
        self.check(change)
        record = to_payload(self._sent(change), self._known)
        if change.action is Action.UPDATE:
            version = change.version or UNCHECKED
            return _json({"id": change.target_id, "revision": version, "record": record}, change)
        if self._key is None:
            return _json(record, change)
        value = record.pop(self._key)["value"]
        return _json({"updateKey": {"field": self._key, "value": value}, "record": record}, change)

    def _sent(self, change: Change) -> Mapping[str, Value]:
        """The fields that go along; tables whole, since a row that is named by some of its cells loses the others."""
        after = change.after or {}
        if change.along:
            after = {**change.along, **after}
        tables = [name for name in self._tables if name in after and after[name].__class__ is not str]
        if not tables:
            return after
        before = change.before or {}
        return {**after, **{name: _whole(self._known[name], after[name], before.get(name)) for name in tables}}


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


def _whole(table: Field, value: Value, before: Value) -> Value:
    """A table's rows with the cells that they do not name, out of the rows that stand."""
    columns = columns_of(table)
    whole = completed(columns, rows_of(value), before, cell_stored)
    return tuple({name: row[name] for name in columns if name in row} for row in whole)


def _must_have_columns(table: Field, value: Value, change: Change) -> None:
    known = {cell.name for cell in table.fields}
    for row in rows_of(value):
        for name in row.keys() - known:
            raise _never(change, table.name, f"the table {table.name} has no column {name}")


def _must_fit(field: Field, value: Value, change: Change) -> None:
    """An integer part with more digits than the app's precision leaves is refused (observed)."""
    places, _, digits = field.extra.get("precision", DEFAULT_PRECISION)
    room = digits - places
    text = value if value.__class__ is str else text_of(value)
    if len(text) <= room and "e" not in text and "E" not in text:
        return
    if is_number(text) and len(number_text(text, 0, "DOWN").lstrip("-")) > room:
        raise _never(change, field.name, f"the number has more than {room} digits before the decimal point")


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
