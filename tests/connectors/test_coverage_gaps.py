"""What the connectors of Kintone and KaiNexus use, by call, type and key; docs/coverage.md names these tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from migrator.connectors.kainexus import KaiNexus
from migrator.connectors.kainexus.slots import FIXED
from migrator.connectors.kintone import Kintone
from migrator.connectors.kintone.form import DEFAULT_PRECISION, fields_of
from migrator.connectors.kintone.values import Payloads, to_record
from migrator.contract import Batch, Creates, Done, Failed, Item, Query, Recheck, Writing
from migrator.emulators.server import Emulator, create_emulator
from migrator.errors import Denied, LoginRefused, NotFound
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import OnTaken, Write
from migrator.model.values import File, Kind, Value, WritableOn
from tests.connectors.test_kainexus import options as kainexus_options
from tests.connectors.test_kainexus import wired
from tests.connectors.test_kainexus_oddities import Desk
from tests.connectors.wires import emulated

URL = "https://acme.kintone.example"
CREATE, UPDATE, NEVER, BOTH = Action.CREATE, Action.UPDATE, WritableOn.NEVER, WritableOn.BOTH
KINTONE_CALLS = {
    "GET app.json", "GET app/form/fields.json", "GET app/settings.json", "GET records.json", "GET file.json",
    "POST records/cursor.json", "GET records/cursor.json", "DELETE records/cursor.json", "POST records.json",
    "PUT records.json", "DELETE records.json", "POST bulkRequest.json", "POST file.json",
}  # fmt: skip
"""All that the connector asks; GET records.json goes as a POST that stands for it."""
KAINEXUS_CALLS = {
    "GET /json/item", "GET /json/itemList", "GET /json/userList", "GET /json/networkLocationList", "PUT /json/item",
    "PUT /json/itemList",
}  # fmt: skip


class Heard:
    """An app that notes method, path and headers of each request."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.calls: set[str] = set()
        self.headers: list[Mapping[str, str]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
        path = urlsplit(environ["PATH_INFO"]).path
        self.calls.add(f"{method} {path.removeprefix('/k/v1/').removeprefix('/api/public/v1')}")
        self.headers.append({name: str(value) for name, value in environ.items()})
        return self._app(environ, start_response)


# ---------------------------------------------------------------- Kintone


@contextmanager
def kintone(emulator: Emulator, app: Any = None, **login: Any) -> Iterator[tuple[Kintone, Any]]:
    """A connector, and the wire it goes over."""
    options = Kintone.Options(url=URL, **(login or {"api_token": emulator.variables["KINTONE_API_TOKEN"]}))
    with emulated(Kintone, options, app or emulator.app) as wire, Kintone(options, wire) as target:
        yield target, wire


def changed(action: Action, target_id: str | None = None, **after: Value) -> Change:
    """One line of a plan, without a revision."""
    return Change(
        id="0" * 32, step="s", phase=Phase.WRITE, action=action, key=("K",), target_id=target_id, after=after or None
    )


def batch(target: Any, writing: Writing, change: Change) -> Batch:
    """The change alone."""
    part = target.encode_change(writing, change)
    item = Item(change_id=change.id, key=change.key, target_id=change.target_id, part=part)
    return Batch(writing=writing, phase=Phase.WRITE, action=change.action, items=(item,))


def test_kintone_is_asked_by_these_calls_and_no_others() -> None:
    """Describing, counting, reading in both ways, looking up, downloading, writing in every way."""
    emulator = create_emulator("kintone", pace="off")
    heard = Heard(emulator.app)
    with kintone(emulator, heard) as (target, wire):
        sink = target.describe("1", Kintone.ReadOptions())
        for query in ("", "order by title asc"):
            read = Kintone.ReadOptions(query=query)
            pages = target.read(Query(collection=sink, read=read))
            records = [record for page in pages for record in page.records]
            assert target.count(Query(collection=sink, read=read)) == len(records) == 4
        files: list[Any] = [file for record in records for file in _several(record.fields["files"])]
        file = files[0]
        assert isinstance(file, File) and b"".join(target.open(file)) == b"kitchen sink"
        assert [page.size for page in target.find(sink, ("code",), [[("KS-1",)]], None)] == [1]
        assert [page.size for page in target.fetch(sink, [["1"]], None)] == [1]
        emulator.store.add_records("packages", ({"package": f"p-{at}"} for at in range(600)))
        by_cursor = Kintone.ReadOptions(reading="cursor")
        left_early: Any = target.read(Query(collection=target.describe("5", by_cursor), read=by_cursor))
        next(left_early)
        left_early.close()
        _write_in_every_way(target, wire)
        write = Writing(write=Write(system="t", collection="1"), options=Kintone.WriteOptions(), collection=sink)
        item = Item(change_id="0" * 32, key=("K",), target_id=None, part=b"", file=file)
        upload = (Batch(writing=write, phase=Phase.UPLOAD, action=Action.UPLOAD, items=(item,)),)
        (sent,) = target.decode(upload, wire.send(target.encode(upload), target.open).result())
        assert isinstance(sent, Done) and sent.target_id in emulator.store.files.uploads
    assert heard.calls == KINTONE_CALLS
    assert {headers["HTTP_ACCEPT_LANGUAGE"] for headers in heard.headers} == {"en"}


def _several(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else ()


def _write_in_every_way(target: Kintone, wire: Any) -> None:
    """A create, an upsert, an update, a bundle and a delete of assets."""
    assets = target.describe("3", None)

    def writing(on_taken: OnTaken) -> Writing:
        write = Write(system="t", collection="3", key=("serial",), on_taken=on_taken)
        return Writing(write=write, options=Kintone.WriteOptions(), collection=assets)

    plain, upsert = writing(OnTaken.CONFLICT), writing(OnTaken.UPDATE)
    ids = []
    for step, change in ((plain, changed(CREATE, serial="A")), (upsert, changed(CREATE, serial="B"))):
        one = (batch(target, step, change),)
        (result,) = target.decode(one, wire.send(target.encode(one)).result())
        assert isinstance(result, Done)
        ids.append(result.target_id)
    update = batch(target, plain, changed(UPDATE, ids[0], label="x"))
    delete = batch(target, plain, changed(Action.DELETE, ids[1]))
    for batches in ((update,), (batch(target, plain, changed(CREATE, serial="C")), update), (delete,)):
        results = target.decode(batches, wire.send(target.encode(batches)).result())
        assert all(isinstance(result, Done) for result in results)


def test_what_kintone_cannot_do_yet_is_said() -> None:
    """Statuses move by calls that are not made: a sentence, shown while planning."""
    with kintone(create_emulator("kintone")) as (target, _):
        cannot = target.capabilities(None).cannot
    assert "status" in cannot[Action.ACT] and cannot.keys() == {Action.ACT}
    logins = {"api_token", "username", "password", "basic_username", "basic_password"}
    assert {each.name for each in dataclasses.fields(Kintone.Options)} == {"url", "guest_space", *logins}


def test_limits_of_kintone_are_kept() -> None:
    """Records a write and a read, parts of a bulk request, requests at once, requests a day."""
    with kintone(create_emulator("kintone")) as (target, _):
        facts = target.capabilities(None)
    assert facts.batch_max[Action.UPLOAD] == 1 and set(facts.batch_max.values()) == {1, 100}
    assert facts.page_max == facts.find == facts.fetch_max == 500
    assert facts.bundle <= 20 and facts.in_flight <= 100 and facts.daily_quota == 10_000


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(400, "GAIA_DA03", LoginRefused), (404, "GAIA_AP01", NotFound), (400, "GAIA_IL23", NotFound),
     (403, "CB_NO02", Denied), (401, "", LoginRefused)],
)  # fmt: skip
def test_a_read_tells_codes_apart(status: int, code: str, error: type[Exception]) -> None:
    """By code, whatever the status line says beside it."""
    emulator = create_emulator("kintone")
    emulator.faults.add("GET /k/v1/app/form/fields.json", status=status, error_code=code)
    with kintone(emulator) as (target, _), pytest.raises(error):
        target.describe("3", None)


