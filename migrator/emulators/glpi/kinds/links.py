"""Links between items, and rows that hang on one."""

from typing import TYPE_CHECKING, Any

from migrator.emulators.glpi.kinds.kind import Kind, nameless
from migrator.emulators.glpi.refusal import DENIED, NotDone
from migrator.emulators.glpi.schema import Itemtype, find
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.wire import intval

if TYPE_CHECKING:
    from migrator.emulators.glpi.items import Items


class Quiet(Kind):
    """Notepad: no message on success; the writer is the user."""

    announces = False

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Notes who wrote."""
        user = items.session.user
        return {"users_id": user, "users_id_lastupdater": user, **values}


class OnePerItem(Kind):
    """Infocom: a second one is refused without a word. [observed]"""

    announces = False

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Looks for the first one; takes the entity of the item."""
        kind, number = values.get("itemtype"), intval(values.get("items_id", 0))
        if any(items.store.table(itemtype.name).where(items_id=number, itemtype=kind)):
            raise NotDone
        return {**values, **entity_of(items, kind, number)}


class ItemLink(Kind):
    """Item_Ticket: told by the item's name; the same link again is refused without a word. [observed]"""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Looks for the same link."""
        same = {name: intval(values.get(name, 0)) for name in ("items_id", "tickets_id")}
        if any(items.store.table(itemtype.name).where(**same, itemtype=values.get("itemtype"))):
            raise NotDone
        return values

    def title(self, items: "Items", itemtype: Itemtype, row: Row) -> str:
        """The linked item's name."""
        return name_of(items, row) or nameless(itemtype.name, row["id"])


class Port(Kind):
    """NetworkPort: told with the name of its host. [observed]"""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Takes the entity of the host."""
        return {**values, **entity_of(items, values.get("itemtype"), intval(values.get("items_id", 0)))}

    def title(self, items: "Items", itemtype: Itemtype, row: Row) -> str:
        """` host >  port`, with these blanks. [observed]"""
        return f" {name_of(items, row)} >  {row['name'] or ''}"


class Version(Kind):
    """SoftwareVersion: its software must be there; takes its entity. [observed]"""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Raises NotDone without a software."""
        software = items.store.row("Software", intval(values.get("softwares_id", 0)))
        if software is None:
            raise NotDone(DENIED)
        return {**values, "entities_id": software["entities_id"], "is_recursive": software["is_recursive"]}


class DocumentLink(Kind):
    """Document_Item: the user links; tickets place it in their timeline."""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Notes who linked, and where it stands. [observed: 1 for who is not assigned]"""
        kind, number = values.get("itemtype"), intval(values.get("items_id", 0))
        place = items.side_of(number, items.session.user) if kind == "Ticket" else 0
        return {"users_id": items.session.user, "timeline_position": place, **values}


def name_of(items: "Items", row: Row) -> str:
    """The name of the item that a link's itemtype and items_id name."""
    itemtype = find(row["itemtype"] or "")
    other = items.store.row(itemtype.name, row["items_id"]) if itemtype else None
    return items.store.plain_name(itemtype, other) if itemtype and other else ""


def entity_of(items: "Items", kind: Any, number: int) -> dict[str, int]:
    """The entity columns of an item, for what hangs on it."""
    itemtype = find(str(kind or ""))
    row = items.store.row(itemtype.name, number) if itemtype else None
    return {"entities_id": row["entities_id"]} if row and itemtype and itemtype.of_entity else {}
