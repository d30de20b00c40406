"""One item, listings, sub items, several items: what a GET gives."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson

from migrator.emulators.glpi import blocks
from migrator.emulators.glpi.options import ACCEPT_RANGE
from migrator.emulators.glpi.refusal import Accident, refusal
from migrator.emulators.glpi.rights import READ
from migrator.emulators.glpi.schema import CHILDREN, Itemtype, find
from migrator.emulators.glpi.sessions import Session, may, sees
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.text import decode, exact, like, order_key
from migrator.emulators.glpi.wire import Brackets, Call, intval, truth

Page = tuple[int, list[Any], dict[str, str]]
"""Status, rows, headers."""


class Reading:
    """The reads of one call."""

    def __init__(self, store: Store, session: Session, call: Call) -> None:
        self.store, self.session, self.call = store, session, call
        self._base = store.options.url_base_api

    def _refuse(self, code: str, *words: object, sentence: str = "") -> Exception:
        return refusal(code, self._base, *words, sentence=sentence)

    def readable(self, itemtype: Itemtype, number: int) -> Row:
        """A row that the session may read. Raises Refusal: unknown first, then the right. [observed]"""
        row = self.store.row(itemtype.name, number)
        if row is None:
            raise self._refuse("ERROR_ITEM_NOT_FOUND")
        own = itemtype.name == "User" and number == self.session.user
        if not own and not (may(self.session, itemtype.name, READ) and sees(self.store, self.session, itemtype, row)):
            raise self._refuse("ERROR_RIGHT_MISSING")
        return row

    def item(self, itemtype: Itemtype, number: int) -> Any:
        """One item with all that was asked for; its hash with get_sha1."""
        row = self.readable(itemtype, number)
        answer = self.shown(itemtype, row)
        for name in blocks.asked(self.call, itemtype):
            answer["_" + name] = blocks.BLOCKS[name](self.store, itemtype, row)
        answer.update(self._key_names(itemtype, row))
        answer.update(self._links(itemtype, row))
        if self.call.flag("get_sha1"):
            return hashlib.sha1(orjson.dumps(answer), usedforsecurity=False).hexdigest()
        return answer

    def shown(self, itemtype: Itemtype, row: Row) -> dict[str, Any]:
        """The columns in table order, expanded or decoded as asked."""
        answer = {name: value for name, value in row.items() if name not in itemtype.hidden}
        if self.call.flag("expand_dropdowns"):
            for column, to in itemtype.keys.items():
                value = row[column]
                if value or (column == "entities_id" and value == 0):
                    answer[column] = self.store.dropdown_name(to, value)
        if not self.call.sanitized:
            for name, value in answer.items():
                if isinstance(value, str):
                    answer[name] = decode(value)
        return answer

    def _key_names(self, itemtype: Itemtype, row: Row) -> dict[str, Any]:
        if "add_keys_names" not in self.call.parameters:
            return {}
        asked = self.call.parameters["add_keys_names"]
        if not isinstance(asked, dict | list):
            raise Accident
        expanded = self.call.flag("expand_dropdowns")
        names = {}
        for column in asked.values() if isinstance(asked, dict) else asked:
            if column == "id":
                names["id"] = self.store.plain_name(itemtype, row)
            elif column in itemtype.keys:
                names[column] = "" if expanded else self._key_name(itemtype.keys[column], row[column])
        return {"_keys_names": names or []}

    def _key_name(self, to: str, value: Any) -> str:
        return self.store.dropdown_name(to, value) if value or to == "Entity" else ""

    def _links(self, itemtype: Itemtype, row: Row, *, children_only: bool = False) -> dict[str, Any]:
        if not self.call.flag("get_hateoas", True):
            return {}
        links = []
        for column, to in itemtype.keys.items() if not children_only else ():
            value = row[column]
            if value or (column == "entities_id" and value == 0):
                links.append({"rel": to, "href": f"{self._base}/{to}/{value}"})
        here = f"{self._base}/{itemtype.name}/{row['id']}"
        links += [{"rel": name, "href": f"{here}/{name}/"} for name in CHILDREN.get(itemtype.name, ())]
        return {"links": links} if links else {}

    # listings

    def listing(self, itemtype: Itemtype, parent: tuple[Itemtype, Row] | None = None) -> Page:
        """A page of an itemtype, or of what hangs on a parent."""
        if not may(self.session, itemtype.name, READ):
            raise self._refuse("ERROR_RIGHT_MISSING")
        start, end, asked = self._range()
        sort, descending = self._order(itemtype)
        rows = self._found(itemtype, parent)
        total = len(rows)
        if start > total:
            raise self._refuse("ERROR_RANGE_EXCEED_TOTAL", total)
        if asked and end < start:
            raise self._refuse("ERROR_UNKNOWN")
        rows.sort(key=_sorter(sort), reverse=descending)
        page = rows[start : end + 1] if asked else rows[: self.session.list_limit]
        headers = {"accept-range": f"{itemtype.name} {ACCEPT_RANGE}"}
        end = min(end, total - 1)
        if total:
            headers["content-range"] = f"{start}-{end}/{total}"
        status = 206 if end - start + 1 < total else 200
        return status, [self._listed(itemtype, row) for row in page], headers

    def _listed(self, itemtype: Itemtype, row: Row) -> dict[str, Any]:
        if self.call.flag("only_id"):
            return {"id": row["id"], **self._links(itemtype, row, children_only=True)}
        return {**self.shown(itemtype, row), **self._key_names(itemtype, row), **self._links(itemtype, row)}

    def _range(self) -> tuple[int, int, bool]:
        """Start and end, both inclusive, and whether they were asked for. Without, the end is one too far; it is
        told so in Content-Range. [observed]"""
        if "range" not in self.call.parameters:
            return 0, self.session.list_limit, False
        start, end = parse_range(self.call.parameters["range"], self._base)
        return start, end, True

    def _order(self, itemtype: Itemtype) -> tuple[str, bool]:
        sort = str(self.call.parameters.get("sort", "id"))
        if sort not in itemtype.columns:
            raise self._refuse("ERROR", sentence=f"sort param is not a field of {itemtype.table}")
        order = str(self.call.parameters.get("order", "ASC")).upper()
        if order not in ("ASC", "DESC"):
            raise self._refuse("ERROR", sentence="order must be DESC or ASC")
        return sort, order == "DESC"

    def _found(self, itemtype: Itemtype, parent: tuple[Itemtype, Row] | None) -> list[Row]:
        filters = self._filters(itemtype)
        rows = self._candidates(itemtype, parent, filters)
        if itemtype.has_trash:
            wanted = 1 if self.call.flag("is_deleted") else 0
            rows = [row for row in rows if row["is_deleted"] == wanted]
        rows = [row for row in rows if sees(self.store, self.session, itemtype, row)]
        for column, value in filters:
            test = like(value)
            rows = [row for row in rows if test(as_like(row[column]))]
        return rows

    def _filters(self, itemtype: Itemtype) -> list[tuple[str, str]]:
        """Columns and values of searchText; an empty value or "0" filters nothing, nor does a scalar. [observed]"""
        told = self.call.parameters.get("searchText")
        if not isinstance(told, dict):
            return []
        filters = []
        for column, value in told.items():
            if column not in itemtype.columns:
                raise self._refuse("ERROR_FIELD_NOT_FOUND", column, itemtype.name)
            if column not in itemtype.hidden and truth(value):
                filters.append((column, str(value)))
        return filters

    def _candidates(
        self, itemtype: Itemtype, parent: tuple[Itemtype, Row] | None, filters: list[tuple[str, str]]
    ) -> list[Row]:
        """All rows, or those that hang on the parent, by the first way that fits; else all. [observed] A filter
        that means "equals" is looked up."""
        table = self.store.table(itemtype.name)
        if parent is None:
            for column, value in filters:
                wanted = exact(value)
                if wanted is not None:
                    return [table.rows[number] for number in table.alike(column, wanted)]
            return [table.rows[number] for number in sorted(table.rows)]
        above, row = parent
        if above.key in itemtype.columns:
            return list(table.where(**{above.key: row["id"]}))
        if {"itemtype", "items_id"} <= itemtype.columns.keys():
            return list(table.where(items_id=row["id"], itemtype=above.name))
        if itemtype.key in above.columns:
            return list(table.where(id=row[itemtype.key]))
        return [table.rows[number] for number in sorted(table.rows)]

    def several(self) -> list[Any]:
        """getMultipleItems: one missing or forbidden refuses the whole call. [observed]"""
        asked = self.call.parameters.get("items")
        if not isinstance(asked, dict | list) or not asked:
            raise self._refuse("ERROR_BAD_ARRAY")
        answers = []
        for each in asked.values() if isinstance(asked, dict) else asked:
            if not isinstance(each, Brackets):
                raise Accident
            if "itemtype" not in each or "items_id" not in each:
                raise self._refuse("ERROR_BAD_ARRAY")
            itemtype = find(str(each["itemtype"]))
            if itemtype is None:
                raise Accident
            answers.append(self.item(itemtype, intval(each["items_id"])))
        return answers


def parse_range(told: Any, base: str) -> tuple[int, int]:
    """`start-end` of digits. Raises Refusal."""
    start, dash, end = str(told).partition("-")
    if not (dash and start.isdecimal() and end.isdecimal() and (start + end).isascii()):
        raise refusal("ERROR", base, sentence="range must be in format : [start-end] with integers")
    return int(start), int(end)


def as_like(value: Any) -> str | None:
    """A column's value as LIKE sees it: numbers as text."""
    return None if value is None else str(value)


def _sorter(column: str) -> Callable[[Row], Any]:
    """Sorts by a column, NULL first, texts as the database compares them, equals by id."""

    def key(row: Row) -> Any:
        value = row[column]
        return (value is not None, order_key(value) if isinstance(value, str) else value or 0, row["id"])

    return key
