"""The state behind HTTP: one organization with all that it holds. `Emulator.store`."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from migrator.emulators.kitemaker.assumptions import COLORS, RENDERED_END, Switches
from migrator.emulators.kitemaker.moments import Ids, moment
from migrator.emulators.kitemaker.things import (
    Application,
    CodeReviewRequest,
    Comment,
    Company,
    Feedback,
    Initiative,
    Insight,
    Integration,
    IntegrationUser,
    Label,
    Level,
    Person,
    Roadmap,
    RoadmapColumn,
    Space,
    Status,
    StatusType,
    User,
    WorkItem,
)
from migrator.emulators.server import Clock


@dataclass(frozen=True)
class Token:
    """A personal access token (its actor is a user) or an application's. [seed]"""

    secret: str
    actor: User | Application

    def sees(self, space: Space) -> bool:
        """Applications see no private spaces, people those that they are members of. [docs], of people [inferred]"""
        return not space.private or self.actor in space.member_list


class Organization:
    """Everything of one customer, by id. What HTTP does goes through `lock`; tests may look at any time."""

    def __init__(self, clock: Clock, switches: Switches | None = None, name: str = "Acme") -> None:
        self.clock = clock
        self.switches = switches or Switches()
        self.lock = threading.RLock()
        self._ids = Ids()
        self._colors = 0
        self._lowest = self._highest = 2**47
        self.id, self.name, self.slug = self.new_id(), name, name.lower()
        self.created_at = self.updated_at = self.now()
        self.tokens: dict[str, Token] = {}
        self.spaces: dict[str, Space] = {}
        self.statuses: dict[str, tuple[Space, Status]] = {}
        self.labels: dict[str, Label] = {}
        self.users: dict[str, User] = {}
        self.applications: dict[str, Application] = {}
        self.integrations: dict[str, Integration] = {}
        self.integration_users: dict[str, IntegrationUser] = {}
        self.work_items: dict[str, WorkItem] = {}
        self.numbered: dict[str, dict[int, WorkItem]] = {}
        self.comments: dict[str, Comment] = {}
        self.initiatives: dict[str, Initiative] = {}
        self.levels: dict[str, Level] = {}
        self.roadmaps: dict[str, Roadmap] = {}
        self.columns: dict[str, RoadmapColumn] = {}
        self.feedback: dict[str, Feedback] = {}
        self.insights: dict[str, Insight] = {}
        self.persons: dict[str, Person] = {}
        self.companies: dict[str, Company] = {}
        self.reviews: dict[str, CodeReviewRequest] = {}

    # what new things are given

    def now(self) -> datetime:
        """The clock's time, to the millisecond."""
        return moment(self.clock.now())

    def new_id(self) -> str:
        """An id that no thing has."""
        return self._ids.next(self.clock.now())

    def born(self, created_at: datetime | None = None, updated_at: datetime | None = None) -> dict[str, Any]:
        """Id and dates of a new thing."""
        created = created_at or updated_at or self.now()
        return {"id": self.new_id(), "created_at": created, "updated_at": updated_at or created}

    def color(self) -> str:
        """A colour where none was named."""
        self._colors += 1
        return COLORS[self._colors % len(COLORS)]

    def sort(self, placement: str) -> str:
        """Text that goes before (`top`) or after (`bottom`) all that was given out: 12 hex digits."""
        if placement == "top":
            self._lowest -= 1
            return f"{self._lowest:012x}"
        self._highest += 1
        return f"{self._highest:012x}"

    def rendered(self, text: str) -> str:
        """A text as the server shows it after its round trip through the editor."""
        if not self.switches.rendered:
            return text
        body = text.rstrip("\n")
        return body + RENDERED_END if body else ""

    # making the world, in tests and seeds

    def add_user(self, username: str, **about: Any) -> User:
        """Set up a user; `about` are name, guest, deactivated."""
        user = User(username=username, **about, **self.born())
        self.users[user.id] = user
        return user

    def add_application(self, name: str) -> Application:
        """Set up an application."""
        application = Application(name=name, **self.born())
        self.applications[application.id] = application
        return application

    def add_token(self, secret: str, actor: User | Application) -> Token:
        """Give an actor a token."""
        self.tokens[secret] = Token(secret, actor)
        return self.tokens[secret]

    def add_space(self, key: str, name: str, *, private: bool = False, members: list[User] | None = None) -> Space:
        """Set up a space without columns."""
        space = Space(key=key, name=name, private=private, member_list=members or [], **self.born())
        self.spaces[space.id] = space
        self.numbered[space.id] = {}
        return space

    def add_status(self, space: Space, name: str, type_: StatusType, *, default: bool = False) -> Status:
        """Set up a column."""
        status = Status(name=name, type=type_, default=default, **self.born())
        space.statuses.append(status)
        self.statuses[status.id] = (space, status)
        return status

    def add_label(self, space: Space, name: str, color: str | None = None) -> Label:
        """Set up a label."""
        label = Label(name=name, color=color or self.color(), space_id=space.id, **self.born())
        space.labels.append(label)
        self.labels[label.id] = label
        return label

    def add_level(self, name: str) -> Level:
        """Set up a step of effort or impact of initiatives."""
        level = Level(name=name, **self.born())
        self.levels[level.id] = level
        return level

    def add_roadmap(self, name: str, **columns: str) -> Roadmap:
        """Set up a roadmap; `columns` are names with their types."""
        roadmap = Roadmap(name=name, color=self.color(), **self.born())
        for title, type_ in columns.items():
            column = RoadmapColumn(name=title, roadmap=roadmap, column_type=type_, **self.born())
            roadmap.columns.append(column)
            self.columns[column.id] = column
        self.roadmaps[roadmap.id] = roadmap
        return roadmap

    # looking, in tests

    def space(self, key: str) -> Space:
        """The space with the key. Raises KeyError."""
        for space in self.spaces.values():
            if space.key == key:
                return space
        raise KeyError(key)

    def column(self, status: Status) -> Iterator[WorkItem]:
        """The items of a column from top to bottom."""
        held = (item for item in self.work_items.values() if item.status is status)
        return iter(sorted(held, key=lambda item: (item.sort, item.id)))

    def place(self, item: WorkItem, space: Space) -> None:
        """Number an item in a space, taking it out of the one where it stood."""
        if self.numbered[item.space.id].get(item.number) is item:
            del self.numbered[item.space.id][item.number]
        space.last_number += 1
        item.space, item.number = space, space.last_number
        self.numbered[space.id][item.number] = item
        self.work_items[item.id] = item
