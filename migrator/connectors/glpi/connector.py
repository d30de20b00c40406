"""The class that the program holds: each method is a few lines over the modules beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from migrator.connectors.glpi import answers, checks, query, reading
from migrator.connectors.glpi import options as words
from migrator.connectors.glpi.calls import READ, get, listing, of_type, search
from migrator.connectors.glpi.columns import known
from migrator.connectors.glpi.documents import create_of, number_and_digest, whole
from migrator.connectors.glpi.form import DOCUMENT, FILLED, Form, asked_beside, columns_of, fields_of, own_options
from migrator.connectors.glpi.instants import zone_of
from migrator.connectors.glpi.login import Session
from migrator.connectors.glpi.people import people_of
from migrator.connectors.glpi.records import Reader
from migrator.connectors.glpi.results import results_of
from migrator.connectors.glpi.stored import fold, stored
from migrator.connectors.glpi.text import ENCODES_UP_TO
from migrator.connectors.glpi.writing import call_of, companions_of, part_of
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
from migrator.errors import BadAnswer, Denied, NotFound
from migrator.model.people import Person
from migrator.model.plan import Action, Change
from migrator.model.values import Collection, Field, File, Key, Kind, Moments, Value

OLDEST = 10
"""Major version whose API knows how to give texts as they were meant. [source]"""

IN_FLIGHT = 4
"""Sessions that only read themselves run side by side. [observed: four writers are twice as fast]"""

BODY = 4_000_000
"""Bytes of a request: half of what PHP takes as it is shipped. [inferred]"""

MOST = 500
"""Items of one request: the answer names each in one header, of some 50 bytes an item. [observed; limit inferred]"""

_TYPES = 1000
"""Document types that are read; GLPI is shipped with 72. [observed]"""

_CANNOT = {
    Action.UPLOAD: "GLPI keeps files in documents, each made with its file: write to the collection Document",
    Action.ACT: "GLPI's massive actions are not carried out: its columns are written as fields",
}


class Glpi(Target):
    """One GLPI, seen by one login."""

    Options: ClassVar[type] = words.Options
    ReadOptions: ClassVar[type] = words.ReadOptions
    WriteOptions: ClassVar[type] = words.WriteOptions

    def __init__(self, options: words.Options, wire: Wire) -> None:
        self._options = options
        self._wire = wire
        self._major: int | None = None

    @classmethod
    def address(cls, options: words.Options) -> str:
        """The entry script."""
        return options.address

    @classmethod
    def check(cls, options: words.Options) -> tuple[str, ...]:
        """What is wrong with address and login."""
        return tuple(options.problems())

    @classmethod
    def auth(cls, options: words.Options) -> Auth:
        """A session."""
        return Session(options)

    def capabilities(self, options: Any, collection: Collection | None = None) -> Capabilities:
        """Bulk writes with a result an item; nothing guards a create."""
        write = options if isinstance(options, words.WriteOptions) else words.WriteOptions()
        batch = min(max(1, write.batch), MOST)
        return Capabilities(
            page_max=max(1, (options or write).page),
            ordered=True,
            find=1,
            find_kinds=frozenset({Kind.TEXT, Kind.NUMBER, Kind.REFERENCE}),
            find_fields=5,
            fetch_max=reading.FETCH,
            batch_max={Action.CREATE: batch, Action.UPDATE: batch, Action.DELETE: batch},
            batch_bytes=BODY,
            creates=Creates.UNGUARDED,
            recheck=Recheck.BY_IDS,
            read_kind=READ,
            in_flight=IN_FLIGHT,
            renew_after=frozenset({"Entity"}),
            whole_files=True,
            notes=tuple(_notes(self._wire.transfer.zone, collection)),
            cannot=_CANNOT,
        )

    def identity(self) -> str:
        """`glpi:HOST/PATH`: ids are the same in all entities and profiles. One read proves the login."""
        self._version()
        return f"glpi:{self._options.place}"

    # ------------------------------------------------------------ describing

    def describe(self, collection: str, options: Any) -> Collection:
        """Columns as the first item shows them and the table of types knows them, labels from listSearchOptions.

        Raises NotFound, Denied, Refused (a query that GLPI would ignore). `fields` is None of a type that no table
        knows and that has no item. The `extra` holds the form.
        """
        path = of_type(collection)
        found = self._ask(get(f"/listSearchOptions{path}"), collection)
        itemtype, item = self._first(path, collection, {})
        if not isinstance(found, dict):
            raise BadAnswer(f"GLPI's answers about {collection} are none that its docs know")
        if item is None and not known(itemtype):
            _, item = self._first(path, collection, {"is_deleted": "true"})
        options_of_type = own_options(itemtype, found)
        form = self._form(itemtype, item, options_of_type)
        if itemtype == DOCUMENT and isinstance(options, words.WriteOptions):
            form = replace(form, extensions=self._extensions())
        if isinstance(options, words.ReadOptions):
            query.check(form, options)
        fields = fields_of(form, options_of_type) if form.whole else None
        if fields is not None and isinstance(options, words.ReadOptions):
            fields |= asked_beside(options.blocks, bool(options.add_keys_names))
        moments = Moments(made="date_creation", changed="date_mod") if form.columns.keys() >= FILLED else None
        trash = ("is_deleted", 1, 0) if form.has("is_deleted") else None
        return Collection(
            id=itemtype, name=itemtype, fields=fields, moments=moments, trash=trash, extra={"form": form}
        )

    def _first(self, path: str, collection: str, words: Mapping[str, str]) -> tuple[str, Mapping[str, Any] | None]:
        """The type as GLPI spells it, and the first of its items; None: there is none."""
        answer = self._wire.ask(listing(path, words, 0, 1))
        rows = answers.content(answer, f"the items of {collection}")
        if not isinstance(rows, list):
            raise BadAnswer(f"GLPI's answers about {collection} are none that its docs know")
        itemtype = answer.headers.get("accept-range", "").partition(" ")[0] or collection
        return itemtype, rows[0] if rows and isinstance(rows[0], dict) else None

    def _extensions(self) -> frozenset[str] | None:
        """Of files that may be uploaded; None where our login may not see the document types."""
        answer = self._wire.ask(listing("/DocumentType", {}, 0, _TYPES))
        try:
            rows = answers.content(answer, "the document types")
        except (Denied, NotFound):
            return None
        told = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        endings = frozenset(str(row.get("ext") or "").lower() for row in told if row.get("is_uploadable"))
        patterns = any(ending.startswith("/") for ending in endings)  # what they match is GLPI's to say [source]
        return None if patterns else endings

    def _form(self, itemtype: str, item: Mapping[str, Any] | None, found: Mapping[str, Mapping[str, Any]]) -> Form:
        columns, whole = columns_of(itemtype, item, found)
        return Form(
            itemtype=itemtype,
            columns=columns,
            whole=whole,
            options={name: option["number"] for name, option in found.items()},
            zone=zone_of(self._wire.transfer.zone),
            encodes=self._version() <= ENCODES_UP_TO,
            system=f"glpi:{self._options.place}",
        )

    def _version(self) -> int:
        """The major version, asked once."""
        if self._major is None:
            found = self._ask(get("/getGlpiConfig"), "its version")
            config = found.get("cfg_glpi") if isinstance(found, dict) else None
            version = str(config.get("version", "")) if isinstance(config, dict) else ""
            major = version.partition(".")[0]
            if not major.isdecimal():
                raise BadAnswer("GLPI does not tell its version (getGlpiConfig)")
            if int(major) < OLDEST:
                raise BadAnswer(
                    f"this is GLPI {version}: its texts come in another form, from {OLDEST} on they are read"
                )
            self._major = int(major)
        return self._major

    def _ask(self, call: Call, what: str) -> Any:
        return answers.content(self._wire.ask(call), what)

    def people(self) -> Sequence[Person] | None:
        """Users that our login sees. Raises Denied where it may not read them."""
        return people_of(self._rows("User"), self._rows("UserEmail"))

    def _rows(self, itemtype: str) -> list[Mapping[str, Any]]:
        walk, size = reading.Walk(itemtype), words.ReadOptions().page
        pages = reading.walked(
            self._wire, walk, lambda start, most: listing(of_type(itemtype), {}, start, most), size, reading.as_list
        )
        return [row for page in pages for row in page]

    # ------------------------------------------------------------ reading

    def count(self, wanted: Query) -> int:
        """By a request for one row."""
        form, read = _form_of(wanted.collection), wanted.read or words.ReadOptions()
        walk, asked = reading.Walk(form.itemtype), query.words_of(form, read)
        if read.criteria:
            call = search(form.itemtype, query.criteria_of(form, read), _trash(read), 0, 1)
            walk.page(self._wire.ask(call), 0, 1, reading.as_search)
        else:
            call = listing(query.path_of(form, read), {**asked, "only_id": "true"}, 0, 1)
            walk.page(self._wire.ask(call), 0, 1, reading.as_list)
        return walk.total

    def read(self, wanted: Query) -> Iterator[Page]:
        """A listing; what a search finds; or a listing whose items are read again with their blocks.

        A target is read back without its trash, unless the step writes `is_deleted`.
        """
        form, read = _form_of(wanted.collection), wanted.read or words.ReadOptions()
        size, reader = _size(wanted), Reader(form, wanted.fields)
        if read.criteria:
            yield from self._searched(form, read, size, reader)
        elif read.blocks:
            yield from self._with_blocks(form, read, size, reader)
        else:
            yield from self._listed(form, read, size, reader)
        if wanted.write is not None and "is_deleted" in (wanted.fields or ()) and form.has("is_deleted"):
            asked = {**query.words_of(form, read), "is_deleted": "true"}
            for page in reading.listed(self._wire, form, of_type(form.itemtype), asked, size, reader):
                yield Page(records=page.records, size=page.size)

    def _listed(self, form: Form, read: words.ReadOptions, size: int, reader: Reader) -> Iterator[Page]:
        asked = {**query.words_of(form, read), **query.told(read)}
        return reading.listed(self._wire, form, query.path_of(form, read), asked, size, reader)

    def _searched(self, form: Form, read: words.ReadOptions, size: int, reader: Reader) -> Iterator[Page]:
        walk, criteria = reading.Walk(f"the search over {form.itemtype}"), query.criteria_of(form, read)

        def call(start: int, most: int) -> Call:
            return search(form.itemtype, criteria, _trash(read), start, most)

        ids = reading.walked(self._wire, walk, call, size, reading.as_search)
        return reading.detailed(self._wire, form, ids, walk, query.told(read), reader)

    def _with_blocks(self, form: Form, read: words.ReadOptions, size: int, reader: Reader) -> Iterator[Page]:
        path, asked = query.path_of(form, read), {**query.words_of(form, read), "only_id": "true"}
        walk = reading.Walk(form.itemtype)

        def call(start: int, most: int) -> Call:
            return listing(path, asked, start, most)

        ids = reading.walked(self._wire, walk, call, size, reading.as_list)
        return reading.detailed(self._wire, form, ids, walk, query.told(read), reader)

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        """By getMultipleItems. What lies in the trash counts as gone, unless `is_deleted` is among the fields."""
        form = _form_of(collection)
        reader, trash = Reader(form, fields), "is_deleted" in (fields or ())
        return reading.gathered(form.itemtype, self._wire, pages, reader, trash=trash)

    def find(
        self,
        collection: Collection,
        key: tuple[str, ...],
        pages: Iterable[Sequence[Key]],
        fields: tuple[str, ...] | None,
    ) -> Iterator[Page]:
        """By `searchText`, which is blind to case and accents and knows wildcards: hits may only look alike."""
        form = _form_of(collection)
        reader = Reader(form, None if fields is None else (*fields, *key))
        patterns = ([dict(query.patterns_of(form, key, values)) for values in page] for page in pages)
        return reading.found_by(self._wire, form, patterns, query.standing(form), reader)

    def open(self, file: File) -> Iterator[bytes]:
        """The bytes of a Document. Raises FileUnread where they are not those that its digest tells of."""
        number, _ = number_and_digest(file.where)
        return whole(file, reading.downloaded(self._wire, number))

    # ------------------------------------------------------------ comparing

    def fold(self, field: Field | None, value: Value) -> str:
        """Numbers by value; names that are unique as the database compares them; other texts as they are."""
        return fold(field, value)

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """Date-times in UTC, decimals with their places, keys as numbers, null for an empty text."""
        return stored(_form_of(writing.collection), before, fields)

    def companions(self, writing: Writing, changed: frozenset[str]) -> frozenset[str]:
        """With a tree item's name its parent, with urgency and impact the priority."""
        return companions_of(_form_of(writing.collection), changed)

    # ------------------------------------------------------------ writing

    def check_change(self, writing: Writing, change: Change) -> None:
        """Raises Refused for what GLPI would cut, zero or ignore without a word."""
        checks.check(_form_of(writing.collection), change)

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """One object of `input`. Raises Refused as `check_change` does."""
        if change.action is not Action.DELETE:
            self.check_change(writing, change)
        return part_of(_form_of(writing.collection), change)

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """One bulk request, as a list even for one item: then each has a result of its own. A file goes alone."""
        (batch,) = batches
        if batch.items[0].file is not None:
            return create_of(batch)
        options = batch.writing.options
        purge = isinstance(options, words.WriteOptions) and options.purge
        return call_of(_form_of(batch.writing.collection), batch, purge=purge)

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """By the results of the items; what the answer leaves out is unknown."""
        return tuple(result for batch in batches for result in results_of(batch, answer))


def _form_of(collection: Collection) -> Form:
    form: Form = collection.extra["form"]
    return form


def _size(wanted: Query) -> int:
    options = wanted.read or wanted.write
    return max(1, options.page if options is not None else words.ReadOptions().page)


def _trash(read: words.ReadOptions) -> dict[str, str]:
    return {"is_deleted": "1"} if read.is_deleted else {}


def _notes(zone: str, collection: Collection | None) -> Iterator[str]:
    yield f"GLPI tells no zone with its date-times: they are taken as {zone}, the system's `zone`"
    if collection is not None and collection.fields is None:
        yield (
            f"GLPI tells the columns of {collection.id} by its items alone, and there is none: names of fields are "
            "not checked, and GLPI leaves out a wrong one without a word"
        )
