"""The sample organization: two open spaces and a private one, people, labels, items, an initiative, feedback."""

from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.organization import Organization
from migrator.emulators.kitemaker.portfolio import Portfolio
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.kitemaker.things import CodeReviewRequest, Integration, Space, StatusType, User

TOKEN = "km-sample-personal-token"  # noqa: S105  a sample login of a stand-in
"""Personal access token of ann, who sees all three spaces."""

APPLICATION_TOKEN = "km-sample-application-token"  # noqa: S105  a sample login of a stand-in
"""Token of an application, which sees no private space."""

SPACE = "ACM"
"""Key of the space that playbooks are tried on."""

COLUMNS: tuple[tuple[str, StatusType], ...] = (
    ("Backlog", "BACKLOG"),
    ("In Progress", "IN_PROGRESS"),
    ("Done", "DONE"),
)
"""Three statuses in each space; the other two types stand in the first space only."""


def furnish(org: Organization) -> None:
    """Set up people, tokens, spaces with columns and labels, levels and a roadmap; no items."""
    ann = org.add_user("ann", name="Ann Lee")
    org.add_user("greg", name="Greg Ito")
    org.add_user("sato", name="佐藤 花子")
    org.add_user("gone", name="Gone Away", deactivated=True)
    org.add_token(TOKEN, ann)
    org.add_token(APPLICATION_TOKEN, org.add_application("Zapier integration"))
    acme = org.add_space(SPACE, "Acme")
    _columns(org, acme)
    org.add_status(acme, "Up next", "TODO")
    org.add_status(acme, "Archive", "ARCHIVED")
    for name, color in (("important", "e91e63"), ("bug", "aa33ff"), ("User testing", "brown")):
        org.add_label(acme, name, color)
    labs = org.add_space("LAB", "Labs")
    _columns(org, labs)
    labs.levels = ("Small", "Medium", "Large", "Huge")
    org.add_label(labs, "bug", "3f51b5")
    _columns(org, org.add_space("PRV", "Private", private=True, members=[ann]))
    for name in ("Small", "Medium", "Large"):
        org.add_level(name)
    org.add_roadmap("Product", Now="PRESENT", Next="FUTURE", Shipped="PAST")


def _columns(org: Organization, space: Space) -> None:
    for name, type_ in COLUMNS:
        org.add_status(space, name, type_, default=type_ == "BACKLOG")


def fill(org: Organization) -> None:
    """Seven items in the first space, one in each other, comments, an initiative, feedback, a code review."""
    sight = Sight(org, org.tokens[TOKEN])
    acme = org.space(SPACE)
    _items(sight, acme)
    for key in ("LAB", "PRV"):
        column = org.space(key).statuses[0]
        Desk(sight).create_work_item({"title": f"First of {key}", "status_id": column.id})
    first = org.numbered[acme.id][1]
    github = Integration(type="GITHUB", **org.born())
    org.integrations[github.id] = github
    about = {"number": "7", "url": "https://github.example/acme/app/pull/7", "title": "Shorter set-up"}
    review = CodeReviewRequest(
        code_review_type="GITHUB", state="OPEN", details=about, work_items=[first], **org.born()
    )
    org.reviews[review.id] = review
    initiative = Portfolio(sight).create_initiative(
        {"title": "Faster rounds", "description": "Less waiting", "work_item_ids": [first.id], "space_ids": [acme.id]}
    )
    Portfolio(sight).create_feedback(
        {
            "title": "The list is slow",
            "content": "It takes a minute to open.",
            "person_email": "uma@example.com",
            "link_insight_to_entity_ids": [first.id, initiative.id],
        }
    )


def _items(sight: Sight, space: Space) -> None:
    desk, org = Desk(sight), sight.org
    people: list[User] = list(org.users.values())
    titles = ("Shorter set-up times", "Label the shelves", "Move the printer", "One form instead of three",
              "朝会を短くする", "Café sign, \"quoted\"", "Less walking")  # fmt: skip
    for rank, title in enumerate(titles):
        item = desk.create_work_item(
            {
                "title": title,
                "status_id": space.statuses[rank % 3].id,
                "description": f"Proposed as number {rank + 1}.\n\n- **why**: it saves time",
                "label_ids": [space.labels[rank % 3].id] if rank % 4 else [],
                "effort": ("Small", "Medium", "Large", None)[rank % 4],
                "impact": ("Large", None)[rank % 2],
                "member_ids": [people[rank % 3].id],
                "placement": "bottom",
            }
        )
        if rank < 2:
            comment = desk.create_comment({"id": item.id, "body": "Hey there!"})
            desk.create_comment({"id": item.id, "body": "Agreed.", "thread_id": comment.thread_id})
