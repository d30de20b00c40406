"""Whatever people and faults do in whatever order: each planned record has one effect, and nobody's edit is lost.

A machine edits the source, edits and deletes in the target by hand, plans, applies, breaks connections, kills the
program at any of its requests, takes runs up again and takes them back. A model of a hundred lines says what must
stand then.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.meanwhile import BusyMachine
from tests.machine.truth import SIDES

DELETING = [pytest.param(name, True, id=f"{name}-missing-delete") for name, one in SIDES.items() if one.deletes]
KEEPING = [pytest.param(name, False, id=name) for name in SIDES]


@pytest.mark.parametrize(("system", "missing"), [*KEEPING, *DELETING])
@pytest.mark.parametrize(
    ("examples", "steps"), [(3, 12), pytest.param(200, 40, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_whatever_happens_in_whatever_order_a_record_has_one_effect(
    system: str, missing: bool, examples: int, steps: int
) -> None:
    """At most one effect a record, phase and plan; nothing lost; nothing of other people's overwritten unseen."""
    machine = type(f"On{system.title()}", (BusyMachine,), {"system": system, "missing": missing})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples < 100,
            phases=[Phase.generate] if examples < 100 else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