ANN = {"code": "ann", "name": "Ann"}
FILE = {"fileKey": "K", "name": "a", "contentType": "text/plain", "size": "1"}
ROW = {"id": "7", "value": {"cell": {"type": "NUMBER", "value": "1"}}}
CELL = {"cell": {"type": "NUMBER", "code": "cell", "label": "Cell"}}
TYPES: list[tuple[str, Kind, WritableOn, Any, Value, Any]] = [
    ("RECORD_NUMBER", Kind.TEXT, NEVER, "APP-1", "APP-1", None),
    ("CREATOR", Kind.USER, WritableOn.CREATE, ANN, "ann", {"code": "ann"}),
    ("MODIFIER", Kind.USER, WritableOn.CREATE, ANN, "ann", {"code": "ann"}),
    ("CREATED_TIME", Kind.DATETIME, WritableOn.CREATE, "2024-03-01T00:30:00Z", "2024-03-01T00:30:00Z", ...),
    ("UPDATED_TIME", Kind.DATETIME, WritableOn.CREATE, "2024-03-01T00:30:00Z", "2024-03-01T00:30:00Z", ...),
    ("SINGLE_LINE_TEXT", Kind.TEXT, BOTH, "a", "a", ...),
    ("MULTI_LINE_TEXT", Kind.TEXT, BOTH, "a\nb", "a\nb", ...),
    ("RICH_TEXT", Kind.RICH_TEXT, BOTH, "<b>a</b>", "<b>a</b>", ...),
    ("LINK", Kind.TEXT, BOTH, "https://a.example", "https://a.example", ...),
    ("NUMBER", Kind.NUMBER, BOTH, "1.5", "1.5", ...),
    ("CALC", Kind.NUMBER, NEVER, "1.5", "1.5", None),
    ("CHECK_BOX", Kind.CHOICES, BOTH, ["x"], ("x",), ...),
    ("MULTI_SELECT", Kind.CHOICES, BOTH, ["x"], ("x",), ...),
    ("RADIO_BUTTON", Kind.CHOICE, BOTH, "x", "x", ...),
    ("DROP_DOWN", Kind.CHOICE, BOTH, "x", "x", ...),
    ("DATE", Kind.DATE, BOTH, "2024-03-01", "2024-03-01", ...),
    ("TIME", Kind.TIME, BOTH, "09:05", "09:05", ...),
    ("DATETIME", Kind.DATETIME, BOTH, "2024-03-01T00:30:00Z", "2024-03-01T00:30:00Z", ...),
    ("USER_SELECT", Kind.USERS, BOTH, [ANN], ("ann",), [{"code": "ann"}]),
    ("ORGANIZATION_SELECT", Kind.USERS, BOTH, [ANN], ("ann",), [{"code": "ann"}]),
    ("GROUP_SELECT", Kind.USERS, BOTH, [ANN], ("ann",), [{"code": "ann"}]),
    ("FILE", Kind.FILES, BOTH, [FILE], (File(name="a", size=1, media_type="text/plain", where="K", system=""),),
     [{"fileKey": "K"}]),
    ("STATUS", Kind.TEXT, NEVER, "Done", "Done", None),
    ("STATUS_ASSIGNEE", Kind.USERS, NEVER, [ANN], ("ann",), None),
    ("CATEGORY", Kind.CHOICES, NEVER, ["x"], ("x",), None),
    ("SUBTABLE", Kind.TABLE, BOTH, [ROW], ({"cell": "1"},), [{"value": {"cell": {"value": "1"}}}]),
]  # fmt: skip
"""Type, kind, when it takes values; in an answer, in a record, in a write (...: as in the answer)."""


