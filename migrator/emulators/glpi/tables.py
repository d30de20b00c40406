"""The rows of one itemtype: by id, by unique keys, by any column."""

from collections.abc import Iterator
from typing import Any

from migrator.emulators.glpi.refusal import SqlError
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.text import fold, order_key

Row = dict[str, Any]


class Table:
    """Rows by growing id; a row is replaced, never changed in place."""

    def __init__(self, itemtype: Itemtype) -> None:
        self.type = itemtype
        self.rows: dict[int, Row] = {}
        self.last_id = 0
        self._blank = {name: column.default for name, column in itemtype.columns.items()}
        self._unique: dict[str, dict[tuple[Any, ...], int]] = {name: {} for name in itemtype.unique}
        self._columns: dict[str, dict[Any, dict[int, None]]] = {}
        self._texts: dict[str, dict[str, dict[int, None]]] = {}

    def blank(self) -> Row:
        """A row of defaults."""
        return dict(self._blank)

    def insert(self, row: Row) -> int:
        """Take a new row in under the next id, or the id that it has. Raises SqlError for a taken unique key; the
        id is used up then."""
        if row["id"] is None:
            self.last_id += 1
            row["id"] = self.last_id
        self._check(row)
        self.last_id = max(self.last_id, row["id"])
        self._enter(row)
        number: int = row["id"]
        return number

    def replace(self, row: Row) -> None:
        """Put another version in place. Raises SqlError for a taken unique key."""
        self._check(row)
        self._leave(self.rows[row["id"]])
        self._enter(row)

    def remove(self, number: int) -> None:
        """Take a row out for good."""
        self._leave(self.rows[number])
        del self.rows[number]

    def ids(self, column: str, value: Any) -> list[int]:
        """Ids of the rows that have exactly this value in a column, ascending."""
        if column not in self._columns:
            index: dict[Any, dict[int, None]] = {}
            for row in self.rows.values():
                index.setdefault(row[column], {})[row["id"]] = None
            self._columns[column] = index
        return sorted(self._columns[column].get(value, ()))

    def alike(self, column: str, folded: str) -> list[int]:
        """Ids of the rows whose value in a column compares alike with a folded text, ascending."""
        if column not in self._texts:
            index: dict[str, dict[int, None]] = {}
            for row in self.rows.values():
                if row[column] is not None:
                    index.setdefault(fold(str(row[column])), {})[row["id"]] = None
            self._texts[column] = index
        return sorted(self._texts[column].get(folded, ()))

    def where(self, **wanted: Any) -> Iterator[Row]:
        """Rows that have these values, by id; the first of the columns is looked up, so name the rarest first."""
        column, value = next(iter(wanted.items()))
        for number in self.ids(column, value):
            row = self.rows[number]
            if all(row[name] == other for name, other in wanted.items()):
                yield row

    def holder(self, row: Row) -> tuple[str, int] | None:
        """The unique key and the id of another row that has it, if any."""
        for name, columns in self.type.unique.items():
            key = _key(row, columns)
            held = self._unique[name].get(key) if key is not None else None
            if held is not None and held != row["id"]:
                return name, held
        return None

    def _check(self, row: Row) -> None:
        taken = self.holder(row)
        if taken:
            entry = "-".join(str(row[column]) for column in self.type.unique[taken[0]])
            raise SqlError(f"Duplicate entry '{entry}' for key '{taken[0]}'")

    def _enter(self, row: Row) -> None:
        self.rows[row["id"]] = row
        for name, columns in self.type.unique.items():
            key = _key(row, columns)
            if key is not None:
                self._unique[name][key] = row["id"]
        for column, index in self._columns.items():
            index.setdefault(row[column], {})[row["id"]] = None
        for column, texts in self._texts.items():
            if row[column] is not None:
                texts.setdefault(fold(str(row[column])), {})[row["id"]] = None

    def _leave(self, row: Row) -> None:
        for name, columns in self.type.unique.items():
            key = _key(row, columns)
            if key is not None:
                del self._unique[name][key]
        for column, index in self._columns.items():
            index[row[column]].pop(row["id"], None)
        for column, texts in self._texts.items():
            if row[column] is not None:
                texts[fold(str(row[column]))].pop(row["id"], None)


def _key(row: Row, columns: list[str]) -> tuple[Any, ...] | None:
    """What must be unique, compared as the database does; None where a part is NULL."""
    values = tuple(row[column] for column in columns)
    if any(value is None for value in values):
        return None
    return tuple(order_key(value) if isinstance(value, str) else value for value in values)
