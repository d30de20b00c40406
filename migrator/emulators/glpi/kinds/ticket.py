"""Tickets, problems and changes: actors, status, priority, times."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from migrator.emulators.glpi.kinds.kind import Kind
from migrator.emulators.glpi.options import TITLE_FROM_CONTENT
from migrator.emulators.glpi.refusal import Accident, NotDone
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.wire import intval

if TYPE_CHECKING:
    from migrator.emulators.glpi.items import Items

NEW, ASSIGNED, PLANNED, PENDING, SOLVED, CLOSED = range(1, 7)
REQUESTER, ASSIGNEE, OBSERVER = 1, 2, 3
ROLES = {"requester": REQUESTER, "assign": ASSIGNEE, "observer": OBSERVER}
ACTOR_TABLES = {
    "Ticket": ("Ticket_User", "Group_Ticket", "tickets_id"),
    "Problem": ("Problem_User", "Group_Problem", "problems_id"),
    "Change": ("Change_User", "Change_Group", "changes_id"),
}
PRIORITIES = ((1, 1, 2, 2, 2), (1, 2, 2, 3, 3), (2, 2, 3, 4, 4), (2, 3, 4, 4, 5), (2, 3, 4, 5, 5))
"""Priority by urgency (rows) and impact, 1 to 5: the shipped matrix. [docs]; (3, 3) and (5, 4) [observed]"""


def priority(urgency: Any, impact: Any) -> int:
    """What the matrix says; 3 outside of it."""
    row, column = intval(urgency), intval(impact)
    return PRIORITIES[row - 1][column - 1] if 1 <= row <= 5 and 1 <= column <= 5 else 3


class Itil(Kind):
    """The rules of a ticket; problems and changes share them. [inferred] for those two"""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Fills in title, dates, priority, writer; who is assigned at once makes it assigned."""
        store, user = items.store, items.session.user
        _check(itemtype, values)
        told = {"content": "", "urgency": 3, "impact": 3, **values}
        told["name"] = values.get("name") or str(told["content"] or "")[:TITLE_FROM_CONTENT]
        told.setdefault("priority", priority(told["urgency"], told["impact"]))
        told.setdefault("date", store.now())
        told.setdefault("requesttypes_id", 1)
        told.update(users_id_recipient=values.get("users_id_recipient", user), users_id_lastupdater=user)
        if _actors(values, "_users_id_assign") or _actors(values, "_groups_id_assign"):
            told["status"] = ASSIGNED if told.get("status", NEW) == NEW else told["status"]
        return {**self._times({}, told, store.now()), **told}

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """Writes the actors."""
        self._add_actors(items, itemtype, row["id"], values)

    def before_update(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        """A closed one takes a new status and nothing else; new actors and times follow. [observed]"""
        _check(itemtype, values)
        values = {name: value for name, value in values.items() if name != "id"}
        if row["status"] == CLOSED:
            if "status" not in values or intval(values["status"]) == CLOSED:
                raise NotDone
            values = {"status": values["status"]}
        else:
            values = self._with_actors(items, itemtype, row, values)
        if "priority" not in values and ("urgency" in values or "impact" in values):
            values["priority"] = priority(values.get("urgency", row["urgency"]), values.get("impact", row["impact"]))
        if any(name in itemtype.columns for name in values):
            values["users_id_lastupdater"] = items.session.user
        return {**values, **self._times(row, values, items.store.now())}

    def _with_actors(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        assigned = self._add_actors(items, itemtype, row["id"], values)
        if not assigned:
            return values
        values = dict(values)
        if row["status"] == NEW:
            values.setdefault("status", ASSIGNED)
        if "takeintoaccountdate" in row and not row["takeintoaccountdate"] and not items.asked_for(row["id"]):
            now = items.store.now()
            values.update(takeintoaccountdate=now, takeintoaccount_delay_stat=max(seconds(row["date"], now), 1))
        return values

    def _add_actors(self, items: "Items", itemtype: Itemtype, number: int, values: dict[str, Any]) -> bool:
        """Rows for the actors of the input that are not there yet; whether anybody was assigned."""
        people, groups, key = ACTOR_TABLES[itemtype.name]
        assigned = False
        for field, table in (("users_id", people), ("groups_id", groups)):
            for role, kind in ROLES.items():
                for actor in _actors(values, f"_{field}_{role}"):
                    row = {key: number, field: actor, "type": kind}
                    if any(items.store.table(table).where(**row)):
                        continue
                    more = {"use_notification": 1, "alternative_email": ""} if field == "users_id" else {}
                    items.add_quietly(table, {**row, **more})
                    assigned = assigned or kind == ASSIGNEE
        return assigned

    def _times(self, row: Row, values: dict[str, Any], now: str) -> dict[str, Any]:
        """What a new status does to dates and delays; dates that are sent stay. [observed]"""
        if "status" not in values or intval(values["status"]) == row.get("status", NEW):
            return {}
        status, opened = intval(values["status"]), values.get("date") or row.get("date") or now
        if status in (SOLVED, CLOSED):
            solved = values.get("solvedate") or row.get("solvedate") or now
            times: dict[str, Any] = {"solvedate": solved, "solve_delay_stat": max(seconds(opened, solved), 0)}
            if status == CLOSED:
                closed = values.get("closedate") or now
                times.update(closedate=closed, close_delay_stat=max(seconds(opened, closed), 0))
            else:
                times["begin_waiting_date"] = now
            return times
        if row.get("status") in (SOLVED, CLOSED):
            return {
                "solvedate": None, "closedate": None, "solve_delay_stat": 0, "close_delay_stat": 0,
                "begin_waiting_date": now if status == PENDING else None,
            }  # fmt: skip
        return {"begin_waiting_date": now} if status == PENDING else {}

    def title(self, items: "Items", itemtype: Itemtype, row: Row) -> str:
        """The name and the number: `T2 (2)`. [observed]"""
        return f"{super().title(items, itemtype, row)} ({row['id']})"


def _actors(values: dict[str, Any], name: str) -> list[int]:
    """A number or a list of them; 0 is nobody."""
    told = values.get(name)
    many = list(told.values()) if isinstance(told, dict) else told if isinstance(told, list) else [told]
    return [intval(each) for each in many if intval(each if each is not None else 0)]


def _check(itemtype: Itemtype, values: dict[str, Any]) -> None:
    """The opening date is taken in its full form only; a word for a key is an accident. [observed]"""
    if "date" in values:
        try:
            datetime.strptime(str(values["date"]), "%Y-%m-%d %H:%M:%S")
        except ValueError:
            raise NotDone("Incorrect value for date field.") from None
    for name in itemtype.keys.keys() & values.keys():
        value = values[name]
        if isinstance(value, str) and value and not value.strip().lstrip("-").isdecimal():
            raise Accident


def seconds(start: Any, end: Any) -> int:
    """Seconds from one stored date-time to another; 0 where one is unreadable."""
    try:
        opened, closed = (datetime.strptime(str(each), "%Y-%m-%d %H:%M:%S") for each in (start, end))
    except ValueError:
        return 0
    return int((closed - opened).total_seconds())
