"""Rules of Kintone that no other test of its emulator shows; docs/coverage names these tests."""

from __future__ import annotations

import io
from typing import Any

import pytest
from werkzeug.test import Client

from migrator.emulators.kintone import assumptions, sample
from migrator.emulators.kintone.app import Space
from tests.emulators.kintone_calls import Kintone, values

SINK, CUSTOMERS, ASSETS, IDEAS = 1, 2, 3, 4
CODES = {
    "$id": "$id", "RECORD_NUMBER": "Record_number", "NUMBER": "quantity", "CALC": "amount",
    "SINGLE_LINE_TEXT": "title", "LINK": "site", "MULTI_LINE_TEXT": "memo", "RICH_TEXT": "body", "FILE": "files",
    "CHECK_BOX": "colors", "MULTI_SELECT": "areas", "RADIO_BUTTON": "size", "DROP_DOWN": "state", "STATUS": "Status",
    "DATE": "day", "CREATED_TIME": "Created_datetime", "UPDATED_TIME": "Updated_datetime", "DATETIME": "moment",
    "TIME": "clock", "CREATOR": "Created_by", "MODIFIER": "Updated_by", "USER_SELECT": "people",
    "ORGANIZATION_SELECT": "departments", "GROUP_SELECT": "groups", "STATUS_ASSIGNEE": "Assignee",
}  # fmt: skip
"""Type -> a field of the kitchen sink."""
COMPARED = ("=", "!=", ">", "<", ">=", "<=")
WORDED = ("in", "not in", "like", "not like", "is empty", "is not empty")
_FAMILIES: dict[tuple[str, ...], set[str]] = {
    ("$id", "RECORD_NUMBER", "NUMBER", "CALC"): {*COMPARED, "in", "not in"},
    ("SINGLE_LINE_TEXT", "LINK"): {"=", "!=", "in", "not in", "like", "not like"},
    ("MULTI_LINE_TEXT", "RICH_TEXT", "FILE"): {"like", "not like", "is empty", "is not empty"},
    ("CHECK_BOX", "MULTI_SELECT", "RADIO_BUTTON", "DROP_DOWN"): {"in", "not in"},
    ("STATUS",): {"=", "!=", "in", "not in"},
    ("DATE", "CREATED_TIME", "UPDATED_TIME", "DATETIME", "TIME"): {*COMPARED},
    ("CREATOR", "MODIFIER", "USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT"): {"in", "not in"},
    ("STATUS_ASSIGNEE",): {"in", "not in"},
}
TABLE = {type_: operators for types, operators in _FAMILIES.items() for type_ in types}
"""Type -> operators, as the vendor's docs have them."""


@pytest.fixture
def kintone() -> Kintone:
    """The sample apps, the clock at 2027-01-15T08:00Z, a Friday."""
    return Kintone()


def refused(kintone: Kintone, method: str, path: str, /, **body: Any) -> str:
    """The code of a call that must fail."""
    status, answer = kintone.call(method, path, **body)
    assert status >= 400, answer
    return str(answer["code"])


# ---------------------------------------------------------------- Kintone: queries


def _operand(type_: str, operator: str) -> str:
    value = {"DATE": "2026-01-01", "TIME": "10:00"}.get(type_, "1")
    if type_ in ("CREATED_TIME", "UPDATED_TIME", "DATETIME"):
        value = "2026-01-01T00:00:00Z"
    if type_ in ("CHECK_BOX", "MULTI_SELECT", "RADIO_BUTTON", "DROP_DOWN"):
        value = ""
    if operator.endswith("empty"):
        return ""
    return f'("{value}")' if operator.endswith("in") else f'"{value}"'


@pytest.mark.parametrize("type_", TABLE)
def test_a_type_takes_the_operators_of_the_vendors_table_and_no_others(kintone: Kintone, type_: str) -> None:
    """Every other operator is GAIA_IQ03."""
    taken = set()
    for operator in (*COMPARED, *WORDED):
        query = f"{CODES[type_]} {operator} {_operand(type_, operator)}"
        status, answer = kintone.call("GET", "records.json", app=SINK, query=query)
        assert status == 200 or answer["code"] == "GAIA_IQ03", (query, answer)
        taken |= {operator} if status == 200 else set()
    assert taken == TABLE[type_]


