"""The state behind HTTP: all tables, files, sessions, settings and the clock of one server."""

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from migrator.emulators.glpi.options import SEPARATOR, TRACKED, Options
from migrator.emulators.glpi.schema import Itemtype, itemtypes
from migrator.emulators.glpi.tables import Row, Table
from migrator.emulators.server import Clock

if TYPE_CHECKING:
    from migrator.emulators.glpi.sessions import Session

CREATED, DELETED, RESTORED = 20, 13, 14
"""Numbers of actions in the history. 20 [observed], the others [source]."""


class Store:
    """One server's data. Everything that HTTP does goes through `lock`; tests may read it at any time."""

    def __init__(self, clock: Clock, options: Options | None = None) -> None:
        self.clock = clock
        self.options = options or Options()
        self.lock = threading.RLock()
        self.tables: dict[str, Table] = {name: Table(each) for name, each in itemtypes().items()}
        self.sessions: dict[str, Session] = {}
        self.files: dict[int, bytes] = {}
        """Content of uploaded files, by the id of their document."""

    @property
    def zone(self) -> ZoneInfo:
        """The server's zone, in which all date-times are."""
        return ZoneInfo(self.options.zone)

    def now(self) -> str:
        """The time as columns hold it: `YYYY-MM-DD HH:MM:SS`, in the server's zone."""
        return datetime.fromtimestamp(self.clock.now(), UTC).astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def table(self, name: str) -> Table:
        """The rows of an itemtype. Raises KeyError for none."""
        return self.tables[name]

    def row(self, name: str, number: Any) -> Row | None:
        """One row, or None."""
        table = self.tables.get(name)
        return table.rows.get(number) if table else None

    def rows(self, name: str) -> list[Row]:
        """All rows of an itemtype by id, trashed ones too: the truth, for tests."""
        with self.lock:
            return [dict(row) for _, row in sorted(self.table(name).rows.items())]

    def add(self, name: str, /, **values: Any) -> int:
        """Put a row into a table as it is, with defaults for the rest; returns its id. For seeds: no rules, no
        history, dates are now where there are any."""
        with self.lock:
            table = self.table(name)
            row = {**table.blank(), "id": None, **values}
            for column in ("date_creation", "date_mod"):
                if column in row and column not in values:
                    row[column] = self.now()
            return table.insert(row)

    def dropdown_name(self, name: str, number: Any) -> str:
        """What a foreign key shows when it is expanded; "" for a dangling one. [observed]"""
        row = self.row(name, number)
        if row is None:
            return ""
        if name == "User":
            return person_name(row)
        if itemtypes()[name].parent_key:
            return str(row["completename"] or "").replace(SEPARATOR, " &#62; ")
        return str(row.get("name") or "")

    def plain_name(self, itemtype: Itemtype, row: Row) -> str:
        """A row's own name: what history and friendly names show."""
        return person_name(row) if itemtype.name == "User" else str(row.get("name") or "")

    def note(self, session: "Session | None", itemtype: str, number: int, **more: Any) -> None:
        """Write a line of history. more: linked_action, itemtype_link, id_search_option, old_value, new_value."""
        user = self.row("User", session.user) if session else None
        log = self.table("Log")
        row = log.blank()
        row.update(
            id=None, itemtype=itemtype, items_id=number, date_mod=self.now(), id_search_option=0,
            user_name=f"{person_name(user)} ({user['id']})" if user else "", itemtype_link="", linked_action=0,
            old_value="", new_value="",
        )  # fmt: skip
        row.update(more)
        for side in ("old_value", "new_value"):
            row[side] = row[side][:TRACKED]
        log.insert(row)


def person_name(row: Row) -> str:
    """How a user is shown: last and first name, or the login. [observed]"""
    full = " ".join(part for part in (row["realname"], row["firstname"]) if part)
    return full or str(row["name"])
