"""migrator doctor."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, systems


@click.command("doctor", cls=Command)
@click.option(
    "--playbook", type=PLAYBOOK, metavar="FILE", help="Log in to its systems, ask for our rights; reads only."
)
@systems()
@click.option("--selftest", is_flag=True, help="Break an apply at each of its points, on this machine alone.")
@pass_invocation
def command(invocation: Invocation, playbook: Path | None, systems: Path | None, selftest: bool) -> int:
    """Look at versions, the state and its place, and the systems of a playbook or of --systems.

    --selftest carries out two small plans against stand-ins of its own, breaks each on the wire, by kills and by a
    disk without room, takes each up again and compares; it takes a minute at most.
    """
    if selftest:
        return _selftest(invocation)
    from migrator.checkup import checkup
    from migrator.pipeline import read, read_systems

    known = read(playbook, systems).playbook if playbook else read_systems(systems) if systems else None
    well = True
    for look in checkup(invocation.around, invocation.state, playbook or systems, known):
        well = well and look.well
        told = f"{'ok     ' if look.well else 'PROBLEM'}  {look.what}: {look.found}"
        invocation.say(told, line="doctor", what=look.what, well=look.well, found=look.found)
    return 0 if well else 1


def _selftest(invocation: Invocation) -> int:
    """A minute at most; 1 where something does not hold."""
    from migrator.rehearsal.selftest import selftest

    points, violations = 0, 0
    for tried in selftest(invocation.around):
        points, violations = points + tried.points, violations + len(tried.violations)
        told = "\n".join(f"    {said}" for said in tried.violations)
        head = "PROBLEM" if told else "ok     "
        invocation.say(
            f"{head}  {tried.fault}: {tried.points} points" + (f"\n{told}" if told else ""),
            line="selftest",
            fault=tried.fault,
            points=tried.points,
            violations=list(tried.violations),
        )
    summary = f"{points} fault points tried, {violations} violations"
    invocation.say(summary, line="selftest_end", points=points, violations=violations)
    return 1 if violations else 0
