"""A file in a folder as a collection: what csv and jsonl have in common, whatever the form of their rows."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

import orjson

from migrator.connectors.staging import Row, Staged, id_of, staged_line
from migrator.contract import (
    Answer,
    Batch,
    Call,
    Capabilities,
    Creates,
    Done,
    Page,
    Query,
    Recheck,
    Result,
    Unknown,
    Wire,
    Writing,
)
from migrator.errors import BadAnswer, Conflict, NotFound, Refused
from migrator.model.described import about
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem
from migrator.model.values import Collection, Field, File, Record, quick_record

PAGE: Final = 500
"""Records a page."""
BATCH: Final = 1_000
"""Changes an append."""
ABSENT: Final = "absent"
"""Stamp of a file that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which columns tell where a record came from."""

    id: str | tuple[str, ...] | None = field(
        default=None,
        metadata=about("Column or columns of the origin's id; else the rendered key is it.", examples=("no",)),
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """As a tuple."""
        return (self.id,) if isinstance(self.id, str) else self.id or ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How to write: nothing to choose."""


class Form(Protocol):
    """How rows stand in a file."""

    def fields(self, path: Path, name: str) -> dict[str, Field] | None:
        """The fields that every row has; None: the form, or an empty file, does not tell. Raises BadAnswer."""
        ...

    def rows(self, path: Path, name: str, wanted: frozenset[str] | None) -> Iterator[tuple[int, Row]]:
        """Line number (from 1) and row; None wants every field. Raises BadAnswer with file, line and column."""
        ...

    def written(self, rows: Iterable[Row], names: Sequence[str], like: Path | None) -> Iterator[bytes]:
        """The whole content of a file; `names` are the columns, `like` is the file in whose place it comes."""
        ...


CAPABILITIES: Final = Capabilities(
    page_max=PAGE,
    ordered=True,
    batch_max={Action.CREATE: BATCH, Action.UPDATE: BATCH, Action.DELETE: BATCH},
    batch_atomic=True,
    creates=Creates.BY_ID,
    recheck=Recheck.NONE,
    settle=0,
    marker_field=False,
    cannot={Action.UPLOAD: "a file holds no other files", Action.ACT: "a file has no calls of its own"},
)
"""A record's id is its key, so a second create of it is the same record; the stamp guards the whole file."""


