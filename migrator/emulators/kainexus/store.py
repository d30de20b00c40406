"""The state behind HTTP: one organization's items and list cards, and what a write does to them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from migrator.emulators.kainexus import instants
from migrator.emulators.kainexus.access import Key
from migrator.emulators.kainexus.incoming import as_id, as_object
from migrator.emulators.kainexus.item import ONE_PERSON, PEOPLE_LISTS, Item, MilestoneState, encode, read_form
from migrator.emulators.kainexus.options import MILESTONE_AT_FIRST, SAMPLE_KEY, Options
from migrator.emulators.kainexus.organization import Location, Organization, Template, User
from migrator.emulators.kainexus.refusal import Refusal
from migrator.emulators.kainexus.writing import Writing, created, updated
from migrator.emulators.server import Clock


@dataclass(frozen=True)
class Card:
    """An Item List card on a board: the only way to read many items.

    template: id, None = of every template. where: a filter of its own. newest_first: its order; else by id.
    """

    id: int
    name: str
    template: int | None = None
    where: Callable[[Item], bool] | None = None
    newest_first: bool = False

    def holds(self, item: Item) -> bool:
        """Whether the card's filters let the item pass."""
        if self.template is not None and item.template.id != self.template:
            return False
        return self.where is None or self.where(item)


@dataclass(frozen=True)
class Notification:
    """A mail that the system would have sent: who was told of which item, and why (CREATE or UPDATE)."""

    item: int
    operation: str
    told: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """What became of one item of a write: its id and operation, or why it was refused."""

    id: int | None = None
    operation: str = ""
    refusal: Refusal | None = None


