"""One connector a system. The table names them; a module is imported when its connector is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.contract import Source

CONNECTORS = {
    "csv": "migrator.connectors.csvfile:CsvFile",
    "glpi": "migrator.connectors.glpi:Glpi",
    "jsonl": "migrator.connectors.jsonfile:JsonFile",
    "kainexus": "migrator.connectors.kainexus:KaiNexus",
    "ketryx": "migrator.connectors.ketryx:Ketryx",
    "kintone": "migrator.connectors.kintone:Kintone",
    "kitemaker": "migrator.connectors.kitemaker:Kitemaker",
}
"""Name in a playbook -> "module:Class"."""


def connector(name: str) -> type[Source]:
    """The class behind a name of the table. Raises KeyError for a name that is none."""
    module, _, public = CONNECTORS[name].partition(":")
    found: type[Source] = getattr(import_module(module), public)
    return found
