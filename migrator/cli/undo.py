"""migrator undo."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command, systems


@click.command("undo", cls=Command)
@click.argument("run", type=click.IntRange(min=1))
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Keep the plan here.")
@systems()
@click.option("--full", is_flag=True, help="Show every change and every value whole.")
@pass_invocation
def command(invocation: Invocation, run: int, out: Path | None, systems: Path | None, full: bool) -> int:
    """Plan what takes a run back, and tell what cannot be put back. Changes nothing.

    The plan is reviewed and applied like any other. Records that changed since the run are left as they are.
    """
    from migrator.cli.planning import amended
    from migrator.lookback import undo

    return amended(
        invocation,
        out,
        lambda place: undo(run, place, invocation.around, systems=systems, state=invocation.state),
        full=full,
    )
