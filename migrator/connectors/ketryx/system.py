"""The connector: the contract's methods, each in the words of its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import orjson

from migrator.connectors.ketryx import answers, kql
from migrator.connectors.ketryx import options as words
from migrator.connectors.ketryx.layout import RELATION, Layout, field_table, learn
from migrator.connectors.ketryx.pages import CALL, LOOKUPS, ROOT, Items, entries, get
from migrator.connectors.ketryx.reading import Reading, request
from migrator.connectors.ketryx.stored import decimal, plain, stored
from migrator.connectors.ketryx.writing import call, check, part
from migrator.contract import (
    Answer,
    Auth,
    Batch,
    Call,
    Capabilities,
    Creates,
    Page,
    Query,
    Rate,
    Recheck,
    Result,
    Target,
    Wire,
    Writing,
)
from migrator.errors import BadAnswer, Denied, NotFound, Unreachable
from migrator.model.plan import Action, Change
from migrator.model.problem import Place
from migrator.model.values import Collection, Field, Key, Kind, Rights, Value

SAMPLES = 200
"""Records that fields are learnt from."""

_PROJECT = re.compile(r"KXPRJ[A-Z0-9]{26}")
"""Ours is closed at its end, the published one is not. [seed manual]"""

NOBODY = f"KXITM{'0' * 26}"
"""The id of no item: well formed, and never given out."""

_CANNOT = {
    Action.DELETE: "Ketryx has no way to delete an item over its API",
    Action.UPLOAD: "Ketryx' writing call takes no files",
    Action.ACT: "approvals are given by people: Ketryx' API has no call for them",
}

_APPROVAL = "what is written is uncontrolled until people approve it, also where it was approved before"
_NOT_PROBED = "whether the writing call (a preview) is switched on was not asked (probe: false)"


class Ketryx(Target):
    """One organization. A collection is a project, by its id or its name."""

    Options: ClassVar[type] = words.Options
    ReadOptions: ClassVar[type] = words.ReadOptions
    WriteOptions: ClassVar[type] = words.WriteOptions

    def __init__(self, options: words.Options, wire: Wire) -> None:
        self._options = options
        self._wire = wire
        self._lists: dict[str, Items] = {}

    @classmethod
    def address(cls, options: words.Options) -> str:
        """The host; paths begin with /api."""
        return options.url.rstrip("/")

    @classmethod
    def check(cls, options: words.Options) -> tuple[str, ...]:
        """A url with a path."""
        return words.complaints(options)

    @classmethod
    def auth(cls, options: words.Options) -> Auth:
        """A token; no session."""
        return words.Bearer(key=options.api_key)

    def capabilities(
        self, options: words.ReadOptions | words.WriteOptions | None, collection: Collection | None = None
    ) -> Capabilities:
        """One item a call, four calls a second: Ketryx publishes no limit, this is ours."""
        return Capabilities(
            page_max=options.limit if options is not None else words.ReadOptions().limit,
            find=LOOKUPS,
            find_kinds=frozenset({Kind.TEXT, Kind.NUMBER}),
            fetch_max=LOOKUPS,
            batch_max={Action.CREATE: 1, Action.UPDATE: 1},
            creates=Creates.BY_ID,
            upsert=True,
            recheck=Recheck.BY_IDS,
            settle=0,
            pace=(Rate(kind=CALL, calls=4, seconds=1),),
            write_kinds=dict.fromkeys((Action.CREATE, Action.UPDATE), CALL),
            read_kind=CALL,
            without_key=True,
            notes=tuple(_notes(options, collection)),
            cannot=_CANNOT,
        )

    def identity(self) -> str:
        """`ketryx:HOST`. One host serves many organizations, but ids of projects are unique. Sends nothing."""
        return f"ketryx:{urlsplit(self._options.url).netloc.rpartition('@')[2].lower()}"

    # ------------------------------------------------------------ describing

    def describe(self, collection: str, options: words.ReadOptions | words.WriteOptions | None) -> Collection:
        """Fields as the first records show them; None where there are none and none are declared.

        The `extra` holds the layout and the options. A target's writing call is asked whether it is on.
        """
        project = self._project_id(collection)
        name = self._project_name(project)
        samples = next(entries(self._wire, request(project, options, SAMPLES)), [])
        layout = learn(samples, options)
        told = bool(samples or layout.labels)
        write = options if isinstance(options, words.WriteOptions) else None
        return Collection(
            id=project,
            name=name,
            fields=field_table(layout, write.type if write is not None else None) if told else None,
            rights=self._rights(project) if write is not None and write.probe else None,
            extra={"layout": layout, "options": options},
        )

    def _project_id(self, collection: str) -> str:
        """The id, or that of the only project of this name. Raises NotFound."""
        if _PROJECT.fullmatch(collection):
            return collection
        answer = self._wire.ask(get("/projects", name=collection))
        found = answers.read(answer, "the list of projects", collection).get("projects")
        if not isinstance(found, list):
            raise BadAnswer('Ketryx answers the list of projects without "projects"')
        ids = [str(each["id"]) for each in found if isinstance(each, dict) and each.get("name") == collection]
        if len(ids) != 1:
            several = f"{len(ids)} projects named" if ids else "no project named"
            raise NotFound(
                f'Ketryx has {several} "{collection}"',
                detail=", ".join(ids),
                hint="name the project by its id, KXPRJ and 26 letters and digits",
                place=Place(collection=collection),
            )
        return ids[0]

    def _project_name(self, project: str) -> str:
        """The project's name; a key that may not list projects sees the id. Raises NotFound, LoginRefused."""
        try:
            found = answers.read(self._wire.ask(get(f"/projects/{project}")), f"project {project}", project)
        except Denied:
            return project
        return str(found.get("name") or project)

    def _rights(self, project: str) -> Rights | None:
        """By the writing call for an item that cannot be: an `id` only ever changes what stands. [seed manual]

        Nothing can come of it, whatever the body's other rules are (they are not public). A refusal for lack of the
        preview or a right says no; one that speaks of our id, or of what the body lacks, was reached by the call
        itself; anything else does not tell.
        """
        call = Call(
            method="POST",
            path=f"{ROOT}/projects/{project}/items",
            kind=CALL,
            repeatable=True,
            body=orjson.dumps({"id": NOBODY}),
            headers={"Content-Type": "application/json"},
        )
        try:
            answer = self._wire.ask(call)
        except Unreachable:
            return None
        if answer.status == 401:
            raise answers.failure(answer, "the writing call", project)
        if answer.status in (403, 405):
            return Rights(create=False, update=False, delete=False)
        reached = answer.status in (400, 422) or (answer.status == 404 and NOBODY in answers.words(answer))
        return Rights(delete=False) if reached else None

    # ------------------------------------------------------------ reading

    def read(self, query: Query) -> Iterator[Page]:
        """Every item's record that fits, or with `records: all` every record of these items."""
        return self._reading(query.collection, query.fields, query.read or query.write).everything()

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        """By a query of ids: there is no call for one item's current record."""
        reading = self._reading(collection, fields)
        return (reading.by_ids(ids) for ids in pages)

    def find(
        self,
        collection: Collection,
        key: tuple[str, ...],
        pages: Iterable[Sequence[Key]],
        fields: tuple[str, ...] | None,
    ) -> Iterator[Page]:
        """By sourceId over the list of items, by a label with queries, by a title over all records."""
        (name,) = key
        reading = self._reading(collection, None if fields is None else (*fields, name), collection.extra["options"])
        if name != "sourceId":
            return (reading.by_label(name, keys) for keys in pages)
        self._items(collection.id).forget()
        return (reading.by_source(keys) for keys in pages)

    def _reading(
        self,
        collection: Collection,
        fields: tuple[str, ...] | None,
        options: words.ReadOptions | words.WriteOptions | None = None,
    ) -> Reading:
        return Reading(self._wire, self._items(collection.id), collection, fields, options)

    def _items(self, project: str) -> Items:
        return self._lists.setdefault(project, Items(self._wire, project))

    # ------------------------------------------------------------ comparing

    def fold(self, field: Field | None, value: Value) -> str:
        """Numbers as decimals, texts without blanks at their end; case counts."""
        if field is not None and field.kind is Kind.NUMBER:
            return decimal(value) or ""
        return "" if value is None else plain(str(value)) or ""

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """Texts without blanks at their end, numbers as decimals, related ids as a set."""
        return stored(writing.collection.extra["layout"], before, fields)

    def companions(self, writing: Writing, changed: frozenset[str]) -> frozenset[str]:
        """Type and sender of the item, for the plan to judge; with a relation all of them, which it replaces.

        `relations` tells those of an item that stands; one that the same plan makes has what its create wrote.
        """
        if not any(name.startswith(RELATION) for name in changed):
            return frozenset({"type", "system"})
        layout: Layout = writing.collection.extra["layout"]
        return frozenset({"type", "system", "relations", *(RELATION + name for name in layout.relations)}) - changed

    # ------------------------------------------------------------ writing

    def check_change(self, writing: Writing, change: Change) -> None:
        """Raises Refused for what can never be written, and for items that another system sends."""
        check(writing, change)

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """The body: a sourceId for a new item, the id for one that stands. Raises Refused."""
        return part(writing, change)

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """POST of the one item."""
        return call(batches, ROOT)

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """By the id in the answer."""
        (batch,) = batches
        return (answers.result(batch, answer),)


def _notes(options: words.ReadOptions | words.WriteOptions | None, collection: Collection | None) -> Iterator[str]:
    if isinstance(options, words.ReadOptions):
        if kql.bare_sequence(options.kql):
            yield "the query has expressions without `and` or `or` between them, which Ketryx reads in two ways"
        return
    if options is None:
        return
    yield _APPROVAL
    if not options.probe:
        yield _NOT_PROBED
    elif collection is not None and collection.rights is None:
        yield "whether the writing call (a preview) is switched on could not be told"
    elif collection is not None and collection.rights is not None and not collection.rights.create:
        yield f"Ketryx does not let us write: {answers.PREVIEW}"
    if options.foreign == "change":
        yield "items that another system sends are changed until its next sync (foreign: change)"
