"""Laws of the Ketryx emulator that hold for any input, and it served on a port."""

import json
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from migrator.emulators.ketryx import SAMPLE_PROJECT, create
from migrator.emulators.ketryx.access import PERMISSIONS
from migrator.emulators.ketryx.ids import KETRYX_ID
from migrator.emulators.ketryx.sample import TYPES
from migrator.emulators.server import Emulator, ManualClock, create_emulator, serve

PATH = f"/api/v1/projects/{SAMPLE_PROJECT}"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
LABELS = {label.name: label.type for kind in TYPES if kind.name == "Test Case" for label in kind.fields}
VALUES = {"string": TEXTS, "array": st.lists(TEXTS, max_size=3)}
FIELDS = st.fixed_dictionaries({}, optional={name: st.none() | VALUES[kind] for name, kind in LABELS.items()})
WORDS = [
    "RQ", "SW", "RC", "*", "none", "and", "or", "not", "&&", "||", "!", "(", ")", ",", ":", "::", '"', "id", "type",
    "is", "controlled", "title", '"Test type"', "Priority", "3", "fulfills", "has parent", "to", "(0,*)", "diff",
    "new", "removed", "project", "selected", "PUMP-7", "approved", "me", "&", "[", "\\",
]  # fmt: skip


def call(emulator: Emulator, method: str, path: str, body: Any = None, **query: Any) -> TestResponse:
    return Client(emulator.app).open(
        PATH + path,
        method=method,
        query_string=query,
        data=None if body is None else json.dumps(body),
        headers={"Authorization": "Bearer KXTK_full"},
    )


def found(emulator: Emulator, text: str) -> set[str]:
    answer = call(emulator, "GET", "/records", query=text)
    assert answer.status_code == 200, answer.text
    return {record["itemId"] for record in answer.get_json()["records"]}


def fresh(**more: Any) -> Emulator:
    return create(**{"clock": ManualClock(), **more})


def wire_fields(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"label": name, "value": value} for name, value in fields.items()]


SAMPLE = fresh()
"""For laws that only read."""


@given(size=st.integers(1, 1000), cap=st.integers(1, 1000), path=st.sampled_from(["/items", "/records"]))
@settings(max_examples=40, deadline=None)
def test_pages_of_any_size_under_any_cap_partition_what_there_is(size: int, cap: int, path: str) -> None:
    """Following the effective maxResults brings each once, in one order; no page exceeds it."""
    emulator = fresh()
    emulator.store.switches.page_cap = cap
    seen: list[str] = []
    while True:
        page = call(emulator, "GET", path, query="*", startAt=len(seen), maxResults=size).get_json()
        entries = page[path[1:]]
        assert page["maxResults"] == min(size, cap) >= len(entries)
        assert page["startAt"] == len(seen)
        seen += [entry["id"] for entry in entries]
        if len(entries) < page["maxResults"]:
            break
    items = emulator.store.items.values()
    assert seen == [item.id if path == "/items" else item.current.id for item in items]


@given(text=st.text(max_size=40) | st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_query_or_is_refused_with_its_place(text: str) -> None:
    """200 or 400, never a crash; a refusal tells the offset."""
    answer = call(SAMPLE, "GET", "/records", query=text)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or "offset" in answer.get_json()["error"]


QUERIES = st.recursive(
    st.sampled_from(
        [
            "RQ",
            "SW",
            "RC",
            "*",
            "none",
            "is:controlled",
            "PUMP-7",
            "fulfills:RQ",
            '"has parent"::SW',
            "Priority:(2,3)",
        ]
    ),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: "({} {} {})".format(*parts))
        | inner.map("(not {})".format)
    ),
    max_leaves=6,
)


@given(one=QUERIES, other=QUERIES)
@settings(max_examples=60, deadline=None)
def test_queries_are_sets(one: str, other: str) -> None:
    """and intersects, or unites, not complements; both ways of writing agree."""
    a, b, everything = found(SAMPLE, one), found(SAMPLE, other), found(SAMPLE, "*")
    assert found(SAMPLE, f"{one} and {other}") == found(SAMPLE, f"{one}&&{other}") == a & b
    assert found(SAMPLE, f"{one} or {other}") == found(SAMPLE, f"{one}||{other}") == a | b
    assert found(SAMPLE, f"not {one}") == found(SAMPLE, f"!{one}") == everything - a


@given(source=TEXTS, title=TEXTS.filter(str.strip), fields=FIELDS)
@settings(max_examples=60, deadline=None)
def test_an_upsert_twice_is_once_and_reads_back(source: str, title: str, fields: dict[str, Any]) -> None:
    """The same call again makes no second item and no second revision; what was written is what is read."""
    emulator = fresh(seed="empty")
    body = {"sourceId": source, "type": "Test Case", "title": title, "fields": wire_fields(fields)}
    first, second = (call(emulator, "POST", "/items", body).get_json()["id"] for _ in range(2))
    (record,) = call(emulator, "GET", "/records", query="*").get_json()["records"]
    assert first == second == record["itemId"]
    assert (record["title"], record["revision"]) == (title, 1)
    assert {each["label"]: each["value"] for each in record["fields"]} == {**dict.fromkeys(LABELS), **fields}


