"""migrator ids rebuild."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, systems


@click.command("rebuild", cls=Command)
@click.argument("playbook", type=PLAYBOOK)
@systems()
@pass_invocation
def rebuild_command(invocation: Invocation, playbook: Path, systems: Path | None) -> int:
    """Enter what the playbook's keys and markers find in the target; sends nothing.

    Reads both sides as a plan does. A record that is found is linked, also where it differs; what is missing in the
    target, or cannot be planned, is left out.
    """
    from migrator.cli.planning import planned, scratch
    from migrator.cli.running import carried_out
    from migrator.idbook import links_of
    from migrator.pipeline import ApplyOptions, apply, plan
    from migrator.state.folder import find

    folder = find(playbook=playbook, plan=None, cwd=Path.cwd(), explicit=invocation.state)
    with scratch() as place:
        whole = place.with_name("whole.jsonl")
        making = plan(playbook, whole, invocation.around, systems=systems, state=invocation.state)
        made = planned(invocation, making)
        invocation.view.problems((*made.warnings, *made.trailer.problems))
        links = links_of(whole, place, folder)
        if not links:
            told = f"nothing to enter: no record is found that the id map does not know (state {folder})"
            invocation.say(told, line="rebuilt", links=0, state=str(folder))
            return 5 if made.trailer.problem_total else 0
        invocation.note(f"{links:,} records are found and enter the id map; nothing is sent")
        options = ApplyOptions(allow_problems=made.trailer.problem_total or None)
        events = apply(place, invocation.around, options=options, systems=systems, state=folder)
        return carried_out(invocation, events)
