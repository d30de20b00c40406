"""migrator retry."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, systems


@click.command("retry", cls=Command)
@click.argument("run", type=click.IntRange(min=1))
@click.option("--with", "fixes", type=PLAYBOOK, metavar="FIXES", help="A CSV of corrections: change_id, then fields.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Keep the plan here.")
@systems()
@click.option("--full", is_flag=True, help="Show every change and every value whole.")
@pass_invocation
def command(
    invocation: Invocation, run: int, fixes: Path | None, out: Path | None, systems: Path | None, full: bool
) -> int:
    """Plan the records that a run failed on, with corrections. Changes nothing.

    An empty cell of the CSV changes nothing, `null` clears. The quarantine file of the run is such a CSV: correct its
    cells. The target is read again; the plan is reviewed and applied like any other.
    """
    from migrator.cli.planning import amended
    from migrator.lookback import retry

    around, state = invocation.around, invocation.state
    return amended(
        invocation, out, lambda place: retry(run, place, around, fixes=fixes, systems=systems, state=state), full=full
    )
