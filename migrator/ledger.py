"""Looks at what there is: plans, runs, reports, the state; writes schemas and a first playbook. Changes no target."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import Field, asdict, replace
from pathlib import Path
from typing import Any

from migrator.codec.schema import DIALECT, Schema, SchemaWriter
from migrator.connectors import CONNECTORS, connector
from migrator.errors import LocalFault, PlanRefused, UsageWrong
from migrator.model.plan import Action, Change, PlanHeader, PlanKind, PlanTrailer
from migrator.model.run import Report, RunStatus
from migrator.planfile import CONTAINS, PlanFile
from migrator.playbook.spelling import schema_bytes
from migrator.state.folder import NAME, PLANS, find
from migrator.state.lease import Holder
from migrator.state.place import may_write
from migrator.state.purge import Purged
from migrator.state.purge import purge as purge_runs
from migrator.state.state import State

# ---------------------------------------------------------------- plans


def open_plan(path: Path, *, written: str | None = None) -> PlanFile:
    """A plan file, every byte of it proved. Needs neither state nor network. Raises PlanRefused.

    `written`: the hash of the plan that this process has just written there, so that its bytes are proved already.
    """
    with _readable(path):
        plan = PlanFile(path)
        if plan.hash != written:
            plan.check()
    return plan


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever is no plan's line is told as that."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanRefused(
            f"the plan {path} holds a line that is none of a plan's", hint="plan again", detail=type(error).__name__
        ) from error


def lines_of(plan: PlanFile) -> Callable[[str, int], Iterator[Change]]:
    """(step, phase) -> its changes, read when they are asked for."""
    sections = {(section.step, int(section.phase)): section for section in plan.sections()}

    def lines(step: str, phase: int) -> Iterator[Change]:
        with _readable(plan.path):
            section = sections[step, phase]
            for _, change in plan.changes(section.start, section.stop):
                yield change

    return lines


_HEADER = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{.*"line"\s*:\s*"header"', re.DOTALL)
"""How a plan begins, also one that an editor has saved again."""


def is_plan(path: Path) -> bool:
    """Whether this file calls itself a plan in its first line, whole or not, as made or edited."""
    try:
        with path.open("rb") as file:
            first = file.readline(1 << 24)
    except OSError as error:
        raise UsageWrong(f"cannot read {path}: {error.strerror}") from error
    return _HEADER.match(first) is not None


def may_become_plan(path: Path, playbook: Path | None) -> None:
    """A plan may be written over a plan, never over anything else. Raises UsageWrong."""
    if path.is_dir():
        raise UsageWrong(f"{path} is a folder; -o takes the name of a file")
    same = playbook is not None and path.resolve() == playbook.resolve()
    if path.exists() and (same or (path.stat().st_size and not is_plan(path))):
        raise UsageWrong(f"{path} is there and is no plan; it is not written over", hint="name another file with -o")


def unchecked(state: Path, plan_hash: str) -> tuple[str, ...]:
    """Systems of a kept plan whose TLS is not checked (`insecure: true`). Raises PlanRefused where it is gone."""
    plan = PlanFile(state / PLANS / f"{plan_hash}.jsonl")
    return tuple(name for name, system in plan.header.systems.items() if system.options.get("insecure") is True)


def playbook_of(path: Path) -> Path:
    """The playbook of a plan that tells all of it, from the working folder. Raises UsageWrong, PlanRefused."""
    header = open_plan(path).header
    place = Path(header.path)
    if header.kind is not PlanKind.LOAD or header.partial:
        raise UsageWrong(
            "--verify plans the whole playbook again, and this plan is of a part of it, an undo or a retry",
            hint="apply without --verify, then `migrator verify PLAYBOOK`",
        )
    if not place.exists():
        raise UsageWrong(f"--verify needs the playbook, and {place} is not there", hint="go where the plan was made")
    return place


def differing(path: Path) -> tuple[tuple[str, str, int], ...]:
    """(step, field, records) of a plan's updates, the most frequent first: what a target keeps changing."""
    counts: Counter[tuple[str, str]] = Counter()
    for _, change in PlanFile(path).changes():
        if change.action is Action.UPDATE:
            counts.update((change.step, field) for field in change.after or {})
    return tuple((step, field, count) for (step, field), count in counts.most_common())


