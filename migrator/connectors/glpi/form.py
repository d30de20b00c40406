"""What is known of one itemtype: its columns, and what is odd about it. Made by `describe`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from migrator.connectors.glpi.columns import Column, Sort, guessed, key_of, known
from migrator.model.values import Field, Kind, WritableOn

CLOSED = 6
"""Status of a ticket, problem or change that takes a new status and nothing else. [observed of tickets]"""

TIMED = frozenset({"Ticket", "Problem", "Change"})
"""Types with a status, actors and a computed priority. [observed of tickets, source of the others]"""

COMPUTED = frozenset(
    {"completename", "level", "ancestors_cache", "sons_cache", "users_id_lastupdater", "users_id_recipient"}
)
"""Columns that the server fills; what a client sends for them is stored as it is, or lost. [observed]"""

ACTORS = ("_users_id_requester", "_users_id_assign", "_users_id_observer", "_groups_id_assign")
"""Actors are rows of their own; a create takes them with the item. [observed]"""

FILLED = frozenset({"date_creation", "date_mod"})
"""Columns that are never empty: the server sets them where a create gives nothing. [observed]"""

_BESIDE: Mapping[str, Mapping[str, Kind]] = {
    **{itemtype: dict.fromkeys(ACTORS, Kind.REFERENCES) for itemtype in TIMED},
    "User": {"_useremails": Kind.JSON, "_profiles_id": Kind.REFERENCE, "_entities_id": Kind.REFERENCE},
}
"""Names that only a create takes, beside the columns. [observed]"""

_NEEDED: Mapping[str, frozenset[str]] = {
    "User": frozenset({"name"}),
    "SoftwareVersion": frozenset({"softwares_id"}),
    "ITILFollowup": frozenset({"itemtype", "items_id"}),
    "ITILSolution": frozenset({"itemtype", "items_id"}),
    "TicketTask": frozenset({"tickets_id"}),
}
"""Nearly nothing is required; without these a create is refused in words about rights. [observed; tasks inferred]"""

_ALIKE: Mapping[str, str] = {"Location": "name", "State": "name", "Entity": "name", "User": "name"}
"""Names that the database compares without case, accents and blanks around, since they are unique. [observed]"""

DOCUMENT = "Document"
"""The itemtype whose items hold a file."""

FILE = "_file"
"""The field of a Document that holds its file. It comes with the create and stays: uploads are taken with POST alone.
[vendor docs]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One itemtype of one server."""

    itemtype: str
    """As GLPI spells it."""
    columns: Mapping[str, Column]
    """By name; `id` is not among them."""
    whole: bool
    """These are all columns there are."""
    options: Mapping[str, int]
    """Column -> number of its search option."""
    zone: tzinfo
    """The server's."""
    encodes: bool
    """Texts are stored encoded (GLPI 10)."""
    system: str
    """Identity of the system, for Files."""
    extensions: frozenset[str] | None = None
    """Of files that GLPI takes, in lower case; None: our login may not see them, or the type holds no files."""

    @property
    def parent(self) -> str | None:
        """The key of the item above, in a tree."""
        key = key_of(self.itemtype)
        return key if key in self.columns and "completename" in self.columns else None

    def has(self, *names: str) -> bool:
        """Whether the type has all these columns."""
        return self.columns.keys() >= set(names)


def columns_of(
    itemtype: str, item: Mapping[str, Any] | None, found: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Column], bool]:
    """Columns as an item shows them, or as the table has them; and whether these are all there are.

    `found`: column -> its search option. Of a type that no table knows and that has no item, they are what the search
    options tell, which need not be all.
    """
    table = known(itemtype)
    shown = {name: value for name, value in (item or {}).items() if name not in ("id", "links") and name[0] != "_"}
    columns = {
        name: table.get(name) or guessed(name, shown.get(name), str(found.get(name, {}).get("datatype") or ""))
        for name in sorted(shown or table or found)
    }
    columns.pop("id", None)
    return columns, bool(shown or table)


