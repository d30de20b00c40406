"""Runs the making of a plan with its progress shown, and shows the plan that came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
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


def show(
    invocation: Invocation,
    path: Path,
    *,
    kept: bool,
    full: bool = False,
    made: Planned | None = None,
    passing: bool = False,
) -> None:
    """Show a plan file. `kept`: it stays where it is, so that commands can name it. Raises PlanRefused.

    `made`: what we have just made it of. `passing`: nobody will ever have it, so its hash says nothing.
    """
    from migrator.ledger import lines_of, open_plan
    from migrator.views import ShownPlan

    plan = open_plan(path, written=None if made is None else made.hash)
    invocation.view.plan(
        ShownPlan(
            header=plan.header,
            trailer=plan.trailer,
            lines=lines_of(plan),
            hash="" if passing else plan.hash,
            path=str(path) if kept else None,
            full=full,
            warnings=() if made is None else made.warnings,
        )
    )


def amended(
    invocation: Invocation,
    out: Path | None,
    making: Callable[[Path], Generator[Planning, None, Planned]],
    *,
    full: bool = False,
) -> int:
    """Make a plan out of a run, show it, keep it at `out` where that is named; the exit code."""
    from migrator.ledger import may_become_plan

    if out is not None:
        may_become_plan(out, None)
    with nullcontext(out) if out is not None else scratch() as place:
        made = planned(invocation, making(place))
        show(invocation, place, kept=out is not None, full=full, made=made)
    if out is None and made.lines:
        invocation.note("this plan was only shown; keep one to apply with -o FILE")
    return made.exit_code


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
