"""What the records that steps refer to come to in this plan: their target ids, or that the plan makes them."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from migrator.contract import Pair

_AT_ONCE = 500
"""Ids in one question."""


class Standing:
    """(pair, source id) -> target id, or None: the plan makes it. A temporary SQLite file, made on first use."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._base: sqlite3.Connection | None = None
        self._pairs: dict[Pair, int] = {}

    def add(self, pair: Pair, rows: Iterable[tuple[str, str | None]]) -> None:
        """Enter some source ids with what they come to."""
        base, number = self._opened(), self._pairs.setdefault(pair, len(self._pairs))
        base.executemany(
            f"INSERT OR REPLACE INTO standing VALUES ({number:d}, ?, ?)",  # noqa: S608  a number
            rows,
        )

    def find(self, pair: Pair, source_ids: Sequence[str]) -> dict[str, str | None]:
        """Those of these that this plan has met."""
        found: dict[str, str | None] = {}
        number = self._pairs.get(pair)
        if self._base is None or number is None:
            return found
        for start in range(0, len(source_ids), _AT_ONCE):
            some = source_ids[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            found.update(
                self._base.execute(
                    f"SELECT source, target FROM standing WHERE pair = ? AND source IN ({marks})",  # noqa: S608  question marks
                    (number, *some),
                )
            )
        return found

    def close(self) -> None:
        """Remove the temporary file."""
        if self._base is not None:
            self._base.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _opened(self) -> sqlite3.Connection:
        if self._base is None:
            self._folder = tempfile.TemporaryDirectory(prefix="migrator-standing-")
            self._base = sqlite3.connect(Path(self._folder.name) / "standing.db", isolation_level=None)
            self._base.execute("PRAGMA journal_mode=OFF")
            self._base.execute("PRAGMA synchronous=OFF")
            self._base.execute(
                "CREATE TABLE standing (pair INTEGER, source TEXT, target TEXT, PRIMARY KEY (pair, source))"
                " WITHOUT ROWID"
            )
            self._base.execute("BEGIN")
        return self._base
