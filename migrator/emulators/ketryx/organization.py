"""What an administrator sets up: item types with their fields, relations, and projects with their versions."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Label:
    """A field of a type, by its displayed name. `type` is the JSON type's name that records show. [docs]"""

    name: str
    type: str = "string"


@dataclass(frozen=True)
class ItemType:
    """A type of item. `short`: its name in queries, where it has one [docs]; `fields`: its labels."""

    name: str
    short: str = ""
    fields: tuple[Label, ...] = ()
    lifecycle: str = "LONG_LIVED"

    def label(self, name: str) -> Label | None:
        """The field of that label."""
        return next((each for each in self.fields if each.name == name), None)


RELATIONS = {
    "affects": "is affected by",
    "contains tests": "is contained by",
    "found anomaly": "is found by",
    "fulfills": "is fulfilled by",
    "has parent": "is parent of",
    "has root cause": "is root cause of",
    "implements": "is implemented by",
    "introduces risk": "is introduced by",
    "is risk-controlled by": "risk-controls",
    "executes": "is executed by",
    "relates to": "is target of",
    "is related to": "is related from",
    "resolved by": "resolves",
    "results in": "results from",
    "tests": "is tested by",
    "uses": "is used by",
    "triggers": "is triggering",
    "is triggered by": "has triggered",
}
"""Names of relations (vendor's sample repository) -> the reverse names, which only the words of the app have shown
for some [inferred]."""

RISK_CONTROL = "is risk-controlled by"
"""What has this relation towards it plays the role that `RC` names. [inferred]"""


@dataclass
class Version:
    """A version of a project; versions follow each other in the order of their making."""

    id: str
    name: str


@dataclass
class Project:
    """A project. Its settings may switch creating and editing of items off, as in the app [docs: MAN-10]; that the
    API obeys them, and their names, are assumed.
    """

    id: str
    name: str
    repositories: list[dict[str, str]] = field(default_factory=list)
    settings: dict[str, object] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    deleted: bool = False

    @property
    def takes_new_items(self) -> bool:
        """Whether items may be made."""
        return self.settings.get("allowItemCreation", True) is not False

    @property
    def takes_changes(self) -> bool:
        """Whether items may be changed."""
        return self.settings.get("allowItemEditing", True) is not False

    def place_of(self, version_id: str) -> int | None:
        """The place of a version in the project's history."""
        return next((at for at, version in enumerate(self.versions) if version.id == version_id), None)


def folded(name: str) -> str:
    """Names of types, relations and filters as they are compared: case, blanks and hyphens do not count."""
    return "".join(letter for letter in name.casefold() if letter not in " -_")


def by_name(types: Iterable[ItemType], name: str) -> ItemType | None:
    """The type of that name or short name."""
    wanted = folded(name)
    return next((each for each in types if wanted in (folded(each.name), folded(each.short or each.name))), None)
