"""Worlds to break: a worked playbook, its emulators, and what must stand when it is carried out once."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from migrator import ledger, pipeline
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.run import RunEnded, StepReport
from migrator.pipeline import ApplyOptions, Planned, Surroundings
from migrator.transport.secrets import Scrubber
from tests.one_clock import OneClock
from tests.proof.wire import FaultyAdapter

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


class LateClock(OneClock):
    """What comes late comes when its second is there."""

    def __init__(self) -> None:
        super().__init__()
        self._late: list[tuple[float, Callable[[], object]]] = []

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        """This happens so many seconds from now."""
        self._late.append((self.seconds + seconds, what))

    def wait(self, seconds: float) -> None:
        """Let time pass; what falls into it happens at its second."""
        self._until(self.seconds + seconds)

    def arrive(self) -> None:
        """Whatever is still on its way arrives."""
        self._until(max([self.seconds, *(due for due, _ in self._late)]))

    def _until(self, end: float) -> None:
        due = sorted((one for one in self._late if one[0] <= end), key=lambda one: one[0])
        self._late = [one for one in self._late if one[0] > end]
        for moment, what in due:
            self.seconds = moment
            what()
        self.seconds = end


@dataclass
class World:
    """One folder, one state, some emulators."""

    folder: Path
    book: Path
    systems: Mapping[str, str]
    """The playbook's name of each system -> its emulator."""
    clock: LateClock = field(default_factory=LateClock)
    emulators: dict[str, Emulator] = field(default_factory=dict)
    adapter: dict[str, FaultyAdapter] = field(default_factory=dict)

    def around(self) -> Surroundings:
        """Fresh for each command, as a process would have it."""
        env: dict[str, str] = {}
        for name, emulator in self.emulators.items():
            env |= emulator.env(f"http://{name}.localhost")
        adapters: dict[str, Any] = {system: self.adapter[name] for system, name in self.systems.items()}
        return Surroundings(env=env, clock=self.clock, scrubber=Scrubber(), adapters=adapters)

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / ".migrator"

    def plan(self, name: str = "a.plan") -> Planned:
        """The playbook's plan."""
        making = pipeline.plan(self.book, self.folder / name, self.around(), state=self.state)
        while True:
            try:
                next(making)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # what the generator returns

    def apply(self) -> RunEnded:
        """Carries the plan out, or takes it up. Raises what ends a run early."""
        *_, last = pipeline.apply(
            self.folder / "a.plan", self.around(), options=ApplyOptions(allow_updates=None), state=self.state
        )
        assert isinstance(last, RunEnded)
        return last

    def told(self) -> list[StepReport]:
        """What the report says of the last run, without what a fault may cost."""
        steps = ledger.report(None, self.state).steps
        return [replace(step, extra_requests=0, target_before=None, target_after=None) for step in steps]

    def seen(self) -> dict[str, Counter[Any]]:
        """What stands, without the numbers and times that a second try may change."""
        found = {name: Counter(SEEN[name](emulator.store)) for name, emulator in self.emulators.items()}
        for path in sorted(self.folder.rglob("*.jsonl")):
            if ".migrator" not in path.parts:
                found[path.name] = Counter(path.read_text("utf-8").splitlines())
        return found


def _bare(record: Mapping[str, Any], *volatile: str) -> str:
    return repr(sorted((name, repr(value)) for name, value in record.items() if name not in volatile))


def _kintone(store: Any) -> Iterator[str]:
    for app in store.apps:
        for record in store.records(app):
            if app != KITCHEN_SINK:
                yield f"{app} " + _bare(
                    record, "$id", "Record_number", "Created_datetime", "Updated_datetime", *POINTERS
                )


def _kainexus(store: Any) -> Iterator[str]:
    with store.lock:
        for number, item in sorted(store.items.items()):
            if not item.deleted:
                shown = store.read(number)
                yield _bare({name: shown[name] for name in shown if "Date" not in name}, "id", "parentId")