@pytest.mark.parametrize(("type_", "kind", "writable", "shown", "held", "sent"), TYPES, ids=[row[0] for row in TYPES])
def test_each_type_of_kintone_is_read_and_written(
    type_: str, kind: Kind, writable: WritableOn, shown: Any, held: Value, sent: Any
) -> None:
    """Kind, what a record holds, what travels back; what takes no value never travels."""
    told: dict[str, Any] = {"type": type_, "code": "f", "label": "F", "enabled": True}
    told |= {"fields": CELL} if type_ == "SUBTABLE" else {}
    fields = fields_of({"f": told}, DEFAULT_PRECISION)
    ids = {"$id": {"type": "__ID__", "value": "1"}, "$revision": {"type": "__REVISION__", "value": "2"}}
    record = to_record({**ids, "f": {"type": type_, "value": shown}})
    assert (fields["f"].kind, fields["f"].writable_on) == (kind, writable)
    assert (record.id, record.version, record.fields) == ("1", "2", {"f": held})
    if writable is not NEVER:
        assert Payloads(fields).made(record.fields) == {"f": {"value": shown if sent is ... else sent}}


@pytest.mark.parametrize("type_", ["GROUP", "REFERENCE_TABLE", "STATUS", "STATUS_ASSIGNEE", "CATEGORY"])
def test_what_never_stands_in_a_record_is_no_field(type_: str) -> None:
    """Groups and related records by their nature, workflow fields where they are switched off."""
    told = {"type": type_, "code": "f", "label": "F", "enabled": False}
    assert fields_of({"f": told}, DEFAULT_PRECISION) == {}


