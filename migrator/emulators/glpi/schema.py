"""Itemtypes and their columns, as the database has them.

schema.json holds them: those marked "observed" were read from a real server, the others are [inferred] from
their kin. A column there is [SQL type, may be null, default]; search_options.json holds what eleven types
answer to listSearchOptions, word for word.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_KEY = re.compile(r"^(.+?s)_id(?:_.+)?$")
_VALUE = re.compile(r"^(\w+)(?:\((\d+)(?:,(\d+))?\))?( unsigned)?$")

ASSETS = ("Computer", "Monitor", "NetworkEquipment", "Peripheral", "Phone", "Printer")
"""What search/AllAssets mixes, as far as it is served here."""
GLOBAL = frozenset({"User", "Profile", "Config"})
"""Types whose entities_id, if any, does not decide who sees a row. [observed] for User."""

_CHILDREN = [
    "ReservationItem",
    "Document_Item",
    "Contract_Item",
    "Infocom",
    "Item_Ticket",
    "Item_Project",
    "NetworkPort",
]
_DEVICES = [
    "Motherboard",
    "Firmware",
    "Processor",
    "Memory",
    "HardDrive",
    "NetworkCard",
    "Drive",
    "Battery",
    "GraphicCard",
    "SoundCard",
    "Control",
    "Pci",
    "Case",
    "PowerSupply",
    "Generic",
    "Simcard",
    "Sensor",
    "Camera",
]
CHILDREN: dict[str, list[str]] = {
    **dict.fromkeys(ASSETS, _CHILDREN),
    "Computer": [*_CHILDREN, *(f"Item_Device{name}" for name in _DEVICES)],
    "Ticket": [
        "Document_Item",
        "TicketTask",
        "TicketValidation",
        "TicketCost",
        "Problem_Ticket",
        "Change_Ticket",
        "Item_Ticket",
        "ITILSolution",
        "ITILFollowup",
        "Ticket_User",
        "Group_Ticket",
        "Supplier_Ticket",
    ],
}
"""Child classes in `links`. [observed] for Computer, Monitor, Ticket; [inferred] for the other assets."""


@dataclass(frozen=True)
class Column:
    """One column. kind: "int", "decimal", "float", "text", "timestamp", "date", "time". size: characters of a
    text, or None; places: of a decimal. low, high: what an integer may be."""

    name: str
    sql: str
    kind: str
    nullable: bool
    default: Any
    size: int | None = None
    places: int = 0
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Itemtype:
    """One itemtype: its table, columns in table order, unique keys, and columns that the API hides."""

    name: str
    table: str
    columns: dict[str, Column]
    unique: dict[str, list[str]]
    hidden: frozenset[str]
    keys: dict[str, str] = field(default_factory=dict)
    """Foreign key columns -> the itemtype that they point to."""

    @property
    def key(self) -> str:
        """The foreign key that points here: `locations_id`."""
        return self.table.removeprefix("glpi_") + "_id"

    @property
    def parent_key(self) -> str | None:
        """The column of a tree type that names the parent; None for other types."""
        return self.key if "completename" in self.columns and self.key in self.columns else None

    @property
    def has_trash(self) -> bool:
        """Whether a DELETE moves to the trash."""
        return "is_deleted" in self.columns

    @property
    def of_entity(self) -> bool:
        """Whether its rows belong to entities."""
        return "entities_id" in self.columns and self.name not in GLOBAL and self.name != "Entity"


def as_float(value: Any) -> float:
    """A float as JSON of PHP shows it: without a point where there is nothing behind it. [observed]"""
    number = float(value)
    return int(number) if number.is_integer() else number


def plural(word: str) -> str:
    """As table names have it."""
    if word.endswith("y"):
        return word[:-1] + "ies"
    if re.search(r"(us|as|ss|x|sh|ch)$", word):
        return word + "es"
    return word if word.endswith("s") else word + "s"


def table_of(name: str) -> str:
    """The table of an itemtype: `Item_SoftwareVersion` -> `glpi_items_softwareversions`."""
    return "glpi_" + "_".join(plural(part.lower()) for part in name.split("_"))


def _column(name: str, spec: list[Any]) -> Column:
    sql, nullable, default = spec
    match = _VALUE.match(sql)
    if match is None:
        raise ValueError(f"schema.json: {name} has the unknown SQL type {sql!r}")
    word, size, places, unsigned = match.groups()
    if word in ("int", "tinyint", "bigint"):
        bits = {"int": 32, "tinyint": 8, "bigint": 64}[word]
        low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        start = None if default is None and nullable else int(default or 0)
        return Column(name, sql, "int", nullable, start, low=low, high=high)
    if word == "float":
        return Column(name, sql, word, nullable, None if default is None else as_float(default))
    if word in ("decimal", "timestamp", "date", "time"):
        return Column(name, sql, word, nullable, default, places=int(places or 0))
    text = default if default is not None or nullable else ""
    return Column(name, sql, "text", nullable, text, size=int(size) if size else None)


@cache
def itemtypes() -> dict[str, Itemtype]:
    """All itemtypes that are served, by name."""
    raw = json.loads((HERE / "schema.json").read_text("utf-8"))
    tables = {table_of(name).removeprefix("glpi_"): name for name in raw}
    found = {}
    for name, spec in raw.items():
        columns = {column: _column(column, told) for column, told in spec["columns"].items()}
        keys = {}
        for column in columns:
            match = _KEY.match(column)
            if match and match.group(1) in tables:
                keys[column] = tables[match.group(1)]
        hidden = frozenset(spec.get("hidden", ()))
        found[name] = Itemtype(name, table_of(name), columns, spec["unique"], hidden, keys)
    return found


@cache
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in itemtypes()}


def find(name: str) -> Itemtype | None:
    """The itemtype of a name in any case; None for what is none. [observed]"""
    exact = _by_lower_case().get(name.lower())
    return itemtypes()[exact] if exact else None


def pointing_to(name: str) -> list[tuple[Itemtype, str]]:
    """Every foreign key column of every type that points to `name`."""
    return [(each, column) for each in itemtypes().values() for column, to in each.keys.items() if to == name]
