"""migrator doctor."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, coming, systems


@click.command("doctor", cls=Command)
@click.option(
    "--playbook", type=PLAYBOOK, metavar="FILE", help="Log in to its systems, ask for our rights; reads only."
)
@systems()
@coming("--selftest")
@pass_invocation
def command(invocation: Invocation, playbook: Path | None, systems: Path | None) -> int:
    """Look at versions, the state and its place, and the systems of a playbook or of --systems."""
    from migrator.checkup import checkup
    from migrator.pipeline import read, read_systems

    known = read(playbook, systems).playbook if playbook else read_systems(systems) if systems else None
    well = True
    for look in checkup(invocation.around, invocation.state, playbook or systems, known):
        well = well and look.well
        told = f"{'ok     ' if look.well else 'PROBLEM'}  {look.what}: {look.found}"
        invocation.say(told, line="doctor", what=look.what, well=look.well, found=look.found)
    return 0 if well else 1
