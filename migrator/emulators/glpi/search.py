"""The search engine: rows of columns by number. [observed]"""

from typing import Any

from migrator.emulators.glpi import joins
from migrator.emulators.glpi.criteria import Criteria
from migrator.emulators.glpi.options import ACCEPT_RANGE
from migrator.emulators.glpi.options_of_search import SearchOption, options_of
from migrator.emulators.glpi.reading import parse_range
from migrator.emulators.glpi.refusal import Accident, refusal
from migrator.emulators.glpi.rights import READ
from migrator.emulators.glpi.schema import ASSETS, Itemtype, itemtypes
from migrator.emulators.glpi.sessions import Session, may, sees
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.text import Test, order_key
from migrator.emulators.glpi.wire import Call, intval

NAME, ID, ENTITY = 1, 2, 80
ALL_ASSETS = "AllAssets"
ITIL = ("Ticket", "Problem", "Change")

PREFERENCES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(ASSETS, (31, 23, 3, 4, 40, 19, 7)),
    "Ticket": (12, 19, 15, 3, 4, 5, 7),
    "User": (34, 5, 6, 3),
    ALL_ASSETS: (31,),
}
"""Columns without forcedisplay. Phone and AllAssets [observed], the other assets alike [assumption], Ticket and
User [source]."""

Hit = tuple[Itemtype, Row]


class Search:
    """One search. `name` is an itemtype's, or AllAssets."""

    def __init__(self, store: Store, session: Session, call: Call, name: str) -> None:
        self._store, self._session, self._call, self._name = store, session, call, name
        self._options = options_of(name)
        self._base = store.options.url_base_api
        self._narrowing: dict[int, Test] = {}

    def run(self) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Status, body, headers. Raises Refusal, Accident."""
        names = ASSETS if self._name == ALL_ASSETS else (self._name,)
        if not any(may(self._session, name, READ) for name in names):
            raise refusal("ERROR_RIGHT_MISSING", self._base)
        criteria = Criteria(self._store, self._name)
        test = criteria.test(self._call.parameters.get("criteria"))
        start, end = self._range()
        found = [hit for name in names for hit in self._hits(itemtypes()[name]) if test(*hit)]
        sorts, orders = self._sorted(found)
        total = len(found)
        if start > total:
            raise refusal("ERROR_RANGE_EXCEED_TOTAL", self._base, total)
        page = found[start : end + 1]
        columns = self._columns(criteria.fields)
        self._narrowing = criteria.narrowing
        body: dict[str, Any] = {"totalcount": total, "count": len(page), "sort": sorts, "order": orders}
        if page:
            body["data"] = self._data(page, columns)
            if self._call.flag("giveItems"):
                body["data_html"] = [self._html(hit, columns) for hit in page]
        body["content-range"] = f"{start}-{min(end, total - 1)}/{total}"
        headers = {"accept-range": f"{self._name} {ACCEPT_RANGE}"}
        if total:
            headers["content-range"] = body["content-range"]
        return 206 if len(page) < total else 200, body, headers

    def _range(self) -> tuple[int, int]:
        if "range" not in self._call.parameters:
            return 0, self._session.list_limit - 1
        start, end = parse_range(self._call.parameters["range"], self._base)
        if end - start + 1 < 0:
            self._stumble(end - start + 1)
        return start, end

    def _stumble(self, limit: int) -> None:
        """A reversed range reaches the database, whose words are printed before the answer. [observed]"""
        words = (
            "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version "
            f"for the right syntax to use near '{limit}' at line 6"
        )
        error = refusal("ERROR_SQL", self._base, words)
        raise Accident(f'{words}["{error.code}","{error.detail}"]')

    def _hits(self, itemtype: Itemtype) -> list[Hit]:
        """Live rows, or trashed ones with is_deleted; templates never."""
        deleted = 1 if self._call.flag("is_deleted") else 0
        rows = self._store.table(itemtype.name).rows
        return [
            (itemtype, row)
            for _, row in sorted(rows.items())
            if row.get("is_deleted", 0) == deleted
            and not row.get("is_template")
            and sees(self._store, self._session, itemtype, row)
        ]

    def _sorted(self, found: list[Hit]) -> tuple[list[int], list[str]]:
        """Sort in place; what sort and order the answer tells. Unknown fields sort nothing. [observed]"""
        sorts = [intval(each) for each in _many(self._call.parameters.get("sort", NAME))]
        orders = [str(each).upper() for each in _many(self._call.parameters.get("order", "ASC"))]
        orders = ["DESC" if each == "DESC" else "ASC" for each in orders] + ["ASC"] * (len(sorts) - len(orders))
        for number, order in reversed(list(zip(sorts, orders, strict=False))):
            option = self._options.get(number)
            if option is not None:
                found.sort(key=lambda hit, option=option: self._key(hit, option), reverse=order == "DESC")  # type: ignore[misc]  # mypy cannot type a default of a lambda
        return sorts, orders[: len(sorts)]

    def _key(self, hit: Hit, option: SearchOption) -> tuple[bool, Any]:
        values = joins.values(self._store, *hit, option)
        value = values[0] if values else None
        if isinstance(value, str):
            return True, order_key(value)
        return (False, "") if value is None else (True, value)

    def _columns(self, searched: list[int]) -> list[SearchOption]:
        """Which columns, in order: the number first for tickets, the name, the entity where several are active,
        then what was asked for or preferred, then what was searched."""
        wanted = [ID] if self._name in ITIL else []
        wanted.append(NAME)
        of_entity = self._name == ALL_ASSETS or itemtypes()[self._name].of_entity
        if len(self._session.entities) > 1 and of_entity:
            wanted.append(ENTITY)
        told = self._call.parameters.get("forcedisplay")
        wanted += [intval(each) for each in _many(told)] if told else PREFERENCES.get(self._name, ())
        unique = dict.fromkeys([*wanted, *searched])
        return [self._options[number] for number in unique if number in self._options]

    def _data(self, page: list[Hit], columns: list[SearchOption]) -> Any:
        rows = [self._row(hit, columns) for hit in page]
        if self._call.flag("withindexes"):
            return {str(row["id"]): told for (_, row), told in zip(page, rows, strict=True)}
        return rows

    def _row(self, hit: Hit, columns: list[SearchOption]) -> dict[str, Any]:
        by_uid = self._call.flag("uid_cols")
        told = {option.uid if by_uid else str(option.number): self._shown(hit, option) for option in columns}
        if self._name == ALL_ASSETS:
            told.update(id=hit[1]["id"], itemtype=hit[0].name)
        return told

    def _shown(self, hit: Hit, option: SearchOption) -> Any:
        return joins.shown(self._store, *hit, option, self._narrowing.get(option.number))

    def _html(self, hit: Hit, columns: list[SearchOption]) -> dict[str, Any]:
        """Cells as the browser shows them."""
        itemtype, row = hit
        told = {}
        for option in columns:
            value = self._shown(hit, option)
            if option.number == NAME:
                link = f"/front/{itemtype.name.lower()}.form.php?id={row['id']}"
                value = f"<a id='{itemtype.name}_{row['id']}_{row['id']}' href='{link}'>{value}</a>"
            elif option.number == ENTITY:
                value = f'<span class="glpi-badge" title="{value}"><span class="text-nowrap">{value}</span></span>'
            elif option.numeric:
                value = f"<span class='text-nowrap'>{value}</span>"
            told[str(option.number)] = value
        return told


def _many(told: Any) -> list[Any]:
    if isinstance(told, dict):
        return list(told.values())
    return told if isinstance(told, list) else [told]
