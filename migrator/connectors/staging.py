"""Changes of a file that are staged beside it, and the file as it will be with them.

A line of the part is one change: `{"stamp": …, "id": …, "action": …, "fields": {…}}`. `stamp` is the beginning of the
sha256 of the file that the change was planned on: lines for another content are void, since the file moved under
them. `id` is the record's id, which is its key as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from migrator.errors import BadAnswer
from migrator.model.plan import Action
from migrator.model.values import Value

Row = dict[str, Value]
"""One record of a file: column or name -> value."""

_STAMP_CHARACTERS: Final = 16


def key_part(value: Value) -> str:
    """A key's part as text: 7 and "7" are one key in a file. Nothing is ""."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def id_of(values: Sequence[Value]) -> str:
    """A record's id out of its key: the text itself, of several parts a JSON list; "" where all parts are empty."""
    if len(values) == 1 and values[0].__class__ is str:  # nearly every record of a file
        return values[0]
    parts = [key_part(value) for value in values]
    if len(parts) == 1:
        return parts[0]
    return orjson.dumps(parts).decode() if any(parts) else ""


def staged_line(stamp: str | None, record: str, action: Action, fields: Mapping[str, Value]) -> bytes:
    """One change as a line of the part, its line break included."""
    line = {"stamp": _short(stamp), "id": record, "action": action.value, "fields": fields}
    return orjson.dumps(line) + b"\n"


def _short(stamp: str | None) -> str:
    return (stamp or "")[:_STAMP_CHARACTERS]


class Staged:
    """The changes of a part that count for the file as it stands. Memory: one entry a changed record."""

    def __init__(self, part: Path | None, stamp: str) -> None:
        self._part = part
        self._offsets: dict[str, list[int]] = {}
        self.names: dict[str, None] = {}
        """Fields that the changes name, in the order of their appearance."""
        if part is not None:
            self._read(part, _short(stamp))

    def __len__(self) -> int:
        return len(self._offsets)

    def _read(self, part: Path, stamp: str) -> None:
        with part.open("rb") as file:
            offset = 0
            for line in file:
                if line.endswith(b"\n"):
                    self._take(orjson.loads(line), offset, stamp)
                offset += len(line)

    def _take(self, line: Mapping[str, Any], offset: int, stamp: str) -> None:
        if line.get("stamp") == stamp and "merged" not in line:
            self._offsets.setdefault(line["id"], []).append(offset)
            self.names.update(dict.fromkeys(line["fields"]))

    def over(self, rows: Iterable[Row], key: Callable[[Row], str]) -> Iterator[Row]:
        """The rows with the changes: changed and deleted where they stand, new ones at the end, in plan order.

        Raises BadAnswer for a change of a record that is not there. Can be walked once.
        """
        if self._part is None or not self._offsets:
            yield from rows
            return
        with self._part.open("rb") as file:
            for row in rows:
                changed = self._changed(file, row, key(row), key)
                if changed is not None:
                    yield changed
            for record in list(self._offsets):
                made = self._changed(file, None, record, key)
                if made is not None:
                    yield made

    def _changed(self, file: BinaryIO, row: Row | None, record: str, key: Callable[[Row], str]) -> Row | None:
        """The row after its changes; one that gets another key takes the changes of that key too."""
        while (offsets := self._offsets.pop(record, None)) is not None:
            for offset in offsets:
                row = _applied(file, offset, row)
            if row is None:
                return None
            record = key(row)
        return row


def _applied(file: BinaryIO, offset: int, row: Row | None) -> Row | None:
    file.seek(offset)
    line = orjson.loads(file.readline())
    if line["action"] == Action.DELETE:
        return None
    if row is None and line["action"] == Action.UPDATE:
        raise BadAnswer(f'the staged update of record "{line["id"]}" finds no such record in the file')
    return {**(row or {}), **line["fields"]}