# ---------------------------------------------------------------- KaiNexus


@pytest.fixture
def organization() -> Emulator:
    """The sample organization."""
    return create_emulator("kainexus", pace="off")


@contextmanager
def desk(emulator: Emulator, app: Any = None, **written: Any) -> Iterator[Desk]:
    """A connector on the ideas."""
    login = kainexus_options(emulator)
    heard = dataclasses.replace(emulator, app=app or emulator.app)
    with wired(heard, login) as wire:
        yield Desk(KaiNexus(login, wire), wire, **written)


def test_kainexus_is_asked_by_these_calls_and_no_others(organization: Emulator) -> None:
    """Describing, reading a card, fetching, writing in both ways."""
    heard = Heard(organization.app)
    for call in ("itemList", "item"):
        with desk(organization, heard, call=call) as open_desk:
            assert list(
                open_desk.target.read(Query(collection=open_desk.collection, read=KaiNexus.ReadOptions(list=345)))
            )
            assert isinstance(open_desk.update("6141", {"summary": call}), Done)
    assert heard.calls == KAINEXUS_CALLS


def test_what_kainexus_cannot_do_is_said(organization: Emulator) -> None:
    """No delete unless the risk is taken, no files, no further calls; no login but the key; no look-up by key."""
    with desk(organization) as open_desk:
        facts = open_desk.target.capabilities(open_desk.options)
        risky = dataclasses.replace(open_desk.options, undocumented_delete=True)
        risked = open_desk.target.capabilities(risky)
    assert (Action.DELETE in facts.batch_max, Action.DELETE in risked.batch_max) == (False, True)
    assert len(risked.notes) == len(facts.notes) + 1
    assert facts.cannot.keys() == {Action.DELETE, Action.UPLOAD, Action.ACT}
    assert not facts.find and not facts.upsert
    assert (facts.creates, facts.recheck) == (Creates.UNGUARDED, Recheck.SCAN)
    assert [each.name for each in dataclasses.fields(KaiNexus.Options)] == ["url", "api_key", "tenant"]


DATE = "2024-03-01T09:30:00Z"
KEYS: dict[str, Value] = {
    "summary": "a title", "status": "DEFERRED", "customStatus": "Planned", "parentId": "5213", "private": True,
    "responsible": "greg", "assigner": "mia", **dict.fromkeys(("authors", "facilitators"), ("greg",)),
    "collaborators": ("tom",), "followers": ("greg", "mia"),
    "participatingLocations": ("Executive",), "originatingLocations": ("Development",),
    "responsibleLocations": ("Plant South",),
    **dict.fromkeys(("createDate", "startDate", "assignDate", "dueDate", "resolutionSubmitDate"), DATE),
    **dict.fromkeys(("completeDate", "reviewDate"), DATE),
    **{f"resolution{part}": {"investments": ({"typeName": "Financial", "amount": 7, "currencyCode": "USD"},)}
       for part in ("Actual", "Target", "Forecast")},
    "Description": "text", "External key": "K-1", "Expected savings": 12.5, "Target date": "2024-03-01",
    "Go-live": DATE, "Category": "Quality", "Owner": "mia", "Site": "Plant South", "Adjust": "APPROVED",
    "Analyze": "READY", "milestone-notes:Adjust": "well done", "html:Description": "<p>a</p>",
}  # fmt: skip
"""A value for each key that takes one on an item that stands."""
READ_ONLY: dict[str, Callable[[Any], bool]] = {
    "templateId": lambda seen: seen == 170,
    "templateName": lambda seen: seen == "Idea",
    "link": lambda seen: str(seen).endswith("6141"),
    "parentSummary": lambda seen: seen == "Less walking in the plant",
    "lastUpdateDate": lambda seen: str(seen).endswith("Z"),
    "likeCount": lambda seen: seen == 0,
    "ackCount": lambda seen: seen == 0,
    "voteCount": lambda seen: seen == 0,
}


@pytest.mark.parametrize("key", KEYS)
def test_each_key_of_an_item_is_written_and_read_back(organization: Emulator, key: str) -> None:
    """Over the wire, by the one rule of equality; `reviewDate` and the like go along where a status asks for them."""
    needed = {"status": {"reviewDate": DATE}}.get(key, {})
    with desk(organization, kinds={"Go-live": "datetime"}) as open_desk:
        wanted: dict[str, Value] = {key: KEYS[key], **needed}
        if key in ("responsible", "startDate"):
            wanted |= {"assigner": "ann", "startDate": DATE, "assignDate": DATE, "dueDate": DATE}
        assert not open_desk.stands("6141", {key: KEYS[key]})
        assert isinstance(open_desk.update("6141", wanted), Done)
        assert open_desk.stands("6141", wanted)
        assert (open_desk.collection.fields or {})[key].writable_on is BOTH


