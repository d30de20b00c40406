"""A world over a folder, for the common suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from migrator.connectors.folder import WriteOptions
from migrator.contract import Target, Writing
from migrator.model.plan import Change


def forgiving(connector: type[Target]) -> type[Target]:
    """The connector, described afresh for each write.

    The suite fills the collection behind an open session and writes twice in one, which no plan does: a file that
    moved since it was described is a conflict, as the tests of the real class show.
    """

    def encode_change(self: Any, writing: Writing, change: Change) -> bytes:
        now = self.describe(writing.collection.id, WriteOptions())
        return connector.encode_change(self, replace(writing, collection=now), change)

    def complete(self: Any, writings: tuple[Writing, ...], stamp: str | None) -> str | None:
        now = self.describe(writings[0].collection.id, WriteOptions())
        return connector.complete(self, writings, now.stamp)

    methods: Mapping[str, Any] = {"encode_change": encode_change, "complete": complete}
    return type(f"Forgiving{connector.__name__}", (connector,), dict(methods))