def own_options(itemtype: str, answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Column -> {"number", "name", "datatype"} of listSearchOptions: the type's own columns, and its keys.

    The uid of an own column is `Computer.serial`; of a key `Computer.Location.completename`, or
    `Computer.users_id_tech.User.name` where it is not named after its type. [observed]
    """
    found: dict[str, dict[str, Any]] = {}
    for number, option in answer.items():
        if not number.isdecimal() or not isinstance(option, dict):
            continue
        name = _column_of(itemtype, str(option.get("uid", "")).split("."), option)
        if name is not None and name not in found:
            found[name] = {"number": int(number), "name": option.get("name"), "datatype": option.get("datatype")}
    return found


def _column_of(itemtype: str, uid: list[str], option: Mapping[str, Any]) -> str | None:
    if uid[0] != itemtype:
        return None
    if len(uid) == 2:
        return str(option.get("field"))
    named = option.get("field") in ("name", "completename")
    if len(uid) == 3 and named and option.get("datatype") == "dropdown":
        return f"{str(option.get('table', '')).removeprefix('glpi_')}_id"
    return uid[1] if len(uid) == 4 and named and uid[1].islower() else None


def fields_of(form: Form, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Field]:
    """The table of fields; labels are those of the search options, in the user's language."""
    fields = {"id": Field(name="id", kind=Kind.NUMBER, writable_on=WritableOn.NEVER, extra={"sort": Sort.INT.value})}
    for name, column in form.columns.items():
        fields[name] = _field(form, column, str(found.get(name, {}).get("name") or ""))
    for name, kind in _BESIDE.get(form.itemtype, {}).items():
        fields[name] = Field(name=name, kind=kind, writable_on=WritableOn.CREATE, extra={"sort": ""})
    if form.itemtype == DOCUMENT:
        fields[FILE] = Field(name=FILE, kind=Kind.FILE, writable_on=WritableOn.CREATE, extra={"sort": ""})
    return fields


def asked_beside(blocks: Iterable[str], names: bool) -> dict[str, Field]:
    """What a query has come along with each item, as fields to read: its blocks, and the names of keys."""
    found = [f"_{block}" for block in blocks] + ["_keys_names"] * names
    return {
        name: Field(name=name, kind=Kind.JSON, writable_on=WritableOn.NEVER, extra={"sort": ""}) for name in found
    }


_KINDS = {
    Sort.KEY: Kind.REFERENCE,
    Sort.INT: Kind.NUMBER,
    Sort.FLAG: Kind.NUMBER,
    Sort.DECIMAL: Kind.NUMBER,
    Sort.FLOAT: Kind.NUMBER,
    Sort.TEXT: Kind.TEXT,
    Sort.DATE: Kind.DATE,
    Sort.TIME: Kind.TIME,
    Sort.MOMENT: Kind.DATETIME,
}

_RANGES = {Sort.FLAG: ("-128", "127"), Sort.INT: ("-2147483648", "4294967295")}
"""What the database holds; ours is the wider of its two whole numbers, it refuses the rest itself. [observed]"""


def _field(form: Form, column: Column, label: str) -> Field:
    name, number = column.name, column.sort in (Sort.INT, Sort.FLAG)
    needed = name in _NEEDED.get(form.itemtype, frozenset())
    root = name == "entities_id" and form.itemtype != "Entity"
    filled = root or (number and not column.empty and column.default != 0)
    low, high = _RANGES.get(column.sort, (None, None))
    if column.sort is Sort.DECIMAL:
        high = f"{'9' * (column.digits - column.places)}.{'9' * column.places}"
        low = f"-{high}"
    return Field(
        name=name,
        kind=_KINDS[column.sort],
        required=needed or filled,
        has_default=filled,
        writable_on=_writable(name),
        unique=form.itemtype == "User" and name == "name",
        max_length=column.length,
        minimum=low,
        maximum=high,
        label=label,
        learned=column.guess,
        extra={"sort": column.sort.value, "alike": _ALIKE.get(form.itemtype) == name},
    )


def _writable(name: str) -> WritableOn:
    """date_mod counts on a create and is now after every update. [observed]"""
    if name in COMPUTED or name.endswith("_stat"):
        return WritableOn.NEVER
    return WritableOn.CREATE if name == "date_mod" else WritableOn.BOTH
