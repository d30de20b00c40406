"""A sheet of assets that goes to Kintone: the good case that every bad one differs from in one thing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.emulators.server import Emulator
from tests.end_to_end.stage import Stage

PLAYBOOK = """\
playbook: assets
systems:
  sheet: {connector: csv, path: "."}
  assets:
    connector: kintone
    url: "{{ env.KINTONE_URL }}"
    api_token: "{{ env.KINTONE_API_TOKEN }}"
steps:
  - step: assets
    source: {system: sheet, collection: assets.csv}
    fields:
      serial: "{{ record.serial }}"
      label: "{{ record.name | trim }}"
      status: "{{ record.state }}"
      bought: "{{ record.bought | date if record.bought else none }}"
      cost: "{{ record.cost | number if record.cost else none }}"
    target: {system: assets, collection: 3, key: serial}
"""
SHEET = """\
serial,name,state,bought,cost
A-1,pc-1,稼働中,2024-03-01,12
A-2,pc-2,保管,2024-03-02,
"""
Served = tuple[dict[str, Emulator], dict[str, str]]
"""Emulators by system, and the variables that reach them."""


def furnished(folder: Path, kintone: Served) -> Stage:
    stage = Stage(folder, *kintone)
    stage.write("p.yaml", PLAYBOOK)
    stage.write("assets.csv", SHEET)
    return stage


BUDGET = ".migrator/budget.db"
"""How many calls were made; its log beside it. Whoever asks a system counts them there, a plan too."""


@contextmanager
def untouched(stage: Stage, *but: str) -> Iterator[None]:
    """Neither the target nor the working folder is another one afterwards, but for these and the pace budget."""

    def files() -> dict[str, bytes]:
        spared = {*but, *(name for name in stage.files() if name == ".migrator" or BUDGET in name)}
        return {name: content for name, content in stage.files().items() if name not in spared}

    before, truth = files(), stage.truth()
    yield
    assert files() == before
    assert stage.truth() == truth


def sheet_of(rows: int, start: str = "B", **instead: str) -> str:
    """So many good rows."""
    cells = {"name": "pc", "state": "稼働中", "bought": "2024-03-01", "cost": "1", **instead}
    lines = [",".join((f"{start}-{number}", *cells.values())) for number in range(rows)]
    return "\n".join(("serial,name,state,bought,cost", *lines, ""))


def plan(stage: Stage, name: str = "a.plan") -> bytes:
    """The good plan's bytes."""
    done = stage.run("plan", "p.yaml", "-o", name)
    assert done.code == 0, done.text
    return (stage.folder / name).read_bytes()
