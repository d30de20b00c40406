"""What an organization is made of. Fields are named as in GraphQL, in snake case: most show as they are."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

StatusType = Literal["BACKLOG", "TODO", "IN_PROGRESS", "DONE", "ARCHIVED"]
"""Types that columns fall into. [client source]"""


@dataclass(eq=False, kw_only=True)
class Thing:
    """Anything with an id and dates."""

    id: str
    created_at: datetime
    updated_at: datetime


@dataclass(eq=False, kw_only=True)
class User(Thing):
    """A person who logs in. No API shows an e-mail address of one. [client source]"""

    username: str
    name: str | None = None
    avatar: str | None = None
    guest: bool = False
    deactivated: bool = False


@dataclass(eq=False, kw_only=True)
class Application(Thing):
    """A program with a token of its own."""

    name: str


@dataclass(eq=False, kw_only=True)
class Integration(Thing):
    """A coupled system, such as GITHUB."""

    type: str
    domain: str | None = None


@dataclass(eq=False, kw_only=True)
class IntegrationUser(Thing):
    """Somebody there."""

    type: str
    external_id: str
    external_name: str
    domain: str | None = None


Actor = User | Application | Integration | IntegrationUser
"""Who can have made something. [client source]"""


@dataclass(eq=False, kw_only=True)
class Status(Thing):
    """A column of a space."""

    name: str
    type: StatusType
    default: bool = False


@dataclass(eq=False, kw_only=True)
class Label(Thing):
    """A label of a space."""

    name: str
    color: str
    space_id: str


@dataclass(eq=False, kw_only=True)
class Space(Thing):
    """A board: columns, labels, and its own words for effort and impact (up to nine [docs])."""

    key: str
    name: str
    private: bool = False
    member_list: list[User] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    levels: tuple[str, ...] = ("Small", "Medium", "Large")
    last_number: int = 0

    @property
    def slug(self) -> str:
        """The name as it stands in addresses."""
        return "-".join(self.name.lower().split())

    @property
    def members(self) -> list[User] | None:
        """Named for private spaces; GraphQL allows null. [client source]"""
        return self.member_list if self.private else None


@dataclass(eq=False, kw_only=True)
class Activity(Thing):
    """What happened to an entity."""

    type: str
    actor: Actor
    entity: "WorkItem | Initiative"
    details: dict[str, Any]


@dataclass(eq=False, kw_only=True)
class Comment(Thing):
    """A comment; the first of a thread gave the thread its id."""

    actor: Actor
    body: str
    thread_id: str
    reply: bool
    entity: "WorkItem | Initiative"


@dataclass(eq=False, kw_only=True)
class WorkItem(Thing):
    """One item; its number counts within the space. `sort` orders a column as text. [client source]"""

    number: int
    title: str
    actor: Actor
    description: str
    status: Status
    sort: str
    space: Space
    members: list[User] = field(default_factory=list)
    watchers: list[User] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    effort: str | None = None
    impact: str | None = None
    closed_at: datetime | None = None
    archived_at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class Level(Thing):
    """A step of effort or impact that initiatives name by id; no call lists them. [inferred]"""

    name: str


@dataclass(eq=False, kw_only=True)
class Roadmap(Thing):
    """Columns of initiatives."""

    name: str
    color: str
    columns: list["RoadmapColumn"] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class RoadmapColumn(Thing):
    """PAST, PRESENT or FUTURE."""

    name: str
    roadmap: Roadmap
    column_type: str
    initiatives: list["Initiative"] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Initiative(Thing):
    """What stands above work items, for the whole organization."""

    number: int
    title: str
    color: str
    actor: Actor
    description: str
    work_items: list[WorkItem] = field(default_factory=list)
    members: list[User] = field(default_factory=list)
    watchers: list[User] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    spaces: list[Space] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    effort: str | None = None
    impact: str | None = None
    archived_at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class Company(Thing):
    """Where people who give feedback work."""

    name: str
    domain: str | None = None
    avatar: str | None = None


@dataclass(eq=False, kw_only=True)
class Person(Thing):
    """Somebody who gives feedback: these do have an e-mail address."""

    name: str
    email: str | None = None
    company: Company | None = None
    external_id: str | None = None


@dataclass(eq=False, kw_only=True)
class Insight(Thing):
    """A part of a feedback that is linked to entities."""

    actor: Actor
    content: str
    feedback_id: str
    entities: list["WorkItem | Initiative"] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Feedback(Thing):
    """What somebody said about the product."""

    number: int
    title: str
    actor: Actor
    content: str
    person: Person | None = None
    company: Company | None = None
    owners: list[User] = field(default_factory=list)
    tags: list[Label] = field(default_factory=list)
    insights: list[Insight] = field(default_factory=list)
    processed_at: datetime | None = None

    @property
    def processed(self) -> bool:
        """Whether somebody dealt with it."""
        return self.processed_at is not None


@dataclass(eq=False, kw_only=True)
class CodeReviewRequest(Thing):
    """A pull request that an integration brought in; `details` has number, url and title, a link name and url."""

    code_review_type: str
    state: str
    details: dict[str, str]
    links: list[dict[str, str]] = field(default_factory=list)
    work_items: list[WorkItem] = field(default_factory=list)
