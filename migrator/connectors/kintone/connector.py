"""The class that the program holds: each method is a few lines over the modules beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import orjson

from migrator.connectors.kintone.answers import LOCKED, body_of, strange
from migrator.connectors.kintone.cursor import CursorWalk
from migrator.connectors.kintone.form import DEFAULT_PRECISION, Precision, fields_of, moments_of, numbers_in
from migrator.connectors.kintone.options import Login, ReadOptions, WriteOptions
from migrator.connectors.kintone.options import Options as KintoneOptions
from migrator.connectors.kintone.query import Wanted, askable, parsed
from migrator.connectors.kintone.reading import PAGE, Reading, one_of
from migrator.connectors.kintone.results import results_of, uploaded
from migrator.connectors.kintone.stored import as_it_is, is_number, stored
from migrator.connectors.kintone.uploads import upload_of
from migrator.connectors.kintone.values import text_of, type_of
from migrator.connectors.kintone.writing import Form, call_of
from migrator.contract import (
    Answer,
    Auth,
    Batch,
    Call,
    Capabilities,
    Creates,
    Page,
    Query,
    Recheck,
    Result,
    Target,
    Wire,
    Writing,
)
from migrator.errors import Denied, NotFound, Refused
from migrator.model.plan import Action, Change
from migrator.model.problem import Place, Problem
from migrator.model.values import Collection, Field, File, Key, Kind, Value

RECORDS = 100
"""Records that one request adds, updates or deletes at most."""

_FINDABLE = frozenset({"SINGLE_LINE_TEXT", "LINK", "NUMBER", "RECORD_NUMBER"})
"""Types whose equal values a query can find; text areas know only a word search (vendor docs)."""

_STR = frozenset({str})

_CANNOT = {
    Action.ACT: "the status and the assignees of a Kintone record cannot be set yet",
}


class Kintone(Target):
    """One Kintone domain, or one of its guest spaces."""

    Options: ClassVar[type] = KintoneOptions
    ReadOptions: ClassVar[type] = ReadOptions
    WriteOptions: ClassVar[type] = WriteOptions

    def __init__(self, options: KintoneOptions, wire: Wire) -> None:
        self._options = options
        self._wire = wire
        self._walks: list[CursorWalk] = []
        self._forms: dict[int, Form] = {}
        """By the identity of the Writing that each holds: there is one a step."""
        host = urlsplit(options.address).netloc.rpartition("@")[2].lower()
        space = "" if options.guest_space is None else f"/guest/{options.guest_space}"
        self._identity = f"kintone:{host}{space}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the cursors of readings that nobody ended."""
        while self._walks:
            self._walks.pop().close()

    @classmethod
    def address(cls, options: KintoneOptions) -> str:
        """Base URL without a trailing slash."""
        return options.address

    @classmethod
    def check(cls, options: KintoneOptions) -> tuple[str, ...]:
        """What is wrong with the address and the login."""
        return tuple(options.problems())

    @classmethod
    def auth(cls, options: KintoneOptions) -> Auth:
        """Headers; there is no session."""
        return Login(options)

    @classmethod
    def busy(cls, answer: Answer) -> bool:
        """By status, and a failed database lock, which is a 400 (observed)."""
        return super().busy(answer) or (answer.status == 400 and any(code.encode() in answer.body for code in LOCKED))

    def capabilities(self, options: Any, collection: Collection | None = None) -> Capabilities:
        """The same for all options."""
        return Capabilities(
            page_max=PAGE,
            ordered=True,
            find=PAGE,
            find_kinds=frozenset({Kind.TEXT, Kind.NUMBER}),
            fetch_max=PAGE,
            batch_max={Action.UPLOAD: 1, Action.CREATE: RECORDS, Action.UPDATE: RECORDS, Action.DELETE: RECORDS},
            bundle=5,
            batch_atomic=True,
            creates=Creates.GUARDED,
            upsert=True,
            recheck=Recheck.VERSION,
            settle=0,
            in_flight=10,
            daily_quota=10_000,  # of an app in the standard course; the wide course has 100,000
            quota_reset="09:00 Asia/Tokyo",  # the manual counts 00:00 to 24:00 UTC, and tells it in this zone
            cannot=_CANNOT,
        )

    def identity(self) -> str:
        """`kintone:HOST` (with a port where one is given), and `/guest/N`. Sends nothing."""
        return self._identity

    def describe(self, collection: str, options: Any) -> Collection:
        """Name and form of an app. Raises NotFound, LoginRefused, Denied, Refused (a query that cannot be read)."""
        app = _app_id(collection)
        if isinstance(options, ReadOptions):
            parsed(options.query)
        properties = self._get("app/form/fields.json", app).get("properties")
        if not isinstance(properties, dict):
            raise strange(app, "app/form/fields.json tells no fields")
        precision = self._precision(app) if numbers_in(properties) else DEFAULT_PRECISION
        return Collection(
            id=app,
            name=self._name(app),
            fields=fields_of(properties, precision),
            closed=True,
            moments=moments_of(properties),
        )

    def count(self, query: Query) -> int:
        """By a request for one record with the total."""
        return self._reading(query.collection, ()).count(self._wanted(query).condition)

    def read(self, query: Query) -> Iterator[Page]:
        """By id, or by a cursor where the query has an order of its own."""
        wanted, read = self._wanted(query), query.read or ReadOptions()
        fields = query.fields if query.fields is not None else read.fields
        reading = self._reading(query.collection, fields)
        if read.reading == "id" and wanted.order:
            raise Refused(_order_lost(query.collection.id))
        if read.reading == "cursor" or wanted.order:
            walk = CursorWalk(reading, query.collection.id, wanted)
            self._walks.append(walk)
            return walk.pages()
        return reading.by_id(wanted)

    def open(self, file: File) -> Iterator[bytes]:
        """A file of a record; the key of an upload does not download."""
        path = f"{self._options.root}/file.json?fileKey={quote(file.where, safe='')}"
        return self._wire.download(Call(method="GET", path=path, kind="read", repeatable=True))

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        """By `$id in (…)`; an id that is no number is of no record."""
        conditions = (one_of("$id", [id_ for id_ in ids if id_.isdecimal()]) for ids in pages)
        return self._reading(collection, fields).looked_up(conditions, unique=True)

    def find(
        self,
        collection: Collection,
        key: tuple[str, ...],
        pages: Iterable[Sequence[Key]],
        fields: tuple[str, ...] | None,
    ) -> Iterator[Page]:
        """By `KEY in (…)`. Raises Refused for a field whose equal values no query finds.

        Values that no record can have (no number in a number field) or no query can hold (control characters)
        are left out: nothing is found for them.
        """
        (name,) = key
        field = (collection.fields or {}).get(name)
        if field is not None and type_of(field) not in _FINDABLE:
            raise Refused(_not_findable(collection.id, name))
        conditions = (one_of(name, _sought(field, page)) for page in pages)
        reading = self._reading(collection, None if fields is None else (*fields, name))
        return reading.looked_up(conditions, unique=field is not None and field.unique)

    def fold(self, field: Field | None, value: Value) -> str:
        """Numbers, dates and times by value; texts as they are."""
        if value.__class__ is str and as_it_is(field):
            return value
        seen = stored(field, value)
        return text_of(seen) if not isinstance(seen, tuple) else str(seen)

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """Numbers rounded, dates and times in their one form, lists as sets, tables row by row."""
        known, stood = writing.collection.fields or {}, before or {}
        return {name: stored(known.get(name), value, stood.get(name)) for name, value in fields.items()}

    def check_change(self, writing: Writing, change: Change) -> None:
        """Raises Refused for a file that is too large, an unknown column, a number or an update key too long."""
        self._form(writing).check(change)

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """The record's part of the body. Raises Refused for what can never be sent."""
        return self._form(writing).part(change)

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """records.json for one batch, bulkRequest.json for several; file.json for an upload."""
        if batches[0].action is Action.UPLOAD:
            return upload_of(self._options.root, batches[0])
        return call_of(self._options.root, batches)

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """By id; creates by their place; an upload by its key."""
        if batches[0].action is Action.UPLOAD:
            return uploaded(batches, answer)
        return results_of(batches, answer)

    # ------------------------------------------------------------ what the methods share

    def _form(self, writing: Writing) -> Form:
        form = self._forms.get(id(writing))
        if form is None or form.writing is not writing:
            form = self._forms[id(writing)] = Form(writing, self._identity)
        return form

    def _wanted(self, query: Query) -> Wanted:
        return parsed(query.read.query) if query.read is not None else Wanted("", "")

    def _reading(self, collection: Collection, fields: tuple[str, ...] | None) -> Reading:
        known = collection.fields
        if fields is not None and known is not None:
            fields = tuple(name for name in fields if name in known)
        return Reading(self._wire, self._options.root, collection.id, fields, self.identity())

    def _get(self, api: str, app: str, parameter: str = "app") -> Any:
        path = f"{self._options.root}/{api}?{parameter}={app}"
        body = body_of(self._wire.ask(Call(method="GET", path=path, kind="read", repeatable=True, quota=app)), app)
        try:
            return dict(orjson.loads(body))
        except (ValueError, TypeError) as error:
            raise strange(app, f"{api} is no JSON object", body) from error

    def _name(self, app: str) -> str:
        """The app's name; a login that may not ask for it sees the number."""
        try:
            return str(self._get("app.json", app, "id").get("name", app))
        except Denied:
            return f"app {app}"

    def _precision(self, app: str) -> Precision:
        """How the app's numbers are kept; the defaults where our login may not see the app's settings."""
        try:
            told = self._get("app/settings.json", app).get("numberPrecision") or {}
        except (Denied, Refused, NotFound):
            return DEFAULT_PRECISION
        places, rounding, digits = DEFAULT_PRECISION
        return (
            int(told.get("decimalPlaces", places)),
            str(told.get("roundingMode", rounding)),
            int(told.get("digits", digits)),
        )


