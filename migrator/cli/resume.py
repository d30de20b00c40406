"""migrator resume."""

from __future__ import annotations

from typing import Any

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command, apply_options


@click.command("resume", cls=Command)
@click.argument("run", type=click.IntRange(min=1), required=False)
@apply_options
@pass_invocation
def command(invocation: Invocation, /, run: int | None, **words: Any) -> int:
    """Take up the run that was broken off; what is in doubt is looked up before anything is sent."""
    from migrator.cli.running import carried_out, options_of, replanning
    from migrator.pipeline import resume

    replan = replanning(words)
    events = resume(run, invocation.around, options=options_of(words), state=invocation.state)
    return carried_out(invocation, events, replan=replan)