# ---------------------------------------------------------------- runs


def state_folder(state: Path | None) -> Path:
    """The state that belongs to the working folder, or the one that was named."""
    return find(playbook=None, plan=None, cwd=Path.cwd(), explicit=state)


def runs(state: Path | None) -> tuple[Path, tuple[dict[str, Any], ...]]:
    """The state folder and its runs, oldest first, as JSON-like maps; takes no lock. Raises LocalFault."""
    folder = state_folder(state)
    with State.open(folder, write=False) as known:
        rows = tuple({"run": row.number, **asdict(row), "status": row.status.value} for row in known.runs())
    return folder, rows


def report(number: int | None, state: Path | None) -> Report:
    """What a run did so far, the last one unless a number is given. Takes no lock. Raises UsageWrong, LocalFault."""
    from migrator.amends.quarantine import place_of as quarantine_of
    from migrator.executor.report import report as report_of  # a plan looks at plans too, and starts sooner without

    folder = state_folder(state)
    with State.open(folder, write=False) as known:
        rows = known.runs()
        if not rows:
            raise UsageWrong(f"no runs yet (state {folder})", hint="--state names another state")
        if number is None:
            number = rows[-1].number
        elif number not in {row.number for row in rows}:
            raise UsageWrong(f"this state has no run {number} (state {folder})", hint="`migrator runs` lists them")
        told, place = report_of(known, number), quarantine_of(folder, number)
        return replace(told, quarantine=str(place)) if place.exists() else told


def broken_off(state: Path | None) -> int | None:
    """The run that stands as running although its process is gone: it can be taken up. Raises LocalFault."""
    with State.open(state_folder(state), write=False) as known:
        held = {holder.run for holder in known.holders()}
        running = [row.number for row in known.runs() if row.status is RunStatus.RUNNING and row.number not in held]
        return running[-1] if running else None


def go_on(run: int, state: Path) -> str:
    """The exact command that takes up a run, typed in the working folder."""
    if state_folder(None).resolve() == state.resolve():
        return f"migrator resume {run}"
    return f"migrator --state {shlex.quote(os.path.relpath(state))} resume {run}"


def purge(state: Path | None, seconds: float, wall: float) -> tuple[Path, Purged]:
    """The state folder, and what became of the runs that ended so long ago. Raises UsageWrong, Locked, LocalFault."""
    folder = state_folder(state)
    if not folder.is_dir():
        raise UsageWrong(f"there is no state at {folder}", hint="--state names another one")
    may_write(folder)
    with State.open(folder, write=True) as known:
        return folder, purge_runs(known, seconds, wall)


def held(state: Path | None) -> tuple[Holder, ...]:
    """Who writes to which collections now. Takes no lock. Raises LocalFault."""
    with State.open(state_folder(state), write=False) as known:
        return known.holders()


# ---------------------------------------------------------------- files for people and editors


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write the schemas; the paths. Raises LocalFault."""
    written = []
    for name, content in schemas().items():
        written.append(_write(folder / name, content))
    return tuple(written)


def schemas() -> dict[str, bytes]:
    """File name -> content: sorted, indented, the same for one version of the program."""
    return {
        "playbook.schema.json": schema_bytes({name: connector(name) for name in CONNECTORS}),
        "plan.schema.json": _schema_text(_plan_schema()),
        "report.schema.json": _schema_text(_report_schema()),
    }


class _PaperSchemas(SchemaWriter):
    """Schemas of our types as they stand on paper: what a record holds may be anything, None is left out."""

    def field(self, field: Field[Any], hint: Any) -> Schema:
        """As everywhere, but for what records hold."""
        if field.name in ("before", "after", "along", "whole", "found", "corrected"):
            return {"type": "object"}
        if field.name == "key" and hint is not str:
            return {"type": "array"}
        return super().field(field, hint)

    def line(self, kind: str, wanted: type, **other: Schema) -> Schema:
        """A line of this kind: the type's fields, some of them in another form."""
        schema = self.object(wanted)
        schema["properties"] |= {"line": {"const": kind}, **other}
        schema["required"] = sorted({"line", *schema.get("required", ())})
        return schema


