"""migrator emulate."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import Command

if TYPE_CHECKING:
    from migrator.rehearsal.stands import Stand

PORT = 8081
"""Where the first one is served, unless --port says otherwise."""


@click.command("emulate", cls=Command)
@click.argument("systems", nargs=-1, metavar="[SYSTEM...]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The first one's; the others follow. 0: any free ones.",
)
@click.option(
    "--seed",
    type=click.Choice(("sample", "empty")),
    default="sample",
    show_default=True,
    help="With sample records, or without.",
)
@click.option(
    "--pace",
    type=click.Choice(("documented", "off")),
    default="documented",
    show_default=True,
    help="The vendors' rate limits, or none.",
)
@click.option("--export", is_flag=True, help="Print lines for a shell's eval and serve in the background.")
@pass_invocation
def command(invocation: Invocation, systems: tuple[str, ...], port: int, seed: str, pace: str, export: bool) -> int:
    """Serve stand-ins of the systems on loopback until SIGTERM.

    With --export, `eval "$(migrator emulate --export)"` sets the variables and leaves the stand-ins serving in the
    background until `kill $EMULATOR_PID`.
    """
    from migrator.cli.background import served_in_background
    from migrator.rehearsal.stands import stands

    invocation.drain()
    making = stands(systems, port=port, seed=seed, pace=pace)
    if export:
        return served_in_background(invocation, making)
    with making as served:
        _tell(invocation, served)
        invocation.out.flush()
        while invocation.signals.stop() is None:
            invocation.clock.wait(3600)
    return 0


def _tell(invocation: Invocation, served: dict[str, Stand]) -> None:
    if invocation.format == "jsonl":
        import json

        invocation.out.write(json.dumps({name: asdict(stand) for name, stand in served.items()}) + "\n")
        return
    for name, system in served.items():
        invocation.say(f"{name}  {system.url}  (pace: {system.pace})")
        for variable, value in system.env.items():
            invocation.say(f"  {variable}={shlex.quote(value)}")
        for collection, number in system.collections.items():
            invocation.say(f"  {collection}: {number}")
    invocation.note("serving on loopback; end with Ctrl-C")
