"""Laws of the Kitemaker emulator that hold for any input."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from migrator.emulators.kitemaker import create, resolvers, rest, sample, schema
from migrator.emulators.server import Emulator, ManualClock, create_emulator, serve

REST = "/developers/rest/v1"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PAGE = """query Page($space: ID, $cursor: String, $count: Int) {
    workItems(spaceId: $space, cursor: $cursor, count: $count) {
        cursor hasMore workItems { id number space { key } } } }"""


def fresh(**more: Any) -> Emulator:
    return create(**{"pace": "off", "clock": ManualClock(), **more})


def call(emulator: Emulator, method: str, path: str, body: Any = None, token: str = sample.TOKEN) -> TestResponse:
    login = {"X-API-KEY": token, "Authorization": f"Bearer {token}"}
    return Client(emulator.app).open(path, method=method, headers=login, json=body)


def graph(emulator: Emulator, query: str, **variables: Any) -> Any:
    return call(emulator, "POST", "/developers/graphql", {"query": query, "variables": variables}).get_json()


def add(emulator: Emulator, title: str, **more: Any) -> str:
    status = emulator.store.space("ACM").statuses[0].id
    answer = call(emulator, "POST", REST + "/workitem", {"title": title, "statusId": status, **more})
    assert answer.status_code == 201
    return str(answer.get_json()["id"])


def pages(emulator: Emulator, count: int, space: str | None) -> list[Any]:
    seen: list[Any] = []
    cursor = None
    while True:
        page = graph(emulator, PAGE, space=space, cursor=cursor, count=count)["data"]["workItems"]
        assert isinstance(page["cursor"], str)
        assert len(page["workItems"]) == count or not page["hasMore"]
        seen += page["workItems"]
        cursor = page["cursor"]
        if not page["hasMore"]:
            return seen


@given(count=st.integers(1, 12), every=st.booleans())
@settings(max_examples=20, deadline=None)
def test_pages_of_any_length_bring_each_item_once(count: int, every: bool) -> None:
    """Of one space, numbers falling, or of all that the token sees."""
    emulator = fresh()
    seen = pages(emulator, count, None if every else emulator.collections["ACM"])
    assert len({item["id"] for item in seen}) == len(seen) == (9 if every else 7)
    numbers = [int(item["number"]) for item in seen if item["space"]["key"] == "ACM"]
    assert numbers == [7, 6, 5, 4, 3, 2, 1]


@given(count=st.integers(1, 6), new=st.integers(0, 4), moved=st.integers(1, 7))
@settings(max_examples=20, deadline=None)
def test_a_cursor_goes_on_where_it_was_whatever_happens_meanwhile(count: int, new: int, moved: int) -> None:
    """Items made or changed between two pages neither repeat nor hide what was there."""
    emulator = fresh()
    space = emulator.collections["ACM"]
    first = graph(emulator, PAGE, space=space, cursor=None, count=count)["data"]["workItems"]
    for rank in range(new):
        add(emulator, f"new {rank}")
    item = emulator.store.numbered[space][moved]
    call(emulator, "PUT", REST + "/workitem", {"id": item.id, "title": "touched", "placement": "top"})
    rest_of = graph(emulator, PAGE, space=space, cursor=first["cursor"], count=50)["data"]["workItems"]
    numbers = [int(each["number"]) for each in (*first["workItems"], *rest_of["workItems"])]
    assert numbers == [7, 6, 5, 4, 3, 2, 1]
    again = graph(emulator, PAGE, space=space, cursor=first["cursor"], count=50)["data"]["workItems"]
    assert again == rest_of


def test_more_than_fifty_items_come_in_pages_of_fifty_and_the_recent_list_stops_there() -> None:
    """Fifty at most, whatever is asked; REST shows the titles of all and the content of fifty."""
    emulator = fresh(seed="empty")
    space = emulator.collections["ACM"]
    for rank in range(51):
        add(emulator, f"item {rank}")
    page = graph(emulator, PAGE, space=space, count=1000)["data"]["workItems"]
    assert (len(page["workItems"]), page["hasMore"]) == (50, True)
    assert len(call(emulator, "GET", f"{REST}/recent/workitems?spaceId={space}&count=50").get_json()) == 50
    assert len(call(emulator, "GET", f"{REST}/metadata/workitems?spaceId={space}").get_json()) == 51


@given(places=st.lists(st.sampled_from(["top", "bottom", None]), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_column_is_in_the_order_of_placements(places: list[str | None]) -> None:
    """Top, and where nothing is said, goes before all that stand; bottom after them."""
    emulator = fresh(seed="empty")
    expected: list[str] = []
    for rank, place in enumerate(places):
        id_ = add(emulator, f"item {rank}", **({"placement": place} if place else {}))
        expected = [*expected, id_] if place == "bottom" else [id_, *expected]
    status = emulator.store.space("ACM").statuses[0]
    assert [item.id for item in emulator.store.column(status)] == expected
    last = expected[-1]
    call(emulator, "PUT", REST + "/workitem", {"id": last, "title": "stays"})
    assert [item.id for item in emulator.store.column(status)] == expected
    call(emulator, "PUT", REST + "/workitem", {"id": last, "statusId": status.id})
    assert [item.id for item in emulator.store.column(status)] == [last, *expected[:-1]]


@given(chosen=st.lists(st.lists(st.integers(0, 2), max_size=3), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_labels_only_grow_by_updates_and_shrink_by_their_own_mutation(chosen: list[list[int]]) -> None:
    """The labels of an item are the union of all that were ever put."""
    emulator = fresh(seed="empty")
    labels = emulator.store.space("ACM").labels
    id_ = add(emulator, "x")
    put: set[str] = set()
    for places in chosen:
        ids = [labels[place].id for place in places]
        put |= set(ids)
        answer = call(emulator, "PUT", REST + "/workitem", {"id": id_, "labelIds": ids}).get_json()
        assert {label["id"] for label in answer["labels"]} == put
    remove = """mutation($id: ID!, $ids: [ID!]!) { removeLabelsFromWorkItem(input: {id: $id, labelIds: $ids})
        { workItem { labels { id } } } }"""
    left = graph(emulator, remove, id=id_, ids=sorted(put))["data"]["removeLabelsFromWorkItem"]
    assert left == {"workItem": {"labels": []}}


PARTS = {
    "title": TEXTS.filter(str.strip),
    "description": TEXTS,
    "effort": st.sampled_from(["small", "medium", "large", None]),
    "impact": st.sampled_from(["small", "medium", "large", None]),
}


@given(parts=st.fixed_dictionaries({}, optional=PARTS))
@settings(max_examples=40, deadline=None)
def test_what_an_update_does_not_name_stays_and_the_rest_reads_back(parts: dict[str, Any]) -> None:
    """Texts with a line end added, words of effort and impact capitalised; the other interface shows the same."""
    emulator = fresh()
    path = f"{REST}/workitem?spaceKey=ACM&workItemNumber=2"
    before = call(emulator, "GET", path).get_json()
    put = call(emulator, "PUT", REST + "/workitem", {"id": before["id"], **parts}).get_json()
    after = call(emulator, "GET", path).get_json()
    assert put == after
    assert all(after[key] == before[key] for key in before if key not in parts)
    for name, value in parts.items():
        shown = (value or "") + ("\n" if value else "") if name == "description" else value
        assert after[name] == (shown.capitalize() if name in ("effort", "impact") and shown else shown)
    query = '{ workItemByNumber(number: "ACM-2") { number title description effort impact createdAt updatedAt } }'
    other = graph(emulator, query)["data"]["workItemByNumber"]
    assert other == {**{key: after[key] for key in other}, "number": "2"}


CALLS = [f"{method} {path}" for method, path in rest.CALLS]
KEYS = ["title", "statusId", "labelIds", "effort", "placement", "id", "body", "workItemId", "spaceId", "labelName",
        "spaceIds", "personEmail", "linkInsightToEntityIds", "number", "count", "spaceKey"]  # fmt: skip


@given(name=st.sampled_from(CALLS), body=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5), whole=JSON)
@settings(max_examples=150, deadline=None)
def test_no_rest_input_gives_anything_but_a_documented_answer(name: str, body: dict[str, Any], whole: Any) -> None:
    """Any JSON, in the query and as body: success, or the one form of an error; a refused call changes nothing."""
    emulator = fresh()
    method, path = name.split(" ")
    query = {key: str(value) for key, value in body.items() if isinstance(value, str | int)}
    before = graph(emulator, PAGE)
    for sent in (body, whole):
        answer = Client(emulator.app).open(
            REST + path.replace("<number>", "x"),
            method=method,
            headers={"X-API-KEY": sample.TOKEN},
            query_string=query,
            json=sent,
        )
        assert answer.status_code in (200, 201, 400, 404)
        if answer.status_code >= 400:
            (error,) = answer.get_json()["errors"]
            assert error["status"] == answer.status_code and error["code"] and error["message"]
            assert graph(emulator, PAGE) == before


@given(name=st.sampled_from(sorted(schema.MUTATIONS)), data=st.data())
@settings(max_examples=120, deadline=None)
def test_no_input_of_a_mutation_gives_a_500(name: str, data: st.DataObject) -> None:
    """Ids that are there or not, texts, dates or not: an answer of the schema, or errors."""
    emulator = fresh()
    held = [*emulator.store.work_items, *emulator.store.labels, *emulator.store.initiatives, *emulator.store.feedback]
    ids = st.sampled_from([*held, *emulator.store.statuses, *emulator.store.spaces, "0000000000000000"])
    given_: dict[str, Any] = {}
    for part in schema.MUTATIONS[name][0].replace(": ", ":").split():
        key, _, kind = part.partition(":")
        if not kind.endswith("!") and data.draw(st.booleans()):
            continue
        one = ids if "ID" in kind or key.endswith(("Id", "Ids")) else st.booleans() if kind == "Boolean" else TEXTS
        if kind.startswith("[CodeReview"):
            one = st.just({"name": "n", "url": "u"})
        given_[key] = data.draw(st.lists(one, max_size=2) if kind.startswith("[") else one)
    title = name[0].upper() + name[1:]
    query = f"mutation($input: {title}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    answer = graph(emulator, query, input=given_)
    assert set(answer) == {"data"} or answer["errors"]


@given(document=st.text(max_size=60) | st.sampled_from(["{" * 3000, "query {" + "organization{spaces{" * 900]))
@settings(max_examples=60, deadline=None)
def test_no_document_gives_a_500(document: str) -> None:
    """Any text, deeply nested ones too, is answered with errors under 200."""
    assert graph(fresh(), document)["errors"]


def test_every_query_and_mutation_of_the_schema_is_carried_out() -> None:
    """The tables of names and of what answers them are the same."""
    assert set(resolvers.QUERY) == set(schema.QUERIES)
    assert set(resolvers.MUTATION) == set(schema.MUTATIONS)


@given(gaps=st.lists(st.floats(0, 3), min_size=1, max_size=150))
@settings(max_examples=20, deadline=None)
def test_no_window_holds_more_than_the_calls_of_the_pace(gaps: list[float]) -> None:
    """REST and GraphQL together; a call after the promised wait always passes."""
    clock = ManualClock()
    emulator = create(clock=clock)
    passed: list[float] = []
    for rank, gap in enumerate(gaps):
        clock.advance(gap)
        ways = (("GET", REST + "/organization", None), ("POST", "/developers/graphql", {"query": "{__typename}"}))
        answer = call(emulator, *ways[rank % 2])
        if answer.status_code == 429:
            assert answer.get_json()["errors"][0]["code"] == "TOO_MANY_REQUESTS"
            clock.advance(int(answer.headers["Retry-After"]))
            assert call(emulator, *ways[rank % 2]).status_code == 200
        passed.append(clock.now())
    assert all(later - earlier >= 60 for earlier, later in zip(passed, passed[60:], strict=False))


def test_each_token_has_a_pace_of_its_own_and_a_refused_login_none() -> None:
    """Sixty calls of one leave the other free."""
    emulator = create(clock=ManualClock())
    for _ in range(60):
        assert call(emulator, "GET", REST + "/organization").status_code == 200
        assert call(emulator, "GET", REST + "/organization", token="wrong").status_code == 401
    assert call(emulator, "GET", REST + "/organization").status_code == 429
    assert call(emulator, "GET", REST + "/organization", token=sample.APPLICATION_TOKEN).status_code == 200


def test_ids_grow_with_time_and_are_sixteen_hex_digits() -> None:
    """Also within one millisecond."""
    clock = ManualClock()
    emulator = fresh(clock=clock)
    made = []
    for rank in range(30):
        made.append(add(emulator, f"item {rank}"))
        clock.advance(rank % 3)
    assert made == sorted(set(made))
    assert all(len(id_) == 16 and set(id_) <= set("0123456789abcdef") for id_ in made)


def test_a_refused_edit_leaves_no_trace() -> None:
    """A bad label beside a good title changes neither, and no comment is made in a thread of elsewhere."""
    emulator = fresh()
    item = emulator.store.numbered[emulator.collections["ACM"]][2]
    before = json.dumps(call(emulator, "GET", f"{REST}/workitem?spaceKey=ACM&workItemNumber=2").get_json())
    assert (
        call(emulator, "PUT", REST + "/workitem", {"id": item.id, "title": "y", "labelIds": ["0"]}).status_code == 404
    )
    after = json.dumps(call(emulator, "GET", f"{REST}/workitem?spaceKey=ACM&workItemNumber=2").get_json())
    assert after == before
    query = """mutation($id: ID!) { createCommentOnWorkItem(input: {id: $id, body: "x", threadId: "0"})
        { comment { id } } }"""
    assert graph(emulator, query, id=item.id)["errors"]


def test_the_empty_seed_has_the_same_set_up_and_no_items() -> None:
    """Spaces, columns, labels and people stand; nothing else."""
    full, empty = fresh(), fresh(seed="empty")
    assert set(full.collections) == set(empty.collections)
    query = "{ organization { users { username } spaces { key labels { name } statuses { name type } } } }"
    assert graph(full, query) == graph(empty, query)
    assert graph(empty, PAGE)["data"]["workItems"]["workItems"] == []
    assert empty.store.initiatives == empty.store.feedback == empty.store.comments == {}


def test_texts_come_back_as_sent_where_rendering_is_off() -> None:
    """A switch, for nobody knows all that the round trip through the editor does."""
    emulator = fresh()
    emulator.store.switches.rendered = False
    id_ = add(emulator, "x", description="a\n\n")
    assert emulator.store.work_items[id_].description == "a\n\n"


@pytest.mark.parametrize("status", [500, 502])
def test_a_scripted_fault_answers_in_the_form_of_the_system(status: int) -> None:
    """And its effects stay, where it strikes after them."""
    emulator = fresh()
    emulator.faults.add("POST " + REST + "/workitem", kind="after_commit_status", status=status)
    state = emulator.store.space("ACM").statuses[0].id
    answer = call(emulator, "POST", REST + "/workitem", {"title": "landed", "statusId": state})
    assert (answer.status_code, answer.get_json()["errors"][0]["status"]) == (status, status)
    assert any(item.title == "landed" for item in emulator.store.work_items.values())


def test_it_is_served_with_its_environment() -> None:
    """Address, token and space are what a playbook needs, over a real socket."""
    import requests

    emulator = create_emulator("kitemaker")
    with serve(emulator.app) as server:
        env = emulator.env(server.url)
        assert set(env) == {"KITEMAKER_URL", "KITEMAKER_TOKEN", "KITEMAKER_SPACE"}
        answer = requests.get(
            f"{env['KITEMAKER_URL']}{REST}/workitem",
            params={"spaceKey": env["KITEMAKER_SPACE"], "workItemNumber": "1"},
            headers={"X-API-KEY": env["KITEMAKER_TOKEN"]},
            timeout=30,
        )
        assert answer.json()["title"] == "Shorter set-up times"