def _plan_schema() -> Schema:
    """Any line of a plan file."""
    writer = _PaperSchemas()
    text, number = {"type": "string"}, {"type": "integer"}
    system = {"type": "object", "required": ["connector", "identity"], "properties": {"identity": text}}
    follows = {"type": "array", "items": {"type": "array", "items": [text, text, number, text, number]}}
    origin = {"type": "array", "items": text, "minItems": 3, "maxItems": 3}
    lines = [
        writer.line(
            "header",
            PlanHeader,
            systems={"type": "object", "additionalProperties": system},
            follows=follows,
            contains={"const": CONTAINS},
            steps={"type": "array", "items": {"type": "object", "required": ["step", "target", "write"]}},
        ),
        writer.line("change", Change, origin=origin),
        writer.line("trailer", PlanTrailer),
        {"type": "object", "required": ["lines", "sha256"], "properties": {"line": {"const": "hash"}}},
        {"type": "object", "required": ["trailer", "sha256"], "properties": {"line": {"const": "end"}}},
    ]
    return {"title": "A line of a plan of migrator", "anyOf": lines, "definitions": writer.definitions}


def _report_schema() -> Schema:
    """What `migrator report --json` prints."""
    writer = _PaperSchemas()
    return {
        "title": "A report of migrator",
        **writer.line("report", Report, steps={"type": "array"}),
        "definitions": writer.definitions,
    }


def _schema_text(schema: Schema) -> bytes:
    text = json.dumps({"$schema": DIALECT, **schema}, ensure_ascii=False, indent=2, sort_keys=True)
    return (text + "\n").encode()


FIRST = """\
# yaml-language-server: $schema=schemas/playbook.schema.json
playbook: first
description: Rows of people.csv become rows of contacts.csv.

systems:
  here: {connector: csv, path: "."}

steps:
  - step: contacts
    source:
      system: here
      collection: people.csv
      query: {id: number}
    fields:
      number: "{{ record.number }}"
      name: "{{ record.name | trim }}"
    target:
      system: here
      collection: contacts.csv
      key: number

tests:
  - test: names lose their spaces
    step: contacts
    record: {number: "1", name: " Ito "}
    expect: {name: Ito}
"""
"""A playbook that runs as it is, on two files."""
ROWS = "number,name\n1, Ito \n2,Sato\n"
"""What it reads."""


def start_project(folder: Path) -> Iterator[tuple[Path, str]]:
    """A first playbook with its rows, the schema for editors, and `.gitignore`. Never writes over a file.

    Yields (path, what was done). Raises LocalFault.
    """
    contents = {"playbook.yaml": FIRST.encode(), "people.csv": ROWS.encode()}
    contents |= {f"schemas/{name}": content for name, content in schemas().items()}
    for name, content in contents.items():
        path = folder / name
        if path.exists():
            yield path, "kept"
        else:
            yield _write(path, content), "wrote"
    ignored = folder / ".gitignore"
    lines = ignored.read_text("utf-8").splitlines() if ignored.exists() else []
    missing = [line for line in (f"{NAME}/", "*.plan") if line not in lines]
    if missing:
        _write(ignored, "\n".join([*lines, *missing, ""]).encode())
    yield ignored, "wrote" if missing else "kept"


def _write(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise LocalFault(f"cannot write {path}: {error.strerror}", hint="free space or name another place") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path
