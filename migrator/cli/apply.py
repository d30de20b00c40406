"""migrator apply."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, apply_options, systems


@click.command("apply", cls=Command)
@click.argument("file", type=PLAYBOOK, metavar="FILE|PLAYBOOK")
@apply_options
@systems()
@click.option("--expect-hash", metavar="HASH", help="The plan hash that was approved.")
@click.option("--auto-approve", is_flag=True, help="With a PLAYBOOK: do not ask.")
@click.option("--verify", is_flag=True, help="Plan again afterwards and expect no change: else 2.")
@pass_invocation
def command(
    invocation: Invocation,
    /,
    file: Path,
    systems: Path | None,
    expect_hash: str | None,
    auto_approve: bool,
    verify: bool,
    **words: Any,
) -> int:
    """Carry out a plan file and nothing else; with a playbook: plan, show, ask, carry out."""
    from migrator.cli.approval import of_playbook
    from migrator.cli.running import carried_out, options_of, replanning
    from migrator.ledger import is_plan, playbook_of
    from migrator.pipeline import apply

    replan = replanning(words)
    options = options_of(words, expect_hash)
    plan = is_plan(file)
    playbook = playbook_of(file) if plan and verify else file
    if plan:
        events = apply(file, invocation.around, options=options, systems=systems, state=invocation.state)
        code = carried_out(invocation, events, replan=replan, systems=systems)
    else:
        code = of_playbook(invocation, file, systems, auto_approve, options, replan=replan)
    return _verified(invocation, playbook, systems, code) if verify and code in (0, 5) else code


def _verified(invocation: Invocation, playbook: Path, systems: Path | None, code: int) -> int:
    """The exit code with what planning again finds in it: of several that fit, the first of 5 and 2."""
    from migrator.cli.verify import expected_nothing

    found = expected_nothing(invocation, playbook, systems)
    return 5 if 5 in (code, found) else found
