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


@pytest.mark.parametrize("system", DELETING)
def test_an_undo_leaves_what_somebody_wrote_into_while_its_create_was_in_doubt(system: str) -> None:
    """The run was killed before the answer came; when it is taken up the record is another already, by its times."""
    with story(system) as machine:
        for at in range(1, 20):
            machine.edit_source_and_plan(some=["k5"], out=None)
            machine.carry_out(machine.fault(at, kill=True, after=True))
            if "k5" in machine.seen():
                break
        assert machine.broken, "the create came, and its answer did not"
        machine.rig.clock.wait(180)
        machine.other_hand("k5")
        machine.resume(again=False)
        machine.undo()
        assert machine.seen()["k5"][1]