@pytest.mark.parametrize(
    ("function", "first", "last"),
    [
        ("TODAY()", "2027-01-15", "2027-01-15"),
        ("YESTERDAY()", "2027-01-14", "2027-01-14"),
        ("TOMORROW()", "2027-01-16", "2027-01-16"),
        ("NOW()", "2027-01-15", "2027-01-15"),
        ("FROM_TODAY(-3, DAYS)", "2027-01-12", "2027-01-12"),
        ("FROM_TODAY(1, WEEKS)", "2027-01-22", "2027-01-22"),
        ("FROM_TODAY(1, MONTHS)", "2027-02-15", "2027-02-15"),
        ("FROM_TODAY(-1, YEARS)", "2026-01-15", "2026-01-15"),
        ("THIS_WEEK()", "2027-01-10", "2027-01-16"),
        ("LAST_WEEK(MONDAY)", "2027-01-04", "2027-01-04"),
        ("NEXT_WEEK(SUNDAY)", "2027-01-17", "2027-01-17"),
        ("THIS_MONTH()", "2027-01-01", "2027-01-31"),
        ("LAST_MONTH(LAST)", "2026-12-31", "2026-12-31"),
        ("NEXT_MONTH(31)", "2027-02-28", "2027-02-28"),
        ("THIS_YEAR()", "2027-01-01", "2027-12-31"),
        ("LAST_YEAR()", "2026-01-01", "2026-12-31"),
        ("NEXT_YEAR()", "2028-01-01", "2028-12-31"),
    ],
)
def test_a_date_function_means_its_days(kintone: Kintone, function: str, first: str, last: str) -> None:
    """Its first and last day are found, the days before and after are not."""
    from datetime import date, timedelta

    day, step = date.fromisoformat, timedelta(days=1)
    days = [str(day(first) - step), first, last, str(day(last) + step)]
    for at, each in enumerate(days):
        kintone.ok("POST", "record.json", app=ASSETS, record=values(serial=str(at), bought=each))
    assert kintone.ids(ASSETS, f"bought = {function} order by $id asc") == [2, 3]


def test_people_functions_and_odd_fields_in_queries(kintone: Kintone) -> None:
    """The caller's first organization; a revision and a related record are no fields of a query here."""
    client, ann = Client(kintone.emulator.app), sample.password_header(sample.PEOPLE[0])
    query = {"app": SINK, "query": "departments in (PRIMARY_ORGANIZATION())"}
    found = client.get("/k/v1/records.json", json=query, headers=ann).get_json()["records"]
    assert [record["$id"]["value"] for record in found] == ["1"]
    for query_text in ('$revision = "1"', 'same_customer.name = "x"'):
        assert refused(kintone, "GET", "records.json", app=SINK, query=query_text) == "GAIA_IQ11"
    for code in ("colors", "memo", "files", "line_item"):
        assert refused(kintone, "GET", "records.json", app=SINK, query=f"order by {code} asc") == "GAIA_IQ03"
    assert kintone.ids(IDEAS, "$id < 6 order by stage asc, $id desc") == [2, 3, 4, 5, 1]


