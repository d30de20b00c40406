"""Tree types: paths, levels, and the caches that go stale with them. [observed]"""

import json
from typing import TYPE_CHECKING, Any

from migrator.emulators.glpi.kinds.kind import Kind
from migrator.emulators.glpi.options import SEPARATOR
from migrator.emulators.glpi.refusal import NotDone
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.text import order_key
from migrator.emulators.glpi.values import as_text
from migrator.emulators.glpi.wire import intval

if TYPE_CHECKING:
    from migrator.emulators.glpi.items import Items
    from migrator.emulators.glpi.store import Store


def _cache(ids: list[int]) -> str:
    return json.dumps({str(each): each for each in ids}, separators=(",", ":")) if ids else "[]"


def _cached(text: str | None) -> list[int] | None:
    return None if not text else [int(each) for each in json.loads(text)]


def _parent(row: Row, itemtype: Itemtype) -> Any:
    return row[itemtype.parent_key or ""]


class Tree(Kind):
    """Location, Group, ITILCategory, Entity and the like."""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """An unknown parent is silently the root; the name is trimmed."""
        adapted = self._adapt(items.store, itemtype, values, {})
        parent = adapted[itemtype.parent_key or ""]
        above = [*self._ancestors(items.store, itemtype, parent), parent] if adapted["level"] > 1 else []
        code = {"code": ""} if itemtype.name == "ITILCategory" else {}
        return {**code, **adapted, "ancestors_cache": _cache(above)}

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """The parents' list of sons is no longer true."""
        self._forget_sons(items.store, itemtype, _cached(row["ancestors_cache"]) or [])

    def before_update(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        """A rename without the parent key moves to the root; below oneself is refused without a word."""
        key = itemtype.parent_key or ""
        if key in values:
            wanted = intval(values[key])
            if wanted in self._sons(items.store, itemtype, row["id"], keep=True):
                raise NotDone
            if wanted != row[key]:
                adapted = self._adapt(items.store, itemtype, values, row)
                parent = adapted[key]
                above = [*self._ancestors(items.store, itemtype, parent), parent] if adapted["level"] > 1 else []
                return {**adapted, "ancestors_cache": _cache(above)}
        if "name" in values and values["name"] != row["name"]:
            return self._adapt(items.store, itemtype, values, row)
        return values

    def _adapt(self, store: "Store", itemtype: Itemtype, values: dict[str, Any], row: Row) -> dict[str, Any]:
        key = itemtype.parent_key or ""
        name = as_text(values["name"] if values.get("name") is not None else row.get("name") or "").strip()
        number = intval(values[key]) if values.get(key) is not None else 0
        root_entity = itemtype.name == "Entity" and values.get(key) is not None and number == 0
        parent = store.row(itemtype.name, number) if number or root_entity else None
        if parent is None:
            kept = {} if itemtype.name == "Entity" else {key: 0}
            return {**values, **kept, "name": name, "level": 1, "completename": name}
        path = f"{parent['completename']}{SEPARATOR}{name}"
        return {**values, key: number, "name": name, "level": parent["level"] + 1, "completename": path}

    def after_update(self, items: "Items", itemtype: Itemtype, old: Row, new: Row) -> None:
        """Paths below follow a rename or a move."""
        moved = _parent(old, itemtype) != _parent(new, itemtype)
        if moved:
            for row in (old, new):
                self._forget_sons(items.store, itemtype, _cached(row["ancestors_cache"]) or [])
        if moved or old["name"] != new["name"]:
            self._regenerate(items.store, itemtype, new["id"], moved)

    def _regenerate(self, store: "Store", itemtype: Itemtype, number: int, moved: bool) -> None:
        table = store.table(itemtype.name)
        parent = table.rows[number]
        for child in [table.rows[each] for each in table.ids(itemtype.parent_key or "", number)]:
            if child["id"] == number:
                continue
            above = {"ancestors_cache": _cache([*self._ancestors(store, itemtype, number), number])} if moved else {}
            path = f"{parent['completename']}{SEPARATOR}{child['name']}"
            table.replace({**child, "completename": path, "level": parent["level"] + 1, **above})
            self._regenerate(store, itemtype, child["id"], moved)

    def before_purge(self, items: "Items", itemtype: Itemtype, row: Row) -> None:
        """Children go to the parent of what is deleted."""
        key = itemtype.parent_key or ""
        for number in items.store.table(itemtype.name).ids(key, row["id"]):
            items.update(itemtype, number, {key: row[key] or 0})
        self._forget_sons(items.store, itemtype, _cached(row["ancestors_cache"]) or [])

    def _ancestors(self, store: "Store", itemtype: Itemtype, number: int) -> list[int]:
        row = store.row(itemtype.name, number)
        if row is None:
            return []
        known = _cached(row["ancestors_cache"])
        if known is not None:
            return known
        parent = _parent(row, itemtype)
        if parent is None or (parent == 0 and itemtype.name != "Entity"):
            return []
        return [*self._ancestors(store, itemtype, parent), parent]

    def _sons(self, store: "Store", itemtype: Itemtype, number: int, *, keep: bool) -> list[int]:
        """A node and all below it; `keep` writes the answer into its cache, as looking it up does."""
        table = store.table(itemtype.name)
        row = table.rows[number]
        known = _cached(row["sons_cache"])
        if known is not None:
            return known
        found, queue = {number}, [number]
        while queue:
            below = [each for each in table.ids(itemtype.parent_key or "", queue.pop()) if each not in found]
            found.update(below)
            queue += below
        if keep:
            table.replace({**row, "sons_cache": _cache(sorted(found))})
        return sorted(found)

    def _forget_sons(self, store: "Store", itemtype: Itemtype, numbers: list[int]) -> None:
        table = store.table(itemtype.name)
        for number in numbers:
            row = table.rows.get(number)
            if row is not None and row["sons_cache"]:
                table.replace({**row, "sons_cache": None})

    def sons(self, store: "Store", itemtype: Itemtype, number: int) -> list[int]:
        """A node and all below it, for a search; [] for an unknown one."""
        if number not in store.table(itemtype.name).rows:
            return []
        return self._sons(store, itemtype, number, keep=False)


class State(Tree):
    """Statuses of items: a name of its own under one parent, looked up before the database is asked."""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Raises NotDone for a name that is taken."""
        adapted = super().before_add(items, itemtype, values)
        for other in items.store.table("State").where(states_id=adapted.get("states_id", 0)):
            if order_key(other["name"] or "") == order_key(adapted["name"]):
                raise NotDone("Status of items must be unique!")
        return adapted
