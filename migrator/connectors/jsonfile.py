"""jsonl: files of one JSON object a line, read strictly. Values keep their types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import orjson

from migrator.codec.strict import StrictError, loads
from migrator.connectors.folder import (
    CAPABILITIES,
    Folder,
    ReadOptions,
    WriteOptions,
    bad_row,
    unmoved,
    unwritable,
)
from migrator.connectors.staging import Row, key_part
from migrator.contract import Answer, Batch, Call, Capabilities, Page, Query, Result, Target, Wire, Writing
from migrator.model.described import about
from migrator.model.lean import dataclass
from migrator.model.plan import Change
from migrator.model.values import Collection, Field, File, Ref, Value

LINE_MAX: Final = 64 * 2**20
"""Bytes of a line."""
_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlOptions:
    """A folder."""

    path: str = field(metadata=about("Folder of the files, relative to the playbook.", examples=("data",)))


class JsonFile(Target):
    """A folder of jsonl files."""

    medium: ClassVar[Literal["http", "file"]] = "file"
    Options: ClassVar[type] = JsonlOptions
    ReadOptions: ClassVar[type] = ReadOptions
    WriteOptions: ClassVar[type] = WriteOptions

    def __init__(self, options: JsonlOptions, wire: Wire) -> None:
        self._options = options
        self._folder = Folder(wire, JsonlForm())

    @classmethod
    def address(cls, options: JsonlOptions) -> str:
        """The folder as written."""
        return options.path

    def capabilities(self, options: Any, collection: Collection | None = None) -> Capabilities:
        """The same for all options."""
        return CAPABILITIES

    def identity(self) -> str:
        """`jsonl:` and the folder as written."""
        return f"jsonl:{self._options.path}"

    def describe(self, collection: str, options: Any) -> Collection:
        """Fields are not told: each line has its own. A target may be absent: then its first write makes it."""
        return self._folder.describe(collection, options)

    def read(self, query: Query) -> Iterator[Page]:
        """Every line. Raises BadAnswer with line and column for one that is no JSON object."""
        return self._folder.read(query)

    def whereabouts(self, query: Query, places: frozenset[int]) -> Mapping[int, str]:
        """Lines of the file."""
        return self._folder.whereabouts(query, places)

    def fold(self, field: Field | None, value: Value) -> str:
        """The text itself; 7 and "7" are one key."""
        return key_part(value)

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """The values themselves."""
        return fields

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """A line of the part. Raises Refused for files."""
        fields = dict(change.after or {})
        for name, value in fields.items():
            _check(name, value)
        return self._folder.staged(writing, change, fields)

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """One append."""
        return self._folder.append(batches)

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """Done for each: what is appended is there."""
        return self._folder.results(batches, answer)

    def complete(self, writings: tuple[Writing, ...], stamp: str | None) -> str | None:
        """Merge what is staged into the file. Raises Conflict where it changed since planning."""
        return self._folder.merge(writings, stamp)


class JsonlForm:
    """Rows as JSON objects, one a line."""

    def fields(self, path: Path, name: str) -> dict[str, Field] | None:
        """Not told."""
        return None

    def rows(self, path: Path, name: str, wanted: frozenset[str] | None) -> Iterator[tuple[int, Row]]:
        """Line and row; blank lines are none. Raises BadAnswer."""
        return unmoved(path, name, self._rows(path, name, wanted))

    def _rows(self, path: Path, name: str, wanted: frozenset[str] | None) -> Iterator[tuple[int, Row]]:
        with path.open("rb") as file:
            lines = iter(partial(file.readline, LINE_MAX + 1), b"")
            for number, line in enumerate(lines, 1):
                if len(line) > LINE_MAX:
                    raise bad_row("FI007", name, number, f"the line is longer than {LINE_MAX:,} bytes")
                if not line.isspace():
                    row = _parsed(line, name, number)
                    # most files hold what is wanted and no more
                    if wanted is not None and not wanted.issuperset(row):
                        row = {key: row[key] for key in row if key in wanted}
                    yield number, row

    def written(self, rows: Iterable[Row], names: Sequence[str], like: Path | None) -> Iterator[bytes]:
        """One line a row, each with its own names in their order."""
        left = iter(rows)
        while some := list(islice(left, _ROWS)):
            yield b"".join([orjson.dumps(row) + b"\n" for row in some])


def _parsed(line: bytes, name: str, number: int) -> Row:
    try:
        found = loads(line.rstrip(b"\r\n"))
    except StrictError as error:
        raise bad_row("FI008", name, number, error.message, column=error.column, hint=error.hint) from None
    if not isinstance(found, dict):
        raise bad_row("FI008", name, number, "the line is no JSON object", column=1, hint='such as {"no": "E1"}')
    if _PLAIN.issuperset(map(type, found.values())):
        return found
    return {key: value if type(value) in _PLAIN else _frozen(value) for key, value in found.items()}


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _frozen(value: Any) -> Value:
    """Lists as tuples, at any depth (the reader has bounded it)."""
    if isinstance(value, list):
        return tuple([_frozen(item) for item in value])
    return {key: _frozen(item) for key, item in value.items()} if isinstance(value, dict) else value


def _check(name: str, value: Value) -> None:
    if isinstance(value, (File, Ref)):
        raise unwritable(name, f'"{name}": files and refs have no JSON form', "`| sha256`, or the file's name")
    if isinstance(value, (tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            _check(name, item)
