"""A connector for tests of the playbook stage: typed options, no wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from migrator.contract import Capabilities, Source, Target
from migrator.model.described import about
from migrator.model.plan import Action
from migrator.model.problem import Problem
from migrator.playbook.check import Checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Address and login."""

    url: str = field(metadata=about("Address."))
    token: str | None = field(default=None, metadata=about("Login.", secret=True))
    drawers: int = field(default=3, metadata=about("How many."))
    lock: bool = field(default=False, metadata=about("Locked."))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which records."""

    query: str = field(default="", metadata=about("Condition."))
    order: Literal["id", "name"] = field(default="id", metadata=about("Order."))


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How to write."""

    only_new: bool = field(default=False, metadata=about("Creates only."))
    outbox: bool = field(default=False, metadata=about("Has ids of its own."))


class Shelf(Source):
    """A system that can be read only."""

    Options = Options
    ReadOptions = ReadOptions
    WriteOptions = WriteOptions

    def __init__(self, options: Any, wire: Any) -> None:
        self.options = options

    @classmethod
    def address(cls, options: Any) -> str:
        return str(options.url)

    @classmethod
    def check(cls, options: Any) -> tuple[str, ...]:
        return ("`url` names no host",) if options.url == "https://" else ()

    def capabilities(self, options: Any) -> Capabilities:
        return Capabilities(page_max=10)


class Desk(Shelf, Target):
    """A system that can be read and written."""

    def capabilities(self, options: Any) -> Capabilities:
        actions = [Action.CREATE] if options.only_new else [Action.CREATE, Action.UPDATE]
        return Capabilities(
            page_max=10,
            batch_max=dict.fromkeys(actions, 10),
            without_key=options.outbox,
            marker_field=not options.outbox,
            cannot={Action.UPDATE: "A letter in the post cannot be changed."},
        )


def template(value: Any, names: frozenset[str]) -> list[tuple[tuple[str | int, ...], Problem]]:
    """Refuses the word `wrong`, at any depth of lists; and any name that stands alone and is not allowed."""
    if isinstance(value, list):
        return [((at, *path), problem) for at, item in enumerate(value) for path, problem in template(item, names)]
    if isinstance(value, str) and "wrong" in value:
        return [((), Problem(code="TR001", summary=f"wrong, where {', '.join(sorted(names))} may stand"))]
    return []


CONNECTORS: Mapping[str, type[Source]] = {"desk": Desk, "shelf": Shelf}
CHECKS = Checks(connectors=CONNECTORS, template=template)
