"""Reading an app: by record id, by cursor, by keys or ids. Pages are cut into raw records, parsed one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
import orjson

from migrator.connectors.kintone.answers import body_of, strange
from migrator.connectors.kintone.query import Wanted, any_of
from migrator.connectors.kintone.values import to_record
from migrator.contract import Answer, Call, Page, Wire
from migrator.errors import CountDrift
from migrator.model.values import Record

PAGE = 500
"""Records an answer holds at most, values of one `in` condition that we ask for."""

JSON = {"Content-Type": "application/json"}
_AS_GET = {**JSON, "X-HTTP-Method-Override": "GET"}
"""A GET that may be long: the server refuses addresses over 8 KB."""


class _Found(msgspec.Struct):
    records: list[msgspec.Raw]
    totalCount: str | None = None  # noqa: N815  the vendor's name
    next: bool = False


class _Id(msgspec.Struct):
    value: str


class _Numbered(msgspec.Struct):
    id: _Id = msgspec.field(name="$id")


class Opened(msgspec.Struct):
    """A cursor."""

    id: str
    totalCount: str  # noqa: N815  the vendor's name


_found = msgspec.json.Decoder(_Found)
_numbered = msgspec.json.Decoder(_Numbered)
_opened = msgspec.json.Decoder(Opened)


class Reading:
    """Reads of one app, with the fields wanted (None: all)."""

    def __init__(self, wire: Wire, root: str, app: str, fields: tuple[str, ...] | None, system: str) -> None:
        self._wire = wire
        self._root = root
        self._app = app
        self._system = system
        self._fields = {} if fields is None else {"fields": ["$id", "$revision", *sorted(set(fields))]}

    def count(self, condition: str) -> int:
        """How many records fit. Raises BadAnswer where the total is missing."""
        params = {"app": self._app, "query": f"{condition} limit 1".strip(), "fields": ["$id"], "totalCount": True}
        answer = self._wire.ask(self._call(params))
        return self._total(self._decoded(_found, answer).totalCount)

    def by_id(self, wanted: Wanted) -> Iterator[Page]:
        """Key-set pages upwards by id: each asks for what lies behind the last record of the one before.

        A record that is added meanwhile comes at the end, one that is deleted meanwhile may be missing.
        """
        read, last, total = 0, 0, -1
        while True:
            answer = self._wire.ask(self._after(wanted.condition, last, total < 0))
            found = self._decoded(_found, answer)
            total = self._total(found.totalCount) if total < 0 else total
            size = len(found.records)
            if size:
                before, last = last, self._ids(found.records[-1])
                self._must(last >= before + size, "the pages repeat or are out of order")
                yield Page(records=self._rising(found.records, before), size=size, total=total)
            read += size
            if size < PAGE:
                break
        self.whole(read, total, wanted.condition)

    def looked_up(self, conditions: Iterable[str]) -> Iterator[Page]:
        """One Page per condition, in order, several asked ahead. An empty condition brings nothing and costs nothing.

        More than 500 hits (a key that is not unique) are read on by id.
        """
        kept: list[str] = []

        def calls() -> Iterator[Call]:
            for condition in conditions:
                kept.append(condition)
                if condition:
                    yield self._after(condition, 0, total=False)

        answers = self._wire.stream(calls())
        try:
            for answer in answers:
                yield from _empty(kept)
                yield self._hits(kept.pop(0), self._decoded(_found, answer).records)
            yield from _empty(kept)
        finally:
            close = getattr(answers, "close", None)
            if close is not None:
                close()

    def _hits(self, condition: str, raws: list[msgspec.Raw]) -> Page:
        while len(raws) % PAGE == 0 and raws:
            answer = self._wire.ask(self._after(condition, self._ids(raws[-1]), total=False))
            more = self._decoded(_found, answer).records
            if not more:
                break
            raws += more
        return Page(records=self._rising(raws, 0), size=len(raws))

    # ------------------------------------------------------------ cursors

    def open_cursor(self, query: str) -> Opened:
        """A cursor over a query with an order; the server holds ten of them for ten minutes each."""
        body = {"app": self._app, "query": query, "size": PAGE, **self._fields}
        path = f"{self._root}/records/cursor.json"
        call = self._request("POST", path, body, JSON)  # made twice, one goes by itself after ten minutes
        opened: Opened = self._decoded(_opened, self._wire.ask(call))
        return opened

    def turn(self, cursor: Opened) -> tuple[Page, list[int], bool]:
        """The cursor's next page, its ids, and whether more is to come. Asked twice it would lose a page."""
        path = f"{self._root}/records/cursor.json?id={quote(cursor.id, safe='')}"
        call = Call(method="GET", path=path, kind="read", repeatable=False, quota=self._app)
        found = self._decoded(_found, self._wire.ask(call))
        ids = [self._ids(raw) for raw in found.records]
        total = self._total(cursor.totalCount)
        return Page(records=self._parsed(found.records), size=len(ids), total=total), ids, found.next

    def close_cursor(self, cursor: Opened) -> None:
        """Frees it; it may be gone."""
        self._wire.ask(self._request("DELETE", f"{self._root}/records/cursor.json", {"id": cursor.id}, JSON))

    # ------------------------------------------------------------ calls and answers

    def _after(self, condition: str, last: int, total: bool) -> Call:
        where = Wanted(condition, "").narrowed(f"$id > {last}")
        params = {"app": self._app, "query": f"{where} order by $id asc limit {PAGE}", **self._fields}
        return self._call({**params, "totalCount": True} if total else params)

    def _call(self, params: dict[str, Any]) -> Call:
        path = f"{self._root}/records.json"
        return self._request("POST", path, params, _AS_GET)

    def _request(self, method: str, path: str, params: dict[str, Any], headers: dict[str, str]) -> Call:
        body = orjson.dumps(params)
        return Call(
            method=method, path=path, kind="read", repeatable=True, body=body, headers=headers, quota=self._app
        )

    def _decoded(self, decoder: msgspec.json.Decoder[Any], answer: Answer) -> Any:
        body = body_of(answer, self._app)
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise strange(self._app, f"the answer is not what its docs tell: {error}", body) from error

    def _ids(self, raw: msgspec.Raw) -> int:
        try:
            return int(_numbered.decode(raw).id.value)
        except (msgspec.DecodeError, ValueError) as error:
            raise strange(self._app, "a record came without a numeric $id", bytes(raw)) from error

    def _total(self, told: str | None) -> int:
        self._must(told is not None and told.isdecimal(), "the announced total is missing")
        return int(told or 0)

    def whole(self, read: int, total: int, condition: str) -> None:
        """All announced records came. Raises CountDrift where some were deleted meanwhile, else BadAnswer."""
        if read < total:
            now = self.count(condition)
            self._must(read >= now, f"{read} records came, {now} fit the query")
            raise CountDrift(
                f"app {self._app} changed while it was read: {total} records were announced, {read} came",
                announced=total,
                got=read,
            )

    def _rising(self, raws: Sequence[msgspec.Raw], last: int) -> Iterator[Record]:
        for record in self._parsed(raws):
            self._must(int(record.id) > last, f"record {record.id} came twice or out of order")
            last = int(record.id)
            yield record

    def _parsed(self, raws: Sequence[msgspec.Raw]) -> Iterator[Record]:
        for raw in raws:
            try:
                yield to_record(orjson.loads(bytes(raw)), self._system)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise strange(self._app, f"a record is not what the docs tell: {error!r}", bytes(raw)) from error

    def _must(self, holds: bool, why: str) -> None:
        if not holds:
            raise strange(self._app, why)


def _empty(kept: list[str]) -> Iterator[Page]:
    """Pages for the conditions at the front that ask for nothing."""
    while kept and not kept[0]:
        kept.pop(0)
        yield Page(records=(), size=0)


def one_of(field: str, values: Sequence[str]) -> str:
    """The condition of one look-up; empty for no values."""
    return any_of(field, values) if values else ""
