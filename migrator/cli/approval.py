"""Whether a plan that was just shown may be carried out: somebody says yes, beforehand or now."""

from __future__ import annotations

import sys
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
