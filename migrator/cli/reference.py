"""The command reference, made of every command's `--help`, so that it cannot rot."""

from __future__ import annotations

from collections.abc import Iterator

import click

from migrator.cli.main import COMMANDS, cli

HEAD = """# Commands

Made of each command's `--help`; a test says when it is out of date. The global options stand before the command or
after it. Every option can stand in the environment: `MIGRATOR_STATE`, `MIGRATOR_APPLY_MAX_ERRORS`.

Results go to stdout; progress and errors go to stderr, but with `--json` errors are results too.

| exit | meaning |
|---|---|
| 0 | done (`plan --detailed-exitcode`: no changes; `apply` with nothing to do) |
| 1 | error: playbook, system or run; a failed `test` |
| 2 | `plan --detailed-exitcode`, `verify`: changes present |
| 3 | usage |
| 4 | plan refused: stale, edited, other systems, over the brakes or `limits.problems`; `plan`: written, braked |
| 5 | finished, some records failed, were skipped or have problems |
| 6 | locked by another run |
| 7 | paused (quota, time, `--first`), resumable |
| 8 | stopped, or not begun, by a local fault (disk, state folder); resumable |
| 129, 130, 143 | SIGHUP, SIGINT, SIGTERM, after draining; resumable |
"""


def reference() -> str:
    """The page `docs/reference/commands.md`."""
    top = click.Context(
        cli, info_name="migrator", terminal_width=100, help_option_names=cli.context_settings["help_option_names"]
    )
    parts = [HEAD, _section("migrator", cli, top)]
    for name in COMMANDS:
        command = cli.get_command(top, name)
        if command is not None:
            parts.extend(_sections(f"migrator {name}", command, click.Context(command, info_name=name, parent=top)))
    return "\n".join(parts)


def _sections(title: str, command: click.Command, context: click.Context) -> Iterator[str]:
    """The command, and those under it."""
    yield _section(title, command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            under = command.get_command(context, name)
            if under is not None:
                below = click.Context(under, info_name=name, parent=context)
                yield from _sections(f"{title} {name}", under, below)


def _section(title: str, command: click.Command, context: click.Context) -> str:
    return f"## {title}\n\n```text\n{command.get_help(context)}\n```\n"
