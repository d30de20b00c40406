"""What an answer holds, as Records: decoded at once where all have one shape, else cut and taken one by one.

Taking them one by one is the authority on what is wrong with one. By shape they cost half of it (measured: 7 µs
instead of 14 for a record of 12 fields, a table among them).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import lt
from typing import Any, NamedTuple

import msgspec
import orjson

from migrator.connectors.kintone.answers import strange
from migrator.connectors.kintone.shape import NOT_A_RECORD, Shape, learned
from migrator.connectors.kintone.values import to_record
from migrator.model.values import Record

WORTH = 50
"""Records from which on an answer is worth learning its shape."""

_TRIES = 8
"""How often a reading learns: an app whose records differ so much is read one by one."""


class _Found(msgspec.Struct):
    records: list[msgspec.Raw]
    totalCount: str | None = None  # noqa: N815  the vendor's name
    next: bool = False


class _Id(msgspec.Struct):
    value: str


class _Numbered(msgspec.Struct):
    id: _Id = msgspec.field(name="$id")


NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for bytes that are none, or that nest by the thousand."""

_found = msgspec.json.Decoder(_Found)
_numbered = msgspec.json.Decoder(_Numbered)


class Cut:
    """Records of an answer, each parsed when it is its turn."""

    def __init__(self, raws: Sequence[msgspec.Raw], app: str, system: str) -> None:
        self._raws = raws
        self._app = app
        self._system = system

    def __len__(self) -> int:
        return len(self._raws)

    def last(self) -> int:
        """The id of the last one. Raises BadAnswer, as all here do, for one that is not what the docs tell."""
        return self._id(self._raws[-1])

    def ids(self) -> list[int]:
        """Of all."""
        return [self._id(raw) for raw in self._raws]

    def records(self) -> Iterator[Record]:
        """In the order of the answer."""
        for raw in self._raws:
            try:
                yield to_record(orjson.loads(bytes(raw)), self._system)
            except NOT_A_RECORD as error:
                raise strange(self._app, f"a record is not what the docs tell: {error!r}", bytes(raw)) from error

    def rising(self, after: int) -> Iterator[Record]:
        """The same, with ids that rise behind `after`."""
        return _rising(self.records(), after, self._app)

    def shape(self, before: Shape | None) -> Shape | None:
        """That all of them may have."""
        return learned(self._raws, self._system, before)

    def _id(self, raw: msgspec.Raw) -> int:
        try:
            return int(_numbered.decode(raw).id.value)
        except (*NOT_JSON, ValueError) as error:
            raise strange(self._app, "a record came without a numeric $id", bytes(raw)) from error


class Shaped:
    """Records of an answer that has a shape; nothing is wrong with any of them but their order."""

    def __init__(self, found: Sequence[Any], shape: Shape, app: str) -> None:
        """Raises ValueError for an id that is no number."""
        self._found = found
        self._shape = shape
        self._app = app
        self._ids = [int(id_) for id_ in map(shape.id_of, found)]

    def __len__(self) -> int:
        return len(self._found)

    def last(self) -> int:
        """The id of the last one."""
        return self._ids[-1]

    def ids(self) -> list[int]:
        """Of all."""
        return self._ids

    def records(self) -> Iterator[Record]:
        """In the order of the answer."""
        return map(self._shape.record, self._found)

    def rising(self, after: int) -> Iterator[Record]:
        """The same, with ids that rise behind `after`. Raises BadAnswer where they do not."""
        if all(map(lt, [after, *self._ids], self._ids)):
            return self.records()
        return _rising(self.records(), after, self._app)


class Sheet(NamedTuple):
    """An answer to a reading."""

    records: Cut | Shaped
    total: str | None
    """As announced; the text that came."""
    more: bool
    """Of a cursor."""


class Sheets:
    """Decodes the answers of one reading, and learns their shape."""

    def __init__(self, app: str, system: str, worth: int = WORTH) -> None:
        self._app = app
        self._system = system
        self._worth = worth
        self._shape: Shape | None = None
        self._tries = _TRIES

    def sheet(self, body: bytes) -> Sheet:
        """Raises BadAnswer."""
        shaped = self._shaped(body)
        if shaped is not None:
            return shaped
        try:
            found = _found.decode(body)
        except NOT_JSON as error:
            raise strange(self._app, f"the answer is not what its docs tell: {error}", body) from error
        records = Cut(found.records, self._app, self._system)
        if len(records) >= self._worth:
            self._tries -= 1
            self._shape = records.shape(self._shape) if self._tries >= 0 else None
            shaped = self._shaped(body)
        return shaped or Sheet(records, found.totalCount, found.next)

    def _shaped(self, body: bytes) -> Sheet | None:
        """The answer by its shape; None where it has another."""
        shape = self._shape
        if shape is None:
            return None
        try:
            found = shape.decode(body)
            return Sheet(Shaped(found.records, shape, self._app), found.totalCount, found.next)
        except (*NOT_JSON, ValueError):
            return None


def _rising(records: Iterator[Record], last: int, app: str) -> Iterator[Record]:
    for record in records:
        try:
            id_ = int(record.id)
        except (ValueError, TypeError) as error:
            raise strange(app, f"a record came without a numeric $id: {record.id!r}") from error
        if id_ <= last:
            raise strange(app, f"record {record.id} came twice or out of order")
        last = id_
        yield record
