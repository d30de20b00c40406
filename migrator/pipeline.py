"""The conductor: validate, test, plan, apply, resume, verify - the stages in order. READ THIS FIRST.

No stage knows the next; this module does. Reading a playbook gives a typed Playbook; its systems are opened; each
step becomes a Lane (source, mapping, target); the planner turns lanes into a plan file; the executor turns a plan
file into events. Progress is data: what takes time is a generator of events.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.connectors import CONNECTORS, connector
from migrator.contract import Bounds, Source
from migrator.errors import LocalFault, PlanRefused, PlaybookInvalid
from migrator.executor.way import ApplyOptions, Way
from migrator.model.equal import same
from migrator.model.lean import dataclass
from migrator.model.plan import PlanHeader, PlanStep, PlanTrailer
from migrator.model.playbook import Playbook, PlaybookTest, Step, System
from migrator.model.problem import Problem
from migrator.model.run import Event, Planning, RunEnded, RunStatus
from migrator.model.selection import Selection
from migrator.model.values import Origin, Record, Value
from migrator.newcomers import newcomers
from migrator.openfile import OpenFile, opener
from migrator.planfile import PlanFile
from migrator.state.database import FILE as STATE
from migrator.state.folder import find as find_state
from migrator.state.folder import home_of
from migrator.state.place import may_write
from migrator.state.state import State
from migrator.systems import Surroundings, Systems

if TYPE_CHECKING:
    from migrator.planner.build import Built
    from migrator.playbook.check import Checks
    from migrator.playbook.load import Loaded
# Stages are imported where they are called: an apply needs neither YAML nor Jinja, and starts in half the time.

__all__ = [
    "ApplyOptions",
    "Planned",
    "Selection",
    "Surroundings",
    "TestResult",
    "apply",
    "plan",
    "resume",
    "verify",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that stands on disk."""

    path: Path
    """Where."""
    hash: str
    """The plan hash."""
    header: PlanHeader
    """As written."""
    trailer: PlanTrailer
    """As written."""
    warnings: tuple[Problem, ...] = ()
    """Of the playbook."""

    @property
    def changes(self) -> int:
        """Lines that send something."""
        counts = self.trailer.counts.values()
        return sum(c.create + c.update + c.delete + c.upload + c.act + c.self_reference for c in counts)

    @property
    def lines(self) -> int:
        """All of them, those included for which nothing is sent."""
        return sum(count for *_, count in self.trailer.offsets)

    @property
    def exit_code(self) -> int:
        """4 over the brakes, 5 with problems, else 0."""
        return 4 if self.trailer.brakes else 5 if self.trailer.problem_total else 0


# ---------------------------------------------------------------- stage 1: playbooks


def checks() -> Checks:
    """What the playbook stage may not import."""
    from migrator.playbook.check import Checks
    from migrator.transform.template import check_template

    return Checks(connectors=_Connectors(), template=check_template)


class _Connectors(Mapping[str, type[Source]]):
    """The table of connectors, each loaded when it is first named."""

    def __getitem__(self, name: str) -> type[Source]:
        if name not in CONNECTORS:
            raise KeyError(name)
        return connector(name)

    def __iter__(self) -> Iterator[str]:
        return iter(CONNECTORS)

    def __len__(self) -> int:
        return len(CONNECTORS)


def read(path: Path, systems: Path | None = None) -> Loaded:
    """A playbook. Raises PlaybookInvalid with all its problems."""
    from migrator.playbook.load import load

    return load(path, checks(), systems=systems)


def read_systems(path: Path) -> dict[str, System]:
    """The systems of a --systems file. Raises PlaybookInvalid."""
    from migrator.playbook.load import load_systems

    return dict(load_systems(path, checks()))


def validate(
    paths: Sequence[Path],
    around: Surroundings,
    *,
    systems: Path | None = None,
    online: bool = False,
    state: Path | None = None,
) -> tuple[Problem, ...]:
    """Everything that can be known of these playbooks; `online` asks the systems too. Raises PlaybookInvalid."""
    from migrator.lanes import lanes_of

    problems: list[Problem] = []
    warnings: list[Problem] = []
    for path in paths:
        try:
            loaded = read(path, systems)
            warnings.extend(loaded.warnings)
            if online:
                folder = find_state(playbook=path, plan=None, cwd=Path.cwd(), explicit=state)
                budgets = folder if folder.exists() else None  # looking makes no state
                with Systems(loaded.playbook.systems, around, path.parent, budgets=budgets) as opened:
                    lanes = lanes_of(loaded, opened, State.empty(), Selection(), around)
                    warnings.extend(doubt for lane in lanes.values() for doubt in lane.doubts)
        except PlaybookInvalid as error:
            problems.extend(error.problems)
    if problems:
        raise PlaybookInvalid(*problems)
    return tuple(warnings)


