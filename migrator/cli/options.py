"""Options that several commands share, global ones first, and those that are known and come later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from migrator.cli.invocation import Invocation
from migrator.cli.times import Duration, Moment

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
FORMATS = ("text", "jsonl", "markdown", "html")
"""The names that views know; not imported from there, so that `--help` stays light. A test compares."""
FORMATS_LATER = frozenset({"markdown", "html"})
"""Those of them that come later; they are refused before any work."""
PLAYBOOK = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
"""A file that must be there."""


def _into(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        invocation = context.find_object(Invocation)
        if name == "format" and value in FORMATS_LATER:
            raise click.UsageError(f"the format {value} comes with a later version; use text or jsonl", context)
        if value and invocation is not None:
            setattr(invocation, name, "jsonl" if parameter.name == "json" else value)

    return keep


def everywhere() -> list[click.Parameter]:
    """The global options: the group takes them, and so does each command; what stands later wins."""
    return [
        click.Option(
            ["--state"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="PATH",
            help="The state folder (default: .migrator, looked for upwards).",
            callback=_into("state"),
            expose_value=False,
        ),
        click.Option(
            ["--format"],
            type=click.Choice(FORMATS),
            help="How results are shown (default: text).",
            callback=_into("format"),
            expose_value=False,
        ),
        click.Option(
            ["--json"], is_flag=True, help="Short for --format jsonl.", callback=_into("format"), expose_value=False
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            help="Results and errors only.",
            callback=_into("quiet"),
            expose_value=False,
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            help="A line for each record.",
            callback=_into("verbose"),
            expose_value=False,
        ),
    ]


class Command(click.Command):
    """A command that takes the global options too."""

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.params.extend(everywhere())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; what is wrong knows of which command, so that the hint names its help."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise


def systems() -> Decorator:
    """--systems FILE."""
    return click.option("--systems", type=PLAYBOOK, metavar="FILE", help="Systems in a file of their own.")


def max_wait() -> Decorator:
    """--max-wait DURATION."""
    return click.option(
        "--max-wait",
        type=Duration(),
        metavar="DURATION",
        help="Longest wait at a stretch, such as 90s, 15m or 2h; longer pauses (default: 15m).",
    )


def apply_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What people allow and ask of an apply or resume."""
    natural = click.IntRange(min=0)
    choices = click.Choice(("skip", "overwrite", "replan"))
    options = (
        click.option(
            "--allow-updates", type=natural, metavar="N", help="The exact number of updates over the brake."
        ),
        click.option(
            "--allow-deletes", type=natural, metavar="N", help="The exact number of deletes over the brake."
        ),
        click.option("--allow-problems", type=natural, metavar="N", help="Records with problems that are left out."),
        click.option(
            "--first", type=click.IntRange(min=1), metavar="N", help="Send N, read them back, compare, pause."
        ),
        click.option(
            "--max-errors",
            type=click.FloatRange(0, 100),
            metavar="PERCENT",
            help="Failures that stop the run, from 100 records on (default: 5).",
        ),
        max_wait(),
        click.option(
            "--until",
            type=Moment(),
            metavar="TIME",
            help="Pause the run at this time: 06:00, or 2026-11-24T06:00.",
        ),
        click.option(
            "--lock-timeout",
            type=click.FloatRange(min=0),
            default=0.0,
            metavar="SECONDS",
            help="Wait so long for another run on the same collections (default: not at all).",
        ),
        click.option(
            "--on-conflict",
            type=choices,
            default="skip",
            show_default=True,
            help="Records that moved since planning: leave them, write over them, or plan them anew after the run.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def coming(*names: str, metavar: str | None = None) -> Decorator:
    """An option that is known and refused by name: it is never accepted and ignored."""

    def refuse(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value:
            raise click.UsageError(f"{names[0]} comes with a later version", context)

    return click.option(
        *names,
        is_flag=metavar is None,
        metavar=metavar,
        hidden=True,
        expose_value=False,
        callback=refuse,
    )
