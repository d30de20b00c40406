"""The sample organization: an infusion pump's requirements, specifications, tests and risks in one project."""

from typing import Any

from migrator.emulators.ketryx.ids import PROJECT, new_id
from migrator.emulators.ketryx.organization import ItemType, Label, Project
from migrator.emulators.ketryx.store import Store

SAMPLE_PROJECT = new_id(PROJECT, 0)
"""Id of the sample project, in every seed."""

_DESCRIBED = (Label("Description"), Label("External key"))

TYPES = (
    ItemType(
        "Requirement", "RQ", (*_DESCRIBED, Label("Requirement type"), Label("Rationale"), Label("Priority", "number"))
    ),
    ItemType("Software Item Spec", "SW", (*_DESCRIBED, Label("Safety critical", "boolean"))),
    ItemType("Hardware Item Spec", "HW", (*_DESCRIBED, Label("Manufacturer"))),
    ItemType("Test Case", "TC", (*_DESCRIBED, Label("Test type"), Label("Steps"), Label("Components", "array"))),
    ItemType("Test Execution", "", (*_DESCRIBED, Label("Test result")), "POINT_WISE"),
    ItemType("Risk", "", (*_DESCRIBED, Label("Severity", "number"), Label("Probability", "number"))),
    ItemType("Anomaly", "", _DESCRIBED, "POINT_WISE"),
    ItemType("Task", "", _DESCRIBED),
    ItemType("Complaint", "", _DESCRIBED, "POINT_WISE"),
    ItemType("Change Request", "", _DESCRIBED),
    ItemType("CAPA", "", _DESCRIBED),
)
"""Names by the vendor's sample repository; labels partly by the query language's examples, else made up."""


def furnish(store: Store) -> Project:
    """Types and the empty sample project with one version."""
    store.types.extend(TYPES)
    project = Project(SAMPLE_PROJECT, "Infusion Pump")
    store.projects[project.id] = project
    store.add_version(project, "Version 1.0")
    return project


def fill(store: Store, project: Project) -> None:
    """Two dozen items: approved ones, one that Jira sends, an excluded one, folders, and a second version."""
    needs = [
        _add(
            store,
            project,
            "Requirement",
            rank,
            title,
            {"Requirement type": kind, "Priority": rank},
            folder=("Needs",),
        )
        for rank, (title, kind) in enumerate(_NEEDS, 1)
    ]
    specs: list[str] = []
    for rank, need in enumerate(needs[:6], 1):
        more: dict[str, Any] = {"relations": [_to("fulfills", need)]}
        if rank > 3:  # the second half lies below the first spec
            more["relations"].append(_to("has parent", specs[0]))
        fields = {"Safety critical": rank % 2 == 0}
        specs.append(
            _add(store, project, "Software Item Spec", rank, f"Module {rank}", fields, more, folder=("Design",))
        )
    pump = _add(store, project, "Hardware Item Spec", 1, "Pump motor", {"Manufacturer": "東京モーター"})
    for number in (*needs[:4], *specs[:2], pump):
        store.approve(number)
    store.add_version(project, "Version 2.0")
    _tests(store, project, [*specs, pump])
    risk = {"Severity": 4, "Probability": 2}
    _add(store, project, "Risk", 1, "Overinfusion", risk, {"relations": [_to("is risk-controlled by", specs[0])]})
    store.add_item(
        project,
        {"type": "Anomaly", "title": "Alarm too quiet", "fields": [_field("External key", "PUMP-7")]},
        jira="PUMP-7",
    )
    _add(store, project, "Requirement", 90, "Withdrawn need", {}, excluded=True)
    store.write(project.id, {"id": needs[0], "title": "Deliver the prescribed dose within 5 %"})


_NEEDS = (
    ("Deliver the prescribed dose", "Use case"),
    ("Stop on air in the line", "Intended use"),
    ("Warn of an empty reservoir", "Use case"),
    ("Keep a log of all deliveries", "Use case"),
    ("Show doses in ml/h", "Intended use"),
    ("Be cleaned with alcohol", "Environment"),
    ("流量を表示する", "Use case"),
    ("Run four hours on battery", "Environment"),
)


def _tests(store: Store, project: Project, tested: list[str]) -> None:
    for rank, target in enumerate(tested, 1):
        level = "Verification (unit)" if rank % 2 else "Verification (integration)"
        fields = {"Test type": level, "Steps": "Prepare\nRun\nCompare", "Components": ["pump", f"module {rank}"]}
        relations = {"relations": [_to("tests", target)]}
        _add(
            store, project, "Test Case", rank, f"Check module {rank}", fields, relations, test_plans=("Version 1.0",)
        )


def _add(
    store: Store,
    project: Project,
    kind: str,
    rank: int,
    title: str,
    fields: dict[str, Any],
    more: dict[str, Any] | None = None,
    **attributes: Any,
) -> str:
    short = next(each.short or "".join(filter(str.isupper, each.name)) for each in TYPES if each.name == kind)
    key = f"{short}-{rank}"
    given = {"External key": key, "Description": f"{title}.", **fields}
    body = {"sourceId": f"sample:{key}", "type": kind, "title": title}
    content = [_field(label, value) for label, value in given.items()]
    return store.add_item(project, {**body, "fields": content, **(more or {})}, **attributes)


def _field(label: str, value: Any) -> dict[str, Any]:
    return {"label": label, "value": value}


def _to(name: str, number: str) -> dict[str, Any]:
    return {"type": name, "toItem": {"id": number}}
