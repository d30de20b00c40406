"""A folder, its emulators and one clock; kept as it stands, and put back as often as something is to be broken."""

from __future__ import annotations

import io
import pickle
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType
from typing import Any

from migrator import ledger, lookback, pipeline
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.run import RunEnded, StepReport
from migrator.pipeline import ApplyOptions, Planned, Surroundings
from migrator.transport.secrets import Scrubber
from tests.one_clock import OneClock
from tests.proof.standing import SEEN
from tests.proof.wire import FaultyAdapter


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
    seed: str = "sample"
    clock: LateClock = field(default_factory=LateClock)
    emulators: dict[str, Emulator] = field(default_factory=dict)
    adapter: dict[str, FaultyAdapter] = field(default_factory=dict)
    before: object = None
    """An undo: what people saw before the run that is taken back; it must stand again."""
    left: int = 0
    """Changes that the playbook's plan has when all is over: after an undo, those that were taken back."""

    def __post_init__(self) -> None:
        for name in sorted(set(self.systems.values())):
            self.emulators[name] = create_emulator(name, seed=self.seed, pace="off", clock=self.clock)
            self.adapter[name] = FaultyAdapter(self.emulators[name].app, self.clock.later)

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
        return _result(pipeline.plan(self.book, self.folder / name, self.around(), state=self.state))

    def undo(self, run: int) -> Planned:
        """The plan that takes a run back."""
        return _result(lookback.undo(run, self.folder / "a.plan", self.around(), state=self.state))

    def retry(self, run: int) -> Planned:
        """The plan of what failed in a run."""
        return _result(lookback.retry(run, self.folder / "a.plan", self.around(), state=self.state))

    def apply(self) -> RunEnded:
        """Carries the plan out, or takes it up. Raises what ends a run early."""
        options = ApplyOptions(allow_updates=None)
        *_, last = pipeline.apply(self.folder / "a.plan", self.around(), options=options, state=self.state)
        assert isinstance(last, RunEnded)
        return last

    def carry_out(self) -> int:
        """Plans and applies, all goes well; how many changes that were."""
        planned = self.plan()
        assert planned.changes
        assert self.apply().exit_code == 0
        return planned.changes

    def told(self) -> list[StepReport]:
        """What the report says of the last run, without what a fault may cost."""
        steps = ledger.report(None, self.state).steps
        return [replace(step, extra_requests=0, target_before=None, target_after=None) for step in steps]

    def seen(self, *, writes: bool = True) -> dict[str, Counter[Any]]:
        """What stands, without the numbers and times that a second try may change."""
        found = {name: Counter(SEEN[name](emulator.store, writes)) for name, emulator in self.emulators.items()}
        for path in sorted(self.folder.rglob("*.jsonl")):
            if ".migrator" not in path.parts:
                found[path.name] = Counter(path.read_text("utf-8").splitlines())
        return found


def _result(making: Generator[object, None, Planned]) -> Planned:
    while True:
        try:
            next(making)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # what the generator returns


class Taken:
    """All that a store holds, as bytes: four times as fast to put back as a deep copy."""

    def __init__(self, store: Any, clock: LateClock) -> None:
        self._shared: list[object] = [store, store.lock, clock]
        self._paper = io.BytesIO()
        pickler = pickle.Pickler(self._paper, pickle.HIGHEST_PROTOCOL)
        pickler.persistent_id = self._number  # type: ignore[method-assign]  # the way that pickle's manual shows
        pickler.dump(vars(store))

    def _number(self, one: object) -> int | None:
        """Of what is not copied: the store itself, its lock, the clock that all look at, and functions."""
        if isinstance(one, FunctionType) and not any(one is each for each in self._shared):
            self._shared.append(one)
        return next((at for at, each in enumerate(self._shared) if each is one), None)

    def again(self) -> dict[str, Any]:
        """What the store held."""
        unpickler = pickle.Unpickler(io.BytesIO(self._paper.getvalue()))
        unpickler.persistent_load = self._shared.__getitem__  # type: ignore[method-assign,assignment]
        return dict(unpickler.load())


class Kept:
    """A world as it stood, beside the world itself: taken once, put back in its place again and again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._aside = world.folder.with_name(f"{world.folder.name} aside")
        shutil.copytree(world.folder, self._aside)
        self._seconds = world.clock.seconds
        self._stores = {name: Taken(one.store, world.clock) for name, one in world.emulators.items()}

    def back(self) -> World:
        """The world, as it stood."""
        world = self._world
        shutil.rmtree(world.folder)
        shutil.copytree(self._aside, world.folder)
        vars(world.clock).update(seconds=self._seconds, _late=[])
        for name, emulator in world.emulators.items():
            vars(emulator.store).update(self._stores[name].again())
            world.adapter[name].requests.clear()
        return world
