"""migrator apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, apply_options, coming, systems

if TYPE_CHECKING:
    from migrator.pipeline import ApplyOptions, Planned


@click.command("apply", cls=Command)
@click.argument("file", type=PLAYBOOK, metavar="FILE|PLAYBOOK")
@apply_options
@systems()
@click.option("--expect-hash", metavar="HASH", help="The plan hash that was approved.")
@click.option("--auto-approve", is_flag=True, help="With a PLAYBOOK: do not ask.")
@coming("--until", metavar="TIME")
@coming("--verify")
@pass_invocation
def command(
    invocation: Invocation,
    /,
    file: Path,
    systems: Path | None,
    expect_hash: str | None,
    auto_approve: bool,
    **words: Any,
) -> int:
    """Carry out a plan file and nothing else; with a playbook: plan, show, ask, carry out."""
    from migrator.cli.running import carried_out, options_of
    from migrator.ledger import is_plan
    from migrator.pipeline import apply

    options = options_of(words, expect_hash)
    if not is_plan(file):
        return _of_playbook(invocation, file, systems, auto_approve, options)
    events = apply(file, invocation.around, options=options, systems=systems, state=invocation.state)
    return carried_out(invocation, events)


def _of_playbook(
    invocation: Invocation, playbook: Path, systems: Path | None, auto_approve: bool, options: ApplyOptions
) -> int:
    from migrator.cli.approval import approved, can_be_asked
    from migrator.cli.planning import planned, scratch, show
    from migrator.cli.running import carried_out
    from migrator.pipeline import apply, plan, read

    read(playbook, systems)  # a file that is neither plan nor playbook is told as that
    can_be_asked(auto_approve)
    with scratch() as place:
        making = plan(playbook, place, invocation.around, systems=systems, state=invocation.state)
        made = planned(invocation, making)
        show(invocation, place, kept=False, made=made)
        if not _has_lines(made):
            return made.exit_code
        if not approved(invocation, made, options, auto_approve):
            return 0
        events = apply(place, invocation.around, options=options, systems=systems, state=invocation.state)
        return carried_out(invocation, events)


def _has_lines(made: Planned) -> bool:
    """Links send nothing, but they enter the id map."""
    return any(count for *_, count in made.trailer.offsets)
