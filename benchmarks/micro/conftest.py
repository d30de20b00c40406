"""A page of 500 source records, the step that maps them, and the page of target records that they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import pytest

from benchmarks.kintone_contents import Contents, properties
from benchmarks.records import SHAPES, STATES, TEMPLATES
from migrator.connectors.kintone.form import DEFAULT_PRECISION, fields_of
from migrator.connectors.kintone.values import to_record
from migrator.model.playbook import MappingTable, Read, Step, Write
from migrator.model.values import Collection, Desired, Field, Origin, Record
from migrator.transform.mapping import StepMapping, compile_mapping

PAGE = 500
MAPPINGS = {"state": MappingTable(values=STATES)}


@dataclass(frozen=True)
class Page:
    """What the benchmarks of all stages work on."""

    step: Step
    records: Sequence[Record]
    """Of the source."""
    origins: Sequence[Origin]
    targets: Sequence[Record]
    """What stands in the target, equal to what the step wants."""
    fields: Mapping[str, Field]
    """Of either app."""

    def mapping(self, fields: Mapping[str, Field] | None) -> StepMapping:
        """The step compiled for a target with these fields."""
        return compile_mapping(self.step, fields, vars={}, mappings=MAPPINGS, zone="UTC", ref=None)

    def desired(self) -> list[Desired]:
        """What should stand."""
        mapping = self.mapping(self.fields)
        made = [
            mapping.render(record, origin).fields for record, origin in zip(self.records, self.origins, strict=True)
        ]
        return [
            Desired(origin=origin, key=(fields["ticket"],), fields=fields)
            for origin, fields in zip(self.origins, made, strict=True)
        ]

    @property
    def collection(self) -> Collection:
        """The target."""
        return Collection(id="2", name="app 2", fields=self.fields)


@pytest.fixture(scope="session")
def page() -> Page:
    """Made once."""
    contents = Contents(PAGE, SHAPES["default"])
    contents.fill("equal")

    def read(app: int) -> list[Record]:
        answer = b"[%s]" % contents.encoded(app, range(1, PAGE + 1), contents.all_fields)
        return [to_record(payload) for payload in orjson.loads(answer)]

    step = Step(
        step="copy",
        source=Read(system="old", collection="1"),
        fields=TEMPLATES,
        target=Write(system="new", collection="2", key=("ticket",)),
    )
    records = read(1)
    origins = [Origin(system="kintone:old", collection="1", id=record.id) for record in records]
    return Page(step, records, origins, read(2), fields_of(properties(contents.form), DEFAULT_PRECISION))
