"""Files of a step's records: which are sent before their record is, which stand already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from migrator.model.equal import same
from migrator.model.files import files_in, with_files
from migrator.model.plan import Action, Change, Phase
from migrator.model.problem import Problem
from migrator.model.references import PLAIN, waits
from migrator.model.values import Field, File, Kind, Value
from migrator.planner.diff import change_ids
from migrator.planner.findings import of_record
from migrator.planner.lane import Lane
from migrator.planner.lines import Lines
from migrator.planner.match import Pairing

_KINDS = frozenset({Kind.FILE, Kind.FILES})


class Uploads:
    """Makes the lines of phase 0 of one step."""

    def __init__(self, lane: Lane, names: tuple[str, ...], place: Callable[..., int | None], lines: Lines) -> None:
        self._lane = lane
        self._names = names
        self._place = place
        self.lines = lines
        """Where they are kept."""
        self._ids = partial(
            change_ids,
            lane.target_identity,
            lane.writing.collection.id,
            lane.writing.write.part,
            (lane.source_identity, lane.query.collection.id),
            Phase.UPLOAD,
        )

    def split(self, pairing: Pairing, change: Change) -> tuple[Change, tuple[Change, ...]]:
        """The line with its needs and its uploads. A file that the record has already stays as it stands there.

        Where a create carries its file itself there are no uploads.
        """
        after = change.after or {}
        names = [name for name in self._names if name in after and after[name].__class__ not in PLAIN]
        if not names or change.action not in (Action.CREATE, Action.UPDATE) or self._lane.capabilities.whole_files:
            return change, ()
        made: dict[str, Value] = {}
        uploads: list[Change] = []
        for name in names:
            made[name] = self._sent(pairing, name, after[name], uploads)
        whole = None if change.whole is None else _without(change.whole, made)
        needs = (*change.needs, *(upload.id for upload in uploads))
        return replace(change, after={**after, **made}, whole=whole, needs=needs), tuple(uploads)

    def _sent(self, pairing: Pairing, name: str, value: Value, uploads: list[Change]) -> Value:
        """The field's value with what stands already in its place; the others become uploads."""
        standing = list(files_in(None if pairing.record is None else pairing.record.fields.get(name)))

        def given(position: int, file: File) -> File:
            for at, one in enumerate(standing):
                if same(one, file):
                    return standing.pop(at)
            uploads.append(self._upload(pairing, name, position, file))
            return file

        return with_files(value, given)

    def _upload(self, pairing: Pairing, name: str, position: int, file: File) -> Change:
        desired = pairing.desired
        return Change(
            id=self._ids(name, position)(desired.origin.id),
            step=self._lane.step.name,
            phase=Phase.UPLOAD,
            action=Action.UPLOAD,
            batch=self._place(self._lane, Phase.UPLOAD, Action.UPLOAD),
            key=() if any(map(waits, desired.key)) else desired.key,
            origin=desired.origin,
            after={name: file},
            field=name,
            position=position,
        )


def _without(whole: Mapping[str, Value], made: Mapping[str, Value]) -> dict[str, Value]:
    """A record that is gone and is made again takes the fields all of whose files are sent; the others come with
    the next plan, since their bytes are not on the way."""
    return {
        name: value
        for name, value in whole.items()
        if list(files_in(value)) == [] or (name in made and _places(made[name]) == _places(value))
    }


def _places(value: Value) -> list[tuple[str, str]]:
    return [(file.system, file.where) for file in files_in(value)]


def file_fields(lane: Lane) -> tuple[str, ...]:
    """Target fields of the step that can hold files, tables with such a column included."""
    known = lane.writing.collection.fields or {}
    return tuple(name for name in lane.named if name in known and _holds(known[name]))


def _holds(field: Field) -> bool:
    return field.kind in _KINDS or any(cell.kind in _KINDS for cell in field.fields)


def carried(change: Change) -> Iterator[File]:
    """The files whose bytes this line sends."""
    for value in (change.after or {}).values():
        yield from files_in(value)


def misplaced(lane: Lane, record: str, change: Change) -> Problem | None:
    """A file in a field that can hold none would be written as a description of it, or as nothing."""
    known, named = lane.writing.collection.fields or {}, file_fields(lane)
    for name, value in (change.after or {}).items():
        if next(files_in(value), None) is None or (name in named and change.phase is not Phase.SELF_REFERENCE):
            continue
        if name in named:
            return of_record(
                "PL019",
                f'"{name}" holds files and references to records of its own step',
                step=lane.step.name,
                record=record,
                field=name,
                hint="bring the references over in a second playbook, when the records stand",
            )
        kind = f"a {known[name].kind.value} field" if name in known else "a field of which nothing is told"
        return of_record(
            "PL019",
            f'"{name}" takes no files: it is {kind}',
            step=lane.step.name,
            record=record,
            field=name,
            detail=lane.capabilities.cannot.get(Action.UPLOAD, ""),
            hint="give what can be told of a file instead: its `name`, `size` or `media_type`",
        )
    return None
