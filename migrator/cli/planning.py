"""Runs the making of a plan with its progress shown, and shows the plan that came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.invocation import Invocation

if TYPE_CHECKING:
    from migrator.model.run import Planning
    from migrator.pipeline import Planned


def planned(invocation: Invocation, making: Generator[Planning, None, Planned]) -> Planned:
    """The plan, when it stands. Raises MigratorError."""
    while True:
        try:
            invocation.show(next(making))
        except StopIteration as end:
            made: Planned = end.value
            return made


def show(invocation: Invocation, path: Path, *, kept: bool, full: bool = False, made: Planned | None = None) -> None:
    """Show a plan file. `kept`: it stays where it is, so that commands can name it. Raises PlanRefused.

    `made`: what we have just made it of.
    """
    from migrator.ledger import lines_of, open_plan
    from migrator.views import ShownPlan

    plan = open_plan(path, written=None if made is None else made.hash)
    invocation.view.plan(
        ShownPlan(
            header=plan.header,
            trailer=plan.trailer,
            lines=lines_of(plan),
            hash=plan.hash,
            path=str(path) if kept else None,
            full=full,
            warnings=() if made is None else made.warnings,
        )
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """A place for a plan that is only shown; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="migrator-") as folder:
        yield Path(folder) / "plan.jsonl"


def tell_broken_off(invocation: Invocation) -> None:
    """A run whose process is gone stands as running: say so, and how to go on."""
    from migrator.ledger import broken_off, go_on, state_folder

    number = broken_off(invocation.state)
    if number is not None:
        invocation.note(
            f"the process of run {number} is gone; go on with  {go_on(number, state_folder(invocation.state))}"
        )
