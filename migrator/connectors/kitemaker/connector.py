"""The connector: the contract's methods, each a few lines over the modules beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from migrator.connectors.kitemaker import options as words
from migrator.connectors.kitemaker.answers import graph_content, rest_content, result
from migrator.connectors.kitemaker.checks import objections
from migrator.connectors.kitemaker.fields import REST_SHOWS, fields_of
from migrator.connectors.kitemaker.options import CallForm, Login, complaints
from migrator.connectors.kitemaker.reading import CALL, PAGE, by_rest, graph_call, one_call, one_of, pages, rest_call
from migrator.connectors.kitemaker.records import to_record
from migrator.connectors.kitemaker.setting import (
    EVERYBODY,
    PERSONS,
    SETTING,
    Setting,
    Sort,
    Space,
    above,
    people,
    persons_of,
    register,
)
from migrator.connectors.kitemaker.stored import stored, text
from migrator.connectors.kitemaker.writing import call_of, part
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
from migrator.errors import BadAnswer, NotFound, Refused
from migrator.model.people import Person
from migrator.model.plan import Action, Change
from migrator.model.problem import Problem
from migrator.model.values import Collection, Field, Value

_CANNOT = {
    Action.DELETE: "Kitemaker has no call that deletes; move items to a status of type ARCHIVED instead",
    Action.UPLOAD: "Kitemaker's interfaces take no files",
    Action.ACT: "Kitemaker has no calls beside reading and writing",
}
_NO_RELABEL = "Kitemaker has no call that changes a label"

Words = words.ReadOptions | words.WriteOptions | None


class Kitemaker(Target):
    """One organization. A collection is a space (its key, name or id), `SPACE/comments`, `SPACE/labels`,
    `initiatives` or `feedback`.
    """

    Options = words.Options
    ReadOptions = words.ReadOptions
    WriteOptions = words.WriteOptions

    def __init__(self, options: words.Options, wire: Wire) -> None:
        self._options = options
        self._wire = wire

    @classmethod
    def address(cls, options: words.Options) -> str:
        """The host; paths begin with /developers."""
        return options.url.rstrip("/")

    @classmethod
    def check(cls, options: words.Options) -> tuple[str, ...]:
        """A url with a path."""
        return complaints(options)

    @classmethod
    def auth(cls, options: words.Options) -> Auth:
        """A header; no session."""
        return Login(token=options.token)

    def capabilities(self, options: Words, collection: Collection | None = None) -> Capabilities:
        """One record a call, two calls a second on average: no numbers are published. [assumption]"""
        labels = collection is not None and _setting(collection).sort is Sort.LABELS
        actions = (Action.CREATE,) if labels else (Action.CREATE, Action.UPDATE)
        return Capabilities(
            page_max=PAGE,
            fetch_max=0 if labels or not self._options.graphql else 1,
            batch_max=dict.fromkeys(actions, 1),
            creates=Creates.UNGUARDED,
            recheck=Recheck.SCAN,
            settle=60,
            pace=(Rate(kind=CALL, calls=10, seconds=5),),
            write_kinds=dict.fromkeys(actions, CALL),
            read_kind=CALL,
            in_flight=1,
            notes=_notes(options if isinstance(options, words.WriteOptions) else None, self._options),
            cannot={**_CANNOT, Action.UPDATE: _NO_RELABEL} if labels else _CANNOT,
        )

    def identity(self) -> str:
        """`kitemaker:` and the id of the token's organization."""
        found = rest_content(self._wire.ask(rest_call("/organization")), "the organization", dict)
        if not isinstance(found.get("id"), str):
            raise BadAnswer("Kitemaker answers the organization without its id")
        return f"kitemaker:{found['id']}"

    # ------------------------------------------------------------ describing

    def describe(self, collection: str, options: Words) -> Collection:
        """Fields by what the collection holds. Raises NotFound for an unknown space."""
        write = options if isinstance(options, words.WriteOptions) else None
        try:
            setting = self._by_graphql(collection) if self._options.graphql else self._by_rest(collection)
        except (KeyError, TypeError, AttributeError) as error:
            raise BadAnswer(f"Kitemaker answers what there is to choose from without {error}") from error
        if isinstance(options, words.ReadOptions) and options.status_types:
            _must_filter(setting, graphql=self._options.graphql)
        setting = _written(setting, write, graphql=self._options.graphql)
        fields = fields_of(setting, rest_only=not self._options.graphql)
        if setting.sort is Sort.ITEMS and setting.default_status is None:
            fields["status"] = replace(fields["status"], required=True, has_default=False)
        tail = "" if setting.sort is Sort.ITEMS else str(setting.sort)
        head = setting.space.id if setting.space is not None else ""
        name = " ".join(part for part in (setting.space.name if setting.space is not None else "", tail) if part)
        id_ = "/".join(part for part in (head, tail) if part)
        return Collection(id=id_, name=name, fields=fields, closed=True, extra={"setting": setting})

    def _by_graphql(self, collection: str) -> Setting:
        head, sort = _parsed(collection)
        document = SETTING % (PERSONS if sort is Sort.FEEDBACK else "")
        data = graph_content(self._wire.ask(graph_call(document, {})), "the organization")
        found = data.get("organization")
        if not isinstance(found, dict) or not isinstance(found.get("spaces"), list):
            raise BadAnswer("Kitemaker answers the organization without its spaces")
        users = people(found["users"])
        if head is None:
            persons = [each for each in data.get("feedbackPersons") or () if each.get("email")]
            return Setting(
                sort=sort,
                space=None,
                users=users,
                labels=above(found["spaces"]),
                persons=register(persons, "email", "email"),
            )
        space = _chosen(found["spaces"], head, ("key", "id", "name"))
        default = next((status["name"] for status in space["statuses"] if status["default"]), None)
        return Setting(
            sort=sort,
            space=Space(id=space["id"], key=space["key"], name=space["name"]),
            statuses=register(space["statuses"], "name"),
            default_status=default,
            labels=register(space["labels"], "name"),
            users=users,
        )

    def _by_rest(self, collection: str) -> Setting:
        """REST shows no keys, no people and no default status."""
        head, sort = _parsed(collection)
        if head is None or sort is not Sort.ITEMS:
            raise NotFound(f'"{collection}" cannot be read by REST alone', hint="leave `graphql: false` out")
        space = _chosen(self._rows("/metadata/spaces"), head, ("id", "label"))
        query = f"?spaceId={space['id']}"
        return Setting(
            sort=sort,
            space=Space(id=space["id"], key="", name=space["label"]),
            statuses=register(self._rows(f"/metadata/statuses{query}"), "label"),
            labels=register(self._rows(f"/metadata/labels{query}"), "label"),
        )

    def _rows(self, path: str) -> list[dict[str, Any]]:
        rows = rest_content(self._wire.ask(rest_call(path)), path.partition("?")[0], list)
        if not all(isinstance(row, dict) and {"id", "label"} <= set(row) for row in rows):
            raise BadAnswer(f"Kitemaker answers {path.partition('?')[0]} with rows that have no id and label")
        return list(rows)

    def people(self) -> Sequence[Person] | None:
        """Users, by user name; None without GraphQL. Raises BadAnswer."""
        if not self._options.graphql:
            return None
        data = graph_content(self._wire.ask(graph_call(EVERYBODY, {})), "the organization's users")
        users = (data.get("organization") or {}).get("users")
        if not isinstance(users, list):
            raise BadAnswer("Kitemaker answers the organization without its users")
        return persons_of(users)

    # ------------------------------------------------------------ reading

    def read(self, query: Query) -> Iterator[Page]:
        """Every record: of GraphQL newest numbers first."""
        setting = _setting(query.collection)
        names = self._names(query.collection, query.fields)
        read = query.read if isinstance(query.read, words.ReadOptions) else None
        strip = read is not None and read.strip_markers
        for things in self._things(setting, names, () if read is None else read.status_types):
            records = [to_record(thing, names, setting, strip_markers=strip) for thing in things]
            yield Page(records=records, size=len(records))

    def _things(
        self, setting: Setting, names: tuple[str, ...], types: Sequence[str]
    ) -> Iterator[list[Mapping[str, Any]]]:
        if not self._options.graphql:
            return by_rest(self._wire, setting)
        if setting.sort is Sort.LABELS:
            return self._labels(setting)
        return pages(self._wire, setting, names, types)

    def _labels(self, setting: Setting) -> Iterator[list[Mapping[str, Any]]]:
        """All labels of a space; no pages of them are known."""
        document = "query Labels { organization { spaces { id key name labels { id name color } } } }"
        data = graph_content(self._wire.ask(graph_call(document, {})), "the labels")
        spaces = (data.get("organization") or {}).get("spaces")
        if not isinstance(spaces, list) or setting.space is None:
            raise BadAnswer("Kitemaker answers the organization without its spaces")
        labels = _chosen(spaces, setting.space.id, ("id",))["labels"]
        for start in range(0, len(labels), PAGE):
            yield labels[start : start + PAGE]

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        """One call an id. What Kitemaker does not show is left out."""
        setting, names = _setting(collection), self._names(collection, fields)
        ids = (id_ for page in pages for id_ in page)
        for answer in self._wire.stream(one_call(setting, id_, names) for id_ in ids):
            try:
                thing = one_of(graph_content(answer, "the record"))
            except NotFound:
                yield Page(records=(), size=0)
            else:
                yield Page(records=(to_record(thing, names, setting),), size=1)

    def _names(self, collection: Collection, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
        known = collection.fields or {}
        names = tuple(known) if wanted is None else tuple(name for name in wanted if name in known)
        return names if self._options.graphql else tuple(name for name in names if name in REST_SHOWS)

    # ------------------------------------------------------------ comparing

    def fold(self, field: Field | None, value: Value) -> str:
        """Texts without blanks at their ends; case counts."""
        return (text(value) or "").strip()

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """Labels that are only added are the union with those that stand, so a plan never says that one goes."""
        return stored(_setting(writing.collection), before, fields)

    # ------------------------------------------------------------ writing

    def check_change(self, writing: Writing, change: Change) -> None:
        """Raises Refused, with every objection, for what Kitemaker is known not to take."""
        found = objections(_setting(writing.collection), writing.options, change)
        if found:
            raise Refused(_joined(found))

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """The whole request of one change. Raises Refused as `check_change` does."""
        self.check_change(writing, change)
        return part(_setting(writing.collection), writing.options, change)

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """One change, one request."""
        ((item,),) = (batch.items for batch in batches)
        return call_of(item.part)

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """By the id in the answer."""
        return tuple(result(batch, item, answer) for batch in batches for item in batch.items)


def _setting(collection: Collection) -> Setting:
    setting: Setting = collection.extra["setting"]
    return setting


def _written(setting: Setting, write: words.WriteOptions | None, *, graphql: bool) -> Setting:
    """The setting as this step writes it. Raises Refused for labels that nothing could take off."""
    if write is None:
        return setting
    if write.exact and not graphql:
        summary = "`labels: exact` takes labels off, which only GraphQL can, and the system says `graphql: false`"
        hint = "say `labels: add_only`, or leave `graphql: false` out"
        raise Refused(Problem(code=Refused.code, summary=summary, hint=hint))
    return replace(setting, writes_graphql=write.call is CallForm.GRAPHQL, exact_labels=write.exact)


def _must_filter(setting: Setting, *, graphql: bool) -> None:
    """Raises Refused where `status_types` would filter nothing."""
    if not graphql or setting.sort not in (Sort.ITEMS, Sort.COMMENTS):
        summary = "`status_types` chooses among work items by GraphQL, and nothing else"
        raise Refused(Problem(code=Refused.code, summary=summary, hint="use `where` instead"))


def _parsed(collection: str) -> tuple[str | None, Sort]:
    """Space as written, None above the spaces; and what of it. Raises NotFound."""
    if collection in (Sort.INITIATIVES, Sort.FEEDBACK):
        return None, Sort(collection)
    head, _, tail = collection.rpartition("/")
    if head and tail in (Sort.COMMENTS, Sort.LABELS):
        return head, Sort(tail)
    return collection, Sort.ITEMS


def _chosen(spaces: Sequence[Mapping[str, Any]], head: str, spellings: Sequence[str]) -> Mapping[str, Any]:
    """The space that is called so; by its key first. Raises NotFound for none and for several of a name."""
    for key in spellings:
        found = [space for space in spaces if space.get(key) == head]
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFound(f'{len(found)} spaces are called "{head}"', hint="name the space by its key or id")
    listed = ", ".join(str(space.get(spellings[0])) for space in spaces)
    raise NotFound(
        f'there is no space "{head}"',
        hint=f"there are: {listed}. A token of an application sees no private ones",
    )


def _notes(write: words.WriteOptions | None, options: words.Options) -> tuple[str, ...]:
    if write is None:
        return ()
    told = [] if write.exact else ["labels are only added to an item, none is taken off (labels: add_only)"]
    if write.call is CallForm.GRAPHQL:
        told.append(
            "GraphQL puts new items on top of their column: they stand there in the reverse of the source's order"
        )
        return tuple(told)
    told.append("new records are dated by the time of writing")
    if not options.graphql:
        told.append(
            f"without GraphQL a space can be read only up to its latest {PAGE} items; with more it is an error"
        )
    return tuple(told)


def _joined(found: Sequence[Problem]) -> Problem:
    """Several objections to one record in one sentence, with the place of the first."""
    first = found[0]
    summary = "; ".join(problem.summary for problem in found)
    unknown = tuple(value for problem in found for value in problem.unknown)
    return Problem(code=first.code, summary=summary, hint=first.hint, place=first.place, unknown=unknown)