def test_a_search_over_its_limit_is_cut_and_says_so(kintone: Kintone, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a header, under status 200, with the total cut too."""
    monkeypatch.setattr(assumptions, "SEARCH_LIMIT", 3)
    body = {"app": IDEAS, "query": "savings > 0 limit 500", "totalCount": True}
    headers = {"X-Cybozu-API-Token": kintone.token}
    answer = Client(kintone.emulator.app).get("/k/v1/records.json", json=body, headers=headers)
    assert answer.get_json()["totalCount"] == "3"
    assert answer.headers["X-Cybozu-Warning"] == "Filter aborted because of too many search results"


# ---------------------------------------------------------------- Kintone: values


def test_formats_of_a_formula(kintone: Kintone) -> None:
    """Date, date-time, time and hours, each in its own text."""
    formats = ("DATETIME", "DATE", "TIME", "HOUR_MINUTE", "DAY_HOUR_MINUTE")
    fields: dict[str, Any] = {"n": "NUMBER"}
    fields |= {name: {"type": "CALC", "expression": "n", "format": name} for name in formats}
    app = kintone.store.add_app("formats", fields).id
    kintone.ok("POST", "record.json", app=app, record=values(n="90061"))
    record = kintone.ok("GET", "record.json", app=app, id=1)["record"]
    told = ["1970-01-02T01:01:00Z", "1970-01-02", "01:01", "25:01", "25:01"]
    assert [record[name]["value"] for name in formats] == told


def test_defaults_codes_and_cleaning(kintone: Kintone) -> None:
    """An app's code stands before the number; now and the caller fill defaults; HTML is cleaned; choices as sent."""
    fields: dict[str, Any] = {
        "day": {"type": "DATE", "defaultNowValue": True},
        "moment": {"type": "DATETIME", "defaultNowValue": True},
        "who": {"type": "USER_SELECT", "defaultValue": [{"code": "LOGINUSER()", "type": "FUNCTION"}]},
        "html": "RICH_TEXT",
        "text": "SINGLE_LINE_TEXT",
        "memo": "MULTI_LINE_TEXT",
        "tags": {"type": "CHECK_BOX", "options": ["a", "b"]},
        "radio": {"type": "RADIO_BUTTON", "options": ["x", "y"], "defaultValue": "y"},
    }
    app = kintone.store.add_app("defaults", fields, code="APP").id
    sent = values(text=7, memo=" a\r\nb\n") | values(
        html='<b onclick="x()">hi</b><script>y()</script>', tags=["b", "a"], radio=""
    )
    kintone.ok("POST", "record.json", app=app, record=sent)
    record = kintone.ok("GET", "record.json", app=app, id=1)["record"]
    assert record["Record_number"]["value"] == "APP-1"
    assert (record["day"]["value"], record["moment"]["value"]) == ("2027-01-15", "2027-01-15T08:00:00Z")
    assert record["who"]["value"] == [{"code": "Administrator", "name": "Administrator"}]
    assert (record["html"]["value"], record["radio"]["value"]) == ("<b>hi</b>", "y")
    assert record["tags"]["value"] == ["b", "a"]
    assert (record["text"]["value"], record["memo"]["value"]) == ("7", " a\r\nb\n")
    assert kintone.ids(app, 'Record_number = "APP-1"') == [1]


def test_lookups_in_rows_and_by_record_number(kintone: Kintone) -> None:
    """Each row copies for itself; the key may be the looked-up app's record number, and then is a record id."""

    def lookup(key: str, into: str) -> dict[str, Any]:
        mapping = [{"field": into, "relatedField": "name"}]
        related = {"relatedApp": {"app": str(CUSTOMERS)}, "relatedKeyField": key, "fieldMappings": mapping}
        return {"type": "SINGLE_LINE_TEXT", "lookup": related}

    cells = {"key": lookup("customer_no", "name"), "name": "SINGLE_LINE_TEXT"}
    fields: dict[str, Any] = {
        "rows": {"type": "SUBTABLE", "fields": cells},
        "number": lookup("Record_number", "by"),
        "by": "SINGLE_LINE_TEXT",
    }
    app = kintone.store.add_app("lookups", fields).id
    rows = [{"value": values(key=key)} for key in ("C-002", "C-001", "")]
    kintone.ok("POST", "record.json", app=app, record=values(rows=rows, number="4"))
    record = kintone.ok("GET", "record.json", app=app, id=1)["record"]
    names = [row["value"]["name"]["value"] for row in record["rows"]["value"]]
    assert (names, record["by"]["value"]) == (["Birch & Sons", "Aoba Trading", ""], "Delta Works")


# ---------------------------------------------------------------- Kintone: calls


def test_fields_in_preparation_stand_apart_from_those_at_work(kintone: Kintone) -> None:
    """The preview shows them at once, the form only after deployment; codes have rules."""
    new = {"note": {"type": "MULTI_LINE_TEXT", "code": "note", "label": "Note"}}
    kintone.ok("POST", "preview/app/form/fields.json", app=ASSETS, properties=new)
    shown = kintone.ok("GET", "preview/app/form/fields.json", app=ASSETS)
    assert "note" in shown["properties"] and shown["revision"] == "2"
    assert "note" not in kintone.ok("GET", "app/form/fields.json", app=ASSETS, lang="en")["properties"]
    for code in ("1st", "x" * 129):
        odd = {code: {"type": "NUMBER", "code": code, "label": "x"}}
        assert refused(kintone, "POST", "preview/app/form/fields.json", app=ASSETS, properties=odd) == "CB_VA01"
    assert refused(kintone, "DELETE", "preview/app/form/fields.json", app=ASSETS, fields=["none"]) == "GAIA_FC01"
    asked = refused(kintone, "DELETE", "preview/app/form/fields.json", app=CUSTOMERS, fields=["customer_no"])
    assert asked == "GAIA_LO02"


def test_unique_goes_with_some_types_only(kintone: Kintone) -> None:
    """A cell's, and that of a type that never had it, is dropped without a word."""
    table = {"type": "SUBTABLE", "code": "rows", "label": "Rows"}
    cell = {"type": "SINGLE_LINE_TEXT", "code": "cell", "label": "Cell", "unique": True}
    body = {"app": ASSETS, "properties": {"rows": {**table, "fields": {"cell": cell}}}}
    kintone.ok("POST", "preview/app/form/fields.json", **body)
    shown = kintone.ok("GET", "preview/app/form/fields.json", app=ASSETS)["properties"]
    assert "unique" not in shown["rows"]["fields"]["cell"] and shown["serial"]["unique"] is True
    note = {"note": {"type": "MULTI_LINE_TEXT", "code": "note", "label": "Note", "unique": True}}
    kintone.ok("POST", "preview/app/form/fields.json", app=ASSETS, properties=note)
    shown = kintone.ok("GET", "preview/app/form/fields.json", app=ASSETS)["properties"]
    assert "unique" not in shown["note"]


def test_lists_of_a_hundred_and_one_are_refused(kintone: Kintone) -> None:
    """Apps, rights, statuses and properties: one message about the size."""
    client, login = Client(kintone.emulator.app), sample.password_header()
    many = list(range(1, 102))
    for path, body in (
        ("apps.json", {"ids": many}),
        ("apps.json", {"codes": [str(each) for each in many]}),
        ("apps.json", {"spaceIds": many}),
        ("records/acl/evaluate.json", {"app": SINK, "ids": many}),
    ):
        answer = client.get(f"/k/v1/{path}", json=body, headers=login).get_json()
        assert [told["messages"] for told in answer["errors"].values()] == [["size must be between 0 and 100"]]
    moves = [{"id": each, "action": "Start"} for each in many]
    assert refused(kintone, "PUT", "records/status.json", app=SINK, records=moves) == "CB_VA01"


def test_bulk_requests_mix_apps_and_processes(kintone: Kintone) -> None:
    """Records of one app, status and assignees of another, in order."""
    parts = [
        ("POST", "records.json", {"app": ASSETS, "records": [values(serial="A")]}),
        ("PUT", "record/status.json", {"app": SINK, "id": 1, "action": "Start", "assignee": "ann"}),
        ("PUT", "records/status.json", {"app": SINK, "records": [{"id": 2, "action": "Start", "assignee": "bob"}]}),
        ("PUT", "record/assignees.json", {"app": SINK, "id": 1, "assignees": ["bob"], "revision": 3}),
    ]
    requests = [{"method": method, "api": f"/k/v1/{path}", "payload": body} for method, path, body in parts]
    results = kintone.ok("POST", "bulkRequest.json", requests=requests)["results"]
    moved = [{"revision": "3"}, {"records": [{"id": "2", "revision": "3"}]}, {"revision": "4"}]
    assert results == [{"ids": ["1"], "revisions": ["1"]}, *moved]


def test_comments_have_limits_of_their_own(kintone: Kintone) -> None:
    """65,535 characters; mentions of known people; UTC to the second; older and newer in either order."""
    for text in ("one", "two", "three"):
        kintone.ok("POST", "record/comment.json", app=SINK, record=1, comment={"text": text})
    page = kintone.ok("GET", "record/comments.json", app=SINK, record=1, order="asc", offset=1, limit=1)
    assert (page["comments"][0]["text"], page["older"], page["newer"]) == ("two ", True, True)
    assert page["comments"][0]["createdAt"] == "2027-01-15T08:00:00Z"
    assert refused(kintone, "GET", "record/comments.json", app=SINK, record=1, order="up") == "CB_VA01"
    for comment, code in (
        ({"text": "x" * 65_536}, "CB_VA01"),
        ({"text": "x", "mentions": [{"code": "nobody", "type": "USER"}]}, "GAIA_IL26"),
    ):
        assert refused(kintone, "POST", "record/comment.json", app=SINK, record=1, comment=comment) == code
    kintone.store.app(SINK).comments_on = False
    assert refused(kintone, "GET", "record/comments.json", app=SINK, record=1) == "GAIA_RE12"


def test_odd_requests_are_told_apart(kintone: Kintone) -> None:
    """A content type that is not JSON, a file's missing key, an override to DELETE, upsert by one id twice."""
    client, headers = Client(kintone.emulator.app), {"X-Cybozu-API-Token": kintone.token}
    answer = client.post("/k/v1/record.json", data="app=3", content_type="text/plain", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (415, "CB_CT01")
    assert kintone.call("GET", "file.json")[1]["errors"].keys() == {"fileKey"}
    empty = {"file": (io.BytesIO(b""), "")}
    assert client.post("/k/v1/file.json", data=empty, headers=headers).get_json()["code"] == "CB_VA01"
    override = {**headers, "X-HTTP-Method-Override": "DELETE"}
    assert client.post("/k/v1/records.json", json={"app": IDEAS, "ids": [1]}, headers=override).status_code == 200
    twice = [{"id": 999, "revision": 7, "record": values(serial=name)} for name in "AB"]
    assert refused(kintone, "PUT", "records.json", app=ASSETS, upsert=True, records=twice) == "GAIA_RE09"
    kintone.ok("PUT", "records.json", app=ASSETS, upsert=True, records=twice[:1])
    key = {"field": "serial", "value": "x" * 65}
    assert refused(kintone, "PUT", "record.json", app=ASSETS, updateKey=key, record={}) == "CB_VA01"


def test_nine_tokens_go_with_blanks_between_and_rights_of_each_count(kintone: Kintone) -> None:
    """One per app, also in a repeated header; a guest space's app wants its own path; no other login is known."""
    apps = [kintone.store.add_app(f"app {at}", {"t": "NUMBER"}, every_token=False) for at in range(9)]
    for at, app in enumerate(apps):
        kintone.store.add_token(f"token-{at}", {app.id: ["view"]})
    nine = ", ".join(f"token-{at}" for at in range(9))
    assert all(kintone.call("GET", "records.json", token=nine, app=app.id)[0] == 200 for app in apps)
    client = Client(kintone.emulator.app)
    pair = [("X-Cybozu-API-Token", "token-0"), ("X-Cybozu-API-Token", "token-8")]
    assert client.get("/k/v1/records.json", json={"app": apps[8].id}, headers=pair).status_code == 200
    for other in ({"Authorization": "Bearer abc"}, {"Cookie": "JSESSIONID=1", "X-Requested-With": "XMLHttpRequest"}):
        answer = client.get("/k/v1/records.json", json={"app": ASSETS}, headers=other)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "CB_AU01")
    kintone.store.add_token("view", {SINK: ["view"]})
    move: dict[str, Any] = {"app": SINK, "id": 1, "action": "Start"}
    assert kintone.call("PUT", "record/status.json", token="view", **move)[1]["code"] == "GAIA_NO01"
    guest = kintone.store.add_app("guests", {"t": "NUMBER"}, space=Space(7, guest=True))
    assert refused(kintone, "GET", "records.json", app=guest.id) == "GAIA_IL23"
    headers = {"X-Cybozu-API-Token": kintone.token}
    answer = client.get("/k/guest/7/v1/records.json", json={"app": ASSETS}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "CB_NO02")