# ---------------------------------------------------------------- stages 2 and 3: a plan


def plan(
    path: Path,
    out: Path,
    around: Surroundings,
    *,
    systems: Path | None = None,
    state: Path | None = None,
    selection: Selection | None = None,
    bounds: Bounds | None = None,
) -> Generator[Planning, None, Planned]:
    """Read both sides and write the plan to `out`. Changes nothing else but the pace budget that commands share."""
    from migrator.lanes import header_of, lanes_of
    from migrator.planner.build import build
    from migrator.relapse import relapses

    selection = selection or Selection()
    loaded = read(path, systems)
    folder = find_state(playbook=path, plan=None, cwd=Path.cwd(), explicit=state)
    with (
        Systems(loaded.playbook.systems, around, path.parent, budgets=folder, bounds=bounds) as opened,
        State.open(folder, write=False) as known,
    ):
        lanes = lanes_of(loaded, opened, known, selection, around)
        header = header_of(loaded, path, lanes, opened, known, selection)
        built: Built = yield from build(out, header, lanes)
        again = relapses(out, known) if any(count.update for count in built.trailer.counts.values()) else ()
    warnings = (*loaded.warnings, *again)
    return Planned(path=out, hash=built.hash, header=header, trailer=built.trailer, warnings=warnings)


def verify(
    path: Path,
    around: Surroundings,
    *,
    systems: Path | None = None,
    state: Path | None = None,
) -> Generator[Planning, None, Planned]:
    """Plan again into a temporary file; a playbook that is carried out has no changes left.

    Whoever wants to show what is left keeps the generator's `Planned` and its file: it stands until the caller
    removes it.
    """
    descriptor, name = tempfile.mkstemp(prefix="migrator-verify-", suffix=".plan")
    os.close(descriptor)
    return (yield from plan(path, Path(name), around, systems=systems, state=state))


# ---------------------------------------------------------------- stage 4: carrying out


def apply(
    file: Path,
    around: Surroundings,
    *,
    options: ApplyOptions,
    systems: Path | None = None,
    state: Path | None = None,
) -> Iterator[Event]:
    """Carry out a plan file and nothing else; a run of it that was broken off is taken up.

    Raises PlanRefused before the first write for anything that does not fit, MigratorError where the run ends early.
    """
    from migrator.executor.apply import apply as carry_out

    planned = PlanFile(file)
    planned.check()
    written = Path(planned.header.path)
    folder = find_state(playbook=written if written.exists() else None, plan=file, cwd=Path.cwd(), explicit=state)
    home = home_of(folder, planned.hash) or (written if written.exists() else file).parent
    if not home.is_dir():
        raise PlanRefused(f"the folder this plan started from is gone: {home}", hint="put it back, or plan again")
    with (
        Systems(systems_of(planned.header, systems), around, home, budgets=folder, bounds=options.bounds) as opened,
        ExitStack() as leaving,
    ):
        opened.resolve([step.target[0] for step in planned.header.steps])
        may_write(
            folder
        )  # before the first request, as all that a state may be refused for: it is opened if it is there
        known = (
            leaving.enter_context(State.open(folder, write=True, wall=around.clock.wall))
            if (folder / STATE).exists()
            else None
        )
        if known is not None:
            yield from known.lease(_places(planned.header)).cleared(options.lock_timeout, around.clock, around.stop)
        open_file = opener(planned, opened)
        ways = {step.step: way_of(step, opened, open_file) for step in planned.header.steps}
        # made after that: a plan that is refused here makes none
        known = known or leaving.enter_context(State.open(folder, write=True, wall=around.clock.wall))
        for event in carry_out(
            known.keep(planned, home),
            ways,
            known,
            options,
            clock=around.clock,
            stop=around.stop,
            clean=around.scrubber.clean,
        ):
            yield _rounded(known, event, planned, opened) if isinstance(event, RunEnded) else event


def _places(header: PlanHeader) -> set[tuple[str, str]]:
    """The target collections as the plan names them: what a lease is taken on, but for names of other spelling."""
    return {(header.systems[step.target[0]].identity, step.write.collection) for step in header.steps}


