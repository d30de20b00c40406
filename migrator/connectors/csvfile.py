"""csv: files of rows with a header. Every value is text; the dialect is declared, never guessed."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TextIO

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
from migrator.model.values import Collection, Field, File, Kind, Ref, Value

COLUMNS_MAX: Final = 10_000
"""Columns of a file."""
CELL_MAX: Final = 16 * 2**20
"""Characters of a cell; Python's own limit of 128 KiB is too small for texts that people keep."""
_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    """A folder, and the dialect of its files."""

    path: str = field(metadata=about("Folder of the files, relative to the playbook.", examples=("data",)))
    delimiter: str = field(default=",", metadata=about("What stands between cells.", examples=(";", "\t")))
    quote: str = field(default='"', metadata=about("What stands around cells that need it; doubled inside."))
    encoding: str = field(
        default="utf-8", metadata=about("Of the text; a byte order mark is taken off.", examples=("cp932",))
    )


class CsvFile(Target):
    """A folder of csv files."""

    medium: ClassVar[Literal["http", "file"]] = "file"
    Options: ClassVar[type] = CsvOptions
    ReadOptions: ClassVar[type] = ReadOptions
    WriteOptions: ClassVar[type] = WriteOptions

    def __init__(self, options: CsvOptions, wire: Wire) -> None:
        self._options = options
        self._form = CsvForm(options)
        self._folder = Folder(wire, self._form)

    @classmethod
    def address(cls, options: CsvOptions) -> str:
        """The folder as written."""
        return options.path

    @classmethod
    def check(cls, options: CsvOptions) -> tuple[str, ...]:
        """A dialect that cannot be read."""
        wrong = []
        if len(options.delimiter) != 1 or options.delimiter in "\r\n":
            wrong.append("delimiter must be one character")
        if len(options.quote) != 1 or options.quote in "\r\n" or options.quote == options.delimiter:
            wrong.append("quote must be one character, other than the delimiter")
        if not _is_encoding(options.encoding):
            wrong.append(f'there is no encoding "{options.encoding}": utf-8, cp932 and latin-1 are some')
        return tuple(wrong)

    def capabilities(self, options: Any, collection: Collection | None = None) -> Capabilities:
        """The same for all options."""
        return CAPABILITIES

    def identity(self) -> str:
        """`csv:` and the folder as written."""
        return f"csv:{self._options.path}"

    def describe(self, collection: str, options: Any) -> Collection:
        """Columns by the header. A target may be absent: then its first write makes it."""
        return self._folder.describe(collection, options)

    def read(self, query: Query) -> Iterator[Page]:
        """Every row. Raises BadAnswer with row and column for one that cannot be read."""
        return self._folder.read(query)

    def whereabouts(self, query: Query, places: frozenset[int]) -> Mapping[int, str]:
        """Lines of the file."""
        return self._folder.whereabouts(query, places)

    def fold(self, field: Field | None, value: Value) -> str:
        """The text itself."""
        return key_part(value)

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """Text; null and an empty text are one."""
        return {name: value if isinstance(value, Ref) else _cell(name, value) for name, value in fields.items()}

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """A line of the part. Raises Refused for what no cell of this encoding holds."""
        return self._folder.staged(writing, change, self._cells(change.after or {}))

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """One append."""
        return self._folder.append(batches)

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """Done for each: what is appended is there."""
        return self._folder.results(batches, answer)

    def complete(self, writings: tuple[Writing, ...], stamp: str | None) -> str | None:
        """Merge what is staged into the file. Raises Conflict where it changed since planning."""
        return self._folder.merge(writings, stamp)

    def _cells(self, fields: Mapping[str, Value]) -> Row:
        cells: Row = {}
        for name, value in fields.items():
            text = _cell(name, value)
            try:
                text.encode(self._options.encoding)
            except UnicodeEncodeError as error:
                told = f"{error.object[error.start]!r} cannot be written in {self._options.encoding}"
                raise unwritable(name, told, "take another `encoding`, or `replace` it") from None
            cells[name] = text
        return cells


