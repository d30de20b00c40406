"""migrator report."""

from __future__ import annotations

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command
from migrator.cli.planning import tell_broken_off


@click.command("report", cls=Command)
@click.argument("run", type=click.IntRange(min=1), required=False)
@pass_invocation
def command(invocation: Invocation, run: int | None) -> int:
    """Tell what a run did (default: the last one), also while it goes on in another terminal."""
    from migrator.ledger import report

    invocation.view.report(report(run, invocation.state))
    tell_broken_off(invocation)
    return 0
