"""Lines that became another change than the plan says: kept before they are sent, so that a resume knows of it.

A create whose key was taken is an update of somebody's record (`on_taken: update`); an update of a record that is
gone is a create (`on_gone: create`); a record that moved is written over (`--on-conflict overwrite`). What stood
there is kept with it: the plan does not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from migrator.codec.paper import fields_from_paper, fields_to_paper
from migrator.model.lean import dataclass
from migrator.model.plan import Action
from migrator.model.values import Value
from migrator.state.database import Database
from migrator.state.lease import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is sent in the place of a plan line. The wanted values stay in the plan."""

    action: Action
    """What it is now."""
    target_id: str | None
    """The record it is about; None: it makes one."""
    version: str | None
    """The version that was looked at."""
    names: tuple[str, ...]
    """The fields that are written."""
    before: Mapping[str, Value] | None
    """What must stand there."""
    along: Mapping[str, Value] | None
    """What is written back as it is."""
    found: Mapping[str, Value] | None
    """The before-image for the outcome."""


class Turns:
    """The table. Readers work on any database; `keep` needs the lease."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease

    def keep(self, run: int, turns: Sequence[tuple[int, Turn]]) -> None:
        """(line, what it became), synced before it returns; a later one replaces it. Raises LocalFault, Locked."""
        if not turns:
            return
        with self._lease.transaction():
            self._database.run_many(
                "INSERT OR REPLACE INTO turns VALUES (?, ?, ?)", [(run, line, _row(turn)) for line, turn in turns]
            )

    def between(self, run: int, first: int, last: int) -> dict[int, Turn]:
        """Line -> what it became, for lines from `first` to `last`."""
        rows = self._database.rows(
            "SELECT line, change FROM turns WHERE run = ? AND line >= ? AND line <= ?", (run, first, last)
        )
        return {line: _turn(content) for line, content in rows}


def _row(turn: Turn) -> str:
    told = {"action": turn.action.value, "target_id": turn.target_id, "version": turn.version, "names": turn.names}
    for name in ("before", "along", "found"):
        values: Mapping[str, Value] | None = getattr(turn, name)
        told[name] = None if values is None else fields_to_paper(values)  # type: ignore[assignment]  # one JSON object
    return orjson.dumps(told).decode()


def _turn(content: str) -> Turn:
    told = orjson.loads(content)
    before, along, found = (
        None if told[name] is None else fields_from_paper(told[name]) for name in ("before", "along", "found")
    )
    return Turn(
        action=Action(told["action"]),
        target_id=told["target_id"],
        version=told["version"],
        names=tuple(told["names"]),
        before=before,
        along=along,
        found=found,
    )