def _rounded(known: State, ended: RunEnded, planned: PlanFile, systems: Systems) -> RunEnded:
    """The end of a run with what is known beside it: the quarantine, what came to the sources meanwhile."""
    if ended.report.status is RunStatus.DONE:
        notes = (*ended.report.notes, *newcomers(planned.header, planned.trailer, systems))
        ended = replace(ended, report=replace(ended.report, notes=notes))
    return _quarantined(known, ended)


def _quarantined(known: State, ended: RunEnded) -> RunEnded:
    """What did not come about is written down for people. A disk that fails does not hide the run's end."""
    if not ended.report.changes:
        return ended
    from migrator.amends.deeds import Past
    from migrator.amends.quarantine import write

    run = known.run(ended.report.run)
    try:
        place = write(Past(run=run, kept=known.plan_of(run), state=known))
    except LocalFault as error:
        told = replace(ended.report, notes=(*ended.report.notes, *error.problems))
        return replace(ended, report=told)
    return replace(ended, report=replace(ended.report, quarantine=str(place)))


def resume(
    run: int | None, around: Surroundings, *, options: ApplyOptions, state: Path | None = None
) -> Iterator[Event]:
    """Take up the broken run (the last one, or the one named). Raises UsageWrong where there is none."""
    folder = find_state(playbook=None, plan=None, cwd=Path.cwd(), explicit=state)
    with State.open(folder, write=False) as known:
        file = known.unfinished(run)
    yield from apply(file, around, options=options, state=folder)


def way_of(step: PlanStep, systems: Systems, open_file: OpenFile | None = None) -> Way:
    """The way to a step's target, described just now; `open_file`: the bytes of the plan's files."""
    target = systems.open(step.target[0])
    writing = target.writing(step.write)
    return Way(
        step=step.step,
        target=target.target,
        wire=target.wire,
        budget=target.budget,
        writing=writing,
        capabilities=target.capabilities(writing.options, writing.collection),
        identity=target.identity,
        open_file=open_file,
        skew=target.skew,
    )


def systems_of(header: PlanHeader, chosen: Path | None) -> dict[str, System]:
    """The plan's own systems as written, or those of a --systems file under the same names."""
    written = {
        name: System(connector=system.connector, options=system.options) for name, system in header.systems.items()
    }
    if chosen is not None:
        written.update({name: system for name, system in read_systems(chosen).items() if name in written})
    return written


# ---------------------------------------------------------------- the playbook's own tests


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What became of one test of a playbook."""

    playbook: str
    """Name."""
    test: str
    """The sentence."""
    step: str
    """The step under test."""
    differences: tuple[tuple[str, Any, Any], ...] = ()
    """(field, expected, got) where they differ."""
    problems: tuple[Problem, ...] = ()
    """Why it could not be rendered."""

    @property
    def passed(self) -> bool:
        """It holds."""
        return not self.differences and not self.problems


def test(paths: Sequence[Path], *, systems: Path | None = None) -> tuple[TestResult, ...]:
    """Run the playbooks' own tests, offline. Raises PlaybookInvalid."""
    from migrator.people import as_written

    results: list[TestResult] = []
    for path in paths:
        playbook = as_written(read(path, systems).playbook)
        steps = {step.name: step for step in playbook.steps}
        results.extend(_tested(playbook, steps[case.step], case) for case in playbook.tests)
    return tuple(results)


def _tested(playbook: Playbook, step: Step, case: PlaybookTest) -> TestResult:
    from migrator.lanes import mapping_of
    from migrator.transform.pointing import spelled

    mapping = mapping_of(playbook, step, None, None, "UTC", spelled)
    record = Record(id="test", fields={name: _frozen(value) for name, value in case.record.items()})
    rendered = mapping.render(record, Origin(system="test", collection=step.source.collection, id="test"))
    differences = tuple(
        (name, _frozen(expected), rendered.fields.get(name))
        for name, expected in case.expect.items()
        if not same(_frozen(expected), rendered.fields.get(name))
    )
    return TestResult(
        playbook=playbook.name, test=case.test, step=step.name, differences=differences, problems=rendered.problems
    )


def _frozen(value: Any) -> Value:
    """Lists of a playbook as the tuples that records hold."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {str(name): _frozen(item) for name, item in value.items()}
    return value  # type: ignore[no-any-return]  # what a playbook holds is a Value but for lists