def _ketryx(store: Any) -> Iterator[str]:
    with store.lock:
        for item in store.items.values():
            one = item.current
            yield repr((one.type, one.title, sorted(one.fields.items()), sorted(name for name, _ in one.relations)))


def _glpi(store: Any) -> Iterator[str]:
    for itemtype in ("Computer", "Location", "Ticket", "Monitor"):
        for row in store.rows(itemtype):
            volatile = ("id", "date_mod", "date_creation", "locations_id", "ancestors_cache", "sons_cache")
            yield f"{itemtype} " + _bare(row, *volatile)


def _kitemaker(store: Any) -> Iterator[str]:
    with store.lock:
        for item in store.work_items.values():
            labels = sorted(label.name for label in item.labels)
            yield repr((item.space.key, item.title, item.description, item.status.name, labels))


KITCHEN_SINK = 1
"""The app that no playbook speaks of; its file has another key in each world."""
POINTERS = ("location", "owner", "place", "inside")
"""Fields of the sample apps that hold the number of another record: a second plan compares them."""
SEEN: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "kintone": _kintone,
    "kainexus": _kainexus,
    "ketryx": _ketryx,
    "glpi": _glpi,
    "kitemaker": _kitemaker,
}


PACED = ("kainexus", "kitemaker")
"""Systems whose pace would make a broken run wait longer than `settle`, and so hide whether `settle` was kept."""


def world(folder: Path, book: str, systems: Mapping[str, str]) -> World:
    """A fresh one, with nothing brought over yet."""
    folder.mkdir(parents=True)
    for path in PLAYBOOKS.iterdir():
        if path.stem == book or path.suffix == ".csv":
            shutil.copy(path, folder / path.name)
    made = World(folder, folder / f"{book}.yaml", systems)
    text = made.book.read_text("utf-8")
    for name in PACED:
        text = text.replace(f"connector: {name}\n", f'connector: {name}\n    pace: "off"\n')
    made.book.write_text(text, "utf-8")
    for name in sorted(set(systems.values())):
        made.emulators[name] = create_emulator(name, pace="off", clock=made.clock)
        made.adapter[name] = FaultyAdapter(made.emulators[name].app, made.clock.later)
    return made


def half_done(folder: Path) -> World:
    """A sheet of which a part stands, some of it edited since, and whose id map is lost: creates, updates, links."""
    made = world(folder, "csv-to-kintone", {"assets": "kintone"})
    sheet = made.folder / "demo-assets.csv"
    lines = sheet.read_text("utf-8").splitlines(keepends=True)
    sheet.write_text("".join(lines[:-2]), "utf-8")
    made.plan()
    assert made.apply().exit_code == 0
    shutil.rmtree(made.state)
    sheet.write_text("".join(lines).replace("old-server", "older server"), "utf-8")
    return made


WORLDS: Mapping[str, Callable[[Path], World]] = {
    "upsert by key": half_done,
    "three steps with references": lambda folder: world(
        folder, "glpi-inventory-to-kintone", {"cmdb": "glpi", "assets": "kintone"}
    ),
    "unguarded, with parents": lambda folder: world(
        folder, "kitemaker-to-kainexus", {"space": "kitemaker", "board": "kainexus"}
    ),
    "into a file": lambda folder: world(folder, "kintone-to-jsonl", {"ideas": "kintone"}),
    "into a tree": lambda folder: world(folder, "csv-to-glpi", {"cmdb": "glpi"}),
    "one call a record": lambda folder: world(folder, "kainexus-to-ketryx", {"board": "kainexus", "pump": "ketryx"}),
    "found by a marker line": lambda folder: world(
        folder, "kintone-to-kitemaker", {"ideas": "kintone", "space": "kitemaker"}
    ),
    "found by a marker field": lambda folder: world(
        folder, "kintone-to-kainexus", {"ideas": "kintone", "board": "kainexus"}
    ),
}
"""What is done -> a fresh world for it."""
