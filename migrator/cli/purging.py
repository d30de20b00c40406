"""Removes old runs, and tells what is gone, what stays and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.invocation import Invocation

if TYPE_CHECKING:
    from migrator.state.purge import Purged

HOURS = {"h": 1, "d": 24, "w": 168}
"""Hours in a unit of an age."""


class Age(click.ParamType):  # type: ignore[type-arg]  # generic for the type checker only
    """A number with its unit, as seconds."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """90d, 12w or 36h."""
        found = re.fullmatch(r"(\d{1,6})([hdw])", str(value))
        if found is None:
            self.fail(f"{value!r} is no age; write 90d, 12w or 36h", param, ctx)
        return int(found[1]) * HOURS[found[2]] * 3600.0


def purged(invocation: Invocation, seconds: float) -> int:
    """Remove runs that ended more than so many seconds ago; the exit code. Raises UsageWrong, Locked, LocalFault."""
    from migrator.ledger import purge

    folder, done = purge(invocation.state, seconds, invocation.clock.wall())
    numbers = [run.number for run in done.removed]
    kept = {run.number: why for run, why in done.kept}
    invocation.say(
        _text(done, str(folder)),
        line="purged",
        removed=numbers,
        kept=kept,
        freed=done.freed,
        state=str(folder),
        tight=done.tight,
    )
    if done.tight:
        invocation.urge(f"the database is no smaller, but the room in it is used again: {done.tight}")
    return 0


def _text(done: Purged, folder: str) -> str:
    lines = [f"run {run.number} is kept: {why}" for run, why in done.kept]
    if not done.removed:
        return "\n".join([*lines, f"nothing to remove (state {folder})"])
    names = ", ".join(str(run.number) for run in done.removed)
    what = f"removed {len(done.removed):,} {'run' if len(done.removed) == 1 else 'runs'} ({names})"
    lines.append(f"{what} with plans, logs and journal rows; {done.freed:,} bytes freed in {folder}")
    lines.append("they can't be undone or reported on any more; the id map is as it was")
    return "\n".join(lines)
