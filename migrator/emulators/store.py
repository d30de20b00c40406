"""Rows by id, unique indexes, and undo: the state that an emulator keeps, in memory.

A row is replaced, never changed in place. So whoever took a row (a cursor, a page being sent) keeps a snapshot,
and undoing a write is putting the former row back.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Identified(Protocol):
    """What a table can hold."""

    @property
    def id(self) -> int:
        """The row's id in its table."""


Row = TypeVar("Row", bound=Identified)
KeyOf = Callable[[Row], Hashable | None]
"""The value that must be unique, or None where the row has none (empty values never collide)."""


class Undo:
    """What would have to be done to take back the writes of the running transaction."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []
        self._depth = 0

    def note(self, step: Callable[[], object]) -> None:
        """Remember `step` as the reverse of something just done."""
        if self._depth:
            self._steps.append(step)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or nothing of it. Nests: an inner block that fails takes back its own part only."""
        mark = len(self._steps)
        self._depth += 1
        try:
            yield
        except BaseException:
            while len(self._steps) > mark:
                self._steps.pop()()
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._steps.clear()


class Table(Generic[Row]):
    """Rows by growing id. `indexes`: name -> which value of a row must be unique under that name."""

    def __init__(self, undo: Undo, *, lose_ids: bool = False) -> None:
        self._lose_ids = lose_ids
        self.rows: dict[int, Row] = {}
        self.ids: list[int] = []
        self.last_id = 0
        self._undo = undo
        self._keys: dict[str, KeyOf[Row]] = {}
        self._indexes: dict[str, dict[Hashable, int]] = {}

    def next_id(self) -> int:
        """A fresh id; one given out never comes again, but an undo takes it back (with `lose_ids` not even that)."""
        before = self.last_id
        if not self._lose_ids:
            self._undo.note(lambda: setattr(self, "last_id", before))
        self.last_id += 1
        return self.last_id

    def put(self, row: Row) -> None:
        """Insert or replace by id. The caller has looked at `holder` first; a taken key is overwritten here."""
        before = self.rows.get(row.id)
        self._place(before, row)
        self._undo.note(lambda: self._place(row, before))

    def remove(self, row_id: int) -> None:
        """Take a row out; its id is not used again. Raises KeyError where there is none."""
        before = self.rows[row_id]
        self._place(before, None)
        self._undo.note(lambda: self._place(None, before))

    def _place(self, before: Row | None, after: Row | None) -> None:
        for name, key_of in self._keys.items():
            old = None if before is None else key_of(before)
            new = None if after is None else key_of(after)
            if old is not None and old != new and before and self._indexes[name].get(old) == before.id:
                del self._indexes[name][old]
            if new is not None and after is not None:
                self._indexes[name][new] = after.id
        if after is None:
            if before is not None:
                del self.rows[before.id]
                del self.ids[bisect_left(self.ids, before.id)]
            return
        if before is None:
            if not self.ids or after.id > self.ids[-1]:
                self.ids.append(after.id)
            else:
                insort(self.ids, after.id)
        self.rows[after.id] = after

    def replace_all(self, rows: Iterable[Row]) -> None:
        """Put other versions of all rows in place, ids unchanged, and forget the indexes: a new form, no write."""
        self.rows = {row.id: row for row in rows}
        self.ids = sorted(self.rows)
        self._keys, self._indexes = {}, {}

    def index(self, name: str, key_of: KeyOf[Row]) -> int | None:
        """Keep `name` unique from now on; returns the id of a row that already breaks it (then nothing is kept)."""
        found: dict[Hashable, int] = {}
        for row_id in self.ids:
            key = key_of(self.rows[row_id])
            if key is not None and found.setdefault(key, row_id) != row_id:
                return row_id
        self._keys[name], self._indexes[name] = key_of, found
        return None

    def indexed(self, name: str) -> bool:
        """Whether `name` is kept unique."""
        return name in self._indexes

    def holder(self, name: str, key: Hashable) -> int | None:
        """The id of the row that has `key` under the index `name`."""
        return self._indexes[name].get(key)

    def between(self, low: int | None, high: int | None) -> list[int]:
        """All ids from `low` to `high`, both included, ascending."""
        start = 0 if low is None else bisect_left(self.ids, low)
        stop = len(self.ids) if high is None else bisect_left(self.ids, high + 1)
        return self.ids[start:stop]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Row]:
        rows = self.rows
        return (rows[row_id] for row_id in self.ids)
