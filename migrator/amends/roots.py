"""What the records of an undone undo referred to, as the run that was undone first had it.

A record that is made again has another id, so a reference to it must be one again, not the id that it once stood for.
The lines of an undo have the ids of the lines that they take back, and the first of them knows what referred to what.
"""

from __future__ import annotations

from collections.abc import Mapping

from migrator.amends.deeds import Past
from migrator.model.lean import dataclass
from migrator.model.plan import Action, Phase, PlanKind
from migrator.model.references import waits
from migrator.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """References of one record."""

    values: Mapping[str, Value]
    """Field -> value with Refs in it."""
    later: str | None
    """Id of the line that set those within its own step; None: there were none."""


def roots_of(past: Past, step: str) -> dict[str, Root]:
    """Target id -> what it referred to, for the records that the first of these runs made in this step."""
    first = _first(past)
    if first is None:
        return {}
    found: dict[str, Root] = {}
    sections = first.sections(step)
    for phase in (Phase.WRITE, Phase.SELF_REFERENCE):
        for deed in first.deeds(sections.get(phase)):
            values = {name: value for name, value in deed.after.items() if waits(value)}
            if not values or deed.did not in (Action.CREATE, Action.UPDATE):
                continue
            known = found.get(deed.target_id)
            later = deed.change.id if phase is Phase.SELF_REFERENCE else None
            found[deed.target_id] = Root(values={**(known.values if known else {}), **values}, later=later)
    return found


def _first(past: Past) -> Past | None:
    """The run whose undoing this run was; None: it was no undo, or nothing is kept of it."""
    state, about = past.state, past.kept.header.of_run
    if past.kept.header.kind is not PlanKind.UNDO or about is None:
        return None
    runs = [run for run in state.runs() if run.id == about[1]]
    if not runs or not state.plan_path(runs[0].plan).exists():
        return None
    return Past(run=runs[0], kept=state.plan_of(runs[0]), state=state)