def _app_id(collection: str) -> str:
    """`012` and `12` are one app. Raises NotFound for what is no number."""
    if not (collection.isascii() and collection.isdecimal() and int(collection)):
        raise NotFound(
            f"there is no app {collection!r}",
            hint="apps go by their number: 12 in https://acme.kintone.com/k/12/",
            place=Place(collection=collection),
        )
    return str(int(collection))


def _sought(field: Field | None, keys: Sequence[Key]) -> list[str]:
    """Key values as a condition takes them, each once."""
    values = [key[0] for key in keys]
    plain = _STR.issuperset(map(type, values)) and as_it_is(field)
    texts = dict.fromkeys(map(text_of, values if plain else [stored(field, value) for value in values]))
    texts.pop("", None)
    if not askable("".join(texts)):
        texts = dict.fromkeys(text for text in texts if askable(text))
    return [text for text in texts if is_number(text)] if type_of(field) == "NUMBER" else list(texts)


def _order_lost(app: str) -> Problem:
    return Problem(
        code=Refused.code,
        summary="`reading: id` cannot keep the order that the query asks for",
        hint="leave `order by` out, or set `reading: cursor`",
        place=Place(collection=app),
    )


def _not_findable(app: str, name: str) -> Problem:
    return Problem(
        code=Refused.code,
        summary=f"Kintone cannot look up records by the field {name}",
        detail="Only single-line text, links and numbers can be found by value; a text area has a word search alone.",
        hint="take another field as `key`",
        place=Place(collection=app, field=name),
    )
