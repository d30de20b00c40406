"""migrator report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command
from migrator.cli.planning import tell_broken_off


@click.command("report", cls=Command)
@click.argument("run", type=click.IntRange(min=1), required=False)
@click.option(
    "--quarantine",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write what did not come about to this .csv, and a .jsonl beside it.",
)
@pass_invocation
def command(invocation: Invocation, run: int | None, quarantine: Path | None) -> int:
    """Tell what a run did (default: the last one), also while it goes on in another terminal.

    With -v a line for each record follows.
    """
    from migrator import ledger, lookback

    told = ledger.report(run, invocation.state)
    if quarantine is not None:
        told = replace(told, quarantine=str(lookback.quarantine(told.run, quarantine, invocation.state)))
    invocation.view.report(told)
    if invocation.verbose:
        for one in lookback.each(told.run, invocation.state):
            did = f" ({one['did']})" if one.get("did") not in (None, one["action"]) else ""
            record = f"  record {one['target_id']}" if one.get("target_id") else ""
            text = f"{one['step']}  {one['key']}  {one['action']}  {one['status']}{did}{record}"
            invocation.say(text, line="outcome", **one)
    tell_broken_off(invocation)
    return 0
