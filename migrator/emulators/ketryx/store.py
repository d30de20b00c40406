"""The organization's state: projects, items, and what people and other systems do to them beside the API."""

from collections.abc import Iterable
from dataclasses import replace
from threading import RLock
from typing import Any

from migrator.emulators.ketryx import access, assumptions, ids, writing
from migrator.emulators.ketryx.assumptions import Switches
from migrator.emulators.ketryx.item import Item, ItemRecord
from migrator.emulators.ketryx.organization import ItemType, Project, Version
from migrator.emulators.ketryx.refusal import Refusal
from migrator.emulators.server import Clock


class Store:
    """One organization. Items are kept in the order of their making, over all projects."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.switches = Switches()
        self.lock = RLock()
        self.keys = dict(access.KEYS)
        self.types: list[ItemType] = []
        self.projects: dict[str, Project] = {}
        self.items: dict[str, Item] = {}
        self.sources: dict[tuple[str, str], str] = {}
        """(project, sourceId) -> item."""
        self._numbers = 0

    def new_id(self, prefix: str) -> str:
        """A fresh id of that kind."""
        self._numbers += 1
        return ids.new_id(prefix, self._numbers)

    # ------------------------------------------------------------ asked for over HTTP

    def project(self, project_id: str) -> Project:
        """A project that is not deleted. Raises Refusal 400 (no id by the published pattern), 404."""
        if not ids.PROJECT_PATTERN.match(project_id):
            pattern = f"^{ids.PROJECT_PATTERN.pattern}"
            raise Refusal(assumptions.BAD_REQUEST_STATUS, f"projectId {project_id!r} does not match {pattern}")
        found = self.projects.get(project_id)
        if found is None or found.deleted:
            raise Refusal(assumptions.NOT_FOUND_STATUS, f"Project {project_id} not found")
        return found

    def item(self, project: Project, item_id: str) -> Item:
        """An item of the project. Raises Refusal 404."""
        found = self.items.get(item_id)
        if found is None or found.project != project.id:
            raise Refusal(assumptions.NOT_FOUND_STATUS, f"Item {item_id} not found in project {project.id}")
        return found

    def items_of(self, project_id: str) -> list[Item]:
        """Items of a project in the order of their making."""
        return [item for item in self.items.values() if item.project == project_id]

    def write(self, project_id: str, body: Any) -> str:
        """Create or change an item as the POST does; its id. Raises Refusal."""
        with self.lock:
            return writing.write(self, self.project(project_id), body)

    # ------------------------------------------------------------ what others do

    def add_project(self, name: str, repositories: Iterable[dict[str, str]] = ()) -> Project:
        """A new, empty project."""
        project = Project(self.new_id(ids.PROJECT), name, [dict(each) for each in repositories])
        self.projects[project.id] = project
        return project

    def add_version(self, project: Project, name: str) -> Version:
        """A version after the others; records made from now on are introduced in it."""
        version = Version(self.new_id(ids.VERSION), name)
        project.versions.append(version)
        return version

    def add_item(self, project: Project, body: dict[str, Any], *, jira: str | None = None, **more: Any) -> str:
        """An item whose content is given as to the POST, which needs no sourceId here; its id.

        `jira`: the key of an item that Jira sends. `more`: other attributes of Item (folder, excluded, ...).
        """
        with self.lock:
            if "sourceId" in body:
                number = writing.write(self, project, body)
            else:
                number = writing.create(self, project, body).id
            item = self.items[number]
            item.jira_key = jira
            item.from_jira = item.current if jira is not None else None
            for name, value in more.items():
                setattr(item, name, value)
            return number

    def add(self, project: Project, content: ItemRecord, source_id: str | None) -> Item:
        """Put a new item with its first record in place."""
        item_id = self.new_id(ids.ITEM)
        item = Item(item_id, project.id, self._numbers, content.created, [content], source_id)
        self.items[item_id] = item
        if source_id is not None:
            self.sources[project.id, source_id] = item_id
        return item

    def remove(self, item_id: str) -> None:
        """Somebody deletes an item in the app."""
        item = self.items.pop(item_id)
        if item.source_id is not None:
            self.sources.pop((item.project, item.source_id), None)

    def approve(self, item_id: str) -> None:
        """All groups approve the current record: it is controlled from now on."""
        records = self.items[item_id].records
        records[-1] = replace(records[-1], controlled=True, approvals=assumptions.APPROVAL_STEPS)

    def retire(self, item_id: str, version: Version) -> None:
        """The current record is obsolete in that version."""
        records = self.items[item_id].records
        records[-1] = replace(records[-1], obsolete=version.id)

    def sync(self, item_id: str) -> None:
        """Jira sends its item again: what the API wrote is reset. [seed]"""
        item = self.items[item_id]
        if item.from_jira is None:
            raise ValueError(f"{item_id} does not come from Jira")
        writing.apply(self, item, item.from_jira)
