"""Opens the systems of a playbook or plan: environment, options, wire, connector. Sends nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from migrator.codec.build import build, fields_of
from migrator.connectors import connector as load_connector
from migrator.contract import (
    Answer,
    Bounds,
    Budget,
    Call,
    Capabilities,
    Clock,
    Source,
    Target,
    Transfer,
    Unlimited,
    Wait,
    Wire,
    Writing,
)
from migrator.errors import PlaybookInvalid
from migrator.model.lean import dataclass
from migrator.model.people import Person
from migrator.model.playbook import Read, System, Write
from migrator.model.problem import Place, Problem
from migrator.model.run import Noticed, Waiting
from migrator.model.values import Collection, File
from migrator.state.budget import Budgets, Limits
from migrator.transform.environment import render_environment
from migrator.transport.pace import parse_pace
from migrator.transport.secrets import Scrubber
from migrator.transport.stack import OpenWire, open_wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the outside hands in, so that no stage reads it by itself."""

    env: Mapping[str, str]
    """For `systems` alone."""
    clock: Clock
    """Time."""
    scrubber: Scrubber
    """Knows the secrets of this process."""
    stop: Callable[[], int | None] = lambda: None
    """The signal that asks this run to stop, if one came."""
    adapters: Mapping[str, Any] | None = None
    """System name -> adapter to reach it through (an application in this process, a cassette)."""
    aside: Callable[[Waiting | Noticed], None] = lambda event: None
    """Told at once, on any thread, what no generator can yield: a read waits, the pace budget was damaged."""


class _Unwired:
    """Stands where a wire will be while a connector only tells what it can do."""

    origin = ""

    def __init__(self, transfer: Transfer) -> None:
        self.transfer = transfer

    def ask(self, call: Call) -> Answer:
        raise AssertionError("capabilities() must not send")

    def stream(self, calls: Any) -> Iterator[Answer]:
        raise AssertionError("capabilities() must not send")

    def send(self, call: Call, open_file: Callable[[File], Iterator[bytes]] | None = None) -> Future[Answer]:
        raise AssertionError("capabilities() must not send")

    def download(self, call: Call) -> Iterator[bytes]:
        raise AssertionError("capabilities() must not send")

    def renew(self) -> None:
        raise AssertionError("capabilities() must not send")


class Opened:
    """One system, ready to be spoken to."""

    def __init__(
        self,
        name: str,
        system: Source,
        wire: OpenWire,
        budget: Budget,
        transfer: Transfer,
        adjust: Callable[..., Any],
    ) -> None:
        self.name = name
        self.system = system
        self.wire = wire
        self.budget = budget
        self.transfer = transfer
        self.skew = wire.skew
        self._adjust = adjust
        self._described: dict[tuple[type, str, str], Collection] = {}

    @cached_property
    def identity(self) -> str:
        """Which tenant; asked once."""
        return self.system.identity()

    @cached_property
    def people(self) -> Sequence[Person] | None:
        """Everybody whom its user fields can name; asked once."""
        return self.system.people()

    @property
    def target(self) -> Target:
        """The same, as a target: every connector is both."""
        return cast(Target, self.system)

    def capabilities(self, options: Any, collection: Collection | None = None) -> Capabilities:
        """With the user's own pace and in_flight put in."""
        return cast(Capabilities, self._adjust(self.system.capabilities(options, collection)))

    def read_options(self, read: Read) -> Any:
        """The step's query, typed. Raises PlaybookInvalid."""
        return self._options(self.system.ReadOptions, read.query, "query")

    def scope_options(self, write: Write) -> Any:
        """The step's scope, typed: a query of the target. Raises PlaybookInvalid."""
        return self._options(self.system.ReadOptions, write.scope or {}, "scope")

    def writing(self, write: Write) -> Writing:
        """The step's target side, typed and described. Raises PlaybookInvalid, NotFound and what reading raises."""
        options = self._options(self.system.WriteOptions, write.options, "options")
        return Writing(write=write, options=options, collection=self.describe(write.collection, options))

    def describe(self, collection: str, options: Any) -> Collection:
        """As the system tells it, asked once however many steps name it. Raises NotFound and what reading raises."""
        asked = (type(options), collection, repr(options))
        if asked not in self._described:
            self._described[asked] = self.system.describe(collection, options)
        return self._described[asked]

    def _options(self, wanted: type, words: Mapping[str, Any], what: str) -> Any:
        made, faults = build(wanted, dict(words))
        if faults:
            raise PlaybookInvalid(*(_fault(self.name, what, path, words) for path, words in faults))
        return made


