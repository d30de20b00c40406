"""Items as GLPI shows them -> Records. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from migrator.connectors.glpi import instants
from migrator.connectors.glpi.columns import Sort
from migrator.connectors.glpi.documents import place_of
from migrator.connectors.glpi.form import DOCUMENT, FILE, Form
from migrator.connectors.glpi.text import decoded, decoded_within
from migrator.contract import frozen
from migrator.model.values import File, Record, Value, quick_record


class Reader:
    """Turns items into Records: columns as JSON has them, date-times in UTC, `_…` blocks decoded at any depth.

    `wanted`: the fields to keep (blocks always are); None: all.
    """

    def __init__(self, form: Form, wanted: Sequence[str] | None = None) -> None:
        self._form = form
        self._wanted = None if wanted is None else frozenset(wanted)
        self._moments = frozenset(name for name, column in form.columns.items() if column.sort is Sort.MOMENT)
        self._keys = frozenset(name for name, column in form.columns.items() if column.sort is Sort.KEY)

    def __call__(self, item: Mapping[str, Any]) -> Record:
        """One item. Raises KeyError where it has no id."""
        fields: dict[str, Value] = {}
        for name, value in item.items():
            if name[0] == "_":
                fields[name] = self._block(value)
            elif name != "links" and self._takes(name):
                fields[name] = value if value.__class__ is not str else self._text(name, value)
        if self._form.itemtype == DOCUMENT and self._takes(FILE):
            fields[FILE] = self._file(item)
        return quick_record(id=str(item["id"]), fields=fields, version=None)

    def _block(self, value: Any) -> Value:
        return decoded_within(frozen(value)) if self._form.encodes else frozen(value)

    def _takes(self, name: str) -> bool:
        return self._wanted is None or name in self._wanted

    def _text(self, name: str, value: str) -> Value:
        if name in self._moments or (name not in self._form.columns and name.startswith("date_")):
            return instants.read(value, self._form.zone)
        # an expanded path of a tree stays encoded whatever header is sent [observed]
        return decoded(value) if name in self._keys and self._form.encodes else value

    def _file(self, item: Mapping[str, Any]) -> Value:
        name = item.get("filename")
        if not name:
            return None
        media = item.get("mime") or "application/octet-stream"
        where = place_of(item["id"], item.get("sha1sum"))
        return File(name=name, size=None, media_type=media, where=where, system=self._form.system)


def to_record(item: Mapping[str, Any], form: Form) -> Record:
    """One item with all its fields."""
    return Reader(form)(item)
