"""Fields of a project's records: fixed ones, relations by name, and labels as sample records show them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from migrator.connectors.ketryx.options import Form, ReadOptions, WriteOptions
from migrator.model.lean import dataclass
from migrator.model.values import Field, Kind, WritableOn

RELATION = "relation:"
"""Before the name of a relation: its field holds the ids of the items it leads to."""

LABEL = "field:"
"""Before a label that is the name of a fixed field."""

RELATIONS = (
    "affects", "contains tests", "executes", "found anomaly", "fulfills", "has parent", "has root cause",
    "implements", "introduces risk", "is related to", "is risk-controlled by", "is triggered by", "relates to",
    "resolved by", "results in", "tests", "triggers", "uses",
)  # fmt: skip
"""The vendor's own, in words. [client source]"""

SOURCE_ID_MAX = 255
"""Characters. [assumption]"""

_NEVER = {
    "recordId": Kind.TEXT, "revision": Kind.NUMBER, "isControlled": Kind.BOOLEAN, "createdAt": Kind.DATETIME,
    "introducedInVersion": Kind.TEXT, "obsoleteInVersion": Kind.TEXT, "relations": Kind.JSON,
}  # fmt: skip
"""On a record, set by Ketryx. `relations` are all of them, {type, id} each."""

OF_ITEM = {
    "itemCreatedAt": Kind.DATETIME, "isExcluded": Kind.BOOLEAN, "folderPath": Kind.JSON, "externalIds": Kind.JSON,
    "system": Kind.TEXT, "externalKey": Kind.TEXT, "controlledRecordId": Kind.TEXT,
}  # fmt: skip
"""Told by the list of items alone. `system` is the integration that sends the item, null where none does."""

FROM_ITEMS = frozenset({*OF_ITEM, "sourceId"})
"""Fields for which the list of items must be read."""

FIXED = frozenset({"title", "type", *_NEVER, *FROM_ITEMS})
"""Names that no label takes."""

_KINDS = {
    Form.STRING: Kind.TEXT,
    Form.NUMBER: Kind.NUMBER,
    Form.BOOLEAN: Kind.BOOLEAN,
    Form.ARRAY: Kind.JSON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is known of a project's fields."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Field name -> label."""
    forms: Mapping[str, Form | None] = field(default_factory=dict)
    """Field name -> JSON type; None: one that Ketryx has and we do not know."""
    relations: tuple[str, ...] = RELATIONS
    """Names that can be written: the vendor's, the declared ones."""
    ignored: frozenset[str] = frozenset()
    """Names that items only show."""
    kind: str | None = None
    """Type of the items that a target's step means, as records show it; None: of several, or not shown yet."""
    extras: tuple[str, ...] = ()
    """What `fields=` asks for."""
    write_only: frozenset[str] = frozenset()
    """Never compared."""

    def label(self, name: str) -> str:
        """The label behind a field name, also where no sample shows it."""
        return self.labels.get(name, name.removeprefix(LABEL))

    def form(self, name: str) -> Form | None:
        """What the field of that name holds, where it is known."""
        return self.forms.get(name)


def name_of(label: str) -> str:
    """The field name of a label."""
    taken = label in FIXED or label.startswith((RELATION, LABEL))
    return LABEL + label if taken else label


def learn(samples: Iterable[Mapping[str, Any]], options: ReadOptions | WriteOptions | None) -> Layout:
    """Labels of the samples, and those that are declared."""
    forms: dict[str, Form | None] = {}
    labels: dict[str, str] = {}
    types: set[str] = set()
    for record in samples:
        types.add(str(record.get("type")))
        for each in record.get("fields") or ():
            label = str(each.get("label"))
            labels.setdefault(name_of(label), label)
            forms.setdefault(name_of(label), _form(each.get("type")))
    for label, form in (options.kinds if options is not None else {}).items():
        labels[name_of(label)], forms[name_of(label)] = label, Form(form)
    write = options if isinstance(options, WriteOptions) else WriteOptions()
    return Layout(
        labels=labels,
        forms=forms,
        relations=tuple(dict.fromkeys((*RELATIONS, *write.relations))),
        ignored=frozenset(write.ignore_relations),
        kind=next(iter(types)) if write.type is not None and len(types) == 1 else None,
        extras=options.extras if isinstance(options, ReadOptions) else (),
        write_only=frozenset(name_of(label) for label in write.write_only),
    )


def _form(told: Any) -> Form | None:
    return Form(told) if isinstance(told, str) and told in set(Form) else None


def field_table(layout: Layout, kind: str | None) -> dict[str, Field]:
    """Every field. `kind`: the type that new items get, None where the step must set it."""
    fields = [
        Field(name="title", kind=Kind.TEXT, required=True),
        Field(
            name="type", kind=Kind.TEXT, required=True, has_default=kind is not None, writable_on=WritableOn.CREATE
        ),
        Field(
            name="sourceId",
            kind=Kind.TEXT,
            writable_on=WritableOn.CREATE,
            unique=True,
            min_length=1,
            max_length=SOURCE_ID_MAX,
            label="stable id of ours; made of the origin where it is left out",
        ),
    ]
    told = {**_NEVER, **OF_ITEM, **dict.fromkeys(layout.extras, Kind.JSON)}
    fields += [Field(name=name, kind=sort, writable_on=WritableOn.NEVER) for name, sort in told.items()]
    fields += [Field(name=RELATION + name, kind=Kind.REFERENCES, label=name) for name in layout.relations]
    fields += [
        Field(name=name, kind=Kind.JSON if form is None else _KINDS[form], label=layout.labels[name], learned=True)
        for name, form in layout.forms.items()
    ]
    return {each.name: each for each in fields}


def relations_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Relation name -> ids of items, in their order."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        target = entry.get("toItem")
        if isinstance(target, Mapping) and target.get("id"):
            found.setdefault(str(entry.get("type")), []).append(str(target["id"]))
    return found
