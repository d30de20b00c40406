"""migrator show."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command


@click.command("show", cls=Command)
@click.argument("file", type=PLAYBOOK)
@click.option("--full", is_flag=True, help="Show every change and every value whole.")
@pass_invocation
def command(invocation: Invocation, file: Path, full: bool) -> int:
    """Show a plan file, without network or state."""
    from migrator.cli.planning import show

    show(invocation, file, kept=True, full=full)
    return 0
