"""The fields of each collection: what they hold, when they take values, and what GraphQL is asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migrator.connectors.kitemaker.setting import Setting, Sort
from migrator.model.values import Field, Kind, WritableOn

SIZES = ("Small", "Medium", "Large")
"""What REST takes for effort and impact, as it reads back. [seed manual]"""

ACTOR = """actor { __typename ... on User { username } ... on Application { name }
    ... on IntegrationUser { externalName } ... on Integration { type } }"""

SELECTIONS: Mapping[Sort, Mapping[str, str]] = {
    Sort.ITEMS: {
        "title": "title",
        "description": "description",
        "status": "status { id name }",
        "labels": "labels { id name }",
        "effort": "effort",
        "impact": "impact",
        "members": "members { id username }",
        "watchers": "watchers { id username }",
        "number": "number",
        "statusType": "status { type }",
        "actor": ACTOR,
        "initiatives": "initiatives { id }",
        "sort": "sort",
        "createdAt": "createdAt",
        "updatedAt": "updatedAt",
        "closedAt": "closedAt",
        "archivedAt": "archivedAt",
    },
    Sort.COMMENTS: {
        "body": "body",
        "workItem": "",
        "threadId": "threadId",
        "actor": ACTOR,
        "createdAt": "createdAt",
        "updatedAt": "updatedAt",
    },
    Sort.LABELS: {"name": "name", "color": "color"},
    Sort.INITIATIVES: {
        "title": "title",
        "description": "description",
        "color": "color",
        "labels": "labels { id }",
        "members": "members { id username }",
        "workItems": "workItems { id }",
        "spaces": "spaces { key }",
        "effort": "effort",
        "impact": "impact",
        "number": "number",
        "actor": ACTOR,
        "createdAt": "createdAt",
        "updatedAt": "updatedAt",
        "archivedAt": "archivedAt",
    },
    Sort.FEEDBACK: {
        "title": "title",
        "content": "content",
        "person": "person { email name }",
        "company": "company { name }",
        "processed": "processed",
        "owners": "owners { id username }",
        "tags": "tags { id }",
        "entities": "insights { entities { ... on WorkItem { id } ... on Initiative { id } } }",
        "number": "number",
        "actor": ACTOR,
        "processedAt": "processedAt",
        "createdAt": "createdAt",
        "updatedAt": "updatedAt",
    },
}
"""Field -> its part of a document. Order is that of the description."""

REST_SHOWS = frozenset(
    {"title", "description", "status", "labels", "effort", "impact", "number", "actor", "createdAt", "updatedAt"}
)
"""What REST shows of a work item. [seed manual]"""

_KINDS = {
    **dict.fromkeys(("createdAt", "updatedAt", "closedAt", "archivedAt", "processedAt"), Kind.DATETIME),
    **dict.fromkeys(("members", "watchers", "owners"), Kind.USERS),
    **dict.fromkeys(("labels", "tags", "spaces"), Kind.CHOICES),
    **dict.fromkeys(("workItems", "initiatives", "entities"), Kind.REFERENCES),
    **dict.fromkeys(("status", "effort", "impact"), Kind.CHOICE),
    "workItem": Kind.REFERENCE,
    "actor": Kind.USER,
    "processed": Kind.BOOLEAN,
}
"""All others are text."""

_REQUIRED = {
    Sort.ITEMS: {"title"},
    Sort.COMMENTS: {"body", "workItem"},
    Sort.LABELS: {"name"},
    Sort.INITIATIVES: {"title"},
    Sort.FEEDBACK: {"title"},
}

_BOTH, _CREATE = WritableOn.BOTH, WritableOn.CREATE
_WRITABLE: Mapping[Sort, Mapping[str, WritableOn]] = {
    Sort.ITEMS: dict.fromkeys(("title", "description", "status", "labels", "effort", "impact"), _BOTH),
    Sort.COMMENTS: {"body": _BOTH, "workItem": _CREATE},
    Sort.LABELS: dict.fromkeys(("name", "color"), _CREATE),
    Sort.INITIATIVES: {
        **dict.fromkeys(("title", "description", "color", "labels", "members", "workItems"), _BOTH),
        **dict.fromkeys(("createdAt", "updatedAt", "archivedAt"), _CREATE),
    },
    Sort.FEEDBACK: {"title": _BOTH, "content": _BOTH, "person": _BOTH, "entities": _CREATE},
}
"""What takes values by either way of writing."""

_BY_GRAPHQL: Mapping[Sort, Mapping[str, WritableOn]] = {
    Sort.ITEMS: {"members": _BOTH, "watchers": _BOTH, "createdAt": _CREATE, "updatedAt": _CREATE},
    Sort.COMMENTS: {"threadId": _CREATE},
    Sort.FEEDBACK: {
        "processed": _BOTH,
        **dict.fromkeys(("owners", "tags"), _BOTH),
        **dict.fromkeys(("createdAt", "updatedAt"), _CREATE),
    },
}
"""What takes values by GraphQL alone."""


def fields_of(setting: Setting, *, rest_only: bool) -> dict[str, Field]:
    """Name -> Field, in the order of the tables."""
    sort = setting.sort
    names: Iterable[str] = SELECTIONS[sort]
    if rest_only:
        names = [name for name in names if sort is not Sort.ITEMS or name in REST_SHOWS]
    writable = {**_WRITABLE[sort], **(_BY_GRAPHQL.get(sort, {}) if setting.writes_graphql else {})}
    return {name: _field(setting, name, writable.get(name, WritableOn.NEVER)) for name in names}


def _field(setting: Setting, name: str, writable: WritableOn) -> Field:
    return Field(
        name=name,
        kind=_KINDS.get(name, Kind.TEXT),
        required=name in _REQUIRED[setting.sort],
        writable_on=writable,
        choices=_choices(setting, name),
        has_default=name in ("status", "color"),
        grows=name == "labels" and setting.sort is Sort.ITEMS and not setting.exact_labels,
    )


def _choices(setting: Setting, name: str) -> tuple[str, ...] | None:
    """Words of a space's own are not told by any call: by GraphQL any is tried."""
    if name == "status":
        return tuple(setting.statuses.ids)
    if name in ("labels", "tags"):
        return tuple(setting.labels.ids)
    if name in ("effort", "impact") and setting.sort is Sort.ITEMS and not setting.writes_graphql:
        return SIZES
    return None


def selection(sort: Sort, wanted: Iterable[str] | None) -> str:
    """The part of a document that asks for these fields; None: all of them."""
    table = SELECTIONS[sort]
    return " ".join(["id", *(table[name] for name in (table if wanted is None else wanted) if table.get(name))])
