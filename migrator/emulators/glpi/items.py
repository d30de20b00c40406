"""One item at a time: create, update, trash, purge, with what they bring about."""

from typing import Any

from migrator.emulators.glpi import history
from migrator.emulators.glpi.kinds import kind_of
from migrator.emulators.glpi.kinds.kind import OWNED
from migrator.emulators.glpi.kinds.ticket import ASSIGNEE, REQUESTER, seconds
from migrator.emulators.glpi.refusal import Accident, NotDone, SqlError
from migrator.emulators.glpi.schema import Itemtype, itemtypes, pointing_to
from migrator.emulators.glpi.sessions import Session
from migrator.emulators.glpi.store import CREATED, DELETED, Store
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.text import encode, in_message
from migrator.emulators.glpi.values import DROPPED, stored, unchanged

COMPUTED = ("completename",)
"""Text columns that the server itself fills with a raw ` > `."""


class Items:
    """The writes of one call. `messages` holds what the running item has to tell, `stale` the last SQL error of
    the call, which later items without a message of their own carry along [observed]."""

    def __init__(self, store: Store, session: Session) -> None:
        self.store = store
        self.session = session
        self.messages: list[str] = []
        self.stale = ""

    @staticmethod
    def type(name: str) -> Itemtype:
        """An itemtype by its exact name."""
        return itemtypes()[name]

    def take_message(self) -> str:
        """What the running item has to tell; the next one starts anew."""
        told, self.messages = "\n".join(self.messages), []
        return told or self.stale

    def add(self, itemtype: Itemtype, values: dict[str, Any]) -> int:
        """Create one. Raises NotDone, Accident."""
        try:
            return self._add(itemtype, _encoded(itemtype, values))
        except SqlError as error:
            self.stale = error.message
            raise

    def add_quietly(self, name: str, values: dict[str, Any]) -> int:
        """Create one that belongs to another: no message of its own."""
        kept = list(self.messages)
        try:
            return self._add(self.type(name), values)
        finally:
            self.messages = kept

    def _add(self, itemtype: Itemtype, values: dict[str, Any]) -> int:
        kind, table, now = kind_of(itemtype), self.store.table(itemtype.name), self.store.now()
        told = kind.before_add(self, itemtype, dict(values))
        row: Row = table.blank()
        row["id"] = None
        for name, value in told.items():
            column = itemtype.columns.get(name)
            if column is None or name == "id":
                continue
            kept = stored(itemtype, column, value)
            if kept is not DROPPED:
                row[name] = kept
        for name in ("date_creation", "date_mod"):
            if name in row and row[name] is None:
                row[name] = now
        number = table.insert(row)
        self.store.note(self.session, itemtype.name, number, linked_action=CREATED, itemtype_link="0")
        if kind.announces:
            title = in_message(kind.title(self, itemtype, row))
            self.messages.append(f"Item successfully added: {title}")
        kind.after_add(self, itemtype, row, told)
        return number

    def update(self, itemtype: Itemtype, number: int, values: dict[str, Any]) -> None:
        """Change one. Nothing changed is no failure. Raises NotDone, Accident, KeyError for an unknown id."""
        try:
            self._update(itemtype, number, _encoded(itemtype, values))
        except SqlError as error:
            self.stale = error.message
            raise

    def _update(self, itemtype: Itemtype, number: int, values: dict[str, Any]) -> None:
        kind, table = kind_of(itemtype), self.store.table(itemtype.name)
        told = kind.before_update(self, itemtype, table.rows[number], dict(values))
        old = table.rows[number]
        changes: Row = {}
        for name, value in told.items():
            column = itemtype.columns.get(name)
            if column is None or name == "id" or unchanged(old[name], value, column):
                continue
            kept = stored(itemtype, column, value)
            if kept is not DROPPED and kept != old[name]:
                changes[name] = kept
        if not changes:
            return
        if "date_mod" in itemtype.columns:
            changes["date_mod"] = self.store.now()
        new = {**old, **changes}
        table.replace(new)
        history.write(self.store, self.session, itemtype, old, new, changes)
        kind.after_update(self, itemtype, old, new)

    def set_columns(self, name: str, number: int, /, **values: Any) -> None:
        """Change columns as they are: no rules, no history."""
        table = self.store.table(name)
        table.replace({**table.rows[number], **values})

    def trash(self, itemtype: Itemtype, number: int, *, history_kept: bool) -> None:
        """Move one to the trash; one that is there stays there."""
        row = self.store.table(itemtype.name).rows[number]
        if row["is_deleted"]:
            return
        moved = {"date_mod": self.store.now()} if "date_mod" in row else {}
        self.set_columns(itemtype.name, number, is_deleted=1, **moved)
        if history_kept:
            self.store.note(self.session, itemtype.name, number, linked_action=DELETED)

    def purge(self, itemtype: Itemtype, number: int, values: dict[str, Any]) -> None:
        """Take one away for good, with what hangs on it; keys that named it get `_replace_by` or 0."""
        row = self.store.table(itemtype.name).rows[number]
        kind_of(itemtype).before_purge(self, itemtype, row)
        replacement = values.get("_replace_by") or 0
        for other, column in pointing_to(itemtype.name):
            if column == itemtype.parent_key and other is itemtype:
                continue
            for each in self.store.table(other.name).ids(column, number):
                if other.name in OWNED and each in self.store.table(other.name).rows:
                    self.purge(other, each, {})
                else:
                    self.update(other, each, {column: replacement})
        self._purge_hanging(itemtype, number)
        self.store.table(itemtype.name).remove(number)
        self.store.files.pop(number, None) if itemtype.name == "Document" else None

    def _purge_hanging(self, itemtype: Itemtype, number: int) -> None:
        """Rows that name the item by itemtype and items_id: links, ports, notes, follow-ups, history."""
        for other in itemtypes().values():
            if {"itemtype", "items_id"} <= other.columns.keys():
                table = self.store.table(other.name)
                for row in list(table.where(items_id=number, itemtype=itemtype.name)):
                    table.remove(row["id"])

    # tickets

    def side_of(self, ticket: int, user: int) -> int:
        """Where a user's words stand in a ticket's timeline: 4 for who is assigned, 1 for others. [observed]"""
        actors = self.store.table("Ticket_User").where(tickets_id=ticket, users_id=user)
        return 4 if any(actor["type"] == ASSIGNEE for actor in actors) else 1

    def asked_for(self, ticket: int) -> bool:
        """Whether the session's user is a requester of the ticket, who does not take it into account. [source]"""
        actors = self.store.table("Ticket_User").where(tickets_id=ticket, users_id=self.session.user)
        return any(actor["type"] == REQUESTER for actor in actors)

    def touch(self, name: str, number: int, *, taken: bool) -> None:
        """A ticket was worked on: its date_mod is now, and it is taken into account unless it was."""
        row, now = self.store.table(name).rows[number], self.store.now()
        changes = {"date_mod": now, "users_id_lastupdater": self.session.user}
        if taken and "takeintoaccountdate" in row and not row["takeintoaccountdate"] and not self.asked_for(number):
            delay = max(seconds(row["date"], now), 1)
            changes.update(takeintoaccountdate=now, takeintoaccount_delay_stat=delay)
        self.set_columns(name, number, **changes)


def _encoded(itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
    """All texts as they are stored. Raises Accident for a list or an object as the value of a column."""
    for name, value in values.items():
        if isinstance(value, list | dict) and name in itemtype.columns:
            raise Accident
    return {name: encode(value) if isinstance(value, str) else value for name, value in values.items()}


__all__ = ["Items", "NotDone"]
