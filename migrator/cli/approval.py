"""A playbook planned, shown and carried out at once, where somebody says yes, beforehand or now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrator.cli.invocation import Invocation

if TYPE_CHECKING:
    from migrator.pipeline import ApplyOptions, Planned


def can_be_asked(auto_approve: bool) -> None:
    """Before any request: there must be a yes already, or a terminal to ask on. Raises click.UsageError."""
    if not auto_approve and not _is_terminal():
        raise click.UsageError("applying a playbook asks first, and there is no terminal: add --auto-approve")


def approved(invocation: Invocation, made: Planned, options: ApplyOptions, auto_approve: bool) -> bool:
    """The answer. A plan over a brake that nobody allowed is not asked about: apply refuses it by itself."""
    refused = made.trailer.brakes and options.allow_updates is None and options.allow_deletes is None
    if auto_approve or refused or click.confirm("Carry out this plan?", err=True):
        return True
    invocation.note("nothing was changed")
    return False


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def of_playbook(
    invocation: Invocation,
    playbook: Path,
    systems: Path | None,
    auto_approve: bool,
    options: ApplyOptions,
    *,
    replan: bool,
) -> int:
    """Plan, show, ask, carry out; the exit code."""
    from migrator.cli.planning import planned, scratch, show
    from migrator.cli.running import carried_out
    from migrator.pipeline import apply, plan, read

    read(playbook, systems)  # a file that is neither plan nor playbook is told as that
    can_be_asked(auto_approve)
    with scratch() as place:
        making = plan(
            playbook, place, invocation.around, systems=systems, state=invocation.state, bounds=options.bounds
        )
        made = planned(invocation, making)
        show(invocation, place, kept=False, made=made)
        if not _has_lines(made):
            return made.exit_code
        if not approved(invocation, made, options, auto_approve):
            return 0
        events = apply(place, invocation.around, options=options, systems=systems, state=invocation.state)
        return carried_out(invocation, events, replan=replan, systems=systems)


def _has_lines(made: Planned) -> bool:
    """Links send nothing, but they enter the id map."""
    return any(count for *_, count in made.trailer.offsets)
