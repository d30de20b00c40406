"""What a token does to work items, their labels, comments and people, for REST and GraphQL alike.

Each takes what was given as a mapping: a key that is not there was not sent. All is looked up before anything
changes, so a call that is refused leaves no trace.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from migrator.emulators.kitemaker.assumptions import (
    DONE_CLOSES,
    EMPTY_DESCRIPTION_CLEARS,
    EMPTY_PUT_KEEPS_DATE,
    FOREIGN_STATUS,
    MENTIONED_LEVELS_ONLY,
    NULL_CLEARS,
    SAME_NAME_MAKES_TWO,
)
from migrator.emulators.kitemaker.problems import Problem, missing, wrong
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.kitemaker.things import Activity, Comment, Initiative, Label, Space, Status, User, WorkItem

Given = Mapping[str, Any]


class Desk:
    """Writes on spaces, as the token's actor: history shows no other, whatever is sent. [inferred]"""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.org = sight.org
        self.actor = sight.token.actor

    def create_work_item(self, given: Given) -> WorkItem:
        """A new item, on top of its column unless said otherwise. [seed]"""
        space, status = self._column(given)
        changes = self._texts(given, space)
        labels = self.sight.labels(given.get("label_ids") or (), space)
        members = self._people(given.get("member_ids") or ())
        watchers = self._people(given.get("watcher_ids") or ())
        if not changes.get("title"):
            raise wrong("title is required")
        item = WorkItem(
            number=0,
            actor=self.actor,
            status=status,
            sort=given.get("sort") or self.org.sort(given.get("placement") or "top"),
            space=space,
            members=members,
            watchers=watchers,
            labels=labels,
            **{"description": "", **changes},
            **self.org.born(given.get("created_at"), given.get("updated_at")),
        )
        self.org.place(item, space)
        self._stamp(item, item.created_at)
        self._note(item, "CREATED")
        return item

    def edit_work_item(self, given: Given) -> WorkItem:
        """Change the keys that are given. A `status_id` moves within the space, a `space_id` into another."""
        item = self.sight.work_item(given["id"])
        space, status = self._destination(item, given)
        changes = self._texts(given, space)
        labels = None if given.get("label_ids") is None else self.sight.labels(given["label_ids"], space)
        moved = given.get("status_id") is not None or space is not item.space
        sort = given.get("sort") or (self._moved(given, moved=moved))
        touched = bool(changes) or labels is not None or moved or sort is not None
        self._move(item, space, status)
        for name, value in changes.items():
            setattr(item, name, value)
        item.sort = sort or item.sort
        if labels is not None:
            replace = self.org.switches.labels_on_put == "replace"
            self._relabel(item, labels if replace else [*item.labels, *labels])
        if touched or not EMPTY_PUT_KEEPS_DATE:
            item.updated_at = self.org.now()
        return item

    def add_labels(self, given: Given) -> WorkItem:
        """Join labels to those that stand."""
        item = self.sight.work_item(given["id"])
        return self._touched(item, self._relabel, [*item.labels, *self.sight.labels(given["label_ids"], item.space)])

    def remove_labels(self, given: Given) -> WorkItem:
        """Take labels off."""
        item = self.sight.work_item(given["id"])
        gone = self.sight.labels(given["label_ids"])
        return self._touched(item, self._relabel, [label for label in item.labels if label not in gone])

    def change_people(self, given: Given, ids: str, held: str, *, add: bool) -> WorkItem:
        """Add or remove members or watchers."""
        item = self.sight.work_item(given["id"])
        people: list[User] = getattr(item, held)
        named = self._people(given[ids])
        after = [*people, *(user for user in named if user not in people)] if add else []
        setattr(item, held, after if add else [user for user in people if user not in named])
        item.updated_at = self.org.now()
        self._note(item, "MEMBERS_CHANGED")
        return item

    def create_comment(self, given: Given) -> Comment:
        """A comment on a work item: in a thread of its own, or in the one that is named."""
        item = self.sight.work_item(given["id"])
        if not given["body"]:
            raise wrong("body is required")
        thread = given.get("thread_id")
        if thread is not None and thread not in {comment.thread_id for comment in item.comments}:
            raise missing("thread")
        made = Comment(
            actor=self.actor,
            body=self.org.rendered(given["body"]),
            thread_id=thread or self.org.new_id(),
            reply=thread is not None,
            entity=item,
            **self.org.born(),
        )
        item.comments.append(made)
        self.org.comments[made.id] = made
        return made

    def edit_comment(self, given: Given) -> Comment:
        """Another text; without one nothing changes."""
        comment = self.sight.comment(given["id"])
        if given.get("body") is not None:
            comment.body, comment.updated_at = self.org.rendered(given["body"]), self.org.now()
        return comment

    def create_label(self, given: Given) -> Label:
        """A label of a space."""
        space = self.sight.space(given["space_id"])
        name = given["name"]
        if not name:
            raise wrong("a label needs a name")
        if not SAME_NAME_MAKES_TWO and any(label.name == name for label in space.labels):
            raise wrong(f"there is a label {name!r}")
        return self.org.add_label(space, name, given.get("color"))

    # the parts of these

    def _column(self, given: Given) -> tuple[Space, Status]:
        """Where a new item goes: the status says the space [seed]; a space alone means its default status."""
        if given.get("status_id") is not None:
            space, status = self.sight.status(given["status_id"])
            if given.get("space_id") is not None and self.sight.space(given["space_id"]) is not space:
                raise wrong("the status is of another space")
            return space, status
        if given.get("space_id") is None:
            raise wrong("statusId is required")
        space = self.sight.space(given["space_id"])
        return space, _default(space)

    def _destination(self, item: WorkItem, given: Given) -> tuple[Space, Status]:
        space = item.space if given.get("space_id") is None else self.sight.space(given["space_id"])
        if given.get("status_id") is None:
            return space, item.status if space is item.space else _default(space)
        home, status = self.sight.status(given["status_id"])
        if home is not space:
            raise Problem(FOREIGN_STATUS, "BAD_REQUEST", "the status is of another space")
        return space, status

    def _moved(self, given: Given, *, moved: bool) -> str | None:
        """The order is left alone unless a place or a status is sent. [inferred]"""
        placement = given.get("placement") or ("top" if moved else None)
        return None if placement is None else self.org.sort(placement)

    def _texts(self, given: Given, space: Space) -> dict[str, Any]:
        """Title, description, effort and impact, where they are given."""
        found: dict[str, Any] = {}
        if given.get("title") is not None:
            if not given["title"].strip():
                raise wrong("title is empty")
            found["title"] = given["title"]
        if "description" in given and (given["description"] or EMPTY_DESCRIPTION_CLEARS):
            found["description"] = self.org.rendered(given["description"] or "")
        for name in ("effort", "impact"):
            if name in given and (given[name] is not None or NULL_CLEARS):
                found[name] = _level(space, name, given[name])
        return found

    def _move(self, item: WorkItem, space: Space, status: Status) -> None:
        if space is not item.space:
            self.org.place(item, space)
            item.labels = [label for label in item.labels if label.space_id == space.id]
        if status is not item.status:
            self._note(item, "STATUS_CHANGED", {"from": item.status.id, "to": status.id})
            item.status = status
            self._stamp(item, self.org.now())

    def _stamp(self, item: WorkItem, when: datetime) -> None:
        if DONE_CLOSES:
            item.closed_at = when if item.status.type == "DONE" else None
            item.archived_at = when if item.status.type == "ARCHIVED" else None

    def _relabel(self, item: WorkItem, labels: Iterable[Label]) -> None:
        after = list(dict.fromkeys(labels))
        if after != item.labels:
            item.labels = after
            self._note(item, "LABELS_CHANGED")

    def _touched(self, item: WorkItem, change: Any, *values: Any) -> WorkItem:
        change(item, *values)
        item.updated_at = self.org.now()
        return item

    def _people(self, ids: Iterable[str]) -> list[User]:
        return self.sight.named(self.org.users, ids, "user")

    def _note(self, entity: WorkItem | Initiative, type_: str, details: dict[str, Any] | None = None) -> None:
        about: dict[str, Any] = {"type": type_, "actor": self.actor, "entity": entity, "details": details or {}}
        entity.activities.append(Activity(**about, **self.org.born()))


def _default(space: Space) -> Status:
    for status in space.statuses:
        if status.default:
            return status
    if not space.statuses:
        raise wrong("the space has no status")
    return space.statuses[0]


def _level(space: Space, name: str, word: str | None) -> str | None:
    """The space's own spelling of a word. [docs]: a space can have up to nine."""
    if not word:
        return None
    for level in space.levels:
        if level.casefold() == word.casefold():
            return level
    if MENTIONED_LEVELS_ONLY:
        raise wrong(f"{name} is one of {', '.join(space.levels)}, not {word!r}")
    return word
