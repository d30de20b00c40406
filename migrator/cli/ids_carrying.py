"""migrator ids export, migrator ids import."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command


@click.command("export", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@pass_invocation
def export_command(invocation: Invocation, file: Path) -> int:
    """Write the id map to a file of JSON Lines, one record a line, whole or not at all."""
    from migrator.idbook import export

    count = export(file, invocation.state)
    told = f"wrote {count:,} {'row' if count == 1 else 'rows'} to {file}"
    invocation.say(told, line="exported", path=str(file), rows=count)
    return 0


@click.command("import", cls=Command)
@click.argument("file", type=PLAYBOOK)
@click.option("--replace", is_flag=True, help="Where file and state contradict each other, the file wins.")
@pass_invocation
def import_command(invocation: Invocation, file: Path, replace: bool) -> int:
    """Read an exported id map into this state: all of it, or nothing where it contradicts what is known."""
    from migrator.idbook import bring

    folder, arrived = bring(file, invocation.state, replace=replace)
    words = [f"{arrived.new:,} new", f"{arrived.same:,} known already"]
    words += [f"{arrived.replaced:,} replaced"] if arrived.replaced else []
    words += [f"{arrived.kept:,} differ in what we deleted and stay as they were"] if arrived.kept else []
    run = "nothing changed" if arrived.run is None else f"run {arrived.run}"
    invocation.say(
        f"imported {file}: {', '.join(words)} ({run}, state {folder})",
        line="imported",
        path=str(file),
        state=str(folder),
        new=arrived.new,
        same=arrived.same,
        replaced=arrived.replaced,
        kept=arrived.kept,
        run=arrived.run,
    )
    return 0
