"""The sample organization: ids and names follow the vendor's own examples where they give some."""

from typing import Any

from migrator.emulators.kainexus.organization import (
    Attribute,
    Choice,
    Field,
    FieldKind,
    Milestone,
    Status,
    TeamType,
    Template,
)
from migrator.emulators.kainexus.store import Store

CARDS = {"all": 345, "ideas": 346, "improvements": 347, "packages": 348}
"""Name -> id of the list cards."""

STATUSES = (
    Status("Draft", "DRAFT"),
    Status("New", "NEW"),
    Status("Planned", "PLANNED"),
    Status("Active", "ACTIVE"),
    Status("Being tested", "ACTIVE"),
    Status("Resolution submitted", "RES_SUBMITTED"),
    Status("Complete", "COMPLETE"),
    Status("Deferred", "DEFERRED"),
)

IDEA = Template(
    id=170,
    name="Idea",
    team=TeamType.SIMPLE,
    fields=(
        Field(1, "Description", FieldKind.TEXT_AREA),
        Field(2, "External key", max_size=255),
        Field(3, "Expected savings", FieldKind.NUMBER),
        Field(4, "Target date", FieldKind.DATE),
        Field(5, "Go-live", FieldKind.DATE_TIME),
        Field(6, "Sticky note", ad_hoc=True),
    ),
    attributes=(
        Attribute(
            2,
            "Category",
            values=(
                Choice(3629, "General Process"),
                Choice(3630, "Safety", notes=True),
                Choice(3631, "Quality"),
                Choice(3632, "Other"),
            ),
        ),
        Attribute(3, "Owner", kind="person"),
        Attribute(4, "Site", kind="location"),
        Attribute(5, "Hazard", values=(Choice(3640, "Low"), Choice(3641, "High")), shown_if=(2, 3630)),
        Attribute(6, "Effort", values=(Choice(3650, "Small"), Choice(3651, "Large")), score=(9, "Priority")),
    ),
    milestones=(
        Milestone(7, "Adjust"),
        Milestone(19, "Analyze"),
        Milestone(20, "Committee Approval"),
        Milestone(21, "Finance Approval"),
        Milestone(22, "Board Approval", frozenset({"Board"})),
    ),
    statuses=STATUSES,
)

IMPROVEMENT = Template(
    id=210,
    name="Improvement",
    team=TeamType.STANDARD,
    fields=(
        Field(30, "Description", FieldKind.TEXT_AREA),
        Field(31, "External key", max_size=255),
        Field(32, "Expected savings", FieldKind.NUMBER),
        Field(33, "Target date", FieldKind.DATE),
    ),
    milestones=(Milestone(40, "Review"),),
    statuses=STATUSES,
)

PACKAGE = Template(
    id=300,
    name="Package",
    team=TeamType.AUTHOR_ONLY,
    fields=(
        Field(50, "External key"),
        Field(51, "Version"),
        Field(52, "Section"),
        Field(53, "Priority"),
        Field(54, "Maintainer"),
        Field(55, "Homepage"),
        Field(56, "Installed size", FieldKind.NUMBER),
        Field(57, "Description", FieldKind.TEXT_AREA),
        Field(58, "Tags", FieldKind.TEXT_AREA),
    ),
    statuses=STATUSES,
    check_status=False,
)

IMPACT_TYPES = {
    2: "Satisfaction",
    3: "Satisfaction - Customer",
    4: "Time Savings",
    5: "Revenue Generation",
    6: "Quality Improvement",
    7: "Takt",
    8: "Cost Savings",
    1469: "Financial",
}
"""The types that the vendor's example of resolutions uses; 3 and 1469 are its ids."""

PEOPLE = ((4, "ann", "Ann", "Lee"), (5, "greg", "Greg", "Ito"), (6, "user12456", "Uma", "Reyes"),
          (7, "mia", "Mia", "Novak"), (8, "tom", "Tom", "Okoye"), (9, "sato", "佐藤", "花子"))  # fmt: skip


