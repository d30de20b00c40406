"""What an administrator sets up: templates with their fields, attributes, milestones and statuses; users; places."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from migrator.emulators.kainexus.incoming import as_id, as_object, by_name, known
from migrator.emulators.kainexus.refusal import Refusal


class FieldKind(StrEnum):
    """Kind of a template's field; decides the key its value travels under."""

    TEXT = "text"
    TEXT_AREA = "text area"
    NUMBER = "number"
    DATE = "date"
    DATE_TIME = "date-time"


class TeamType(StrEnum):
    """Who works on an item: decides what a status requires. [docs: what-is-a-team]"""

    ADVANCED = "Advanced"
    AUTHOR_ONLY = "Author-Only"
    SIMPLE = "Simple"
    STANDARD = "Standard"


@dataclass(frozen=True)
class Field:
    """A template's field. Sizes are characters of text; 0 and None mean no limit of its own."""

    id: int
    name: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    min_size: int = 0
    max_size: int | None = None
    ad_hoc: bool = False


@dataclass(frozen=True)
class Choice:
    """One value of a choice attribute; `notes` tells whether it takes a note."""

    id: int
    name: str
    notes: bool = False


@dataclass(frozen=True)
class Attribute:
    """A template's attribute.

    kind: "choice", "person" or "location". max_values: None = any number. score: (id, name) of the weighted
    score it belongs to. shown_if: (attribute id, value id) that must be chosen for it to appear.
    """

    id: int
    name: str
    kind: str = "choice"
    values: tuple[Choice, ...] = ()
    max_values: int | None = 1
    score: tuple[int, str] | None = None
    shown_if: tuple[int, int] | None = None


@dataclass(frozen=True)
class Milestone:
    """A template's milestone; `approver_roles` empty = anybody may approve."""

    id: int
    name: str
    approver_roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Status:
    """A status people see, and its type. The first of its type in a template is the primary one."""

    name: str
    type: str


DEFAULT_STATUSES = (
    Status("DRAFT", "DRAFT"),
    Status("NEW", "NEW"),
    Status("PLANNED", "PLANNED"),
    Status("ACTIVE", "ACTIVE"),
    Status("RESOLUTION SUBMITTED", "RES_SUBMITTED"),
    Status("COMPLETE", "COMPLETE"),
    Status("DEFERRED", "DEFERRED"),
)
"""One status a type, under the names of a test instance. [qa]; the name of DRAFT is [assumption]"""


@dataclass(frozen=True)
class Template:
    """What an item can hold. `check_status` off: no user or date is required by a status.

    `authors_on`: an Advanced team also has authors. [seed]
    """

    id: int
    name: str
    team: TeamType = TeamType.SIMPLE
    fields: tuple[Field, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    statuses: tuple[Status, ...] = DEFAULT_STATUSES
    check_status: bool = True
    authors_on: bool = False
    _field_ids: dict[int, Field] = field(init=False, repr=False, compare=False, default_factory=dict)
    _field_names: dict[str, Field] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._field_ids.update({each.id: each for each in self.fields})
        self._field_names.update({each.name: each for each in reversed(self.fields)})

    def field(self, entry: dict[str, Any]) -> Field:
        """The field that an entry names by id or, without one, by name. Raises Refusal NOT_FOUND, NOT_VALID."""
        number = as_id(entry.get("id"), "field id")
        found = self._field_names.get(str(entry.get("name"))) if number is None else self._field_ids.get(number)
        if found is None:
            named = repr(entry.get("name")) if number is None else f"with id {number}"
            raise Refusal("NOT_FOUND", f'no field {named} on template "{self.name}"')
        return found


@dataclass
class User:
    """A person. `type` "INACTIVE" is as deleted as a user can be. [docs: json-user-api]"""

    id: int
    username: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    type: str = "USER"
    locations: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Users are named by their user name."""
        return self.username

    def ref(self) -> dict[str, Any]:
        """The five keys of a person on an item that is read. [qa]"""
        return {
            "id": self.id,
            "username": self.username,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "email": self.email,
        }


@dataclass
class Location:
    """A network location; `parent` is another's id, `level` (id, name) of its level type."""

    id: int
    name: str
    level: tuple[int, str] = (1, "Department")
    parent: int | None = None


@dataclass
class Organization:
    """One customer of the vendor: zone, templates, users, locations, impact types (id -> name)."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/Chicago"))
    templates: dict[int, Template] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    locations: dict[int, Location] = field(default_factory=dict)
    impact_types: dict[int, str] = field(default_factory=dict)
    resources: dict[str, int] = field(default_factory=dict)
    _next: int = 1_000

    def new_id(self) -> int:
        """A number nobody else in the organization's set-up has."""
        self._next += 1
        return self._next

    def user(self, ref: Any, where: str) -> User:
        """The user that a reference names: its `id` wins over its `username`. [qa]

        Raises Refusal NOT_VALID (no object), EMPTY (names nobody), NOT_FOUND.
        """
        entry = as_object(ref, where)
        number = as_id(entry.get("id"), where)
        if number is not None:
            return known(self.users.get(number), f"{where}: no user with id {number}")
        name = entry.get("username")
        if not name:
            raise Refusal("EMPTY", f"{where}: a user is named by id or username")
        return known(by_name(self.users.values(), name), f"{where}: no user named {name!r}")

    def location(self, ref: Any, where: str) -> Location:
        """The location that a reference names by `id` or `name`; raises as `user` does."""
        entry = as_object(ref, where)
        number = as_id(entry.get("id"), where)
        if number is not None:
            return known(self.locations.get(number), f"{where}: no location with id {number}")
        name = entry.get("name")
        if not name:
            raise Refusal("EMPTY", f"{where}: a location is named by id or name")
        return known(by_name(self.locations.values(), name), f"{where}: no location named {name!r}")

    def template(self, body: dict[str, Any]) -> Template | None:
        """The template a body names: the id wins, a wrong name beside it is accepted [qa]; None if it names none."""
        number = as_id(body.get("templateId"), "templateId")
        if number is not None:
            return known(self.templates.get(number), f"no template with id {number}")
        name = body.get("templateName")
        if not name:
            return None
        return known(by_name(self.templates.values(), name), f"no template named {name!r}")
