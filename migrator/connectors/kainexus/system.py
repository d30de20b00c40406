"""The connector: the contract's methods, each in the words of its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import orjson

from migrator.connectors.kainexus import answers, cards, checks, directory, scalars
from migrator.connectors.kainexus import options as words
from migrator.connectors.kainexus.cards import ITEM, LIST, PREFIX, Card
from migrator.connectors.kainexus.directory import NOBODY, Directory, Register
from migrator.connectors.kainexus.items import deleted_item, to_item
from migrator.connectors.kainexus.learning import field_table, learn
from migrator.connectors.kainexus.options import BasicLogin, CallForm, Form, complaints
from migrator.connectors.kainexus.records import Reader
from migrator.connectors.kainexus.slots import SIDES, Group, Layout
from migrator.connectors.kainexus.stored import stored
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
from migrator.model.values import Collection, Field, Kind, Moments, Value

SAMPLES = 200
"""Items that fields are learnt from."""

_CANNOT = {
    Action.DELETE: "KaiNexus documents no way to delete an item over its API, and none that could be undone; "
    "`options: {undocumented_delete: true}` takes the risk",
    Action.UPLOAD: "KaiNexus' JSON API takes no files",
    Action.ACT: "KaiNexus has no calls beside reading and writing items",
}

_RISK = "deletes go by a status that KaiNexus does not document: nothing takes them back (undocumented_delete: true)"


class KaiNexus(Target):
    """One organization. Fields come from sample items, people and places from two lists that are read once."""

    Options = words.Options
    ReadOptions = words.ReadOptions
    WriteOptions = words.WriteOptions

    def __init__(self, options: words.Options, wire: Wire) -> None:
        self._options = options
        self._wire = wire
        self._entries: tuple[list[dict[str, Any]], bool] | None = None
        self._users: Register | None = None
        self._places: Register | None = None

    @classmethod
    def address(cls, options: words.Options) -> str:
        """The host; paths begin with /api."""
        return options.url.rstrip("/")

    @classmethod
    def tenant(cls, options: words.Options) -> str:
        """One host serves all customers: the tenant as the playbook names it."""
        return f"{super().tenant(options)}/{options.tenant}"

    @classmethod
    def check(cls, options: words.Options) -> tuple[str, ...]:
        """A url with a path, a tenant without a name."""
        return complaints(options)

    @classmethod
    def auth(cls, options: words.Options) -> Auth:
        """Basic; no session."""
        return BasicLogin(key=options.api_key)

    def capabilities(
        self, options: words.ReadOptions | words.WriteOptions | None, collection: Collection | None = None
    ) -> Capabilities:
        """itemList: a hundred a call and five calls a minute. item: one a call, and writing has no pace."""
        write = options if isinstance(options, words.WriteOptions) else None
        single = write is not None and write.call == CallForm.ITEM
        batch = 1 if single else (write.batch if write is not None else 100)
        actions = (Action.CREATE, Action.UPDATE, *([Action.DELETE] if write and write.undocumented_delete else []))
        return Capabilities(
            page_max=options.limit if options is not None else words.ReadOptions().limit,
            fetch_max=1,
            batch_max=dict.fromkeys(actions, batch),
            creates=Creates.UNGUARDED,
            recheck=Recheck.SCAN,
            settle=60,
            pace=(Rate(kind=LIST, calls=5, seconds=60),),
            write_kinds=dict.fromkeys(actions, ITEM if single else LIST),
            read_kind=LIST,
            in_flight=4,
            notes=_notes(write),
            cannot={action: why for action, why in _CANNOT.items() if action not in actions},
        )

    def identity(self) -> str:
        """The tenant as the playbook names it: one host serves all, and no call tells. One read proves the login."""
        self._known_places()
        return f"kainexus:{self._options.tenant}"

    # ------------------------------------------------------------ describing

    def describe(self, collection: str, options: words.ReadOptions | words.WriteOptions | None) -> Collection:
        """Fields as the card's first items show them; None where it shows none and none are declared.

        The `extra` holds card, layout, directory and what a new item says of its template.
        """
        places = self._known_places()
        card = _card(collection, options)
        users = self._known_users() if isinstance(options, words.WriteOptions) else NOBODY
        samples = self._samples(card, collection)
        declared: Mapping[str, Form] = {} if options is None else options.kinds
        layout = learn(samples, declared, ZoneInfo(self._wire.transfer.zone))
        return Collection(
            id=collection,
            name=collection if card.template is not None else f"list card {card.id}",
            fields=field_table(layout) if samples or declared else None,
            moments=Moments(made="createDate", changed="lastUpdateDate"),
            extra={
                "card": card,
                "layout": layout,
                "directory": Directory(users=users, places=places),
                "template": _template(card, samples),
            },
        )

    def _samples(self, card: Card, collection: str) -> list[dict[str, Any]]:
        """Some items of the template, from the first page that shows any. Raises NotFound: only others are there."""
        others = 0
        for sheet in cards.first_sheets(self._wire, card, SAMPLES):
            if sheet.items:
                return [msgspec.json.decode(raw) for raw in sheet.items]
            others += sheet.came
        if others:
            raise NotFound(
                f'list card {card.id} shows {others:,} items, none of them of a template "{collection}"',
                detail="KaiNexus has no call that lists templates: fields are learnt from items",
                hint="check the template's name and the card's filter; for a new template make one item by hand",
            )
        return []

    def _known_places(self) -> Register:
        if self._places is None:
            found, whole = self._lookup("/networkLocationList", "items")
            self._places = directory.places_of(found, whole=whole)
        return self._places

    def _known_users(self) -> Register:
        if self._users is None:
            found, whole = self._user_entries()
            self._users = directory.users_of(found, whole=whole)
        return self._users

    def _user_entries(self) -> tuple[list[dict[str, Any]], bool]:
        if self._entries is None:
            self._entries = self._lookup("/userList", "users")
        return self._entries

    def people(self) -> Sequence[Person] | None:
        """Users as its fields show them, by user name; None where our key may not read them all."""
        found, whole = self._user_entries()
        return directory.people_of(found) if whole else None

    def _lookup(self, path: str, key: str) -> tuple[list[dict[str, Any]], bool]:
        """Entries of a list, and whether they are all. A key without the right for it has still proved the login."""
        answer = self._wire.ask(cards.get(path))
        answers.stop_if_refused(answer)
        found = answers.content(answer)
        error = answers.error_in(found)
        if error is not None and error[0] == "ACCESS_DENIED":
            return [], False
        answers.refuse_unread(answer, f"json{path}")
        entries = found.get(key, found.get("items")) if found is not None else None
        if not isinstance(entries, list):
            raise BadAnswer(f"KaiNexus answers json{path} without a list")
        total = found.get("totalCount") if found is not None else None
        return entries, not isinstance(total, int) or total <= len(entries)

    # ------------------------------------------------------------ reading

    def count(self, query: Query) -> int | None:
        """The card's own total; None where only one template's items are wanted: no call filters."""
        card: Card = query.collection.extra["card"]
        if card.template is not None:
            return None
        return next(cards.first_sheets(self._wire, card, 1)).total

    def read(self, query: Query) -> Iterator[Page]:
        """Every item of the card that is of the template. Raises CountDrift where the card moved meanwhile."""
        options = query.read or query.write
        limit = options.limit if options is not None else words.ReadOptions().limit
        layout: Layout = query.collection.extra["layout"]
        card: Card = query.collection.extra["card"]
        return cards.all_pages(self._wire, card, limit, Reader(layout, query.fields))

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        """One call an id. What KaiNexus does not show, deleted or denied, is left out."""
        layout: Layout = collection.extra["layout"]
        return cards.by_id(self._wire, pages, Reader(layout, fields))

    # ------------------------------------------------------------ comparing

    def fold(self, field: Field | None, value: Value) -> str:
        """Numbers as decimals, texts without blanks at their end; case counts."""
        if field is not None and field.kind is Kind.NUMBER and value not in (None, ""):
            return scalars.decimal(value)
        return scalars.text(value) or ""

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """References as ids, dates as days or seconds in UTC, numbers as decimals; comments never compare."""
        extra = writing.collection.extra
        return stored(extra["layout"], extra["directory"], before, fields)

    def companions(self, writing: Writing, changed: frozenset[str]) -> frozenset[str]:
        """With an attribute all others (a condition may join them [seed manual]); notes with their values."""
        layout: Layout = writing.collection.extra["layout"]
        slots = [layout.slot(name) for name in changed]
        names: set[str] = set()
        if any(SIDES.get(slot.group, slot.group) is Group.ATTRIBUTE for slot in slots):
            names.update(name for name, _ in layout.faces(Group.ATTRIBUTE))
            names.update(name for name, slot in layout.slots.items() if slot.group is Group.ATTRIBUTE_NOTES)
        touched = {slot.entry for slot in slots if SIDES.get(slot.group, slot.group) is Group.MILESTONE}
        for name, slot in layout.slots.items():
            if slot.entry in touched and (slot.group is Group.MILESTONE_NOTES or name in layout.short.values()):
                names.add(name)
        taken = {(slot.group, slot.entry) for slot in slots}
        return frozenset(name for name in names if (layout.slots[name].group, layout.slots[name].entry) not in taken)

    # ------------------------------------------------------------ writing

    def check_change(self, writing: Writing, change: Change) -> None:
        """Raises Refused, with every objection, for what KaiNexus is known not to take."""
        extra = writing.collection.extra
        found = checks.objections(
            extra["layout"], extra["directory"], change, status_checks=writing.options.status_checks
        )
        if found:
            raise Refused(_joined(found))

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        """One item. Raises Refused, with every objection, for what KaiNexus is known not to take."""
        options = writing.options
        if change.action is Action.DELETE:
            return orjson.dumps(deleted_item(change, notify=options.notify))
        self.check_change(writing, change)
        extra = writing.collection.extra
        layout, known = extra["layout"], extra["directory"]
        return orjson.dumps(to_item(layout, known, change, extra["template"], notify=options.notify))

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        """PUT itemList with all items, or PUT item with the one. Never repeatable: a late repeat overwrites."""
        (batch,) = batches
        parts = [item.part for item in batch.items]
        single = batch.writing.options.call == CallForm.ITEM
        body = b'{"item":%s}' % parts[0] if single else b'{"items":[%s]}' % b",".join(parts)
        return Call(
            method="PUT",
            path=f"{PREFIX}/{'item' if single else 'itemList'}",
            kind=ITEM if single else LIST,
            repeatable=False,
            body=body,
            headers={"Content-Type": "application/json; charset=utf-8"},
        )

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        """Only `results` is believed: see `answers`."""
        return tuple(result for batch in batches for result in answers.results(batch, answer))


def _card(collection: str, options: words.ReadOptions | words.WriteOptions | None) -> Card:
    """Raises NotFound where neither options nor collection name a card."""
    if options is not None and options.list is not None:
        return Card(id=options.list, template=collection)
    if collection.isascii() and collection.isdecimal():
        return Card(id=int(collection))
    raise NotFound(
        f'"{collection}" is no id of a list card',
        hint="name the card as `collection`, or the template as `collection` and the card as `list`",
    )


def _template(card: Card, samples: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a new item says of its template: the id where a sample showed it, since the id wins."""
    seen = next((item["templateId"] for item in samples if item.get("templateId") is not None), None)
    if card.template is None:
        return {}
    if seen is not None:
        return {"templateId": seen}
    digits = card.template.isascii() and card.template.isdecimal()
    return {"templateId": int(card.template)} if digits else {"templateName": card.template}


_PACE = "reads and lists keep to five calls a minute, as KaiNexus recommends: set `pace` where you may do more"


def _notes(write: words.WriteOptions | None) -> tuple[str, ...]:
    if write is None:
        return (
            _PACE,
            "fields are learnt from the first items of the list card: KaiNexus has no call that tells them",
        )
    told = (
        "KaiNexus tells people of every change, as of one by hand (notify: true)"
        if write.notify
        else "KaiNexus tells nobody of these changes (suppressNotifications on each item)"
    )
    return (
        told,
        f"list card {write.list} must show every item of the template: what it hides is made a second time",
        *([_RISK] if write.undocumented_delete else []),
    )


def _joined(found: Sequence[Problem]) -> Problem:
    """Several objections to one record in one sentence, with the place of the first."""
    first = found[0]
    return Problem(
        code=first.code,
        summary="; ".join(problem.summary for problem in found),
        hint=first.hint,
        place=first.place,
        unknown=tuple(value for problem in found for value in problem.unknown),
    )
