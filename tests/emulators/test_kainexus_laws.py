"""Laws of the KaiNexus emulator that hold for any input, and its store's Python side."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from migrator.emulators.kainexus import create
from migrator.emulators.kainexus.access import Key
from migrator.emulators.kainexus.organization import TeamType, Template
from migrator.emulators.kainexus.sample import IDEA
from migrator.emulators.server import Emulator, ManualClock

PREFIX = "/api/public/v1"
VOLATILE = {"lastUpdateDate"}

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
PEOPLE = st.lists(st.sampled_from([{"id": 4}, {"username": "greg"}, {"id": "6"}]), max_size=3)
PARTS = {
    "summary": TEXTS.filter(bool),
    "private": st.booleans(),
    "followers": PEOPLE,
    "collaborators": PEOPLE,
    "originatingLocations": st.lists(st.sampled_from([{"id": 1}, {"name": "Plant South"}]), max_size=2),
    "dueDate": st.sampled_from([None, "2024-05-01T05:00:00.123+0000"]),
    "fields": st.lists(
        st.builds(lambda number: {"id": 3, "numericValue": number}, NUMBERS)
        | st.builds(lambda text: {"name": "External key", "value": text}, TEXTS)
        | st.builds(lambda text: {"name": "Description", "value": text}, TEXTS),
        max_size=3,
    ),
    "milestones": st.just([{"name": "Adjust", "status": "APPROVED"}]),
}
GOOD = st.fixed_dictionaries({}, optional=PARTS)
BAD = st.sampled_from(
    [{"summary": None}, {"authors": [{"id": 99}]}, {"status": "DRAFT"}, {"fields": [{"id": 4, "value": "x"}]}, 7, {}]
)


def fresh(**more: Any) -> Emulator:
    return create(**{"pace": "off", "clock": ManualClock(), **more})


def call(emulator: Emulator, method: str, path: str, body: Any = None) -> TestResponse:
    auth = ("api", emulator.variables["KAINEXUS_API_KEY"])
    data = None if body is None else json.dumps(body)
    return Client(emulator.app).open(PREFIX + path, method=method, auth=auth, data=data)


def stays(before: dict[str, Any], after: dict[str, Any], named: set[str]) -> bool:
    return all(after[key] == before[key] for key in before if key not in named | VOLATILE)


@given(body=GOOD)
@settings(max_examples=40, deadline=None)
def test_what_an_update_does_not_name_stays(body: dict[str, Any]) -> None:
    store = fresh().store
    before, others = store.read(6144), {number: store.read(number) for number in store.items if number != 6144}
    assert store.write([{"id": 6144, **body}])[0].operation == "UPDATE"
    after = store.read(6144)
    assert stays(before, after, set(body))
    named = {each.get("name") or "Expected savings" for each in body.get("fields", [])}
    unnamed = [each for each in before["fields"] if each["name"] not in named]
    assert all(each in after["fields"] for each in unnamed)
    assert {number: store.read(number) for number in others} == others


@given(bodies=st.lists(st.tuples(st.booleans(), GOOD, BAD), min_size=1, max_size=6), atomic=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_refused_item_changes_nothing_and_leaves_the_others_unless_atomic(
    bodies: list[tuple[bool, dict[str, Any], Any]], atomic: bool
) -> None:
    emulator = fresh()
    emulator.store.options.atomic = atomic
    targets = sorted(emulator.store.items)[: len(bodies)]
    before = {number: emulator.store.read(number) for number in targets}
    sent = [
        {"id": number, "likeCount": 0, **good}
        if fine
        else ({**bad, **({"id": number} if bad else {})} if isinstance(bad, dict) else bad)
        for number, (fine, good, bad) in zip(targets, bodies, strict=True)
    ]
    answer = call(emulator, "PUT", "/json/itemList", {"items": sent}).get_json()
    all_fine = all(fine for fine, _, _ in bodies)
    assert answer["success"] is all_fine
    for index, (number, (fine, good, _)) in enumerate(zip(targets, bodies, strict=True)):
        if fine and (all_fine or not atomic):
            assert answer["results"][index] == {"id": number, "operation": "UPDATE"}
            assert "summary" not in good or emulator.store.read(number)["summary"] == good["summary"]
        else:
            assert stays(before[number], emulator.store.read(number), {"parentSummary"})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("id"), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = [
    *sorted(fresh().store.read(6141)),
    "comments", "responsible", "assigner", "sponsors", "resolutionActual", "suppressNotifications", "startDate",
]  # fmt: skip


PLACE_KEYS = ["username", "lastName", "type", "networkLocations", "name", "parent", "delete", "levelType"]


@given(
    body=st.dictionaries(st.sampled_from(KEYS + PLACE_KEYS), JSON, max_size=4),
    update=st.booleans(),
    path=st.sampled_from(["/json/item", "/json/user", "/json/networkLocation"]),
)
@settings(max_examples=150, deadline=None)
def test_any_json_is_taken_or_refused_with_a_code(body: dict[str, Any], update: bool, path: str) -> None:
    start = {"id": 12345} if update else {"templateId": 170, "summary": "x", "authors": [{"id": 4}]}
    answer = call(fresh(), "PUT", path, {"item": {**start, **body}})
    assert answer.status_code == 200
    assert answer.get_json()["success"] is ("errorCode" not in answer.get_json()["results"][0])


@given(number=st.sampled_from([5213, 6141, 6142, 12345, 13001, 13002]))
@settings(max_examples=6, deadline=None)
def test_an_item_put_back_as_it_was_read_is_accepted_and_stays(number: int) -> None:
    emulator = fresh()
    item = call(emulator, "GET", f"/json/item?id={number}").get_json()
    item["item"].pop("attributes")  # conditional and scored ones are the test of the examples
    assert call(emulator, "PUT", "/json/item", item).get_json()["success"] is True
    again = call(emulator, "GET", f"/json/item?id={number}").get_json()["item"]
    assert stays(item["item"], again, set())


@given(limit=st.integers(1, 25), card=st.sampled_from(["all", "ideas", "improvements", "packages"]))
@settings(max_examples=30, deadline=None)
def test_pages_of_any_length_give_each_item_of_the_card_once(limit: int, card: str) -> None:
    emulator = fresh()
    seen: list[int] = []
    while True:
        query = f"/json/itemList?id={emulator.collections[card]}&offset={len(seen)}&limit={limit}"
        page = call(emulator, "GET", query).get_json()
        seen += [item["id"] for item in page["items"]]
        if not page["items"] or len(seen) >= page["totalCount"]:
            break
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) == {"all": 19, "ideas": 7, "improvements": 12, "packages": 0}[card]


@given(gaps=st.lists(st.floats(0, 40), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_window_of_a_minute_holds_more_than_five_passed_calls(gaps: list[float]) -> None:
    """And a call after the promised wait always passes; updates of one item pass at any time."""
    clock = ManualClock()
    emulator = fresh(pace="documented", clock=clock)
    passed: list[float] = []
    for gap in gaps:
        clock.advance(gap)
        answer = call(emulator, "GET", "/json/itemList?id=345&limit=1")
        assert call(emulator, "PUT", "/json/item", {"item": {"id": 6141}}).status_code == 200
        if answer.status_code == 429:
            assert answer.get_json() == {"success": False, "errorCode": "UNKNOWN", "errorMessage": "rate limit"}
            assert len([at for at in passed if at > clock.now() - 60]) == 5
            clock.advance(int(answer.headers["Retry-After"]))
            assert call(emulator, "GET", "/json/item?id=6141").status_code == 200
        passed.append(clock.now())
    assert all(later - earlier >= 60 for earlier, later in zip(passed, passed[5:], strict=False))


def test_a_removed_location_leaves_the_people_and_items_that_named_it_readable() -> None:
    emulator = fresh()
    call(
        emulator,
        "PUT",
        "/json/networkLocationList",
        {"items": [{"id": 1, "delete": True}, {"id": 5, "delete": True}]},
    )
    assert call(emulator, "GET", "/json/user?id=4").get_json()["item"]["networkLocations"] == []
    assert "parent" not in call(emulator, "GET", "/json/networkLocation?id=6").get_json()["item"]
    assert call(emulator, "GET", "/json/itemList?id=345").get_json()["totalCount"] == 19


def test_each_key_has_its_own_pace_and_a_failed_log_in_counts_for_none() -> None:
    emulator = fresh(pace="documented")
    emulator.store.keys["other"] = Key("other")
    for _ in range(5):
        assert call(emulator, "GET", "/json/userList").status_code == 200
        assert Client(emulator.app).get(PREFIX + "/json/userList", auth=("api", "wrong")).status_code == 401
    assert call(emulator, "PUT", "/json/itemList", {"items": [{"id": 6141}]}).status_code == 429
    assert Client(emulator.app).get(PREFIX + "/json/userList", auth=("api", "other")).status_code == 200


def test_a_load_with_notifications_suppressed_on_each_item_mails_nobody() -> None:
    store = fresh().store
    quiet = {"templateId": 170, "summary": "x", "authors": [{"id": 4}], "suppressNotifications": True}
    store.write([quiet, quiet, {"id": 6141, "suppressNotifications": True}])
    assert store.notifications == []
    store.write([{"id": 13001, "summary": "loud"}])
    assert [(each.item, each.operation, each.told) for each in store.notifications] == [
        (13001, "UPDATE", ("ann", "greg"))
    ]


def test_the_empty_seed_has_the_same_set_up_and_no_items() -> None:
    full, empty = fresh(), fresh(seed="empty")
    assert empty.store.items == {}
    assert empty.collections == full.collections
    assert call(empty, "GET", "/json/itemList?id=345").get_json()["totalCount"] == 0
    assert call(empty, "GET", "/json/userList").get_json() == call(full, "GET", "/json/userList").get_json()


def test_the_check_of_required_people_can_be_switched_off_for_a_template() -> None:
    store = fresh().store
    assert store.write([{"id": 6141, "status": "ACTIVE"}])[0].refusal
    store.add_template(dataclasses.replace(IDEA, check_status=False))
    assert store.write([{"id": 6141, "status": "ACTIVE"}])[0].operation == "UPDATE"


def test_an_advanced_team_needs_facilitators_and_authors_only_where_they_are_on() -> None:
    store = fresh().store
    store.add_template(Template(400, "Project", TeamType.ADVANCED))
    store.add_template(Template(401, "Programme", TeamType.ADVANCED, authors_on=True))
    body = {"summary": "x", "facilitators": [{"id": 4}], "sponsors": [{"id": 5}]}
    number = store.add_item({"templateId": 400, **body})
    assert [each["id"] for each in store.read(number)["sponsors"]] == [5]
    assert str(store.write([{"templateId": 401, **body}])[0].refusal) == "EMPTY: authors required in status NEW"
    assert store.write([{"templateId": 400, "summary": "y"}])[0].refusal.code == "EMPTY"


REQUIRED = {
    # from the manual: status type -> what an item of a Simple or Standard team lacks when it has authors only,
    # and what it lacks once it has an owner (responsible) and a start date too
    "DRAFT": (set(), set()),
    "NEW": (set(), set()),
    "PLANNED": (set(), {"assigner", "assignDate", "dueDate"}),
    "ACTIVE": ({"responsible"}, {"assigner", "assignDate", "dueDate"}),
    "RES_SUBMITTED": (
        {"responsible", "resolutionSubmitDate"},
        {"assigner", "assignDate", "dueDate", "resolutionSubmitDate"},
    ),
    "COMPLETE": ({"responsible", "completeDate"}, {"assigner", "assignDate", "dueDate", "completeDate"}),
    "DEFERRED": ({"reviewDate"}, {"reviewDate"}),
}
OWNER = {"responsible": {"id": 4}, "startDate": "2023-05-01T12:00:00.000+0000"}


@pytest.mark.parametrize("kind", REQUIRED)
@pytest.mark.parametrize("team", list(TeamType))
@pytest.mark.parametrize("owner", [False, True])
def test_each_status_requires_what_the_manual_says(kind: str, team: TeamType, owner: bool) -> None:
    store = fresh(seed="empty").store
    store.add_template(Template(400, "Any", team))
    expected = set(REQUIRED[kind][owner])
    if team in (TeamType.ADVANCED, TeamType.AUTHOR_ONLY):
        expected -= {"responsible", "dueDate"}
    expected |= {"facilitators"} if team is TeamType.ADVANCED else set()
    body = {"templateId": 400, "summary": "x", "status": kind, "authors": [{"id": 4}], **(OWNER if owner else {})}
    refusal = store.write([body])[0].refusal
    named = set(refusal.message.split(" required")[0].split(", ")) if refusal else set()
    assert named == expected


def test_a_refused_update_keeps_none_of_its_comments() -> None:
    store = fresh().store
    comment = {"author": {"id": 4}, "comment": "hello"}
    assert store.write([{"id": 6144, "comments": [comment], "followers": [{"id": 99}]}])[0].refusal
    assert store.items[6144].comments == []


def test_private_items_and_drafts_show_only_to_keys_with_the_right() -> None:
    store = fresh().store
    draft = store.add_item({"templateId": 170, "summary": "d", "status": "DRAFT", "authors": [{"id": 4}]})
    secret = store.add_item({"templateId": 170, "summary": "p", "private": True, "authors": [{"id": 4}]})
    seen = {
        (key.drafts, key.private): {json.loads(each)["id"] for each in store.page(346, 0, 99, key)[0]}
        & {draft, secret}
        for key in (Key("a"), Key("b", drafts=False), Key("c", private=False))
    }
    assert seen == {(True, True): {draft, secret}, (False, True): {secret}, (True, False): {draft}}


def test_a_key_sees_the_items_of_its_locations_only_and_edits_by_right() -> None:
    emulator = fresh()
    store = emulator.store
    secret = emulator.variables["KAINEXUS_API_KEY"]
    store.keys[secret] = Key(secret, sees=frozenset({3}), edits=False)
    assert call(emulator, "GET", "/json/itemList?id=345").get_json()["totalCount"] == 12
    assert call(emulator, "GET", "/json/item?id=6141").get_json()["errorCode"] == "ACCESS_DENIED"
    assert store.write([{"id": 13001}], store.keys[secret])[0].refusal.code == "ACCESS_DENIED"


def test_a_card_can_filter_and_turn_its_order_and_follows_the_items() -> None:
    store = fresh().store
    card = store.add_card("tested", where=lambda item: item.status.name == "Being tested", newest_first=True)
    key = Key("")
    assert [json.loads(each)["id"] for each in store.page(card.id, 0, 9, key)[0]] == [13010, 13007, 13004, 13001]
    store.write([{"id": 13007, "customStatus": "Active"}])
    assert store.page(card.id, 0, 9, key)[1] == 3


def test_a_scripted_fault_answers_in_the_form_of_the_system() -> None:
    emulator = fresh()
    emulator.faults.add("PUT /api/public/v1/json/itemList", kind="after_commit_status", status=502)
    answer = call(emulator, "PUT", "/json/itemList", {"items": [{"id": 6141, "summary": "landed"}]})
    assert (answer.status_code, answer.get_json()["success"]) == (502, False)
    assert emulator.store.read(6141)["summary"] == "landed"