class Folder:
    """The files of one folder in one form, read and written through its wire."""

    def __init__(self, wire: Wire, form: Form) -> None:
        self._wire = wire
        self._form = form

    def describe(self, name: str, options: ReadOptions | WriteOptions | None) -> Collection:
        """Fields and stamp. A target may be absent. Raises NotFound (an id's column too), BadAnswer, Unreachable."""
        id_ = posixpath.normpath(name)
        path, _ = self._stat(id_)
        if path is None and not isinstance(options, WriteOptions):
            raise NotFound(f'there is no file "{name}" in the folder "{self._wire.origin}"')
        stamp = self._stamp(id_)
        fields = None if path is None else self._form.fields(path, id_)
        if fields is not None and isinstance(options, ReadOptions):
            _check_columns(id_, options.columns, fields)
        name = posixpath.basename(id_)
        return Collection(id=id_, name=name, fields=fields, closed=fields is not None, stamp=stamp)

    def read(self, query: Query) -> Iterator[Page]:
        """All rows; a target is read back with what is staged. Raises BadAnswer, also for a file that moved."""
        name = query.collection.id
        path, part = self._stat(name)
        columns = query.read.columns if isinstance(query.read, ReadOptions) else ()
        if query.write is not None:
            columns = query.key or columns
        wanted = None if query.fields is None else frozenset(query.fields).union(columns)
        if query.write is None or part is None:
            rows = iter(()) if path is None else self._form.rows(path, name, wanted)
            yield from _pages(rows, name, columns, named=query.write is None)
            return
        staged = Staged(part, self._stamp(name))
        plain = () if path is None else (row for _, row in self._form.rows(path, name, None))
        over = enumerate(staged.over(plain, _keyed(columns)), 2)
        yield from _pages(over, name, columns, named=False)

    def whereabouts(self, query: Query, places: frozenset[int]) -> dict[int, str]:
        """Lines of the nth rows; the file is read again."""
        path, _ = self._stat(query.collection.id)
        rows = () if path is None else self._form.rows(path, query.collection.id, frozenset())
        return {nth: f"line {line}" for nth, (line, _) in enumerate(rows, 1) if nth in places}

    def staged(self, writing: Writing, change: Change, fields: Row) -> bytes:
        """The change as a line of the part. Raises Refused for a step without a key."""
        key = writing.write.key
        if not key:
            raise Refused(_problem("FI010", "a file as a target needs `key`", hint="a record's id is its key there"))
        record = change.target_id if change.target_id is not None else id_of(change.key)
        if change.action is Action.CREATE:
            fields = {**dict.fromkeys(key), **fields}
        return staged_line(writing.collection.stamp, record, change.action, fields)

    def append(self, batches: tuple[Batch, ...]) -> Call:
        """The request that stages these batches."""
        lines = b"".join(item.part for batch in batches for item in batch.items)
        name = batches[0].writing.collection.id
        return Call(method="APPEND", path=quote(name), kind="write", repeatable=True, body=lines)

    def results(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """One Done a change: the id is the key that it has now."""
        items = [(batch.action, item) for batch in batches for item in batch.items]
        if answer.status != 200:
            return tuple(Unknown(reason=f"the folder answered {answer.status}") for _ in items)
        deleted = Action.DELETE
        return tuple(
            Done(target_id=item.target_id or "" if action is deleted else id_of(item.key)) for action, item in items
        )

    def merge(self, writings: tuple[Writing, ...], stamp: str | None) -> str | None:
        """Put the staged changes into the file. Raises Conflict where it moved: then nothing was done."""
        name, key = writings[0].collection.id, writings[0].write.key
        path, part = self._stat(name)
        staged = Staged(part, stamp or "")
        if not staged:
            return self._stamp(name)
        names = list(self._form.fields(path, name) or ()) if path is not None else []
        names += [one for one in (*key, *staged.names) if one not in names]

        def content(_: File) -> Iterator[bytes]:
            plain = () if path is None else (row for _, row in self._form.rows(path, name, None))
            return self._form.written(staged.over(plain, _keyed(key)), list(dict.fromkeys(names)), path)

        return self._merged(name, stamp, content)

    def _merged(self, name: str, stamp: str | None, content: Callable[[File], Iterator[bytes]]) -> str:
        whole = File(name=posixpath.basename(name), size=None, media_type="text/plain")
        headers = {} if stamp is None else {"if-match": stamp}
        call = Call(
            method="MERGE", path=quote(name), kind="write", repeatable=True, body=(b"", whole, b""), headers=headers
        )
        answer = self._wire.send(call, content).result()
        if answer.status == 412:
            summary = f'the file "{name}" changed since planning: nothing was written to it'
            raise Conflict(_problem("FI011", summary, hint="plan again; what was staged for the old file is void"))
        return self._told(answer)["stamp"]

    def _stat(self, name: str) -> tuple[Path | None, Path | None]:
        """Where the file and its part are; None for what is not there."""
        answer = self._ask("STAT", name)
        told = self._told(answer)
        return Path(told["path"]) if answer.status == 200 else None, Path(told["part"]) if told.get("part") else None

    def _stamp(self, name: str) -> str:
        return self._told(self._ask("STAMP", name))["stamp"]

    def _ask(self, method: str, name: str) -> Answer:
        return self._wire.ask(Call(method=method, path=quote(name), kind="read", repeatable=True))

    def _told(self, answer: Answer) -> dict[str, str]:
        told: dict[str, str] = orjson.loads(answer.body)
        return told


def unmoved(path: Path, name: str, lines: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    """The rows; raises BadAnswer at their end where the file grew or was replaced while it was read."""
    before = path.stat()
    yield from lines
    after = path.stat()
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (after.st_ino, after.st_size, after.st_mtime_ns):
        raise BadAnswer(_problem("FI001", f'the file "{name}" changed while it was read', hint="read it again"))


def bad_row(code: str, name: str, line: int, summary: str, *, column: int | None = None, hint: str = "") -> BadAnswer:
    """A row that cannot be read, with its place."""
    return BadAnswer(_problem(code, summary, Place(file=name, line=line, column=column), hint))


def unwritable(field_name: str, summary: str, hint: str = "") -> Refused:
    """A value that the file's form cannot hold."""
    return Refused(_problem("FI012", summary, Place(field=field_name), hint))


def _problem(code: str, summary: str, place: Place | None = None, hint: str = "") -> Problem:
    return Problem(code=code, summary=summary, place=place, hint=hint)


def _check_columns(name: str, columns: Sequence[str], fields: Mapping[str, Field]) -> None:
    """Raises NotFound where an id is to be read from a column that there is not."""
    for column in columns:
        if column not in fields:
            listed = ", ".join(list(fields)[:20])
            summary = f'the file "{name}" has no column "{column}", which `source.query.id` names'
            raise NotFound(summary, hint=f"its columns: {listed}")


def _keyed(columns: Sequence[str]) -> Callable[[Row], str]:
    return lambda row: id_of([row.get(column) for column in columns])


def _pages(rows: Iterator[tuple[int, Row]], name: str, columns: Sequence[str], *, named: bool) -> Iterator[Page]:
    """Pages of records; `named`: the columns must tell an id in every row."""
    while some := list(islice(rows, PAGE)):
        records = [_record(line, row, name, columns, named=named) for line, row in some]
        yield Page(records=records, size=len(records))


def _record(line: int, row: Row, name: str, columns: Sequence[str], *, named: bool) -> Record:
    record = id_of([row.get(column) for column in columns]) if columns else ""
    if named and columns and not record:
        absent = [column for column in columns if column not in row]
        told = f"no id: there is no {', '.join(absent)}" if absent else f"no id: {', '.join(columns)} is empty"
        raise bad_row("FI002", name, line, told, hint="`source.query.id` names it")
    return quick_record(id=record, fields=row)