def furnish(store: Store) -> None:
    """Set up templates, people, places, impact types and cards; no items."""
    for number, name in ((1, "Executive"), (3, "Development"), (5, "Plant North"), (6, "Plant South")):
        store.add_location(name, number=number, parent=None if number == 1 else 1)
    for number, username, first, last in PEOPLE:
        email = f"{username}@example.com"
        store.add_user(username, number=number, first_name=first, last_name=last, email=email, locations=[1])
    store.org.impact_types.update(IMPACT_TYPES)
    for template in (IDEA, IMPROVEMENT, PACKAGE):
        store.add_template(template)
    store.add_card("all", number=CARDS["all"])
    store.add_card("ideas", number=CARDS["ideas"], template=IDEA.id)
    store.add_card("improvements", number=CARDS["improvements"], template=IMPROVEMENT.id)
    store.add_card("packages", number=CARDS["packages"], template=PACKAGE.id)


def fill(store: Store) -> None:
    """Seven ideas, under the ids that the vendor's examples name, and a dozen improvements."""
    for number, summary in ((5213, "Shorter set-up times"), (6613, "Less walking in the plant")):
        store.add_item(_idea(summary), number=number)
    for number, summary, parent in (
        (6141, "Tool wall beside the press", 6613),
        (6142, "Label the shelves", 5213),
        (6143, "Move the printer", 6613),
        (6144, "One form instead of three", None),
    ):
        store.add_item(_idea(summary, parentId=parent), number=number)
    store.add_item(_resolved(), number=12345)
    for rank in range(12):
        store.add_item(_improvement(rank), number=13001 + rank)
    _number_entries(store)


def _idea(summary: str, **more: Any) -> dict[str, Any]:
    return {
        "templateId": IDEA.id,
        "summary": summary,
        "status": "NEW",
        "authors": [{"username": "ann"}],
        "responsibleLocations": [{"name": "Plant North"}],
        "createDate": "2023-02-05T16:25:16.000+0000",
        "fields": [
            {"name": "Description", "value": f"{summary}: proposed at the morning round."},
            {"name": "Expected savings", "numericValue": 1200},
            {"name": "Target date", "dateValue": "2023-06-01T05:00:00.000+0000"},
        ],
        "attributes": [{"name": "Category", "values": [{"name": "General Process"}]}],
        **more,
    }


def _resolved() -> dict[str, Any]:
    money = {"typeName": "Financial", "valueType": "ONE_TIME", "amount": 500.0, "currencyCode": "USD"}
    return _idea(
        "Cellular layout",
        resolutionActual={"result": "CHANGE", "investments": [money]},
        resolutionTarget={"investments": [money]},
        resolutionForecast={"investments": [money]},
    )


def _number_entries(store: Store) -> None:
    """Give the investments of item 12345 the ids that the vendor's example of resolutions updates."""
    blocks = store.items[12345].resolutions
    for key, number in (("Actual", 253691), ("Target", 253697), ("Forecast", 253696)):
        blocks[f"resolution{key}"]["investments"][0]["id"] = number


def _improvement(rank: int) -> dict[str, Any]:
    active = rank % 3 == 0
    body: dict[str, Any] = {
        "templateName": "Improvement",
        "summary": f"Improvement {rank + 1}",
        "customStatus": "Being tested" if active else "New",
        "authors": [{"id": 4 + rank % 6}],
        "originatingLocations": [{"id": 3}],
        "createDate": f"2023-03-{rank + 1:02d}T15:00:00.000+0000",
        "fields": [{"name": "Expected savings", "numericValue": 100.5 * rank}],
    }
    if active:
        body |= {"responsible": {"username": "greg"}, "assigner": {"username": "ann"}}
        body |= dict.fromkeys(("startDate", "assignDate"), "2023-04-03T14:00:00.000+0000")
        body["dueDate"] = "2023-07-01T04:59:59.000+0000"
    return body
