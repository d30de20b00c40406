"""Records that came to a source since its plan was made: counted where one cheap call tells, never brought over."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.contract import Query
from migrator.errors import MigratorError
from migrator.model.plan import PlanHeader, PlanKind, PlanStep, PlanTrailer
from migrator.model.playbook import Read
from migrator.model.problem import Place, Problem, Severity
from migrator.systems import Systems


def newcomers(header: PlanHeader, trailer: PlanTrailer, systems: Systems) -> Iterator[Problem]:
    """A note for each step whose source has more records now than the plan has read.

    A source that this apply has no login for, that does not answer or cannot count, says nothing: the run is over.
    """
    if header.kind is not PlanKind.LOAD or header.partial:
        return
    for step in header.steps:
        planned = trailer.counts.get(step.step)
        now = None if planned is None else _counted(step, systems)
        if now is not None and planned is not None and now > planned.read:
            more = now - planned.read
            what = "1 record" if more == 1 else f"{more:,} records"
            yield Problem(
                code="RN067",
                severity=Severity.WARNING,
                summary=f"the source has {what} more than when the plan was made",
                detail="They are not brought over by this plan. What changed in the others, the next plan shows.",
                place=Place(step=step.step),
                hint="plan again",
            )


def _counted(step: PlanStep, systems: Systems) -> int | None:
    if step.source is None:
        return None
    try:
        source = systems.open(step.source[0])
        options = source.read_options(Read(system=step.source[0], collection=step.source[1], query=step.query))
        collection = source.describe(step.source[1], options)
        return source.system.count(Query(collection=collection, read=options))
    except MigratorError:
        return None
