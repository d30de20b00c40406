"""Whatever is sent to the Kintone emulator, it answers in Kintone's form: no crash, nothing half written."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from migrator.emulators.kintone import sample
from tests.emulators.kintone_calls import Kintone

LINES = (Path(__file__).parent / "examples" / "kintone.jsonl").read_text("utf-8").splitlines()
STEPS = [step for line in LINES for step in json.loads(line)["steps"]]
SEEDS = [(step["call"].partition("?")[0], step["body"]) for step in STEPS if "body" in step and len(str(step)) < 900]
MORE = [
    ("GET apps.json", {"ids": [1], "codes": ["a"], "spaceIds": [1], "limit": 1, "offset": 0}),
    ("GET records/acl/evaluate.json", {"app": 1, "ids": [1]}),
    ("GET record/comments.json", {"app": 1, "record": 1, "order": "asc", "offset": 0, "limit": 1}),
    ("POST preview/app/form/fields.json", {"app": 2, "properties": {"l": sample.KITCHEN_SINK["lines"]}}),
    ("POST preview/app/form/fields.json", {"app": 2, "properties": {"l": sample.KITCHEN_SINK["customer"]}}),
    ("POST preview/app/form/fields.json", {"app": 2, "properties": {"l": sample.KITCHEN_SINK["quantity"]}}),
    ("PUT preview/app/form/fields.json", {"app": 2, "properties": {"rank": {"type": "DROP_DOWN", "options": {}}}}),
    ("DELETE preview/app/form/fields.json", {"app": 2, "fields": ["site", "credit"], "revision": -1}),
    ("POST preview/app/deploy.json", {"apps": [{"app": 2, "revision": -1}], "revert": False}),
    ("POST record.json", {"app": 2, "record": {"customer_no": {"value": "n"}, "name": {"value": "n"}}}),
    ("PUT record.json", {"app": 2, "id": 1, "record": {"l": {"value": [{"value": {"line_count": {"value": "1"}}}]}}}),
]  # fmt: skip
WORDS = [
    "",
    "1",
    "-1",
    "2024-02-30",
    "1e400",
    "9" * 30,
    "ann",
    "KS-1",
    "/k/v1/record.json",
    "PUT",
    "code",
    "value",
    "lines",
]
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 4), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS), st.text(max_size=5),
)  # fmt: skip
anything = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)),
    max_leaves=6,
)


def changed(body: Any, way: list[int], put: Any) -> Any:
    """The body with the part that `way` leads to replaced by `put`, or taken out where `put` is "(gone)"."""
    body = copy.deepcopy(body)
    place: Any = {"whole": body}
    key: Any = "whole"
    for step in way:
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner:
            break
        place, key = inner, (sorted(inner) if isinstance(inner, dict) else range(len(inner)))[step % len(inner)]
    if put == "(gone)" and key != "whole":
        del place[key]
    else:
        place[key] = put
    return body if key != "whole" else put


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS + MORE),
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
    st.one_of(anything, st.just("(gone)")),
)
@example(MORE[3], [], {"app": 2, "properties": {"l": sample.KITCHEN_SINK["lines"]}})
def test_a_body_with_any_part_changed_is_answered_in_kintones_form(seed: Any, way: list[int], put: Any) -> None:
    body = changed(seed[1], way, put)
    before = [len(app.table) for app in KINTONE.store.apps.values()]
    method, path = seed[0].split(" ")
    answer = Client(KINTONE.emulator.app).open(
        f"/k/v1/{path}", method=method, json=body, headers=sample.password_header()
    )
    told = answer.get_json()
    if answer.status_code != 200:
        assert told["results"] if "results" in told else told["code"]
        assert [len(app.table) for app in KINTONE.store.apps.values()] == before
    for app in KINTONE.store.apps.values():
        for row in app.table:
            assert row.json(app.projection(())).startswith(b"{")


KINTONE = Kintone()


@settings(max_examples=300, deadline=None)
@given(st.text('idea_no savings stage=<>!()",and or in not like is empty limit order by $1205\\　\t', max_size=40))
def test_any_query_is_answered_or_refused(query: str) -> None:
    status, answer = KINTONE.call("GET", "records.json", app=4, query=query)
    assert status == 200 or answer["code"].startswith(("CB_VA01", "GAIA_"))
