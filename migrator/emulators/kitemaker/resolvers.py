"""What each field of the GraphQL schema shows, and what each mutation does."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from graphql import GraphQLResolveInfo

from migrator.emulators.kitemaker import moments
from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.organization import Organization
from migrator.emulators.kitemaker.portfolio import Portfolio
from migrator.emulators.kitemaker.problems import wrong
from migrator.emulators.kitemaker.sight import Sight, Slice
from migrator.emulators.kitemaker.things import Initiative, Insight, WorkItem

Given = Mapping[str, Any]

DATES = ("created_at", "updated_at", "archived_at")
"""Inputs that are instants."""


def _work_items(
    sight: Sight,
    space_id: str | None = None,
    cursor: str | None = None,
    count: int | None = None,
    status_filter: dict[str, Any] | None = None,
) -> dict[str, Any]:
    def wanted(item: WorkItem) -> bool:
        if status_filter is None:
            return True
        return (item.status.type in status_filter["filter"]) is (status_filter["type"] == "INCLUDE")

    return _listed("workItems", sight.page_of_items(space_id, cursor, count, wanted))


def _listed(name: str, page: Slice[Any]) -> dict[str, Any]:
    return {name: page.things, "cursor": page.cursor, "hasMore": page.has_more}


QUERY: dict[str, Callable[..., Any]] = {
    "organization": lambda sight: sight.org,
    "spaceByKey": lambda sight, key: sight.space_by_key(key),
    "workItems": _work_items,
    "workItem": lambda sight, id: sight.work_item(id),
    "workItemByNumber": lambda sight, number: sight.work_item_by_number(number),
    "initiatives": lambda sight, cursor=None, count=None: _listed(
        "initiatives", sight.page_of(sight.org.initiatives, cursor, count)
    ),
    "initiative": lambda sight, id: sight.initiative(id),
    "initiativeByNumber": lambda sight, number=None: sight.initiative_by_number(number),
    "roadmaps": lambda sight: {"roadmaps": list(sight.org.roadmaps.values())},
    "feedback": lambda sight, cursor=None, count=None: _listed(
        "feedback", sight.page_of(sight.org.feedback, cursor, count)
    ),
    "feedbackById": lambda sight, id: sight.feedback(id),
    "feedbackByNumber": lambda sight, number=None: sight.feedback_by_number(number),
    "feedbackPersons": lambda sight: list(sight.org.persons.values()),
    "feedbackCompanies": lambda sight: list(sight.org.companies.values()),
    "comment": lambda sight, id: sight.comment(id),
    "codeReviewRequest": lambda sight, url: Portfolio(sight).review_at(url),
}
"""Query -> what answers it."""

MUTATION: dict[str, Callable[[Sight, Given], Any]] = {
    "createWorkItem": lambda sight, given: Desk(sight).create_work_item(given),
    "editWorkItem": lambda sight, given: Desk(sight).edit_work_item(given),
    "addLabelsToWorkItem": lambda sight, given: Desk(sight).add_labels(given),
    "removeLabelsFromWorkItem": lambda sight, given: Desk(sight).remove_labels(given),
    "addMembersToWorkItem": lambda sight, given: Desk(sight).change_people(given, "member_ids", "members", add=True),
    "removeMembersFromWorkItem": lambda sight, given: Desk(sight).change_people(
        given, "member_ids", "members", add=False
    ),
    "addWatchersToWorkItem": lambda sight, given: Desk(sight).change_people(
        given, "watcher_ids", "watchers", add=True
    ),
    "removeWatchersFromWorkItem": lambda sight, given: Desk(sight).change_people(
        given, "watcher_ids", "watchers", add=False
    ),
    "createCommentOnWorkItem": lambda sight, given: Desk(sight).create_comment(given),
    "editComment": lambda sight, given: Desk(sight).edit_comment(given),
    "createLabel": lambda sight, given: Desk(sight).create_label(given),
    "createInitiative": lambda sight, given: Portfolio(sight).create_initiative(given),
    "editInitiative": lambda sight, given: Portfolio(sight).edit_initiative(given),
    "addInitiativesToRoadmap": lambda sight, given: Portfolio(sight).place_initiatives(given, add=True),
    "removeInitiativesFromRoadmap": lambda sight, given: Portfolio(sight).place_initiatives(given, add=False),
    "createFeedback": lambda sight, given: Portfolio(sight).create_feedback(given),
    "editFeedback": lambda sight, given: Portfolio(sight).edit_feedback(given),
    "addOwnersToFeedback": lambda sight, given: Portfolio(sight).change_feedback(
        given, "owner_ids", "owners", add=True
    ),
    "removeOwnersFromFeedback": lambda sight, given: Portfolio(sight).change_feedback(
        given, "owner_ids", "owners", add=False
    ),
    "addTagsToFeedback": lambda sight, given: Portfolio(sight).change_feedback(given, "tag_ids", "tags", add=True),
    "removeTagsFromFeedback": lambda sight, given: Portfolio(sight).change_feedback(
        given, "tag_ids", "tags", add=False
    ),
    "addEntitiesToInsight": lambda sight, given: Portfolio(sight).change_insight(given, add=True),
    "removeEntitiesFromInsight": lambda sight, given: Portfolio(sight).change_insight(given, add=False),
    "createPerson": lambda sight, given: Portfolio(sight).create_person(given),
    "editPerson": lambda sight, given: Portfolio(sight).edit_person(given),
    "createCompany": lambda sight, given: Portfolio(sight).create_company(given),
    "editCompany": lambda sight, given: Portfolio(sight).edit_company(given),
    "editCodeReviewRequest": lambda sight, given: Portfolio(sight).edit_review(given),
}
"""Mutation -> what does it; its only answer goes under the result's one field."""


