"""migrator test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrator.cli.invocation import Invocation, pass_invocation
from migrator.cli.options import PLAYBOOK, Command, systems

if TYPE_CHECKING:
    from migrator.model.problem import Problem
    from migrator.pipeline import TestResult


@click.command("test", cls=Command)
@click.argument("playbooks", type=PLAYBOOK, nargs=-1, required=True, metavar="PLAYBOOK...")
@systems()
@pass_invocation
def command(invocation: Invocation, playbooks: tuple[Path, ...], systems: Path | None) -> int:
    """Run the playbooks' own tests, without the network."""
    from migrator.pipeline import test
    from migrator.views.terminal import counted

    results = test(playbooks, systems=systems)
    for result in results:
        word = "passed" if result.passed else "FAILED"
        told = f"{word}  {result.playbook}, step {result.step}: {result.test}"
        invocation.say(
            told, line="test", playbook=result.playbook, step=result.step, test=result.test, passed=result.passed
        )
        if not result.passed:
            invocation.view.problems(_problems(result))
    failed = sum(not result.passed for result in results)
    invocation.note(
        f"{counted(len(results), 'test')}, {failed} failed" if results else "these playbooks have no tests"
    )
    return 1 if failed else 0


def _problems(result: TestResult) -> tuple[Problem, ...]:
    """Each difference and each fault of a test that failed, with the test's name."""
    from migrator.model.problem import Place, Problem
    from migrator.views.safe import short

    different = tuple(
        Problem(
            code="RN040",
            summary=f"expected {short(expected)}, got {short(got)}",
            place=Place(step=result.step, record=result.test, field=field),
        )
        for field, expected, got in result.differences
    )
    place = Place(step=result.step, record=result.test)
    return (*different, *(replace(one, place=one.place or place) for one in result.problems))
