"""The demo: a shipped playbook against an emulator in this process, up to a second plan without changes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from migrator.errors import MigratorError
from migrator.model.lean import dataclass
from migrator.model.run import Event, RunEnded
from migrator.pipeline import ApplyOptions, Planned, Surroundings, apply, plan, test, validate, verify
from migrator.rehearsal.stands import stands

SYSTEMS = ("kintone",)
"""The emulators that the demo's playbook speaks to."""
FILES = ("csv-to-kintone.yaml", "demo-assets.csv")
"""The playbook, and what it reads; all of them ship with the program."""

EDIT = ("Laser printer, 3rd floor", "Laser printer, 4th floor")
"""What somebody changes in the second file between the two runs: (text, its new text)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line for people."""

    text: str
    """What is said."""
    command: bool = False
    """It is a command that does what follows."""


Shown = Said | Planned | Event
"""What the demo has to show. A Planned's file stands until the next one is asked for."""


def demo(around: Surroundings) -> Iterator[Shown]:
    """Plays it all; nothing is left and nothing leaves this machine. Raises MigratorError where it does not work."""
    with _stage(around) as (folder, around):
        playbook = folder / FILES[0]
        yield Said(text=f"A stand-in of {', '.join(SYSTEMS)} answers on loopback. The playbook:")
        yield Said(text=playbook.read_text("utf-8").rstrip())
        yield from _looked_at(playbook, around)
        yield from _planned_and_carried_out(playbook, around)
        yield Said(text="")
        yield Said(text=f'Somebody edits {FILES[1]}: "{EDIT[0]}" becomes "{EDIT[1]}".')
        _edit(folder / FILES[1])
        yield from _planned_and_carried_out(playbook, around)
        yield from _verified(playbook, around)


@contextmanager
def _stage(around: Surroundings) -> Iterator[tuple[Path, Surroundings]]:
    """A folder of its own with the files, the emulators, and their variables for this run only."""
    with tempfile.TemporaryDirectory(prefix="migrator-demo-") as name, stands(SYSTEMS) as served:
        env = {key: value for stand in served.values() for key, value in stand.env.items()}
        for file in FILES:
            shutil.copyfile(shipped() / file, Path(name) / file)
        yield Path(name), replace(around, env={**around.env, **env})


def shipped() -> Path:
    """The folder of worked playbooks: in the installed program, or beside it in a clone. Raises MigratorError."""
    inside = Path(str(files("migrator"))) / "_shipped" / "playbooks"
    clone = Path(str(files("migrator"))).parent / "playbooks"
    for folder in (inside, clone):
        if (folder / FILES[0]).is_file():
            return folder
    raise MigratorError("the demo's playbook is missing from this installation", hint="install the program again")


def _looked_at(playbook: Path, around: Surroundings) -> Iterator[Shown]:
    yield Said(text=f"migrator validate {FILES[0]}", command=True)
    validate([playbook], around)
    yield Said(text="valid")
    yield Said(text=f"migrator test {FILES[0]}", command=True)
    for result in test([playbook]):
        if not result.passed:
            raise MigratorError(f"the playbook's test failed: {result.test}")
        yield Said(text=f"passed  {result.test}")


def _edit(path: Path) -> None:
    text = path.read_text("utf-8")
    if EDIT[0] not in text:
        raise MigratorError(f"the demo's {path.name} does not hold {EDIT[0]!r}", hint="install the program again")
    path.write_text(text.replace(*EDIT), "utf-8")


def _planned_and_carried_out(playbook: Path, around: Surroundings) -> Iterator[Shown]:
    yield Said(text=f"migrator plan {FILES[0]} -o demo.plan", command=True)
    planned = yield from plan(playbook, playbook.with_name("demo.plan"), around)
    yield planned
    yield Said(text="migrator apply demo.plan", command=True)
    for event in apply(planned.path, around, options=ApplyOptions()):
        yield event
        if isinstance(event, RunEnded) and event.exit_code:
            raise MigratorError("the demo's run did not end well: its report says why")


def _verified(playbook: Path, around: Surroundings) -> Iterator[Shown]:
    yield Said(text=f"migrator verify {FILES[0]}", command=True)
    again = yield from verify(playbook, around)
    again.path.unlink()
    if again.changes:
        raise MigratorError(f"a second plan finds {again.changes} changes")
    yield Said(text="A second plan finds no changes: the target stands as the playbook wants it.")
