"""Ideas go into Ketryx when things go wrong: the preview is off, answers are lost, the state is gone."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from migrator.errors import PlanRefused
from tests.end_to_end.test_worked_playbooks import World, world

__all__ = ["world"]

BOOK = "kintone-to-ketryx.yaml"


def made(world: World) -> dict[str, Any]:
    """sourceId -> current record of the items that came from Kintone."""
    items = world.emulators["ketryx"].store.items.values()
    return {item.source_id: item.current for item in items if (item.source_id or "").startswith("ideas:")}


def test_a_preview_that_is_off_is_told_by_the_plan_and_stops_the_apply(world: World) -> None:
    """The plan can be made and reviewed; nothing is sent."""
    world.emulators["ketryx"].store.switches.preview = False
    planned = world.plan(world.folder / BOOK)
    assert any("Ketryx Support" in note.summary for note in planned.trailer.notes)
    with pytest.raises(PlanRefused, match="may not create"):
        world.apply()
    assert made(world) == {}


@pytest.mark.parametrize("shown", [True, False])
def test_a_create_whose_answer_was_lost_is_one_item(world: World, shown: bool) -> None:
    """Found by its sourceId where that shows, else sent again, which makes no second one."""
    emulator = world.emulators["ketryx"]
    emulator.store.switches.source_id_shown = shown
    world.plan(world.folder / BOOK)
    emulator.faults.add("POST /api/v1/projects", kind="after_commit_status", status=502, after=3, times=2)
    assert world.apply().exit_code == 0
    assert len(made(world)) == 10
    assert world.plan(world.folder / BOOK).changes == 0


def test_with_the_state_gone_nothing_is_made_twice(world: World) -> None:
    """Even where no answer shows a sourceId: the plan speaks of creates, the server finds the items."""
    world.emulators["ketryx"].store.switches.source_id_shown = False
    world.plan(world.folder / BOOK)
    assert world.apply().exit_code == 0
    before = made(world)
    shutil.rmtree(world.folder / ".migrator")
    assert world.plan(world.folder / BOOK).trailer.counts["needs"].create == 10
    assert world.apply().exit_code == 0
    assert made(world) == before
    assert {record.revision for record in before.values()} == {1}
