"""migrator plan."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, max_wait, systems


@click.command("plan", cls=Command)
@click.argument("playbook", type=PLAYBOOK)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Keep the plan here.")
@systems()
@click.option("--only", multiple=True, metavar="STEP", help="This step alone; may be repeated.")
@click.option("--exclude", multiple=True, metavar="STEP", help="All steps but this; may be repeated.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="So many source records of each step.")
@click.option("--where", metavar="EXPR", help="Only source records for which this holds, such as 'record.id > 9'.")
@click.option("--full", is_flag=True, help="Show every change and every value whole.")
@click.option("--detailed-exitcode", is_flag=True, help="2 when there are changes, 0 when there are none.")
@max_wait()
@click.option(
    "--allow-count-drift", is_flag=True, help="Plan although the source changed under the reading; no deletes then."
)
@pass_invocation
def command(
    invocation: Invocation,
    playbook: Path,
    out: Path | None,
    systems: Path | None,
    only: tuple[str, ...],
    exclude: tuple[str, ...],
    limit: int | None,
    where: str | None,
    full: bool,
    detailed_exitcode: bool,
    max_wait: float | None,
    allow_count_drift: bool,
) -> int:
    """Read both sides and show what an apply would change. Changes nothing."""
    from migrator.cli.planning import planned, scratch, show
    from migrator.ledger import may_become_plan
    from migrator.pipeline import ApplyOptions, Selection, plan

    selection = Selection(only=only, exclude=exclude, limit=limit, where=where, allow_count_drift=allow_count_drift)
    if out is not None:
        may_become_plan(out, playbook)
    with nullcontext(out) if out is not None else scratch() as place:
        making = plan(
            playbook,
            place,
            invocation.around,
            systems=systems,
            state=invocation.state,
            selection=selection,
            bounds=ApplyOptions(max_wait=max_wait).bounds,
        )
        made = planned(invocation, making)
        show(invocation, place, kept=out is not None, full=full, made=made)
    if out is None and made.changes:
        invocation.note("this plan was only shown; keep one to apply with -o FILE")
    return made.exit_code or (2 if detailed_exitcode and made.changes else 0)
