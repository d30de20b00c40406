"""A change -> the request that carries it out: one each, for there are no batches. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from migrator.connectors.kitemaker.options import CallForm, WriteOptions
from migrator.connectors.kitemaker.reading import CALL, GRAPHQL, REST
from migrator.connectors.kitemaker.setting import Register, Setting, Sort
from migrator.connectors.kitemaker.stored import instant, listed, size
from migrator.contract import Call
from migrator.model.plan import Action, Change
from migrator.model.values import Value

Mutation = tuple[str, dict[str, Any]]
"""Name of a mutation, and its input."""

_RESULTS = {Sort.ITEMS: "workItem", Sort.COMMENTS: "comment", Sort.LABELS: "label",
            Sort.INITIATIVES: "initiative", Sort.FEEDBACK: "feedback"}  # fmt: skip
"""Under which name a mutation answers its record."""

_DATES = ("createdAt", "updatedAt", "archivedAt")


def part(setting: Setting, options: WriteOptions, change: Change) -> bytes:
    """The request as JSON: method, path, body."""
    create = change.action is Action.CREATE
    after = change.after or {}
    relabels = not create and setting.exact_labels and "labels" in after
    by_rest = options.call is CallForm.REST and (create or (setting.sort is Sort.ITEMS and not relabels))
    if by_rest and setting.sort in _REST_PATHS:
        body = _rest(setting, options, change)
        return orjson.dumps(
            {"method": "POST" if create else "PUT", "path": REST + _REST_PATHS[setting.sort], "body": body}
        )
    mutations = (_CREATES if create else _UPDATES)[setting.sort](setting, change, after)
    return orjson.dumps({"method": "POST", "path": GRAPHQL, "body": _document(setting.sort, mutations)})


def call_of(part: bytes) -> Call:
    """The request. Never repeatable: a repeated create makes a second record, a late update overwrites."""
    made = orjson.loads(part)
    return Call(
        method=made["method"],
        path=made["path"],
        kind=CALL,
        repeatable=False,
        body=orjson.dumps(made["body"]),
        headers={"Content-Type": "application/json"},
    )


def _document(sort: Sort, mutations: Sequence[Mutation]) -> dict[str, Any]:
    """All mutations of a change in one document; they are carried out in order."""
    named = [(f"m{place}", name, given) for place, (name, given) in enumerate(mutations)]
    heads = ", ".join(f"${mark}: {name[0].upper()}{name[1:]}Input!" for mark, name, _ in named)
    calls = " ".join(f"{mark}: {name}(input: ${mark}) {{ {_RESULTS[sort]} {{ id }} }}" for mark, name, _ in named)
    return {"query": f"mutation({heads}) {{ {calls} }}", "variables": {mark: given for mark, _, given in named}}


# ---------------------------------------------------------------- REST

_REST_PATHS = {
    Sort.ITEMS: "/workitem",
    Sort.COMMENTS: "/comment",
    Sort.LABELS: "/label",
    Sort.FEEDBACK: "/feedback",
}


def _rest(setting: Setting, options: WriteOptions, change: Change) -> dict[str, Any]:
    after = change.after or {}
    match setting.sort:
        case Sort.ITEMS:
            return _rest_item(setting, options, change, after)
        case Sort.COMMENTS:
            return {"workItemId": _sent(after.get("workItem")), "body": after.get("body")}
        case Sort.LABELS:
            return _label(setting, after, "labelName")
        case _:
            return _without_none(
                {
                    "title": after.get("title"),
                    "contents": after.get("content"),
                    "personEmail": after.get("person"),
                    "linkInsightToEntityIds": [_sent(each) for each in listed(after.get("entities"))] or None,
                }
            )


def _rest_item(setting: Setting, options: WriteOptions, change: Change, after: Mapping[str, Value]) -> dict[str, Any]:
    """Labels are those to add [seed manual]; with the status goes a place, for else it would be the top."""
    body = _item(setting, change, after)
    for name in ("effort", "impact"):
        if body.get(name) is not None:
            body[name] = body[name].lower()
    if "labels" in after:
        body["labelIds"], _ = _moves(after["labels"], (change.before or {}).get("labels"), setting.labels)
    if "statusId" in body:
        body["placement"] = str(options.placement)
    return body


# ---------------------------------------------------------------- both


def _item(setting: Setting, change: Change, after: Mapping[str, Value]) -> dict[str, Any]:
    """Title, text, status and sizes. What cannot be emptied is left out."""
    create = change.action is Action.CREATE
    body: dict[str, Any] = {} if create else {"id": change.target_id}
    if after.get("title") is not None:
        body["title"] = after["title"]
    if "description" in after and (after["description"] or not create):
        body["description"] = after["description"] or ""
    for name in ("effort", "impact"):
        if name in after and (after[name] is not None or not create):
            body[name] = size(after[name])
    status = after.get("status") or (setting.default_status if create else None)
    if status is not None:
        body["statusId"] = setting.statuses.id(status) or str(status)
    return body


def _label(setting: Setting, after: Mapping[str, Value], name: str) -> dict[str, Any]:
    space = setting.space.id if setting.space is not None else None
    color = after.get("color")
    shown = color.removeprefix("#") if isinstance(color, str) else None
    return _without_none({"spaceId": space, name: after.get("name"), "color": shown or None})


def _ids(words: Value, register: Register) -> list[str]:
    """Of names; a word that nobody has goes as it is, for the server to refuse."""
    return [register.id(word) or str(word) for word in listed(words)]


def _sent(value: Value) -> Value:
    return None if value is None else str(value)


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


# ---------------------------------------------------------------- GraphQL


def _dates(after: Mapping[str, Value]) -> dict[str, Any]:
    return {name: instant(after[name]) for name in _DATES if after.get(name)}


def _create_item(setting: Setting, change: Change, after: Mapping[str, Value]) -> list[Mutation]:
    given = _item(setting, change, after)
    for name, key, register in _LISTS:
        if listed(after.get(name)):
            given[key] = _ids(after[name], getattr(setting, register))
    return [("createWorkItem", {**given, **_dates(after)})]


_LISTS = (("labels", "labelIds", "labels"), ("members", "memberIds", "users"), ("watchers", "watcherIds", "users"))


def _update_item(setting: Setting, change: Change, after: Mapping[str, Value]) -> list[Mutation]:
    """An edit, and what joins and leaves labels, members and watchers."""
    given = _item(setting, change, after)
    mutations: list[Mutation] = [("editWorkItem", given)] if len(given) > 1 else []
    for name, key, register in _LISTS:
        if name in after:
            stood = (change.before or {}).get(name)
            add, gone = _moves(after[name], stood, getattr(setting, register))
            gone = gone if name != "labels" or setting.exact_labels else []
            title = name.capitalize()
            mutations += [(f"add{title}ToWorkItem", {"id": change.target_id, key: add})] if add else []
            mutations += [(f"remove{title}FromWorkItem", {"id": change.target_id, key: gone})] if gone else []
    return mutations or [("editWorkItem", given)]


def _moves(wanted: Value, stood: Value, register: Register) -> tuple[list[str], list[str]]:
    """Ids that join and ids that leave."""
    after, before = _ids(wanted, register), _ids(stood, register)
    return [id_ for id_ in after if id_ not in before], [id_ for id_ in before if id_ not in after]


def _create_comment(setting: Setting, change: Change, after: Mapping[str, Value]) -> list[Mutation]:
    given = {"id": _sent(after.get("workItem")), "body": after.get("body"), "threadId": after.get("threadId")}
    return [("createCommentOnWorkItem", _without_none(given))]


def _create_initiative(setting: Setting, change: Change, after: Mapping[str, Value]) -> list[Mutation]:
    given = {
        **{name: after.get(name) for name in ("title", "description", "color")},
        "labelIds": _ids(after.get("labels"), setting.labels) or None,
        "memberIds": _ids(after.get("members"), setting.users) or None,
        "workItemIds": [_sent(each) for each in listed(after.get("workItems"))] or None,
        **_dates(after),
    }
    return [("createInitiative", _without_none(given))]


def _update_initiative(setting: Setting, change: Change, after: Mapping[str, Value]) -> list[Mutation]:
    given: dict[str, Any] = {"id": change.target_id}
    given |= {name: after[name] for name in ("title", "color") if after.get(name)}
    if "description" in after:
        given["description"] = after["description"] or ""
    stood = change.before or {}
    for name, key, register in (
        ("labels", "LabelIds", setting.labels),
        ("members", "MemberIds", setting.users),
        ("workItems", "WorkItemIds", Register()),
    ):
        if name in after:
            given[f"add{key}"], given[f"remove{key}"] = _moves(after[name], stood.get(name), register)
    return [("editInitiative", given)]


def _create_feedback(setting: Setting, change: Change, after: Mapping[str, Value]) -> list[Mutation]:
    given = {
        **{name: after.get(name) for name in ("title", "content", "processed")},
        "personId": _person(setting, after.get("person")),
        "ownerIds": _ids(after.get("owners"), setting.users) or None,
        "tagIds": _ids(after.get("tags"), setting.labels) or None,
        "linkInsightToEntityIds": [_sent(each) for each in listed(after.get("entities"))] or None,
        **_dates(after),
    }
    return [("createFeedback", _without_none(given))]


def _update_feedback(setting: Setting, change: Change, after: Mapping[str, Value]) -> list[Mutation]:
    given: dict[str, Any] = {"id": change.target_id}
    given |= {name: after[name] for name in ("title", "processed") if after.get(name) is not None}
    if "content" in after:
        given["content"] = after["content"] or ""
    if "person" in after:
        given["personId"] = _person(setting, after["person"])
    mutations: list[Mutation] = [("editFeedback", given)] if len(given) > 1 else []
    for name, key, register in (("owners", "ownerIds", setting.users), ("tags", "tagIds", setting.labels)):
        if name in after:
            add, gone = _moves(after[name], (change.before or {}).get(name), register)
            title = name.capitalize()
            mutations += [(f"add{title}ToFeedback", {"id": change.target_id, key: add})] if add else []
            mutations += [(f"remove{title}FromFeedback", {"id": change.target_id, key: gone})] if gone else []
    return mutations or [("editFeedback", given)]


def _person(setting: Setting, value: Value) -> str | None:
    """Id of whoever has the address."""
    return None if value is None or value == "" else setting.persons.id(value) or str(value)


Maker = Callable[[Setting, Change, Mapping[str, Value]], list[Mutation]]

_CREATES: Mapping[Sort, Maker] = {
    Sort.ITEMS: _create_item,
    Sort.COMMENTS: _create_comment,
    Sort.LABELS: lambda setting, change, after: [("createLabel", _label(setting, after, "name"))],
    Sort.INITIATIVES: _create_initiative,
    Sort.FEEDBACK: _create_feedback,
}
_UPDATES: Mapping[Sort, Maker] = {
    Sort.ITEMS: _update_item,
    Sort.COMMENTS: lambda setting, change, after: [
        ("editComment", {"id": change.target_id, "body": after.get("body")})
    ],
    Sort.INITIATIVES: _update_initiative,
    Sort.FEEDBACK: _update_feedback,
}
