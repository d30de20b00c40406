"""Small builders for the tests of stage 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrator.model.playbook import MappingTable, Read, Step, Write
from migrator.model.values import Field, Origin, Record, Ref
from migrator.transform.mapping import Rendered, StepMapping, compile_mapping

ORIGIN = Origin(system="csv:data", collection="people.csv", id="E-17")


def ref(name: str, source_id: Any, **_: Any) -> Ref:
    """Every record has been brought over."""
    return Ref(
        target="kintone:t", collection="11", source="csv:data", source_collection=name, source_id=str(source_id)
    )


def mapping(
    fields: Mapping[str, Any], target: Mapping[str, Field] | None = None, where: str | None = None, **more: Any
) -> StepMapping:
    """The compiled mapping of a step with these fields."""
    step = Step(
        step="people",
        source=Read(system="hr", collection="people.csv", where=where),
        fields=fields,
        target=Write(system="kt", collection="11"),
    )
    given: dict[str, Any] = {"vars": {}, "mappings": {}, "zone": "UTC", "ref": ref} | more
    return compile_mapping(step, target, **given)


def render(value: Any, record: Mapping[str, Any] | None = None, **more: Any) -> Rendered:
    """One field, `f`, of one record."""
    return mapping({"f": value}, **more).render(Record(id="E-17", fields=record or {}), ORIGIN)


def came_to(value: Any, record: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """What the field came to; a problem fails the test."""
    rendered = render(value, record, **more)
    assert not rendered.problems, rendered.problems
    return rendered.fields["f"]


def code_of(value: Any, record: Mapping[str, Any] | None = None, **more: Any) -> str:
    """The code of the one problem that the field has."""
    rendered = render(value, record, **more)
    assert "f" not in rendered.fields, rendered.fields
    assert len(rendered.problems) == 1, rendered.problems
    return rendered.problems[0].code


def table(values: Mapping[str, Any], **more: Any) -> MappingTable:
    """A table for `map`."""
    return MappingTable(values=values, **more)
