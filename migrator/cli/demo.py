"""migrator demo."""

from __future__ import annotations

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command


@click.command("demo", cls=Command)
@pass_invocation
def command(invocation: Invocation) -> int:
    """See it work: a worked playbook against a stand-in server on this machine."""
    from migrator.cli.planning import show
    from migrator.pipeline import Planned
    from migrator.rehearsal.demo import Said, demo

    for shown in demo(invocation.around):
        if isinstance(shown, Said):
            text = f"\n$ {shown.text}" if shown.command else shown.text
            invocation.say(text, line="said", text=shown.text, command=shown.command)
        elif isinstance(shown, Planned):
            show(invocation, shown.path, kept=False, made=shown)
        else:
            invocation.view.event(shown)
    return 0
