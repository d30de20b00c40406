"""Search criteria: from the parameters to a test of rows."""

from collections.abc import Callable
from typing import Any

from migrator.emulators.glpi import joins
from migrator.emulators.glpi.kinds.tree import Tree
from migrator.emulators.glpi.options_of_search import SearchOption, options_of
from migrator.emulators.glpi.reading import as_like
from migrator.emulators.glpi.refusal import Accident, refusal
from migrator.emulators.glpi.schema import Itemtype, find
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.text import like, order_key

Test = Callable[[Itemtype, Row], bool]

STATUSES = {
    "notold": (1, 2, 3, 4), "old": (5, 6), "notclosed": (1, 2, 3, 4, 5), "process": (2, 3),
}  # fmt: skip
"""Words for sets of a ticket's status. "notold" [observed], the others [source]"""


class Criteria:
    """The criteria of one search of an itemtype."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self.fields: list[int] = []
        """Options that were searched, in order: their columns are shown too."""
        self.narrowing: dict[int, Callable[[str | None], bool]] = {}
        """Of columns with several values only those that were searched for are shown. [observed]"""

    def test(self, told: Any) -> Test:
        """The test of a list of criteria. Raises Refusal for a malformed one, Accident for no list."""
        if told is None:
            return lambda itemtype, row: True
        if not isinstance(told, list | dict):
            raise Accident
        combined: Test | None = None
        for each in told.values() if isinstance(told, dict) else told:
            test = self._one(each)
            if test is None:
                continue
            link = str(each.get("link", "AND")).upper()
            if link != "AND":
                self.narrowing.clear()
            combined = _linked(combined, link, test)
        return combined or (lambda itemtype, row: True)

    def _one(self, told: Any) -> Test | None:
        base = self._store.options.url_base_api
        if isinstance(told, dict) and "criteria" in told:
            return self.test(told["criteria"])
        if not isinstance(told, dict) or not {"field", "searchtype", "value"} <= told.keys():
            raise refusal("ERROR", base, sentence="Malformed search criteria")
        meta = find(str(told.get("itemtype", ""))) if told.get("meta") else None
        options = options_of(meta.name if meta else self._name)
        number = str(told["field"])
        if not number.isdecimal() or int(number) not in options:
            raise refusal("ERROR", base, sentence="Bad field ID in search criteria")
        option = options[int(number)]
        value = "" if told["value"] is None else str(told["value"])
        if meta is None and option.number not in self.fields:
            self.fields.append(option.number)
        if value == "":
            return None
        leaf = self._leaf(option, str(told["searchtype"]), value)
        return self._of_meta(meta, leaf) if meta else leaf

    def _of_meta(self, meta: Itemtype, leaf: Test) -> Test:
        """Whether a row of another type that the row points to, or that points to it, passes."""

        def test(itemtype: Itemtype, row: Row) -> bool:
            table = self._store.table(meta.name)
            if meta.key in itemtype.columns:
                others = table.where(id=row[meta.key])
            elif itemtype.key in meta.columns:
                others = table.where(**{itemtype.key: row["id"]})
            else:
                return False
            return any(leaf(meta, other) for other in others)

        return test

    def _leaf(self, option: SearchOption, kind: str, value: str) -> Test:
        if kind in ("equals", "notequals"):
            test = self._equals(option, value)
        elif kind in ("under", "notunder"):
            test = self._under(option, value)
        elif kind in ("lessthan", "morethan"):
            return self._compared(option, value, kind == "lessthan")
        else:
            test = self._contains(option, value)
        if kind.startswith("not"):
            self.narrowing.pop(option.number, None)
            return _negated(test)
        return test

    def _values(self, itemtype: Itemtype, row: Row, option: SearchOption) -> list[Any]:
        return joins.values(self._store, itemtype, row, option)

    def _contains(self, option: SearchOption, value: str) -> Test:
        """LIKE on texts; numbers exactly, or with `<` and `>`."""
        number = _number_test(value) if option.numeric else None
        if number is not None:
            compare = number
            return lambda itemtype, row: any(
                compare(float(each)) for each in self._values(itemtype, row, option) if each is not None
            )
        test = self.narrowing[option.number] = like(value)

        def matches(itemtype: Itemtype, row: Row) -> bool:
            return any(test(as_like(each)) for each in self._values(itemtype, row, option) or [None])

        return matches

    def _equals(self, option: SearchOption, value: str) -> Test:
        """By id for dropdowns and names; else by the column's value."""
        if option.datatype in ("itemlink", "dropdown"):
            if not value.lstrip("-").isdecimal():
                return lambda itemtype, row: False
            wanted = int(value)
            return lambda itemtype, row: (
                wanted in joins.ids(self._store, itemtype, row, option)
                or (wanted == 0 and not joins.ids(self._store, itemtype, row, option))
            )
        if option.field == "status" and value in STATUSES:
            return lambda itemtype, row: row["status"] in STATUSES[value]
        if option.field == "status" and value == "all":
            return lambda itemtype, row: True
        return lambda itemtype, row: any(
            order_key(str(each)) == order_key(value)
            for each in self._values(itemtype, row, option)
            if each is not None
        )

    def _under(self, option: SearchOption, value: str) -> Test:
        top = int(value) if value.isdecimal() else -1

        def test(itemtype: Itemtype, row: Row) -> bool:
            return any(
                each["id"] in Tree().sons(self._store, to, top)
                for to, each in joins.reached(self._store, itemtype, row, option)
                if to.parent_key
            )

        return test

    def _compared(self, option: SearchOption, value: str, less: bool) -> Test:
        """Dates as texts of one form: a shorter one is the beginning of its day or minute."""
        return lambda itemtype, row: any(
            (str(each) < value) if less else (str(each) > value)
            for each in self._values(itemtype, row, option)
            if each is not None
        )


def _negated(test: Test) -> Test:
    return lambda itemtype, row: not test(itemtype, row)


def _linked(before: Test | None, link: str, test: Test) -> Test:
    """AND, OR, AND NOT, OR NOT, from left to right."""
    if link.endswith("NOT"):
        test = _negated(test)
    if before is None:
        return test
    if link.startswith("OR"):
        return lambda itemtype, row: before(itemtype, row) or test(itemtype, row)
    return lambda itemtype, row: before(itemtype, row) and test(itemtype, row)


def _number_test(value: str) -> Callable[[float], bool] | None:
    """`7`, `>28`, `<=5`; None for what is no number."""
    text = value.strip().strip("^$")
    sign = next((each for each in (">=", "<=", ">", "<") if text.startswith(each)), "")
    try:
        wanted = float(text[len(sign) :])
    except ValueError:
        return None
    tests: dict[str, Callable[[float], bool]] = {
        "": lambda number: number == wanted,
        ">": lambda number: number > wanted,
        "<": lambda number: number < wanted,
        ">=": lambda number: number >= wanted,
        "<=": lambda number: number <= wanted,
    }
    return tests[sign]
