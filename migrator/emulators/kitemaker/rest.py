"""The REST calls below /developers/rest/v1, sixteen of them. [seed], paths [docs]"""

from collections.abc import Callable
from functools import partial
from typing import Any

from migrator.emulators.kitemaker import forms
from migrator.emulators.kitemaker.desk import Desk
from migrator.emulators.kitemaker.parameters import (
    PLACES,
    SIZES,
    Names,
    body,
    chosen,
    query_count,
    query_number,
    query_text,
    whole,
)
from migrator.emulators.kitemaker.portfolio import Portfolio
from migrator.emulators.kitemaker.sight import Sight
from migrator.emulators.server import Request

Answer = tuple[int, Any]
"""HTTP status and what becomes the JSON body."""

View = Callable[..., Answer]
"""`view(request, sight, **parts of the path)`."""

_ITEM: Names = {
    "title": ("title", str),
    "statusId": ("status_id", str),
    "description": ("description", str),
    "labelIds": ("label_ids", list),
    "effort": ("effort", str),
    "impact": ("impact", str),
    "placement": ("placement", str),
}
_INITIATIVE: Names = {
    "title": ("title", str),
    "description": ("description", str),
    "color": ("color", str),
    "labelIds": ("label_ids", list),
    "effortId": ("effort_id", str),
    "impactId": ("impact_id", str),
    "spaceIds": ("space_ids", list),
    "roadmapColumnIds": ("roadmap_column_ids", list),
}
_FEEDBACK: Names = {
    "title": ("title", str),
    "personEmail": ("person_email", str),
    "contents": ("content", str),
    "linkInsightToEntityIds": ("link_insight_to_entity_ids", list),
}
_COMMENT: Names = {"workItemId": ("id", str), "body": ("body", str)}
_LABEL: Names = {"spaceId": ("space_id", str), "labelName": ("name", str), "color": ("color", str)}


def _organization(request: Request, sight: Sight) -> Answer:
    return 200, forms.organization(sight.org)


def _work_item(request: Request, sight: Sight) -> Answer:
    key, number = query_text(request, "spaceKey"), query_number(request, "workItemNumber")
    return 200, forms.work_item(sight.work_item_in(sight.space_by_key(key), number))


def _item_given(request: Request, names: Names, required: tuple[str, ...]) -> dict[str, Any]:
    given = body(request, names, required=required)
    for name in ("effort", "impact"):
        chosen(given, name, SIZES)
    chosen(given, "placement", PLACES)
    return given


def _post_work_item(request: Request, sight: Sight) -> Answer:
    return 201, forms.work_item(Desk(sight).create_work_item(_item_given(request, _ITEM, ("title", "statusId"))))


def _put_work_item(request: Request, sight: Sight) -> Answer:
    given = _item_given(request, {**_ITEM, "id": ("id", str)}, ("id",))
    return 200, forms.work_item(Desk(sight).edit_work_item(given))


def _post_comment(request: Request, sight: Sight) -> Answer:
    given = body(request, _COMMENT, required=("workItemId", "body"))
    return 201, forms.comment(Desk(sight).create_comment(given))


def _post_label(request: Request, sight: Sight) -> Answer:
    given = body(request, _LABEL, required=("spaceId", "labelName"))
    return 201, forms.label(Desk(sight).create_label(given))


def _initiative(request: Request, sight: Sight) -> Answer:
    """An array that holds the one. [docs]"""
    return 200, [forms.initiative(sight.initiative_numbered(query_number(request, "number")))]


def _post_initiative(request: Request, sight: Sight) -> Answer:
    given = body(request, _INITIATIVE, required=("title",))
    return 201, forms.initiative(Portfolio(sight).create_initiative(given))


def _feedback(request: Request, sight: Sight, number: str) -> Answer:
    return 200, forms.feedback(sight.feedback_numbered(whole(number, "number")), sight.org)


def _post_feedback(request: Request, sight: Sight) -> Answer:
    given = body(request, _FEEDBACK, required=("title",))
    return 201, forms.feedback(Portfolio(sight).create_feedback(given), sight.org)


def _recent_items(request: Request, sight: Sight) -> Answer:
    space = sight.space(query_text(request, "spaceId"))
    return 200, [forms.work_item(item) for item in _latest(sight.org.numbered[space.id].values(), request)]


def _recent_comments(request: Request, sight: Sight) -> Answer:
    space = sight.space(query_text(request, "spaceId"))
    return 200, [forms.comment(made) for made in _latest(sight.comments_in(space), request)]


def _latest(things: Any, request: Request) -> list[Any]:
    return sorted(things, key=lambda each: (each.updated_at, each.id), reverse=True)[: query_count(request)]


def _spaces(request: Request, sight: Sight) -> Answer:
    return 200, [forms.row(space.id, space.name) for space in sight.spaces()]


def _rows(request: Request, sight: Sight, held: str, text: str) -> Answer:
    """All of them: no paging is described. [inferred]"""
    space = sight.space(query_text(request, "spaceId"))
    things = sight.org.numbered[space.id].values() if held == "work_items" else getattr(space, held)
    return 200, [forms.row(each.id, getattr(each, text)) for each in things]


CALLS: dict[tuple[str, str], View] = {
    ("GET", "/organization"): _organization,
    ("GET", "/workitem"): _work_item,
    ("POST", "/workitem"): _post_work_item,
    ("PUT", "/workitem"): _put_work_item,
    ("POST", "/comment"): _post_comment,
    ("POST", "/label"): _post_label,
    ("GET", "/initiative"): _initiative,
    ("POST", "/initiative"): _post_initiative,
    ("GET", "/feedback/<number>"): _feedback,
    ("POST", "/feedback"): _post_feedback,
    ("GET", "/recent/workitems"): _recent_items,
    ("GET", "/recent/comments"): _recent_comments,
    ("GET", "/metadata/spaces"): _spaces,
    ("GET", "/metadata/workitems"): partial(_rows, held="work_items", text="title"),
    ("GET", "/metadata/statuses"): partial(_rows, held="statuses", text="name"),
    ("GET", "/metadata/labels"): partial(_rows, held="labels", text="name"),
}
"""Method and path below the prefix -> what answers it."""
