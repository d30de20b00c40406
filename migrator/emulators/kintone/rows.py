"""Records, and what belongs to one of them."""

from dataclasses import dataclass, field
from typing import Any

import orjson

Projection = tuple[tuple[str, str], ...]
"""Which fields an answer shows: (code, type). Compared by identity, so an app keeps one object per list."""


@dataclass(frozen=True)
class Comment:
    """One comment; `text` as read back, `created` in epoch seconds."""

    id: int
    text: str
    creator: dict[str, str]
    created: float
    mentions: list[dict[str, str]]


@dataclass(slots=True)
class Thread:
    """The comments of one record, oldest first. They are no part of a revision."""

    comments: list[Comment] = field(default_factory=list)
    last_id: int = 0


_SHAPES: dict[tuple[str, ...], tuple[str, ...]] = {}
"""One tuple of codes for all rows of a form."""


class Row:
    """One version of a record; never changed once it is in the table.

    The values lie in a tuple beside a shared tuple of codes: a fifth of a dict's memory, and nothing that the
    garbage collector has to walk. `json` keeps the bytes of the last projection asked for: reading pages is then
    joining bytes.
    """

    __slots__ = ("_bytes", "_cells", "_codes", "_projection", "id", "revision")

    def __init__(self, id: int, revision: int, values: dict[str, Any]) -> None:
        self.id = id
        self.revision = revision
        values["$id"] = str(id)
        values["$revision"] = str(revision)
        codes = tuple(values)
        self._codes = _SHAPES.setdefault(codes, codes)
        self._cells = tuple(values.values())
        self._projection: Projection | None = None
        self._bytes = b""

    @property
    def values(self) -> dict[str, Any]:
        """Code -> the JSON value as read, `$id` and `$revision` among them; a fresh dict."""
        return dict(zip(self._codes, self._cells, strict=True))

    def value(self, code: str) -> Any:
        """One value. Raises ValueError for a code that the record has not."""
        return self._cells[self._codes.index(code)]

    def json(self, projection: Projection) -> bytes:
        """The record as an answer shows it."""
        if self._projection is not projection:
            values = self.values
            shown = orjson.dumps({code: {"type": type_, "value": values[code]} for code, type_ in projection})
            self._bytes = bytes(memoryview(shown))  # a copy: the original sits in a block many times its size
            self._projection = projection
        return self._bytes