class Store:
    """One customer's data. Everything that HTTP does goes through `lock`; tests may read it at any time.

    `notifications` holds every mail that would have gone out: a night load should leave it empty.
    `deleted` ids stay in `items`, marked.
    """

    def __init__(self, clock: Clock, options: Options | None = None) -> None:
        self.clock = clock
        self.options = options or Options()
        self.org = Organization()
        self.items: dict[int, Item] = {}
        self.cards: dict[int, Card] = {}
        self.keys: dict[str, Key] = {SAMPLE_KEY: Key(SAMPLE_KEY)}
        self.notifications: list[Notification] = []
        self.lock = threading.RLock()
        self.next_item_id = 20_001
        self._changes = 0
        self._lists: dict[int, tuple[int, list[Item]]] = {}

    # making the world, in tests and seeds

    def add_template(self, template: Template) -> Template:
        """Set up a template, or replace the one with its id: its items then follow the new one."""
        self.org.templates[template.id] = template
        for item in self.items.values():
            if item.template.id == template.id:
                item.template, item.encoded = template, None
                for each in template.milestones:
                    item.milestones.setdefault(each.id, MilestoneState(MILESTONE_AT_FIRST))
        return template

    def add_user(self, username: str, *, number: int | None = None, **about: Any) -> User:
        """Set up a user; `about` are first_name, last_name, email, type, locations."""
        user = User(self.org.new_id() if number is None else number, username, **about)
        self.org.users[user.id] = user
        return user

    def add_location(self, name: str, *, number: int | None = None, **about: Any) -> Location:
        """Set up a location; `about` are level (id, name) and parent (id)."""
        place = Location(self.org.new_id() if number is None else number, name, **about)
        self.org.locations[place.id] = place
        return place

    def add_card(self, name: str, *, number: int | None = None, **filters: Any) -> Card:
        """Set up a list card; `filters` are template (id), where, newest_first."""
        card = Card(self.org.new_id() if number is None else number, name, **filters)
        self.cards[card.id] = card
        return card

    def add_item(self, body: dict[str, Any], *, number: int | None = None, key: Key | None = None) -> int:
        """Create an item from the body of a PUT and tell nobody; its id is `number` or the next one.

        Raises Refusal as a PUT would be refused.
        """
        with self.lock:
            chosen = self._new_id() if number is None else number
            self.items[chosen] = created(body, chosen, self._writing(key))
            self._changes += 1
        return chosen

    # reading

    def read(self, number: int, key: Key | None = None) -> dict[str, Any]:
        """The item as GET answers it. Raises Refusal NOT_FOUND; ACCESS_DENIED, also for a deleted one [qa]."""
        item = self._visible(number, key or self._insider())
        return read_form(item, self.org, self.options, self._parent_summary(item), self._now())

    def read_encoded(self, number: int, key: Key) -> bytes:
        """The item as GET answers it, as JSON."""
        return self._encoded(self._visible(number, key), self._now())

    def page(self, card: int, offset: int, limit: int, key: Key) -> tuple[list[bytes], int]:
        """`limit` items of a card from `offset`, as JSON, and how many it holds. Raises Refusal NOT_FOUND."""
        if card not in self.cards:
            raise Refusal("NOT_FOUND", f"no item list card with id {card}")
        held = self._held(self.cards[card])
        if not key.sees_all:
            held = [item for item in held if key.may_view(item)]
        now = self._now()
        return [self._encoded(item, now) for item in held[offset : offset + limit]], len(held)

    # writing

    def write(self, bodies: list[Any], key: Key | None = None) -> list[Written]:
        """Create or update an item per body, in order; one outcome each.

        With the switch `atomic`, one refusal means that nothing is kept.
        """
        with self.lock:
            writing = self._writing(key)
            before = (dict(self.items), len(self.notifications)) if self.options.atomic else None
            outcomes = [self._write_one(body, writing) for body in bodies]
            if before is not None and any(each.refusal for each in outcomes):
                self.items = before[0]
                del self.notifications[before[1] :]
            self._changes += 1
            return outcomes

    def _write_one(self, raw: Any, writing: Writing) -> Written:
        try:
            body = as_object(raw, "item")
            if not body:
                raise Refusal("EMPTY", "the item is empty")
            number = as_id(body.get("id"), "id")
            operation = "CREATE" if number is None else "UPDATE"
            if number is None:
                number = self._new_id()
                item = created(body, number, writing)
            else:
                item = updated(body, self._known(number), writing)
        except Refusal as refusal:
            return Written(refusal=refusal)
        self.items[number] = item
        if body.get("suppressNotifications") is not True:
            self.notifications.append(Notification(number, operation, self._told(item)))
        return Written(number, operation)

    def forget_encoded(self) -> None:
        """Users or locations changed: what was encoded with their names no longer holds."""
        for item in self.items.values():
            item.encoded = None

    def _told(self, item: Item) -> tuple[str, ...]:
        """Everybody on the item's team. [assumption]"""
        ids = (number for key in PEOPLE_LISTS + ONE_PERSON for number in item.people.get(key, ()))
        return tuple(self.org.users[number].username for number in dict.fromkeys(ids))

    def _held(self, card: Card) -> list[Item]:
        """The card's items in its order, kept until the next write."""
        changes, held = self._lists.get(card.id, (-1, []))
        if changes != self._changes:
            held = [item for item in self.items.values() if not item.deleted and card.holds(item)]
            held.sort(key=lambda item: item.id, reverse=card.newest_first)
            self._lists[card.id] = (self._changes, held)
        return held

    def _encoded(self, item: Item, now: str) -> bytes:
        return encode(item, self.org, self.options, self._parent_summary(item), now)

    def _parent_summary(self, item: Item) -> str | None:
        return None if item.parent is None else self.items[item.parent].summary

    def _known(self, number: int) -> Item:
        if number not in self.items:
            raise Refusal("NOT_FOUND", f"no item with id {number}")
        return self.items[number]

    def _visible(self, number: int, key: Key) -> Item:
        item = self._known(number)
        if not key.may_view(item):
            raise Refusal("ACCESS_DENIED", f"this key may not view item {number}")
        return item

    def _writing(self, key: Key | None) -> Writing:
        return Writing(self.org, self.options, key or self._insider(), self.items, self._now())

    def _insider(self) -> Key:
        """The key of Python callers: it may do everything."""
        return Key("", roles=frozenset(role for key in self.keys.values() for role in key.roles))

    def _new_id(self) -> int:
        while self.next_item_id in self.items:
            self.next_item_id += 1
        self.next_item_id += 1
        return self.next_item_id - 1

    def _now(self) -> str:
        return instants.show_seconds(self.clock.now())
