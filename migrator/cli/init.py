"""migrator init."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command


@click.command("init", cls=Command)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@pass_invocation
def command(invocation: Invocation, folder: Path) -> int:
    """Write a first playbook that runs as it is, and keep the state out of git."""
    from migrator.ledger import start_project

    for path, done in start_project(folder):
        invocation.say(f"{done} {path}", line="init", path=str(path), done=done)
    first = folder / "playbook.yaml"
    invocation.note(f"next: migrator validate {first}, then migrator plan {first}")
    return 0
