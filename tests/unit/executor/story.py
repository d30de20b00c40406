"""A small plan and the world it is for: people and their things, links, updates, self-references, deletes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from migrator.amends.deeds import Past, past_of
from migrator.amends.fixes import read
from migrator.amends.quarantine import write
from migrator.amends.retry import retry
from migrator.amends.undo import undo
from migrator.codec.paper import field_hash
from migrator.contract import Capabilities, Writing
from migrator.executor.apply import apply
from migrator.executor.way import ApplyOptions, Way
from migrator.model.plan import (
    Action,
    Change,
    Phase,
    PlanHeader,
    PlanStep,
    PlanSystem,
    PlanTrailer,
    StepSummary,
)
from migrator.model.playbook import Marker, Write
from migrator.model.run import Event, Report, RunEnded
from migrator.model.values import Origin, Ref
from migrator.planfile import PlanFile, PlanWriter, change_line
from migrator.state.state import State
from migrator.transport.pace import ManualClock
from tests.unit.executor.shelf import FIELDS, Free, Shelf, ShelfTarget, ShelfWire, capabilities

SOURCE = "csv:data"
TARGET = "shelf:one"


def change(step: str, action: Action, origin: str | None, phase: Phase = Phase.WRITE, **more: Any) -> Change:
    """A line; its id is of its subject, as the planner makes it."""
    subject = f"{step}/{origin or more.get('target_id')}/{int(phase)}"
    return Change(
        id=blake2b(subject.encode(), digest_size=16).hexdigest(),
        step=step,
        phase=phase,
        action=action,
        batch=None if action is Action.LINK else 1,
        origin=None if origin is None else Origin(system=SOURCE, collection=step, id=origin),
        **more,
    )


def create(step: str, no: str, **after: Any) -> Change:
    """A new record with its key."""
    return change(step, Action.CREATE, no, key=(no,), after={"no": no, **after})


def ref(no: str) -> Ref:
    """A person that this plan makes."""
    return Ref(target=TARGET, collection="people", source=SOURCE, source_collection="people", source_id=no)


@dataclass(kw_only=True)
class Story:
    """A world, a plan for it, and the state folder."""

    folder: Path
    shelf: Shelf = field(default_factory=Shelf)
    can: Capabilities = field(default_factory=capabilities)
    marker: Marker | None = None
    key: tuple[str, ...] = ("no",)
    write: Mapping[str, Any] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=ManualClock)
    budget: Free = field(default_factory=Free)
    stop: Any = lambda: None
    skew: float | None = None

    def __post_init__(self) -> None:
        self.wire = ShelfWire(shelf=self.shelf)
        self.target = ShelfTarget(self.wire, self.can)

    def writing(self, step: str) -> Writing:
        """The target side of a step: its collection has the step's name."""
        write = Write(system="kt", collection=step, key=self.key, marker=self.marker, **self.write)
        return Writing(write=write, options={}, collection=self.target.describe(step, {}))

    def plan(self, lines: list[Change], name: str = "plan.jsonl", **header: Any) -> PlanFile:
        """These lines as a file; sections in the order given."""
        steps = list(dict.fromkeys(line.step for line in lines)) or ["people"]
        known: dict[str, Any] = {
            "playbook": "staff",
            "path": "staff.yaml",
            "resolved": "1",
            "tool": "0",
            "systems": {
                "hr": PlanSystem(connector="csv", options={}, identity=SOURCE),
                "kt": PlanSystem(connector="shelf", options={}, identity=TARGET),
            },
            "steps": tuple(self._step(step) for step in steps),
        }
        path = self.folder / name
        counts = {step: _summary([line for line in lines if line.step == step]) for step in steps}
        trailer = header.pop("trailer", PlanTrailer(counts=counts))
        with PlanWriter(path, PlanHeader(**{**known, **header})) as writer:
            offsets: list[tuple[str, int, int, int]] = []
            for line in lines:
                if not offsets or offsets[-1][:2] != (line.step, int(line.phase)):
                    offsets.append((line.step, int(line.phase), writer.offset, 0))
                step, phase, start, count = offsets.pop()
                writer.changes([change_line(line)])
                offsets.append((step, phase, start, count + 1))
            writer.finish(replace(trailer, offsets=tuple(offsets)))
        return PlanFile(path)

    def _step(self, step: str) -> PlanStep:
        fields = {name: field_hash(known) for name, known in FIELDS.items()}
        return PlanStep(
            step=step, source=("hr", step), target=("kt", step), write=self.writing(step).write, fields=fields
        )

    def ways(self, kept: PlanFile) -> dict[str, Way]:
        """To the targets of a plan."""
        return {
            step.step: Way(
                step=step.step,
                target=self.target,
                wire=self.wire,
                budget=self.budget,
                writing=self.writing(step.step),
                capabilities=self.can,
                identity=self.target.identity(),
                skew=lambda: self.skew,
            )
            for step in kept.header.steps
        }

    def undo(self, number: int, name: str = "undo.jsonl") -> PlanFile:
        """The plan that takes a run back."""
        with State.open(self.folder / ".migrator", write=False) as state:
            past = past_of(state, number, "undone", f"migrator resume {number}")
            for _ in undo(past, self.ways(past.kept), self.folder / name, lambda line: b"s3cret" in line):
                pass
        return PlanFile(self.folder / name)

    def retry(self, number: int, name: str = "retry.jsonl", **more: Any) -> PlanFile:
        """The plan of the records that a run failed on; `fixes`: a CSV."""
        with State.open(self.folder / ".migrator", write=False) as state:
            past = past_of(state, number, "retried", f"migrator resume {number}")
            ways = self.ways(past.kept)
            fixes = more.pop("fixes", None)
            told = {} if fixes is None else read(fixes, past, ways)
            for _ in retry(past, ways, self.folder / name, lambda line: b"s3cret" in line, fixes=told, **more):
                pass
        return PlanFile(self.folder / name)

    def quarantine(self, number: int) -> Path:
        """The CSV of what did not come about."""
        with State.open(self.folder / ".migrator", write=False) as state:
            run = state.run(number)
            return write(Past(run=run, kept=state.plan_of(run), state=state))

    def apply(self, file: PlanFile, **options: Any) -> Iterator[Event]:
        """One carrying-out, as the pipeline does it."""
        with State.open(self.folder / ".migrator", write=True) as state:
            kept = state.keep(file)
            yield from apply(
                kept,
                self.ways(kept),
                state,
                ApplyOptions(**options),
                clock=self.clock,
                stop=self.stop,
                clean=lambda text: text.replace("s3cret", "***"),
            )

    def run(self, file: PlanFile, **options: Any) -> Report:
        """Carry it out to the end; what it did."""
        *_, last = self.apply(file, **options)
        assert isinstance(last, RunEnded)
        return last.report


