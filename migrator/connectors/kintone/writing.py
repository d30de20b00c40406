"""Changes as requests: parts are made one by one and joined as bytes."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from migrator.connectors.kintone.plain import PLAIN, PlainPayloads, room_of
from migrator.connectors.kintone.reading import JSON
from migrator.connectors.kintone.rows import columns_of, completed
from migrator.connectors.kintone.stored import cell_stored, is_number, number_text
from migrator.connectors.kintone.uploads import unfit
from migrator.connectors.kintone.values import Payloads, cells_of, rows_of, text_of, type_of
from migrator.contract import Batch, Call, Writing
from migrator.errors import Refused
from migrator.model.files import files_in
from migrator.model.plan import Action, Change
from migrator.model.playbook import OnTaken
from migrator.model.problem import Place, Problem
from migrator.model.values import Field, Value

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
        known = writing.collection.fields or {}
        of = {type_: [field for field in known.values() if type_of(field) == type_] for type_ in _CHECKED}
        self._numbers = [(field, room_of(field)) for field in of["NUMBER"]]
        self._tables = [_Table(field) for field in of["SUBTABLE"]]
        self._holders = [field.name for type_ in ("FILE", "SUBTABLE") for field in of[type_]]
        """Fields that can hold files."""
        self._plain = PlainPayloads(known)
        self._payloads = Payloads(known)
        self._key = upserts(writing)

    def check(self, change: Change) -> None:
        """What the server would refuse, or ignore without a word. Raises Refused."""
        after = change.after or {}
        if change.action is Action.UPLOAD:
            why = next(filter(None, map(unfit, files_in(dict(after)))), None)
            if why is not None:
                raise _never(change, change.field, why)
            return
        for field, room in self._numbers:
            value = after.get(field.name)
            text = value if value.__class__ is str else text_of(value)
            if len(text) > room or "e" in text or "E" in text:
                _must_fit(field, text, room, change)
        for table in self._tables:
            value = after.get(table.name)
            if value and not table.plain(value):
                table.check(value, change)
        key = self._key
        if key is not None and change.action is Action.CREATE and len(text_of(after.get(key))) > KEY_LENGTH:
            raise _never(change, key, f"a key of more than {KEY_LENGTH} characters cannot serve `on_taken: update`")

    def part(self, change: Change) -> bytes:
        """A change's part: a record; an update with its id and revision first; a delete's id and revision.

        Raises Refused as `check` does, and for text that is no Unicode.
        """
        if change.action is Action.UPLOAD:
            self.check(change)
            return b""  # the file itself travels beside it
        if change.action is Action.DELETE:
            return orjson.dumps([change.target_id, change.version or UNCHECKED])
        after = change.after or {}
        if change.along:
            after = {**change.along, **after}
        key = self._key if change.action is Action.CREATE else None
        record = self._plain.made(after)
        if record is None or (key in record and len(record[key]["value"]) > KEY_LENGTH):
            self.check(change)
            self._must_be_ours(after, change)
            record = self._payloads.made(self._whole(after, change.before or {}))
        if change.action is Action.UPDATE:
            version = change.version or UNCHECKED
            return _json({"id": change.target_id, "revision": version, "record": record}, change)
        if key is None:
            return _json(record, change)
        value = record.pop(key)["value"]
        return _json({"updateKey": {"field": key, "value": value}, "record": record}, change)

    def _whole(self, after: Mapping[str, Value], before: Mapping[str, Value]) -> Mapping[str, Value]:
        """Tables whole, since a row that is named by some of its cells loses the others."""
        tables = [table for table in self._tables if table.name in after]
        return {**after, **{table.name: table.whole(after[table.name], before.get(table.name)) for table in tables}}

    def _must_be_ours(self, after: Mapping[str, Value], change: Change) -> None:
        for name in self._holders:
            if any(file.system != self._system for file in files_in(after.get(name))):
                raise _never(change, name, "its file was not uploaded to Kintone before")


class _Table:
    """A table of a form."""

    def __init__(self, field: Field) -> None:
        self.name = field.name
        self._known = cells_of(field).keys()
        self._columns = columns_of(field)
        """Those that take values."""

    def plain(self, value: Value) -> bool:
        """Whether `check` would find nothing, and no file is in it: a fifth of looking for them."""
        if value.__class__ is not tuple:
            return False
        known, plain = self._known, PLAIN.issuperset
        for row in value:
            if row.__class__ is not dict or not row.keys() <= known or not plain(map(type, row.values())):
                return False
        return True

    def check(self, value: Value, change: Change) -> None:
        """Raises Refused for a column that the table does not have."""
        for row in rows_of(value):
            for name in row.keys() - self._known:
                raise _never(change, self.name, f"the table {self.name} has no column {name}")

    def whole(self, value: Value, before: Value) -> Value:
        """Its rows with the cells that they do not name, out of the rows that stand; a text stays, to be refused."""
        if value.__class__ is str:
            return value
        rows = completed(self._columns, rows_of(value), before, cell_stored)
        return tuple({name: row[name] for name in self._columns if name in row} for row in rows)


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


def _must_fit(field: Field, text: str, room: int, change: Change) -> None:
    """An integer part with more digits than the app's precision leaves is refused (observed)."""
    if is_number(text) and len(number_text(text, 0, "DOWN").lstrip("-")) > room:
        raise _never(change, field.name, f"the number has more than {room} digits before the decimal point")


def _json(body: Mapping[str, object], change: Change) -> bytes:
    """Raises Refused for text that is no Unicode (lone surrogates): JSON cannot hold it."""
    try:
        return orjson.dumps(body)
    except TypeError as error:
        raise _never(change, None, f"a value cannot be sent: {error}") from error


def _never(change: Change, field: str | None, why: str) -> Refused:
    key = ", ".join(map(text_of, change.key)) or (None if change.origin is None else change.origin.id)
    return Refused(Problem(code=Refused.code, summary=why, place=Place(record=key, field=field)))
