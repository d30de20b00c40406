"""One call of the program: the global options, the streams, and what is made from them when it is first needed."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.outlet import Outlet
from migrator.cli.signals import Signals
from migrator.model.lean import dataclass

if TYPE_CHECKING:
    from migrator.model.run import Event
    from migrator.pipeline import Surroundings
    from migrator.transport.pace import SystemClock
    from migrator.transport.secrets import Scrubber
    from migrator.views import View


@dataclass
class Invocation:
    """What the options and the process hand to a command."""

    out: Outlet = field(default_factory=lambda: Outlet(sys.stdout))
    """Results."""
    err: Outlet = field(default_factory=lambda: Outlet(sys.stderr))
    """Progress and errors."""
    signals: Signals = field(default_factory=Signals)
    """Requests to stop."""
    state: Path | None = None
    """--state."""
    format: str = "text"
    """--format, or jsonl by --json."""
    quiet: bool = False
    """-q."""
    verbose: bool = False
    """-v."""
    _showing: threading.RLock = field(default_factory=threading.RLock)

    @cached_property
    def view(self) -> View:
        """The view that was asked for, on our streams."""
        from migrator.views import Settings, is_fancy, view_for

        settings = Settings(
            quiet=self.quiet,
            verbose=self.verbose,
            fancy_out=is_fancy(self.out, os.environ),
            fancy_err=is_fancy(self.err, os.environ),
        )
        return view_for(self.format, self.out, self.err, settings)

    @cached_property
    def scrubber(self) -> Scrubber:
        """Knows the secrets; both streams pass through it."""
        from migrator.transport.secrets import Scrubber

        made = Scrubber()
        self.out.clean = self.err.clean = made.clean
        return made

    @cached_property
    def clock(self) -> SystemClock:
        """Time; a signal ends its waits."""
        from migrator.transport.pace import SystemClock

        return SystemClock()

    @cached_property
    def around(self) -> Surroundings:
        """What the pipeline is handed."""
        from migrator.pipeline import Surroundings

        return Surroundings(
            env=dict(os.environ),
            clock=self.clock,
            scrubber=self.scrubber,
            stop=self.signals.stop,
            aside=self.show,
        )

    def show(self, event: Event) -> None:
        """Show an event; any thread may."""
        with self._showing:
            self.view.event(event)

    def drain(self) -> None:
        """From now on a signal lets what is in flight come home first."""
        self.signals.drain(self.clock.stop)

    def say(self, text: str, /, **paper: Any) -> None:
        """A result that is none of the four that views show: a line of text, or an object."""
        self.still()
        if self.format == "jsonl":
            from migrator.views.jsonl import dumps

            self.out.write(dumps(paper) + "\n")
        else:
            from migrator.views.safe import safe

            self.out.write("\n".join(safe(line) for line in text.split("\n")) + "\n")
        self.out.flush()

    def still(self) -> None:
        """Take bars off the terminal, if a view has put any there: showing no problem ends its progress."""
        if "view" in self.__dict__:
            self.view.problems(())

    def note(self, text: str) -> None:
        """A line for people beside the results."""
        if not self.quiet:
            self.urge(text)

    def urge(self, text: str) -> None:
        """The same, which -q does not silence."""
        from migrator.views.safe import safe

        self.still()
        self.err.write(f"{safe(text)}\n")
        self.err.flush()


pass_invocation = click.make_pass_decorator(Invocation)
"""Hands the Invocation to a command's function as its first argument."""