def staff(story: Story) -> list[Change]:
    """Seven people (one linked, one updated, five new), a self-reference, four things, one thing deleted."""
    known = story.shelf.put("people", no="E1", name="Sato")
    stale = story.shelf.put("people", no="E2", name="Suzki")
    old = story.shelf.put("things", no="A9", name="fax")
    return [
        change("people", Action.LINK, "E1", key=("E1",), target_id=known),
        change(
            "people",
            Action.UPDATE,
            "E2",
            key=("E2",),
            target_id=stale,
            version="1" if story.shelf.versions else None,
            before={"name": "Suzki"},
            after={"name": "Suzuki"},
        ),
        *(story_create(story, "people", f"E{number}", name=f"name {number}") for number in range(3, 8)),
        *(story_create(story, "things", f"A{number}", owner=ref(f"E{number}")) for number in range(3, 7)),
        change(
            "people",
            Action.UPDATE,
            "E3",
            Phase.SELF_REFERENCE,
            key=("E3",),
            after={"boss": ref("E4")},
            needs=(create("people", "E3").id,),
        ),
        change(
            "things",
            Action.DELETE,
            "A9",
            Phase.DELETE,
            key=("A9",),
            target_id=old,
            version="1" if story.shelf.versions else None,
            before={"no": "A9", "name": "fax"},
        ),
    ]


def clearing(story: Story) -> list[Change]:
    """Five things and four people, all in the id map, leave in batches of three. Two of each stay."""

    def gone(step: str, no: str) -> Change:
        image = {"no": no, "name": f"name {no}"}
        name = story.shelf.put(step, **image)
        version = "1" if story.shelf.versions else None
        return change(step, Action.DELETE, no, Phase.DELETE, key=(no,), target_id=name, version=version, before=image)

    for step in ("things", "people"):
        for number in range(2):
            story.shelf.put(step, no=f"stays {number}")
    leaving = [gone("things", f"A{number}") for number in range(5)]
    leaving += [gone("people", f"E{number}") for number in range(4)]
    known = [
        change(one.step, Action.LINK, one.origin.id, key=one.key, target_id=one.target_id)
        for one in reversed(leaving)
        if one.origin is not None
    ]
    return [*known, *leaving]


def story_create(story: Story, step: str, no: str, **after: Any) -> Change:
    """A create that carries the marker where the story has one."""
    if story.marker is not None:
        after["mark"] = f"migrator:csv%3Adata/{step}/{no}"
    made = create(step, no, **after)
    return made if story.key else replace(made, key=())


def _summary(lines: list[Change]) -> StepSummary:
    first = [line for line in lines if line.phase is not Phase.SELF_REFERENCE]
    counts = {action.value: sum(line.action is action for line in first) for action in Action}
    return StepSummary(read=len(first), self_reference=len(lines) - len(first), **counts)
