"""migrator validate."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, systems


@click.command("validate", cls=Command)
@click.argument("playbooks", type=PLAYBOOK, nargs=-1, required=True, metavar="PLAYBOOK...")
@systems()
@click.option("--online", is_flag=True, help="Ask the systems too: fields, choices, unique keys.")
@pass_invocation
def command(invocation: Invocation, playbooks: tuple[Path, ...], systems: Path | None, online: bool) -> int:
    """Find everything that is wrong with playbooks, without the network."""
    from migrator.pipeline import validate

    warnings = validate(playbooks, invocation.around, systems=systems, online=online, state=invocation.state)
    invocation.view.problems(warnings)
    for path in playbooks:
        invocation.say(f"{path}: valid", line="valid", playbook=str(path), online=online)
    return 0
