"""All that planning one step needs, handed in by the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Protocol

from migrator.contract import Capabilities, IdMap, Pair, Query, Source, Target, Writing
from migrator.model.lean import dataclass
from migrator.model.playbook import Limits, Missing, Step
from migrator.model.problem import Problem, UnknownValue
from migrator.model.values import Origin, Record, Value


class Rendered(Protocol):
    """One source record as target fields."""

    @property
    def fields(self) -> Mapping[str, Value]:
        """Target field -> value; what is left out is not here."""
        ...

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why it cannot be planned; empty: it can."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the state tells of earlier runs, to a step that removes."""

    read: int | None = None
    """Records that the last whole plan read for the step's pair; None: there was none."""
    others: Mapping[int, str] = field(default_factory=dict)
    """Run -> its playbook, where that is another one: what it brought over is not ours to remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One step, ready to be planned."""

    step: Step
    """As the playbook has it."""
    source: Source
    """Where from."""
    source_identity: str
    """Its tenant."""
    query: Query
    """Which records, which fields."""
    source_capabilities: Capabilities
    """Of the source under the step's ReadOptions."""
    target: Target
    """Where to."""
    target_identity: str
    """Its tenant."""
    writing: Writing
    """The step's target side."""
    capabilities: Capabilities
    """Of the target under the step's WriteOptions."""
    where: Callable[[Record, Origin], bool | Problem] | None
    """The step's filter, with --where joined to it; None: it takes every record."""
    render: Callable[[Record, Origin], Rendered]
    """The step's fields."""
    ids: IdMap
    """Earlier runs."""
    limits: Limits
    """Brakes."""
    tainted: Callable[[bytes], bool]
    """A known secret is inside this line."""
    limit: int | None = None
    """--limit: source records to take at most."""
    partial: bool = False
    """The plan does not see all of the source (--limit, --where)."""
    allow_drift: bool = False
    """--allow-count-drift: a source that changed under the reading is told in the plan, and is no error."""
    scope: Query | None = None
    """Which target records are ours to remove beyond those of the id map; None: no others."""
    past: Past = field(default_factory=Past)
    """Earlier runs, as far as a step that removes must know them."""
    refs: Mapping[Pair, str] = field(default_factory=dict)
    """What its templates refer to -> the name that the playbook has for it. Its own pair: self-references."""
    missed: list[UnknownValue] = field(default_factory=list)
    """Values of the record in hand that mappings do not know and that `unknown` made good; the planner takes them."""
    doubts: tuple[Problem, ...] = ()
    """Warnings about the step; a plan says the same by the records that have problems."""
    referred: bool = False
    """A step of this plan, itself perhaps, refers to its records."""

    @property
    def pair(self) -> Pair:
        """The id map's view of the step."""
        return Pair(
            target=self.target_identity,
            collection=self.writing.collection.id,
            source=self.source_identity,
            source_collection=self.query.collection.id,
            part=self.writing.write.part,
        )

    @property
    def removes(self) -> bool:
        """`missing: delete`: what the source no longer has leaves the target."""
        return self.writing.write.missing is Missing.DELETE

    def read_back(self, fields: tuple[str, ...] | None = None) -> Query:
        """The target collection as a whole."""
        writing = self.writing
        return Query(collection=writing.collection, write=writing.options, fields=fields, key=writing.write.key)

    @property
    def named(self) -> tuple[str, ...]:
        """Target fields that the step writes or matches by."""
        write = self.writing.write
        names = dict.fromkeys(self.step.fields)
        names.update(dict.fromkeys(write.key))
        if write.marker is not None:
            names[write.marker.field or write.marker.line or ""] = None
        return tuple(names)
