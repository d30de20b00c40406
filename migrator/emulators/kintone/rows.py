"""Records, and what belongs to one of them."""

from collections.abc import Mapping
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
    """The comments of one record, oldest first. Not part of a revision: shared by all versions of the row."""

    comments: list[Comment] = field(default_factory=list)
    last_id: int = 0


class Row:
    """One version of a record. `values`: code -> the JSON value as read, `$id` and `$revision` among them.

    Never changed once it is in the table. `json` keeps the bytes of the last projection asked for: reading pages
    is then joining bytes.
    """

    __slots__ = ("_bytes", "_projection", "id", "revision", "thread", "values")

    def __init__(self, id: int, revision: int, values: dict[str, Any], thread: Thread | None = None) -> None:
        self.id = id
        self.revision = revision
        self.values = values
        self.thread = thread or Thread()
        values["$id"] = str(id)
        values["$revision"] = str(revision)
        self._projection: Projection | None = None
        self._bytes = b""

    def json(self, projection: Projection) -> bytes:
        """The record as an answer shows it."""
        if self._projection is not projection:
            values = self.values
            self._bytes = orjson.dumps({code: {"type": type_, "value": values[code]} for code, type_ in projection})
            self._projection = projection
        return self._bytes

    def shown(self, projection: Projection) -> Mapping[str, Any]:
        """The same as objects."""
        found: Mapping[str, Any] = orjson.loads(self.json(projection))
        return found
