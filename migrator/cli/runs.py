"""migrator runs."""

from __future__ import annotations

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command
from migrator.cli.planning import tell_broken_off
from migrator.cli.purging import Age, purged


@click.command("runs", cls=Command)
@click.option(
    "--purge",
    type=Age(),
    metavar="AGE",
    help="Remove finished runs older than 90d, 12w, 36h: none can be undone then.",
)
@pass_invocation
def command(invocation: Invocation, purge: float | None) -> int:
    """List what was done, when, by which plan, oldest first; or remove what is old."""
    if purge is not None:
        return purged(invocation, purge)
    from migrator.ledger import held, runs
    from migrator.views.terminal import plain, table

    folder, rows = runs(invocation.state)
    if invocation.format == "jsonl":
        for row in rows:
            invocation.say("", line="run", **row)
        return 0
    if not rows:
        invocation.say(f"no runs yet (state {folder})")
        return 0
    head = ("run", "status", "playbook", "kind", "started", "who", "plan")
    cells: list[tuple[str, ...]] = [
        (
            str(row["run"]),
            row["status"],
            row["playbook"],
            row["kind"],
            row["started"],
            f"{row['os_user']}@{row['host']}",
            row["plan"][:16],
        )
        for row in rows
    ]
    for line in table(head, cells, left=len(head)):
        invocation.say(plain(line))
    for holder in held(invocation.state):
        invocation.note(f"held by {holder.told}")
    tell_broken_off(invocation)
    return 0