@pytest.mark.parametrize("key", READ_ONLY)
def test_what_the_server_sets_is_read_and_takes_no_value(organization: Emulator, key: str) -> None:
    """The planner is told so; a record shows it."""
    with desk(organization) as open_desk:
        assert (open_desk.collection.fields or {})[key].writable_on is NEVER
        assert READ_ONLY[key](open_desk.record("6141").fields[key])


def test_people_of_advanced_teams_and_comments_have_their_keys(organization: Emulator) -> None:
    """Nothing that an item has is without a test here; comments are made on creation only."""
    advanced = {"sponsors", "leaders", "participants"}
    assert {*FIXED} <= {*KEYS, *READ_ONLY, *advanced, "comments"}
    from migrator.emulators.kainexus.organization import TeamType, Template

    organization.store.add_template(Template(400, "Project", TeamType.ADVANCED))
    body = {"templateId": 400, "summary": "x", "facilitators": [{"id": 4}]}
    number = str(organization.store.add_item(body))
    with desk(organization) as open_desk:
        wanted: dict[str, Value] = dict.fromkeys(sorted(advanced), ("greg", "tom"))
        assert isinstance(open_desk.update(number, wanted), Done) and open_desk.stands(number, wanted)
        assert (open_desk.collection.fields or {})["comments"].writable_on is WritableOn.CREATE


ENTRY: dict[str, Value] = {
    "typeId": 5, "typeName": "Revenue Generation", "title": "t", "comment": "c", "valueType": "CUSTOM",
    "amount": 150.5, "currencyCode": "USD", "amountTimeUnit": "HOUR", "recurringInterval": "WEEK",
    "numberOfPeople": 4.0, "personProductServiceResource": "Engineer", "rangeStart": "2020-01-15T06:00:00.000+0000",
    "rangeEnd": "2020-10-15T05:00:00.000+0000", "realizedDate": "2020-07-17T18:32:01.000+0000",
    "monthlyValues": ({"year": 2020, "month": 3, "value": 2.0}, {"year": 2020, "month": 1, "value": 1.0}),
    "pastCount": 10, "pastUnit": "DAY", "futureCount": 5, "futureUnit": "DAY", "decreasedChance": "YES",
    "classification": "SIGNIFICANT", "locations": ({"id": 3, "name": "Development"},),
    "attributes": ({"id": 2, "name": "Category", "values": ({"id": 3629, "name": "General Process"},)},),
}  # fmt: skip
"""Every key that an impact or an investment may have."""


@pytest.mark.parametrize("kind", ["ONE_TIME", "RECURRING", "RANGE", "CUSTOM"])
def test_every_key_of_an_impact_passes_through(organization: Emulator, kind: str) -> None:
    """Written once, it stands; the server's own keys are read beside it; sent again, no second entry is made."""
    block: dict[str, Value] = {"result": "CHANGE", "impacts": ({**ENTRY, "valueType": kind},)}
    with desk(organization) as open_desk:
        for _ in range(2):
            assert isinstance(open_desk.update("6141", {"resolutionActual": block}), Done)
            assert open_desk.stands("6141", {"resolutionActual": block})
        found: Any = open_desk.record("6141").fields["resolutionActual"]
    (entry,) = found["impacts"]
    assert {"id", "calculatedValue", "unitValueRate", "personProductServiceResourceId"} <= entry.keys() - ENTRY.keys()


@pytest.mark.parametrize("name", ["UNKNOWN", "SIZE", "INVALID_CHANGE", "NOT_VALID", "EMPTY", "NOT_FOUND"])
def test_an_unknown_code_and_every_known_one_fail_the_item_by_name(organization: Emulator, name: str) -> None:
    """Under 200 as under 400: the item failed, with the code and words of the server."""
    for status in (200, 400):
        organization.faults.add("PUT /api/public/v1/json/itemList", status=status, error_code=name)
        with desk(organization) as open_desk:
            result = open_desk.update("6141", {"summary": "x"})
        assert isinstance(result, Failed) and result.code == name and result.reason
