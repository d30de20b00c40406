"""A system that is a dict: the smallest Target there is, for tests of the planner alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator.contract import Capabilities, Mapped, Page, Pair, Query, Target, Writing
from migrator.model.plan import Action, Change, PlanHeader
from migrator.model.playbook import Duplicates, Limits, Missing, Mode, Read, Step, Write
from migrator.model.problem import Place, Problem
from migrator.model.values import Collection, Field, Kind, Origin, Record, Value
from migrator.planfile import PlanFile
from migrator.planner.build import build
from migrator.planner.lane import Lane


class Shelf(Target):
    """Records in a dict. Text keys fold by case; numbers are stored with two decimals."""

    def __init__(self, name: str, records: Sequence[Record], fields: Mapping[str, Field], *, page: int = 3) -> None:
        self.name = name
        self.records = list(records)
        self.fields = fields
        self.page = page
        self.calls: list[str] = []

    @property
    def collection(self) -> Collection:
        return Collection(id="shelf", name="Shelf", fields=self.fields)

    def count(self, query: Query) -> int | None:
        return len(self.records)

    def read(self, query: Query) -> Iterator[Page]:
        self.calls.append("read")
        return self._pages([self.records[at : at + self.page] for at in range(0, len(self.records), self.page)])

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        for ids in pages:
            assert ids
            self.calls.append("fetch")
            yield from self._pages([[record for record in self.records if record.id in ids]])

    def find(
        self, collection: Collection, key: tuple[str, ...], pages: Iterable[Sequence[Any]], fields: Any
    ) -> Iterator[Page]:
        for keys in pages:
            assert keys
            self.calls.append("find")
            wanted = {tuple(self.fold(None, part) for part in one) for one in keys}
            hits = [
                record
                for record in self.records
                if tuple(self.fold(None, record.fields.get(name)) for name in key) in wanted
            ]
            yield from self._pages([hits])

    def fold(self, field: Field | None, value: Value) -> str:
        return "" if value is None else str(value).strip().lower()

    def as_stored(
        self, writing: Writing, before: Mapping[str, Value] | None, fields: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        return {
            name: f"{float(str(value)):.2f}"
            if self.fields[name].kind is Kind.NUMBER and value not in (None, "")
            else value
            for name, value in fields.items()
        }

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        return repr(change.after).encode()

    @staticmethod
    def _pages(pages: list[list[Record]]) -> Iterator[Page]:
        for page in pages:
            yield Page(records=iter(page), size=len(page))


class Rows:
    """An id map that is a dict."""

    def __init__(self, rows: Mapping[str, Mapped], pair: Pair) -> None:
        self._rows = rows
        self.pair = pair

    def lookup(self, pair: Pair, source_ids: Sequence[str]) -> Mapping[str, Mapped]:
        if (pair.source, pair.target) != (self.pair.source, self.pair.target):
            return {}
        return {name: self._rows[name] for name in source_ids if name in self._rows}

    def owners(self, target: str, collection: str, target_ids: Sequence[str]) -> Mapping[str, tuple[Pair, str]]:
        return {row.target_id: (self.pair, name) for name, row in self._rows.items() if row.target_id in target_ids}

    def claims(self, target: str, collection: str, target_ids: Sequence[str]) -> Iterator[tuple[Pair, str, Mapped]]:
        for name, row in self._rows.items():
            if row.gone_at is None and row.target_id in target_ids:
                yield self.pair, name, row

    def rows(self, pair: Pair) -> Iterator[tuple[str, Mapped]]:
        yield from sorted(self._rows.items())

    def size(self, pair: Pair) -> int:
        return sum(row.gone_at is None for row in self._rows.values())


@dataclass(frozen=True)
class Image:
    """A record as target fields."""

    fields: Mapping[str, Value]
    problems: tuple[Problem, ...] = field(default=())


def image(record: Record, origin: Origin) -> Image:
    """The record as it is, or a problem where it says so."""
    if "!" in record.fields:
        problem = Problem(code="TR099", summary=str(record.fields["!"]), place=Place(record=record.id))
        return Image({}, (problem,))
    return Image(record.fields)


def lane(source: Shelf, target: Shelf, rows: Mapping[str, Mapped], **words: Any) -> Lane:
    """A step over two shelves; `words` replace fields of Write, or `duplicates`, `ordered`, `find`, `limits`."""
    duplicates = Duplicates(words.pop("duplicates", "error"))
    words["mode"] = Mode(words.get("mode", "upsert"))
    words["missing"] = Missing(words.get("missing", "keep"))
    ordered = words.pop("ordered", True)
    find = words.pop("find", 2)
    limits = words.pop("limits", Limits())
    name = words.pop("step", "things")
    write = Write(**{"system": "to", "collection": "shelf", "key": ("code",), **words})
    capabilities = Capabilities(
        page_max=target.page,
        ordered=ordered,
        find=find,
        find_kinds=frozenset({Kind.TEXT}),
        find_fields=2,
        fetch_max=2 if find else 0,
        batch_max={Action.CREATE: 2, Action.UPDATE: 2, Action.DELETE: 2},
    )
    return Lane(
        step=Step(
            step=name,
            source=Read(system="from", collection="shelf", duplicates=duplicates),
            fields=dict.fromkeys(target.fields),
            target=write,
        ),
        source=source,
        source_identity=source.name,
        query=Query(collection=source.collection),
        source_capabilities=Capabilities(page_max=source.page, ordered=ordered),
        target=target,
        target_identity=target.name,
        writing=Writing(write=write, options=None, collection=target.collection),
        capabilities=capabilities,
        where=lambda record, origin: not record.fields.get("hidden"),
        render=image,
        ids=Rows(rows, Pair(target=target.name, collection="shelf", source=source.name, source_collection="shelf")),
        limits=limits,
        tainted=lambda line: b"hunter2hunter2" in line,
    )


def planned(path: Path, *lanes: Lane) -> PlanFile:
    """The plan of these steps, read back and checked."""
    header = PlanHeader(playbook="p", path="p.yaml", resolved="0", systems={}, steps=(), tool="test")
    for _ in build(path, header, {lane.step.name: lane for lane in lanes}):
        pass
    plan = PlanFile(path)
    plan.check()
    return plan
