"""What a step with `missing: delete` must know beside its lane: its scope in the target, and earlier runs."""

from __future__ import annotations

from contextlib import suppress

from migrator.contract import Pair, Query, Writing
from migrator.errors import NotFound
from migrator.model.playbook import Playbook, Step
from migrator.planner.lane import Past
from migrator.state.arrivals import IMPORT
from migrator.state.state import State
from migrator.systems import Opened


def scope_of(target: Opened, writing: Writing) -> Query | None:
    """The scope of a step that removes, typed and looked at by the target; None: it has none.

    Raises PlaybookInvalid and what reading raises.
    """
    write = writing.write
    if write.scope is None:
        return None
    options = target.scope_options(write)
    with suppress(NotFound):  # a file that a target may lack: nothing is in scope then
        target.describe(write.collection, options)
    names = dict.fromkeys(write.key)
    if write.marker is not None:
        names[write.marker.field or write.marker.line or ""] = None
    return Query(
        collection=writing.collection, read=options, write=writing.options, fields=tuple(names), key=write.key
    )


def past_of(playbook: Playbook, step: Step, pair: Pair, state: State) -> Past:
    """What earlier runs say to a step that removes."""
    names = [other.name for other in playbook.steps if _sides(other) == _sides(step)]
    others = {run.number: run.playbook for run in state.runs() if run.playbook not in (playbook.name, IMPORT)}
    return Past(read=state.history.last_read(pair, playbook.name, names), others=others)


def _sides(step: Step) -> tuple[str, ...]:
    source, target = step.source, step.target
    return source.system, source.collection, target.system, target.collection, target.part
