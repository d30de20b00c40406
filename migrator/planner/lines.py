"""Change lines of one step on disk until the plan is copied: in the source's order, or sorted where it has none."""

from __future__ import annotations

import sqlite3
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

_BUCKETS = 16
_MARK = 1 << 18
"""Bytes that are buffered before they go to disk."""
_NUMBERS = 8192
"""Sequence numbers that are held before they go to disk."""
_ROWS = 500
"""Lines that are read at once."""


class Lines(Protocol):
    """Keeps (sequence number, line) and gives them back in the order of the plan."""

    def add(self, sequence: int, order: str, line: bytes) -> None:
        """Keep a line; `order` is its folded key or origin."""
        ...

    def walk(self) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """All of them, some at a time: sequence numbers and their lines. As often as wanted."""
        ...

    def close(self) -> None:
        """Give the disk back."""
        ...


class OrderedLines:
    """Lines in the order they came: the source's own."""

    def __init__(self) -> None:
        self._file, self._numbers = _temporary(), _temporary()
        """The lines, and their sequence numbers: eight bytes each, as this machine has them."""
        self._last = array("Q")
        """Numbers that are not in the file yet."""

    def add(self, sequence: int, order: str, line: bytes) -> None:
        """Append."""
        self._file.write(line)
        self._last.append(sequence)
        if len(self._last) == _NUMBERS:
            self._spill()

    def walk(self) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """From the first on."""
        self._spill()
        self._file.seek(0)
        self._numbers.seek(0)
        while lines := self._file.readlines(_MARK):
            numbers = array("Q", self._numbers.read(8 * len(lines)))
            yield numbers, lines

    def close(self) -> None:
        """Remove the temporary files."""
        self._file.close()
        self._numbers.close()

    def _spill(self) -> None:
        self._numbers.write(self._last.tobytes())
        self._last = array("Q")


def _temporary() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="migrator-lines-", buffering=_MARK)


class SortedLines:
    """Lines sorted on disk, for sources that give no order: by folded key, then origin."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="migrator-lines-")
        self._base = sqlite3.connect(Path(self._folder.name) / "lines.db", isolation_level=None)
        self._base.execute("PRAGMA journal_mode=OFF")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute("CREATE TABLE lines (sort TEXT, sequence INTEGER PRIMARY KEY, line BLOB)")
        self._base.execute("BEGIN")
        self._indexed = False

    def add(self, sequence: int, order: str, line: bytes) -> None:
        """Insert."""
        self._base.execute("INSERT INTO lines VALUES (?, ?, ?)", (order, sequence, line))

    def walk(self) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """By key."""
        if not self._indexed:
            self._base.execute("CREATE INDEX by_sort ON lines (sort, line)")
            self._indexed = True
        rows = self._base.execute("SELECT sequence, line FROM lines ORDER BY sort, line")
        while some := rows.fetchmany(_ROWS):
            yield [sequence for sequence, _ in some], [line for _, line in some]

    def close(self) -> None:
        """Remove the temporary file."""
        self._base.close()
        self._folder.cleanup()


class Claims:
    """Who wants what: finds texts that were claimed twice, with 16 bytes a claim in memory.

    Compares 8-byte hashes (Python's own, keyed anew in each process): two different texts pass for one with a chance
    of about one in 10^7 for a million claims, and then only make a Problem, never a wrong write.
    """

    def __init__(self) -> None:
        self._hashes = [array("q") for _ in range(_BUCKETS)]
        self._numbers = [array("Q") for _ in range(_BUCKETS)]

    def add(self, text: str, sequence: int) -> None:
        """`sequence` claims `text`."""
        digest = hash(text)
        bucket = digest % _BUCKETS
        self._hashes[bucket].append(digest)
        self._numbers[bucket].append(sequence)

    def present(self, texts: Iterable[str]) -> set[str]:
        """Those of these texts that were claimed."""
        sought = {hash(text): text for text in texts}
        return {sought[digest] for hashes in self._hashes for digest in hashes if digest in sought}

    def groups(self) -> Iterator[tuple[int, ...]]:
        """Sequence numbers, ascending, that claimed the same text; only where there are two or more."""
        for hashes, numbers in zip(self._hashes, self._numbers, strict=True):
            if len(set(hashes)) == len(hashes):
                continue
            twice = {digest for digest, count in Counter(hashes).items() if count > 1}
            groups: dict[int, list[int]] = {}
            for digest, number in zip(hashes, numbers, strict=True):
                if digest in twice:
                    groups.setdefault(digest, []).append(number)
            yield from (tuple(sorted(group)) for group in groups.values())


class LinesOf:
    """Makes the right Lines for a step and closes them all at the end. A context manager."""

    def __init__(self) -> None:
        self._open: list[Lines] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lines in self._open:
            lines.close()

    def open(self, *, ordered: bool) -> Lines:
        """In the source's order, or sorted."""
        lines: Lines = OrderedLines() if ordered else SortedLines()
        self._open.append(lines)
        return lines
