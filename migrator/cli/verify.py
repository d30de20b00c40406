"""migrator verify."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, systems


@click.command("verify", cls=Command)
@click.argument("playbook", type=PLAYBOOK)
@systems()
@pass_invocation
def command(invocation: Invocation, playbook: Path, systems: Path | None) -> int:
    """Plan again and expect no change: 0, else 2, with the fields that differ."""
    return expected_nothing(invocation, playbook, systems)


def expected_nothing(invocation: Invocation, playbook: Path, systems: Path | None) -> int:
    """The exit code of planning again: 0, 2 with changes, 5 with problems."""
    from migrator.cli.planning import planned, show
    from migrator.ledger import differing
    from migrator.pipeline import verify

    making = verify(playbook, invocation.around, systems=systems, state=invocation.state)
    made = planned(invocation, making)
    try:
        show(invocation, made.path, kept=False, made=made, passing=True)
        for step, field, count in differing(made.path):
            told = f"step {step}: field {field} differs in {count:,} of the records that stand"
            invocation.say(told, line="differs", step=step, field=field, count=count)
    finally:
        made.path.unlink(missing_ok=True)
    if made.trailer.problem_total:
        return 5
    return 2 if made.changes else 0
