"""The group of commands, the global options, and the boundary from exceptions to exit codes."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

import click

from migrator import __version__
from migrator.cli.boundary import guarded
from migrator.cli.invocation import Invocation
from migrator.cli.options import everywhere

COMMANDS = (
    *("init", "validate", "test", "plan", "show", "apply", "resume", "verify"),
    *("undo", "retry", "runs", "report", "ids", "emulate", "demo", "schema", "doctor"),
)
"""In the order in which people meet them; each is a module of this folder."""
GC_THRESHOLD = 100_000
"""Objects between two collections of garbage: records die by themselves, and looking for cycles among them costs."""


class Program(click.Group):
    """Imports a command's module when it is named, and turns whatever happens into an exit code."""

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.params.extend(everywhere())

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name in COMMANDS:
            command: click.Command = import_module(f"migrator.cli.{name}").command
            return command
        return None

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **words: Any) -> NoReturn:  # type: ignore[override]  # click's overloads tell of its standalone mode, which is ours here
        """Run, and end the process with the exit code."""
        gc.set_threshold(GC_THRESHOLD)
        invocation = Invocation()
        words.update(standalone_mode=False, obj=invocation, auto_envvar_prefix="MIGRATOR")
        with invocation.signals:
            run = partial(super().main, args, prog_name or "migrator", **words)
            code = guarded(invocation, run)
        sys.exit(code)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    epilog="Every option can stand in the environment too: MIGRATOR_STATE, MIGRATOR_APPLY_MAX_ERRORS.",
)
@click.version_option(__version__, "-V", "--version", prog_name="migrator")
def cli() -> None:
    """Plan and apply for records in business systems."""


def main() -> NoReturn:
    """The entry point."""
    atexit.register(gc.freeze)  # Python looks for cycles again and again before it ends: 60 ms in vain (measured)
    cli.main()
