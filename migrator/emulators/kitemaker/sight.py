"""The organization as one token sees it: everything that is looked up, or the 404 that says there is none."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Generic, TypeVar

from migrator.emulators.kitemaker.assumptions import FEEDBACK_PREFIX, NEWEST_FIRST
from migrator.emulators.kitemaker.organization import Organization, Token
from migrator.emulators.kitemaker.problems import missing, wrong
from migrator.emulators.kitemaker.things import Comment, Feedback, Initiative, Label, Space, Status, WorkItem

PAGE = 50
"""The most that a list shows at a time; more is cut to it. [client source], that it is cut [inferred]"""

T = TypeVar("T")


class Slice(Generic[T]):
    """A page of a list; `cursor` is never null and leads on only where `has_more`. [client source]"""

    def __init__(self, things: list[T], cursor: str, has_more: bool) -> None:
        self.things = things
        self.cursor = cursor
        self.has_more = has_more


class Sight:
    """Lookups for one token. Each raises Problem 404 for what is not there or hidden from it."""

    def __init__(self, org: Organization, token: Token) -> None:
        self.org = org
        self.token = token

    # spaces and what they hold

    def spaces(self) -> list[Space]:
        """All that the token sees."""
        return [space for space in self.org.spaces.values() if self.token.sees(space)]

    def space(self, id_: str) -> Space:
        """By id."""
        space = self.org.spaces.get(id_)
        if space is None or not self.token.sees(space):
            raise missing("space")
        return space

    def space_by_key(self, key: str) -> Space:
        """By key, in exactly that spelling."""
        for space in self.spaces():
            if space.key == key:
                return space
        raise missing("space")

    def status(self, id_: str) -> tuple[Space, Status]:
        """By id, with its space."""
        found = self.org.statuses.get(id_)
        if found is None or not self.token.sees(found[0]):
            raise missing("status")
        return found

    def labels(self, ids: Iterable[str], space: Space | None = None) -> list[Label]:
        """By id; of one space where it is given."""
        return [self._label(id_, space) for id_ in dict.fromkeys(ids)]

    def _label(self, id_: str, space: Space | None) -> Label:
        label = self.org.labels.get(id_)
        if label is None or (space is not None and label.space_id != space.id):
            raise missing("label")
        if not self.token.sees(self.org.spaces[label.space_id]):
            raise missing("label")
        return label

    def named(self, held: Mapping[str, T], ids: Iterable[str], what: str) -> list[T]:
        """Things of one sort, by id, each once."""
        found = []
        for id_ in dict.fromkeys(ids):
            if id_ not in held:
                raise missing(what)
            found.append(held[id_])
        return found

    # work items

    def shows(self, entity: WorkItem | Initiative) -> bool:
        """Whether the token sees it: items of hidden spaces do not show."""
        return not isinstance(entity, WorkItem) or self.token.sees(entity.space)

    def work_item(self, id_: str) -> WorkItem:
        """By id."""
        item = self.org.work_items.get(id_)
        if item is None or not self.shows(item):
            raise missing("work item")
        return item

    def work_item_in(self, space: Space, number: int) -> WorkItem:
        """By number within a space."""
        item = self.org.numbered[space.id].get(number)
        if item is None:
            raise missing("work item")
        return item

    def work_item_by_number(self, text: str) -> WorkItem:
        """By `ABC-123`."""
        key, _, number = text.rpartition("-")
        if not (number.isascii() and number.isdigit()):
            raise missing("work item")
        return self.work_item_in(self.space_by_key(key), _whole(number))

    def entity(self, id_: str) -> WorkItem | Initiative:
        """A work item or an initiative."""
        found = self.org.work_items.get(id_) or self.org.initiatives.get(id_)
        if found is None or not self.shows(found):
            raise missing("entity")
        return found

    def comment(self, id_: str) -> Comment:
        """By id."""
        comment = self.org.comments.get(id_)
        if comment is None or not self.shows(comment.entity):
            raise missing("comment")
        return comment

    def comments_in(self, space: Space) -> list[Comment]:
        """Of all work items of a space."""
        held = self.org.comments.values()
        return [each for each in held if isinstance(each.entity, WorkItem) and each.entity.space is space]

    def page_of_items(
        self, space_id: str | None, cursor: str | None, count: int | None, wanted: Callable[[WorkItem], bool]
    ) -> Slice[WorkItem]:
        """A page of one space, or of all that the token sees, space after space."""
        spaces = sorted(self.spaces() if space_id is None else [self.space(space_id)], key=lambda each: each.id)
        after, number = _opened(cursor)
        rest = (space for space in spaces if space.id >= after)
        items = chain.from_iterable(self._numbered(space, number if space.id == after else "") for space in rest)
        return _slice(
            (item for item in items if wanted(item)), count, cursor, lambda item: (item.space.id, item.number)
        )

    def _numbered(self, space: Space, after: str) -> Iterator[WorkItem]:
        held = self.org.numbered[space.id]
        last = space.last_number
        if NEWEST_FIRST:
            numbers = range(min(_whole(after) - 1, last) if after else last, 0, -1)
        else:
            numbers = range(_whole(after) + 1 if after else 1, last + 1)
        return (held[number] for number in numbers if number in held)

    # initiatives and feedback

    def initiative(self, id_: str) -> Initiative:
        """By id."""
        if id_ not in self.org.initiatives:
            raise missing("initiative")
        return self.org.initiatives[id_]

    def initiative_numbered(self, number: int) -> Initiative:
        """By number."""
        return _numbered(self.org.initiatives.values(), number, "initiative")

    def initiative_by_number(self, text: str | None) -> Initiative:
        """By `I-123`."""
        return self.initiative_numbered(_prefixed("I", text, "initiative"))

    def feedback(self, id_: str) -> Feedback:
        """By id."""
        if id_ not in self.org.feedback:
            raise missing("feedback")
        return self.org.feedback[id_]

    def feedback_numbered(self, number: int) -> Feedback:
        """By number."""
        return _numbered(self.org.feedback.values(), number, "feedback")

    def feedback_by_number(self, text: str | None) -> Feedback:
        """By `F-123`."""
        return self.feedback_numbered(_prefixed(FEEDBACK_PREFIX, text, "feedback"))

    def page_of(self, held: Mapping[str, T], cursor: str | None, count: int | None) -> Slice[T]:
        """A page of initiatives or feedback."""
        _, after = _opened(cursor)
        things = sorted(held.values(), key=lambda thing: _number_of(thing), reverse=NEWEST_FIRST)
        if after and NEWEST_FIRST:
            things = [thing for thing in things if _number_of(thing) < _whole(after)]
        elif after:
            things = [thing for thing in things if _number_of(thing) > _whole(after)]
        return _slice(iter(things), count, cursor, lambda thing: ("", _number_of(thing)))


def _number_of(thing: object) -> int:
    return int(getattr(thing, "number", 0))


def _numbered(things: Iterable[T], number: int, what: str) -> T:
    for thing in things:
        if _number_of(thing) == number:
            return thing
    raise missing(what)


def _prefixed(prefix: str, text: str | None, what: str) -> int:
    head, _, number = (text or "").partition("-")
    if head != prefix or not (number.isascii() and number.isdigit()):
        raise missing(what)
    return _whole(number)


def _whole(digits: str) -> int:
    """Digits as a number; so many that no thing has it count as one past all."""
    return int(digits) if len(digits) < 19 else 2**62


def _slice(
    things: Iterator[T], count: int | None, cursor: str | None, spot: Callable[[T], tuple[str, int]]
) -> Slice[T]:
    """The next `count` things, and where to go on; one more is taken to know whether there is any."""
    if count is not None and count < 1:
        raise wrong(f"count is at least 1, not {count}")
    size = PAGE if count is None else min(count, PAGE)
    taken = [thing for thing, _ in zip(things, range(size + 1), strict=False)]
    shown: Sequence[T] = taken[:size]
    return Slice(list(shown), _closed(*spot(shown[-1])) if shown else (cursor or _closed("", 0)), len(taken) > size)


def _closed(space: str, number: int) -> str:
    """A cursor. The vendor's looks like a number; nobody shall read ours."""
    return base64.urlsafe_b64encode(f"after:{space}:{number}".encode()).decode()


def _opened(cursor: str | None) -> tuple[str, str]:
    """Space id and number that a cursor was made of; two empty texts for none. Raises Problem 400."""
    if not cursor:
        return "", ""
    try:
        word, space, number = base64.urlsafe_b64decode(cursor).decode().split(":")
    except (ValueError, binascii.Error):
        raise wrong("the cursor is none of ours") from None
    if word != "after" or not (number.isascii() and number.isdigit()):
        raise wrong("the cursor is none of ours")
    return space, number
