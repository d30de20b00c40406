"""Reading: GraphQL pages by cursor, or what REST alone shows of a small space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from migrator.connectors.kitemaker.answers import graph_content, rest_content
from migrator.connectors.kitemaker.fields import selection
from migrator.connectors.kitemaker.setting import Setting, Sort
from migrator.contract import Call, Wire
from migrator.errors import BadAnswer

REST = "/developers/rest/v1"
GRAPHQL = "/developers/graphql"
"""Paths below the host. [vendor docs]"""

CALL = "call"
"""The one kind of calls: nobody tells of several limits."""

PAGE = 50
"""Records that a page holds at most. [vendor's client]"""

Things = list[Mapping[str, Any]]

_PAGES = {
    Sort.ITEMS: "query Page($space: ID, $cursor: String) {{ page: workItems(spaceId: $space, cursor: $cursor, "
    "count: 50) {{ cursor hasMore things: workItems {{ {} }} }} }}",
    Sort.COMMENTS: "query Page($space: ID, $cursor: String) {{ page: workItems(spaceId: $space, cursor: $cursor, "
    "count: 50) {{ cursor hasMore things: workItems {{ id comments {{ {} }} }} }} }}",
    Sort.INITIATIVES: "query Page($cursor: String) {{ page: initiatives(cursor: $cursor, count: 50) "
    "{{ cursor hasMore things: initiatives {{ {} }} }} }}",
    Sort.FEEDBACK: "query Page($cursor: String) {{ page: feedback(cursor: $cursor, count: 50) "
    "{{ cursor hasMore things: feedback {{ {} }} }} }}",
}

_ONE = {
    Sort.ITEMS: "workItem",
    Sort.COMMENTS: "comment",
    Sort.INITIATIVES: "initiative",
    Sort.FEEDBACK: "feedbackById",
}


def graph_call(document: str, variables: Mapping[str, Any]) -> Call:
    """One POST that reads."""
    body = orjson.dumps({"query": document, "variables": variables})
    headers = {"Content-Type": "application/json"}
    return Call(method="POST", path=GRAPHQL, kind=CALL, repeatable=True, body=body, headers=headers)


def rest_call(path: str) -> Call:
    """One GET."""
    return Call(method="GET", path=REST + path, kind=CALL, repeatable=True)


def pages(wire: Wire, setting: Setting, names: Iterable[str], types: Sequence[str] = ()) -> Iterator[Things]:
    """Everything, a page at a time, each thing once; `types`: of work items, only those in columns of these types.

    Raises BadAnswer where the pages repeat.
    """
    document = _PAGES[setting.sort].format(selection(setting.sort, names))
    if types:
        document = document.replace("$cursor: String)", "$cursor: String, $only: StatusFilter)", 1)
        document = document.replace("count: 50)", "count: 50, statusFilter: $only)", 1)
    only = {"only": {"type": "INCLUDE", "filter": list(types)}} if types else {}
    space = setting.space.id if setting.space is not None else None
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        variables = {"cursor": cursor, **only} if space is None else {"space": space, "cursor": cursor, **only}
        page = _page(graph_content(wire.ask(graph_call(document, variables)), f"a page of {setting.sort}"))
        fresh = [thing for thing in page["things"] if thing["id"] not in seen]
        seen.update(thing["id"] for thing in fresh)
        if fresh:
            yield from _cut(_comments(fresh) if setting.sort is Sort.COMMENTS else fresh)
        if not page["hasMore"]:
            return
        if not fresh or page["cursor"] == cursor:
            raise BadAnswer("Kitemaker says that there is more and shows the same page again")
        cursor = page["cursor"]


def _page(data: Mapping[str, Any]) -> Mapping[str, Any]:
    page = data.get("page")
    whole = isinstance(page, dict) and isinstance(page.get("hasMore"), bool) and isinstance(page.get("things"), list)
    if not whole or not isinstance(page, dict) or not all(_has_id(thing) for thing in page["things"]):
        raise BadAnswer("Kitemaker answers a page without its things, its cursor and whether there is more")
    return page


def _has_id(thing: Any) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("id"), str)


def _comments(items: Things) -> Things:
    return [{**comment, "workItem": item["id"]} for item in items for comment in item["comments"]]


def _cut(things: Things) -> Iterator[Things]:
    return (things[start : start + PAGE] for start in range(0, len(things), PAGE))


def one_call(setting: Setting, id_: str, names: Iterable[str]) -> Call:
    """The call for a thing by its id; of a comment with its work item."""
    asked = selection(setting.sort, names)
    if setting.sort is Sort.COMMENTS:
        asked += " entity { ... on WorkItem { id } }"
    return graph_call(f"query One($id: ID!) {{ one: {_ONE[setting.sort]}(id: $id) {{ {asked} }} }}", {"id": id_})


def one_of(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The thing that such a call brought."""
    thing = data.get("one")
    if not isinstance(thing, dict) or not isinstance(thing.get("id"), str):
        raise BadAnswer("Kitemaker answers a record without its id")
    entity = thing.get("entity")
    return {**thing, "workItem": entity.get("id")} if isinstance(entity, dict) else thing


def by_rest(wire: Wire, setting: Setting) -> Iterator[Things]:
    """What REST shows of a space. Raises BadAnswer if that is not all: it has titles of all, contents of 50."""
    assert setting.space is not None  # noqa: S101  REST alone knows collections of spaces only
    query = f"?spaceId={setting.space.id}"
    rows = rest_content(wire.ask(rest_call(f"/metadata/workitems{query}")), "the titles of the space", list)
    recent = rest_content(wire.ask(rest_call(f"/recent/workitems{query}&count={PAGE}")), "the latest items", list)
    shown = {thing["id"]: thing for thing in recent if _has_id(thing)}
    missing = [row for row in rows if not _has_id(row) or row["id"] not in shown]
    if missing or len(shown) != len(recent):
        raise BadAnswer(
            f"{len(missing)} of {len(rows)} items are unreadable by REST, which shows the latest {PAGE} of a space",
            hint="leave `graphql: false` out: GraphQL reads all of them",
        )
    if shown:
        yield list(shown.values())
