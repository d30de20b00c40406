"""Change lines of one step on disk until the plan is copied: in the source's order, or sorted where it has none."""

from __future__ import annotations

import sqlite3
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self, TypeVar

from migrator.errors import LocalFault

_BUCKETS = 32
_HELD = 4096
"""Claims that are held before they go to disk."""
_MARK = 1 << 18
"""Bytes that are buffered before they go to disk."""
_NUMBERS = 8192
"""Sequence numbers that are held before they go to disk."""
_ROWS = 500
"""Lines that are read at once."""


@contextmanager
def disk() -> Iterator[None]:
    """Faults of the temporary files as LocalFault: what was planned so far is gone."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise LocalFault(
            f"cannot keep the plan in the making in {tempfile.gettempdir()}: {why}",
            detail="No plan was written.",
            hint="free space there, or name another folder for temporary files with TMPDIR, then plan again",
        ) from error


class Lines(Protocol):
    """Keeps (sequence number, line) and gives them back in the order of the plan."""

    def add(self, sequences: Sequence[int], orders: Sequence[str], lines: Sequence[bytes]) -> None:
        """Keep some lines; an order is the line's folded key or origin."""
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
        self._file, self._numbers = temporary("migrator-lines-"), temporary("migrator-lines-")
        """The lines, and their sequence numbers: eight bytes each, as this machine has them."""
        self._last = array("Q")
        """Numbers that are not in the file yet."""

    def add(self, sequences: Sequence[int], orders: Sequence[str], lines: Sequence[bytes]) -> None:
        """Append."""
        self._file.write(b"".join(lines))
        self._last.extend(sequences)
        if len(self._last) >= _NUMBERS:
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


def temporary(prefix: str) -> IO[bytes]:
    """A file that is gone when it is closed."""
    return tempfile.TemporaryFile(prefix=prefix, buffering=_MARK)


class SortedLines:
    """Lines sorted on disk, for sources that give no order: by folded key, then origin."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="migrator-lines-")
        self._base = sqlite3.connect(Path(self._folder.name) / "lines.db", isolation_level=None)
        self._base.execute("PRAGMA journal_mode=OFF")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute("CREATE TABLE lines (sort TEXT, sequence INTEGER, line BLOB)")
        self._base.execute("BEGIN")
        self._indexed = False

    def add(self, sequences: Sequence[int], orders: Sequence[str], lines: Sequence[bytes]) -> None:
        """Insert."""
        rows = zip(orders, sequences, lines, strict=True)
        self._base.executemany("INSERT INTO lines VALUES (?, ?, ?)", rows)

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


Stretch = tuple[int, int]
"""Offset and bytes."""


class Scratch:
    """One temporary file for what many write in pieces and read back. It is made when the first piece comes."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._end = 0

    def put(self, pieces: Iterable[array[int]]) -> list[Stretch]:
        """Where each piece is."""
        if self._file is None:
            self._file = temporary("migrator-claims-")
        places = []
        self._file.seek(self._end)
        for piece in pieces:
            self._file.write(piece.tobytes())
            size = len(piece) * piece.itemsize
            places.append((self._end, size))
            self._end += size
        return places

    def get(self, place: Stretch, code: str) -> array[int]:
        """The piece back."""
        piece = array(code)
        if self._file is not None:
            self._file.seek(place[0])
            piece.frombytes(self._file.read(place[1]))
        return piece

    def close(self) -> None:
        """Give the disk back."""
        if self._file is not None:
            self._file.close()


class Claims:
    """Who wants what: finds texts that were claimed twice. A few thousand claims are held, the rest is on disk.

    Compares 8-byte hashes (Python's own, keyed anew in each process): two different texts pass for one with a chance
    of about one in 10^7 for a million claims, and then only make a Problem, never a wrong write.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._hashes, self._numbers = array("q"), array("Q")
        self._spilled: list[list[tuple[Stretch, Stretch]]] = [[] for _ in range(_BUCKETS)]
        """By bucket: where pieces of hashes and of their numbers are."""

    def add(self, text: str, sequence: int) -> None:
        """`sequence` claims `text`."""
        self._hashes.append(hash(text))
        self._numbers.append(sequence)
        if len(self._hashes) >= _HELD:
            self._spill()

    def present(self, texts: Iterable[str]) -> set[str]:
        """Those of these texts that were claimed."""
        sought = {hash(text): text for text in texts}
        return {sought[digest] for hashes, _ in self._buckets() for digest in hashes if digest in sought}

    def groups(self) -> Iterator[tuple[int, ...]]:
        """Sequence numbers, ascending, that claimed the same text; only where there are two or more."""
        for hashes, numbers in self._buckets():
            if len(set(hashes)) == len(hashes):
                continue
            twice = {digest for digest, count in Counter(hashes).items() if count > 1}
            groups: dict[int, list[int]] = {}
            for digest, number in zip(hashes, numbers, strict=True):
                if digest in twice:
                    groups.setdefault(digest, []).append(number)
            yield from (tuple(sorted(group)) for group in groups.values())

    def _spill(self) -> None:
        parts = [(array("q"), array("Q")) for _ in range(_BUCKETS)]
        for digest, number in zip(self._hashes, self._numbers, strict=True):
            hashes, numbers = parts[digest % _BUCKETS]
            hashes.append(digest)
            numbers.append(number)
        ours = self._scratch.put(hashes for hashes, _ in parts)
        theirs = self._scratch.put(numbers for _, numbers in parts)
        for places, *both in zip(self._spilled, ours, theirs, strict=True):
            places.append((both[0], both[1]))
        self._hashes, self._numbers = array("q"), array("Q")

    def _buckets(self) -> Iterator[tuple[array[int], array[int]]]:
        """Hashes and their numbers, bucket by bucket: equal hashes are in one."""
        if not any(self._spilled):
            yield self._hashes, self._numbers
            return
        self._spill()
        for places in self._spilled:
            hashes, numbers = array("q"), array("Q")
            for ours, theirs in places:
                hashes.extend(self._scratch.get(ours, "q"))
                numbers.extend(self._scratch.get(theirs, "Q"))
            yield hashes, numbers


class Numbers:
    """Sequence numbers, most of them on disk: eight bytes each."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._held = array("Q")
        self._spilled: list[Stretch] = []

    def add(self, number: int) -> None:
        """Keep it."""
        self._held.append(number)
        if len(self._held) >= _HELD:
            self._spilled += self._scratch.put([self._held])
            self._held = array("Q")

    def present(self, sought: Set[int]) -> set[int]:
        """Those of these numbers that were kept."""
        found = sought & set(self._held)
        for place in self._spilled if sought else ():
            found |= sought & set(self._scratch.get(place, "Q"))
        return set(found)


class _Closing(Protocol):
    def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closing)


class LinesOf:
    """Makes the right Lines for a step and closes them all at the end. A context manager."""

    def __init__(self) -> None:
        self._open: list[_Closing] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lines in self._open:
            lines.close()

    def keep(self, opened: _Opened) -> _Opened:
        """Close this at the end too."""
        self._open.append(opened)
        return opened

    def open(self, *, ordered: bool) -> Lines:
        """In the source's order, or sorted."""
        return self.keep(OrderedLines() if ordered else SortedLines())
