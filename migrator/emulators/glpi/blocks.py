"""The `with_…` blocks of one item. Empty ones are lists. [observed]"""

from collections.abc import Callable, Iterable
from typing import Any

from migrator.emulators.glpi.schema import ASSETS, Itemtype
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.wire import Call

Block = Callable[[Store, Itemtype, Row], Any]

_WITH_DEVICES = frozenset({"Computer", "NetworkEquipment", "Peripheral", "Phone", "Printer"})
_COMPUTER = frozenset({"Computer"})
_PORTS = ("Ethernet", "Wifi", "Aggregate", "Alias", "Dialup", "Local", "Fiberchannel")
_PORT_COLUMNS = ("entities_id", "is_recursive", "logical_number", "name", "mac", "comment", "is_dynamic")


def _nothing(store: Store, itemtype: Itemtype, row: Row) -> list[Any]:
    """Components and volumes: their tables are not served, so there are none."""
    return []


def _hanging(store: Store, name: str, itemtype: Itemtype, row: Row) -> Iterable[Row]:
    return store.table(name).where(items_id=row["id"], itemtype=itemtype.name)


def _softwares(store: Store, itemtype: Itemtype, row: Row) -> list[Any]:
    found = []
    for link in _hanging(store, "Item_SoftwareVersion", itemtype, row):
        version = store.row("SoftwareVersion", link["softwareversions_id"])
        software = store.row("Software", version["softwares_id"]) if version else None
        if version and software:
            found.append(
                {
                    "softwarecategories_id": software["softwarecategories_id"],
                    "softwares_id": software["id"],
                    "softwareversions_id": version["id"],
                    "is_dynamic": link["is_dynamic"],
                    "states_id": version["states_id"],
                    "is_valid": software["is_valid"],
                }
            )
    return found


def _connections(store: Store, itemtype: Itemtype, row: Row) -> Any:
    found: dict[str, list[Any]] = {}
    for link in store.table("Computer_Item").where(computers_id=row["id"]):
        other = store.row(link["itemtype"], link["items_id"])
        if other is not None:
            told = {
                f"assoc_{name}": link[name] for name in ("id", "computers_id", "itemtype", "items_id", "is_dynamic")
            }
            found.setdefault(link["itemtype"], []).append({**told, **other})
    return found or []


def _networkports(store: Store, itemtype: Itemtype, row: Row) -> Any:
    """Ports by kind; the columns of the kind's own table are null, for it has no row. [observed]"""
    found: dict[str, list[Any]] = {f"NetworkPort{kind}": [] for kind in _PORTS}
    for port in _hanging(store, "NetworkPort", itemtype, row):
        if port["instantiation_type"] in found:
            own = dict.fromkeys(
                ("id", "networkports_id", "items_devicenetworkcards_id", "type", "speed", "date_mod", "date_creation")
            )
            told = {"netport_id": port["id"], **{name: port[name] for name in _PORT_COLUMNS}}
            found[port["instantiation_type"]].append({**told, **own})
    return found


def _infocoms(store: Store, itemtype: Itemtype, row: Row) -> Any:
    return next(iter(_hanging(store, "Infocom", itemtype, row)), [])


def _rows(name: str) -> Block:
    return lambda store, itemtype, row: list(_hanging(store, name, itemtype, row))


def _logs(store: Store, itemtype: Itemtype, row: Row) -> Any:
    return {str(line["id"]): line for line in _hanging(store, "Log", itemtype, row)} or []


BLOCKS: dict[str, Block] = {
    "devices": _nothing,
    "disks": _nothing,
    "softwares": _softwares,
    "connections": _connections,
    "networkports": _networkports,
    "infocoms": _infocoms,
    "contracts": _rows("Contract_Item"),
    "documents": _rows("Document_Item"),
    "tickets": _rows("Item_Ticket"),
    "problems": _rows("Item_Problem"),
    "changes": _rows("Change_Item"),
    "notes": _rows("Notepad"),
    "logs": _logs,
}
_ONLY: dict[str, Iterable[str]] = {
    "devices": _WITH_DEVICES, "disks": _COMPUTER, "softwares": _COMPUTER, "connections": _COMPUTER,
    "networkports": ASSETS,
}  # fmt: skip


def asked(call: Call, itemtype: Itemtype) -> list[str]:
    """The blocks that a call asks for and the type can have, in their order."""
    return [
        name for name in BLOCKS if call.flag("with_" + name) and itemtype.name in _ONLY.get(name, (itemtype.name,))
    ]