class CsvForm:
    """Rows as csv."""

    def __init__(self, options: CsvOptions) -> None:
        self._options = options
        self._dialect: dict[str, Any] = {
            "delimiter": options.delimiter,
            "quotechar": options.quote,
            "strict": True,
            "doublequote": True,
        }
        self._needs_quotes = re.compile(f"[{re.escape(options.delimiter + options.quote)}\r\n\ufeff]").search

    def fields(self, path: Path, name: str) -> dict[str, Field] | None:
        """Each column of the header as a text field. Raises BadAnswer."""
        with self._opened(path) as file:
            header = next(self._cut(file, name), None)
        return None if header is None else {column: Field(name=column, kind=Kind.TEXT) for column in header[1]}

    def rows(self, path: Path, name: str, wanted: frozenset[str] | None) -> Iterator[tuple[int, Row]]:
        """Line of its end, and row; blank lines are none. Raises BadAnswer for a ragged one."""
        return unmoved(path, name, self._rows(path, name, wanted))

    def _rows(self, path: Path, name: str, wanted: frozenset[str] | None) -> Iterator[tuple[int, Row]]:
        with self._opened(path) as file:
            rows = self._cut(file, name)
            _, header = next(rows, (0, []))
            places = [(place, column) for place, column in enumerate(header) if wanted is None or column in wanted]
            size = len(header)
            for line, cells in rows:
                if len(cells) != size:
                    told = f"the row has {len(cells)} cells, the header {size}"
                    column = min(len(cells), size) + 1
                    raise bad_row("FI003", name, line, told, column=column, hint="is a delimiter inside a cell?")
                yield line, {column: cells[place] for place, column in places}

    def written(self, rows: Iterable[Row], names: Sequence[str], like: Path | None) -> Iterator[bytes]:
        """Header and rows, with the byte order mark and the line ends of the file before."""
        marked, ends = (False, "\n") if like is None else self._manners(like)
        encode = codecs.getincrementalencoder(self._options.encoding)().encode
        if marked:
            yield codecs.BOM_UTF8
        yield encode(self._line(names) + ends)
        left = iter(rows)
        while some := list(itertools.islice(left, _ROWS)):
            yield encode("".join([self._line(_in_order(row, names)) + ends for row in some]))

    def _line(self, cells: Sequence[str]) -> str:
        """A row without its end. The library's writer leaves a lone CR unquoted, which no reader takes back."""
        quote, needs = self._options.quote, self._needs_quotes
        if list(cells) == [""]:
            return quote + quote
        written = [quote + cell.replace(quote, quote * 2) + quote if needs(cell) else cell for cell in cells]
        return self._options.delimiter.join(written)

    def _manners(self, path: Path) -> tuple[bool, str]:
        with path.open("rb") as file:
            start = file.read(65_536)
        crlf = b"\r\n" in start.replace(b"\x00", b"")
        return start.startswith(codecs.BOM_UTF8) and self._options.encoding != "utf-8-sig", "\r\n" if crlf else "\n"

    def _opened(self, path: Path) -> TextIO:
        utf8 = codecs.lookup(self._options.encoding).name == "utf-8"
        return path.open(encoding="utf-8-sig" if utf8 else self._options.encoding, newline="")

    def _cut(self, file: TextIO, name: str) -> Iterator[tuple[int, list[str]]]:
        """Line and cells, the header first and checked. Raises BadAnswer."""
        csv.field_size_limit(CELL_MAX)
        reader = csv.reader(file, **self._dialect)
        try:
            header = next((cells for cells in reader if cells), None)
            if header is None:
                return
            _check_header(header, name, reader.line_num)
            yield reader.line_num, header
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise bad_row("FI004", name, reader.line_num, f"the row cannot be read: {error}", hint=_HINT) from None
        except UnicodeDecodeError as error:
            told = f"the text is not {self._options.encoding}: byte 0x{error.object[error.start]:02x}"
            hint = "`encoding` of the system says how it is written"
            raise bad_row("FI005", name, reader.line_num + 1, told, hint=hint) from None


_HINT: Final = "a quote inside a cell is doubled; `delimiter` and `quote` of the system say what they are"


def _check_header(header: list[str], name: str, line: int) -> None:
    if len(header) > COLUMNS_MAX:
        raise bad_row("FI006", name, line, f"the header has more than {COLUMNS_MAX:,} columns")
    seen: set[str] = set()
    for place, column in enumerate(header, 1):
        if not column or column in seen:
            told = f'the column "{column}" stands twice' if column else f"column {place} has no name"
            raise bad_row("FI006", name, line, told, column=place, hint="name each column once in the header")
        seen.add(column)


def _in_order(row: Row, names: Sequence[str]) -> list[str]:
    return [str(row.get(name) or "") for name in names]


def _cell(name: str, value: Value) -> str:
    """A value as a cell. Raises Refused for lists, maps and files."""
    if isinstance(value, (tuple, Mapping, File, Ref)):
        raise unwritable(name, f'"{name}": a cell holds one text', "`| join` or `| to_json` makes one")
    return key_part(value)


def _is_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding  # the one mark that tells text codecs from base64 and the like
    except LookupError:
        return False
