"""An item is an identity; what it says stands in its records, numbered by revision. [docs]"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from migrator.emulators.ketryx import assumptions


@dataclass(frozen=True)
class ItemRecord:
    """One state of an item's content.

    fields: label -> JSON value, without those that are empty. relations: (name, id of the item it leads to).
    created: seconds since 1970. introduced, obsolete: ids of versions. approvals: names of groups.
    """

    id: str
    type: str
    title: str
    revision: int
    created: float
    fields: Mapping[str, Any] = field(default_factory=dict)
    relations: tuple[tuple[str, str], ...] = ()
    controlled: bool = False
    introduced: str | None = None
    obsolete: str | None = None
    approvals: tuple[str, ...] = ()

    def same_content(self, other: "ItemRecord") -> bool:
        """Whether nothing that can be written differs; the order of relations carries no meaning."""
        return (self.type, self.title, self.fields, set(self.relations)) == (
            other.type,
            other.title,
            other.fields,
            set(other.relations),
        )


@dataclass
class Item:
    """An item with all its records, oldest first; there is always one.

    source_id: what its maker chose. jira_key: of an item that Jira sends, whose content `from_jira` keeps.
    number: its place among all items ever made.
    """

    id: str
    project: str
    number: int
    created: float
    records: list[ItemRecord]
    source_id: str | None = None
    jira_key: str | None = None
    from_jira: ItemRecord | None = None
    excluded: bool = False
    folder: tuple[str, ...] = ()
    deferred: bool = False
    test_plans: tuple[str, ...] = ()

    @property
    def current(self) -> ItemRecord:
        """The newest record."""
        return self.records[-1]

    @property
    def controlled(self) -> ItemRecord | None:
        """The newest approved record."""
        return next((each for each in reversed(self.records) if each.controlled), None)

    def external_ids(self, *, source_id_shown: bool) -> list[dict[str, Any]]:
        """Where else the item is known, in the shape that reads have. What stands in it is assumed."""
        if self.jira_key is not None:
            url = f"https://jira.example.com/browse/{self.jira_key}"
            known = {"system": assumptions.JIRA_SYSTEM, "id": str(10_000 + self.number), "key": self.jira_key}
            return [{**known, "projectId": self.jira_key.partition("-")[0], "url": url}]
        if self.source_id is not None and source_id_shown:
            known = {"system": assumptions.EXTERNAL_SYSTEM, "id": self.source_id}
            return [{**known, "key": None, "projectId": self.project, "url": None}]
        return []