def _spaces(sight: Sight, _: Organization) -> Any:
    return sight.spaces()


def _people(held: str) -> Callable[[Sight, Organization], Any]:
    return lambda sight, org: list(getattr(org, held).values())


def _initiatives_of(sight: Sight, item: WorkItem) -> Any:
    return [each for each in sight.org.initiatives.values() if item in each.work_items]


def _items_of(sight: Sight, initiative: Initiative) -> Any:
    return [item for item in initiative.work_items if sight.shows(item)]


def _entities_of(sight: Sight, insight: Insight) -> Any:
    return [entity for entity in insight.entities if sight.shows(entity)]


FIELDS: dict[tuple[str, str], Callable[[Sight, Any], Any]] = {
    ("Organization", "spaces"): _spaces,
    ("Organization", "users"): _people("users"),
    ("Organization", "integrations"): _people("integrations"),
    ("Organization", "integrationUsers"): _people("integration_users"),
    ("Organization", "applications"): _people("applications"),
    ("WorkItem", "initiatives"): _initiatives_of,
    ("Initiative", "workItems"): _items_of,
    ("Initiative", "roadmapColumns"): lambda sight, each: Portfolio(sight).columns_of(each),
    ("Initiative", "spaces"): lambda sight, each: [space for space in each.spaces if sight.token.sees(space)],
    ("Insight", "entities"): _entities_of,
    ("CodeReviewRequest", "workItems"): _items_of,
}
"""Type and field -> how it is found, where it is not simply there."""


def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The value of a field. `info.context` is the Sight."""
    sight: Sight = info.context
    parent, name = info.parent_type.name, info.field_name
    if parent == "Query":
        return QUERY[name](sight, **{snake(key): value for key, value in arguments.items()})
    if parent == "Mutation":
        (answered,) = info.schema.type_map[f"{name[0].upper()}{name[1:]}Result"].fields  # type: ignore[attr-defined]  # results are object types
        return {answered: MUTATION[name](sight, _given(arguments["input"]))}
    if (parent, name) in FIELDS:
        return FIELDS[parent, name](sight, source)
    value = source[name] if isinstance(source, dict) else getattr(source, snake(name))
    return moments.shown(value) if isinstance(value, datetime) else value


def type_of(value: Any, *_: Any) -> str:
    """Which type of a union a thing is."""
    return type(value).__name__


@cache
def snake(name: str) -> str:
    """`createdAt` -> `created_at`."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: "_" + found[1].lower(), name)


def _given(sent: Mapping[str, Any]) -> dict[str, Any]:
    given = {snake(key): value for key, value in sent.items()}
    for name in DATES:
        if given.get(name) is not None:
            given[name] = _instant(given[name], name)
    return given


def _instant(value: Any, name: str) -> datetime:
    try:
        return moments.parsed(value)
    except (TypeError, ValueError):
        raise wrong(f"{name} is no instant: {value!r}") from None