class Systems:
    """The systems of one playbook or plan, opened when they are first asked for. A context manager."""

    def __init__(
        self,
        systems: Mapping[str, System],
        around: Surroundings,
        folder: Path,
        *,
        budgets: Path | None,
        bounds: Bounds | None = None,
    ) -> None:
        """`folder`: where paths of file systems start. `budgets`: the state folder whose paces and quotas are shared;
        None: this process counts for itself. `bounds`: how long people let a read wait.
        """
        self._systems = systems
        self._around = around
        self._folder = folder
        self._bounds = bounds or Bounds()
        self._opened: dict[str, Opened] = {}
        self._stack = ExitStack()
        say = lambda problem: around.aside(Noticed(problem=problem))  # noqa: E731  a line of glue
        self._budgets = self._stack.enter_context(Budgets(budgets, around.clock, say))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def resolve(self, names: list[str]) -> None:
        """Look at the environment of all these systems. Raises PlaybookInvalid with every missing variable."""
        problems: list[Problem] = []
        for name in dict.fromkeys(names):
            try:
                self._resolved(name)
            except PlaybookInvalid as error:
                problems.extend(error.problems)
        if problems:
            raise PlaybookInvalid(*problems)

    def open(self, name: str) -> Opened:
        """The system of this name. Raises PlaybookInvalid for the environment or options."""
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def _resolved(self, name: str) -> tuple[type[Source], Any, Transfer]:
        system = self._systems[name]
        kind = load_connector(system.connector)
        words = _rendered(name, system.options, self._around.env)
        transfer_names = fields_of(Transfer).keys()
        own = fields_of(kind.Options)
        self._around.scrubber.learn(*_secrets(own, words))
        transfer, faults = build(Transfer, {key: words[key] for key in words if key in transfer_names})
        options, more = build(
            kind.Options, {key: words[key] for key in words if key not in transfer_names or key in own}
        )
        if faults or more:
            raise PlaybookInvalid(*(_fault(name, "", path, text) for path, text in (*faults, *more)))
        return kind, options, transfer

    def _open(self, name: str) -> Opened:
        kind, options, transfer = self._resolved(name)
        around = self._around
        told = kind(options, cast(Wire, _Unwired(transfer))).capabilities(None)
        try:
            rates = parse_pace(transfer.pace, told.pace)
        except ValueError as error:
            raise PlaybookInvalid(_fault(name, "", ("pace",), str(error))) from error
        quota, in_flight = transfer.quota or told.daily_quota, transfer.in_flight or told.in_flight

        def adjust(capabilities: Capabilities) -> Capabilities:
            pace = parse_pace(transfer.pace, capabilities.pace)
            return replace(capabilities, pace=pace, in_flight=in_flight, daily_quota=quota)

        limits = Limits(rates=rates, quota=quota, quota_reset=told.quota_reset, in_flight=in_flight)
        tenant = f"{self._systems[name].connector}:{kind.tenant(options)}"
        budget = Unlimited() if kind.medium == "file" and not rates else self._budgets.of(tenant, limits)
        wire = self._stack.enter_context(
            open_wire(
                kind,
                options,
                transfer,
                adjust(told),
                budget=budget,
                clock=around.clock,
                scrubber=around.scrubber,
                folder=self._folder,
                adapter=(around.adapters or {}).get(name),
                bounds=self._bounds,
                waits=self._waits,
            )
        )
        system = self._stack.enter_context(kind(options, wire))
        return Opened(name, system, wire, budget, transfer, adjust)

    def _waits(self, wait: Wait) -> None:
        self._around.aside(Waiting(seconds=wait.seconds, why=wait.why))


def _rendered(name: str, options: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    try:
        return render_environment(options, env)
    except PlaybookInvalid as error:
        problems = [
            replace(problem, place=replace(problem.place or Place(), system=name)) for problem in error.problems
        ]
        raise PlaybookInvalid(*problems) from error


def _secrets(own: Mapping[str, Any], words: Mapping[str, Any]) -> list[str]:
    return [str(words[key]) for key, (field, _) in own.items() if field.metadata.get("secret") and words.get(key)]


def _fault(name: str, what: str, path: tuple[str | int, ...], text: str) -> Problem:
    words = ".".join(str(part) for part in (*([what] if what else []), *path))
    return Problem(code="PB090", summary=f"system {name}: {words}: {text}", place=Place(system=name, path=words))
