"""What is said under a ticket: follow-ups, tasks, solutions."""

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from migrator.emulators.glpi.kinds.kind import Kind
from migrator.emulators.glpi.refusal import DENIED, NotDone
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.wire import intval

if TYPE_CHECKING:
    from migrator.emulators.glpi.items import Items

SOLVED, WAITING_APPROVAL = 5, 2


class _Answer(Kind):
    announces = False

    def parent(self, items: "Items", values: dict[str, Any]) -> tuple[str, Row]:
        """The type and row of what is answered. Raises NotDone where the input names none. [observed]"""
        name = str(values.get("itemtype") or "")
        row = items.store.row(name, intval(values.get("items_id", 0)))
        if name not in ("Ticket", "Problem", "Change") or row is None:
            raise NotDone(DENIED)
        return name, row

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """The writer is the user and the date is now, unless told."""
        name, row = self.parent(items, values)
        told = {"users_id": items.session.user, "date": items.store.now(), **values}
        side = items.side_of(row["id"], intval(told["users_id"])) if name == "Ticket" else 1
        return {"timeline_position": side, **told}

    def before_update(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        """The user is the editor."""
        return {**values, "users_id_editor": items.session.user} if "users_id_editor" in itemtype.columns else values

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """The ticket was touched, and taken into account by who did not ask for it."""
        name, parent = self.parent(items, values)
        items.touch(name, parent["id"], taken=True)


class Followup(_Answer):
    """ITILFollowup."""


class Task(_Answer):
    """TicketTask: its time counts on the ticket."""

    def parent(self, items: "Items", values: dict[str, Any]) -> tuple[str, Row]:
        """The ticket."""
        row = items.store.row("Ticket", intval(values.get("tickets_id", 0)))
        if row is None:
            raise NotDone(DENIED)
        return "Ticket", row

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Every task has a uuid."""
        return {
            "uuid": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            **super().before_add(items, itemtype, values),
        }

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """Adds up the time of all tasks."""
        super().after_add(items, itemtype, row, values)
        self._add_up(items, row["tickets_id"])

    def after_update(self, items: "Items", itemtype: Itemtype, old: Row, new: Row) -> None:
        """Adds up again."""
        self._add_up(items, new["tickets_id"])

    def _add_up(self, items: "Items", ticket: int) -> None:
        total = sum(task["actiontime"] for task in items.store.table("TicketTask").where(tickets_id=ticket))
        items.set_columns("Ticket", ticket, actiontime=total)


class Solution(_Answer):
    """ITILSolution: solves what it answers; its message tells its number. [observed]"""

    announces = True

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """It waits for approval."""
        self.parent(items, values)
        return {"users_id": items.session.user, "status": WAITING_APPROVAL, **values}

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """Sets the status to solved."""
        super().after_add(items, itemtype, row, values)
        name, parent = self.parent(items, values)
        items.update(items.type(name), parent["id"], {"status": SOLVED})

    def title(self, items: "Items", itemtype: Itemtype, row: Row) -> str:
        """Its id."""
        return str(row["id"])
