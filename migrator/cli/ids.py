"""migrator ids: the group, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command, everywhere

if TYPE_CHECKING:
    from migrator.idbook import Held
    from migrator.state.arrivals import Row

UNDER = {"list": "ids", "export": "ids_carrying", "import": "ids_carrying", "rebuild": "ids_rebuild"}
"""Name -> the module that has it, as `NAME_command`"""


class Ids(click.Group):
    """Imports what is under it when it is named."""

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.params.extend(everywhere())

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order of the table."""
        return list(UNDER)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name not in UNDER:
            return None
        return getattr(import_module(f"migrator.cli.{UNDER[name]}"), f"{name}_command")  # type: ignore[no-any-return]  # a Command


@click.group("ids", cls=Ids, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Show, carry and rebuild the id map: which target record was made from which source record."""
    return 0 if context.invoked_subcommand else listed(context.ensure_object(Invocation), None)


@click.command("list", cls=Command)
@click.option("--source", metavar="ID", help="The rows of the source records with this id.")
@pass_invocation
def list_command(invocation: Invocation, source: str | None) -> int:
    """List the pairs of collections and how many records of each are known; the same as `migrator ids`."""
    return listed(invocation, source)


def listed(invocation: Invocation, source: str | None) -> int:
    """The pairs, or the rows of a source record."""
    from migrator.idbook import held, rows_of

    folder, pairs = held(invocation.state)
    if source is not None:
        rows = rows_of(source, invocation.state)
        return shown(invocation, rows, f"no source record {source} in the id map (state {folder})")
    return shown(invocation, pairs, f"the id map is empty (state {folder})")


def shown(invocation: Invocation, found: Sequence[Held | Row], none: str) -> int:
    """A table, or an object a line."""
    from migrator.idbook import cells_of, paper_of
    from migrator.views.terminal import plain, table

    if invocation.format == "jsonl":
        for one in found:
            invocation.say("", **paper_of(one))
        return 0
    if not found:
        invocation.say(none)
    for line in table(*cells_of(found), left=2) if found else ():
        invocation.say(plain(line))
    return 0