@given(before=FIELDS, after=FIELDS)
@settings(max_examples=40, deadline=None)
def test_a_patch_changes_what_it_names_and_nothing_else(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Fields merge by label, for an item that was approved too: then the approved record stays as it was."""
    emulator = fresh(seed="empty")
    content = {"sourceId": "a", "type": "Test Case", "title": "t", "fields": wire_fields(before)}
    item = emulator.store.items[emulator.store.write(SAMPLE_PROJECT, content)]
    emulator.store.approve(item.id)
    approved = item.current
    emulator.store.write(SAMPLE_PROJECT, {"id": item.id, "fields": wire_fields(after)})
    want = {name: value for name, value in {**before, **after}.items() if value is not None}
    assert (item.current.fields, item.current.title) == (want, "t")
    assert item.controlled == approved
    assert item.current.controlled is (want == approved.fields)


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
KEYS = st.sampled_from(["id", "sourceId", "type", "title", "fields", "relations"])
ENTRIES = st.fixed_dictionaries(
    {}, optional={"label": st.sampled_from(sorted(LABELS)) | JSON, "value": JSON, "type": JSON, "toItem": JSON}
)


@given(body=st.dictionaries(KEYS, JSON | st.lists(ENTRIES, max_size=3), max_size=5) | JSON, known=st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_json_is_taken_or_refused_and_a_refusal_changes_nothing(body: Any, known: bool) -> None:
    emulator = fresh(seed="empty")
    emulator.store.write(SAMPLE_PROJECT, {"sourceId": "a", "type": "Test Case", "title": "t"})
    if known and isinstance(body, dict):
        body = {"sourceId": "a", **{name: value for name, value in body.items() if name != "id"}}
    before = {number: list(item.records) for number, item in emulator.store.items.items()}
    answer = call(emulator, "POST", "/items", body)
    assert answer.status_code in (200, 400, 404), answer.text
    if answer.status_code != 200:
        assert isinstance(answer.get_json()["error"], str)
        assert {number: item.records for number, item in emulator.store.items.items()} == before


def test_ids_are_of_the_published_shape_and_never_come_twice() -> None:
    store = fresh().store
    known = [*store.items, *(record.id for item in store.items.values() for record in item.records)]
    known += [*store.projects, *(version.id for project in store.projects.values() for version in project.versions)]
    assert len(set(known)) == len(known) > 50
    assert [number for number in known if not KETRYX_ID.fullmatch(number)] == []


def test_the_empty_seed_has_the_same_set_up_and_no_items() -> None:
    empty, full = fresh(seed="empty"), fresh()
    assert empty.collections == full.collections == {"sample": SAMPLE_PROJECT}
    assert empty.store.types == full.store.types
    assert (len(empty.store.items), len(full.store.items)) == (0, 25)


def test_who_may_nothing_gets_nothing() -> None:
    """Every path asks for a permission of its own."""
    emulator = fresh()
    key = emulator.store.keys["KXTK_full"]
    emulator.store.keys["KXTK_full"] = type(key)(key.token, PERMISSIONS - {"get items"})
    assert call(emulator, "GET", "/items").status_code == call(emulator, "GET", "/records").status_code == 403
    assert call(emulator, "GET", "").status_code == 200


@pytest.mark.parametrize(("status", "told"), [(500, None), (400, {"error": "Bad Request"})])
def test_a_scripted_fault_answers_in_the_form_of_the_system(status: int, told: Any) -> None:
    """Plain text from 500 on, as a gateway's; what was done before it stays done."""
    emulator = fresh(seed="empty")
    emulator.faults.add(f"POST {PATH}/items", kind="after_commit_status", status=status)
    answer = call(emulator, "POST", "/items", {"sourceId": "a", "type": "Task", "title": "landed"})
    assert (answer.status_code, answer.get_json(silent=True)) == (status, told)
    assert [item.current.title for item in emulator.store.items.values()] == ["landed"]


def test_served_on_a_port_it_is_reached_by_the_environment_that_it_tells() -> None:
    """Address, key and project, as `migrator emulate ketryx` prints them."""
    emulator = create_emulator("ketryx", clock=ManualClock())
    with serve(emulator.app) as server:
        env = emulator.env(server.url)
        answer = requests.get(
            f"{env['KETRYX_URL']}/api/v1/projects/{env['KETRYX_PROJECT']}/records",
            params={"query": '"External key":HW-1'},
            headers={"Authorization": f"Bearer {env['KETRYX_API_KEY']}"},
            timeout=30,
        )
    (record,) = answer.json()["records"]
    assert record["fields"][2] == {"label": "Manufacturer", "type": "string", "value": "東京モーター"}
