"""migrator schema."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command


@click.command("schema", cls=Command)
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="schemas",
    show_default=True,
    metavar="FOLDER",
    help="Where to.",
)
@pass_invocation
def command(invocation: Invocation, out: Path) -> int:
    """Write the JSON Schemas that editors use."""
    from migrator.ledger import write_schemas

    for path in write_schemas(out):
        invocation.say(f"wrote {path}", line="wrote", path=str(path))
    return 0
