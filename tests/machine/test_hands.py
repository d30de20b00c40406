"""What people write into fields that are not ours counts where whole records go; the machine's rules, as stories."""

from __future__ import annotations

import pytest

from tests.machine.meanwhile import story
from tests.machine.truth import SIDES

DELETING = [name for name, one in SIDES.items() if one.deletes]


@pytest.mark.parametrize("system", DELETING)
def test_an_undo_leaves_what_the_run_made_and_somebody_wrote_into(system: str) -> None:
    """Of three that the run made one stays, though every field that the run wrote is as it left it."""
    with story(system) as machine:
        machine.other_hand("k1")
        machine.undo()
        assert set(machine.seen()) == {"k1"}


@pytest.mark.parametrize("system", SIDES)
def test_b22_a_change_lands_beside_what_people_wrote_into_another_field(system: str) -> None:
    """Before the run, and before it is taken back: title and all are as each left them."""
    with story(system) as machine:
        machine.edit_source_and_plan(some=["k0", "k1"], out=None)
        machine.other_hand("k0")
        machine.apply()
        machine.other_hand("k1")
        machine.undo()
        assert all(machine.seen()[key][1] for key in ("k0", "k1"))


@pytest.mark.parametrize("system", DELETING)
def test_b22_a_delete_leaves_what_somebody_wrote_into_and_is_taken_back(system: str) -> None:
    """Of two that the source has no more one goes, and comes back with what people had written into it."""
    with story(system, missing=True) as machine:
        machine.other_hand("k1")
        before = machine.rig.standing()["k1"]
        del machine.source["k1"]
        machine.edit_source_and_plan(some=["k3", "k4"], out="k2")
        machine.other_hand("k2")
        machine.apply()
        assert set(machine.seen()) == {"k0", "k2", "k3", "k4"}
        machine.undo()
        back = machine.rig.standing()["k1"]
        assert back[2:] == before[2:]
        assert machine.rig.side.trash == (back.number == before.number)
