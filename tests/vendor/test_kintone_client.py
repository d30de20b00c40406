"""The vendor's JavaScript client, unmodified, finds in the emulator the Kintone that it was written for."""

import base64
from typing import Any

import pytest

from migrator.emulators.kintone.app import Space
from migrator.emulators.server import Emulator
from tests.vendor.conftest import MakeClient

pytestmark = pytest.mark.vendor
SINK, ASSETS, IDEAS = 1, 3, 4


def assets(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"serial": {"value": f"S{at:05d}"}, "cost": {"value": str(at)}} for at in range(start, start + count)]


def test_records_are_added_read_updated_upserted_and_deleted_one_by_one(make_client: MakeClient) -> None:
    client = make_client()
    added = client("record.addRecord", app=ASSETS, record={"serial": {"value": "A"}})
    assert added == {"id": "1", "revision": "1"}
    changed = {"cost": {"value": "1.5e1"}}
    assert client("record.updateRecord", app=ASSETS, id=1, record=changed, revision=1) == {"revision": "2"}
    key = {"field": "serial", "value": "A"}
    assert (
        client("record.updateRecord", app=ASSETS, updateKey=key, record={"label": {"value": "x"}})["revision"] == "3"
    )
    assert client("record.upsertRecord", app=ASSETS, updateKey=key, record={"label": {"value": "y"}})["id"] == "1"
    other = {"field": "serial", "value": "B"}
    assert client("record.upsertRecord", app=ASSETS, updateKey=other, record={}) == {"id": "2", "revision": "1"}
    read = client("record.getRecord", app=ASSETS, id=1)["record"]
    assert (read["cost"]["value"], read["label"]["value"], read["$revision"]["value"]) == ("15", "y", "4")
    assert client("record.deleteRecords", app=ASSETS, ids=[1, 2], revisions=[4, 1]) == {}
    assert client.error("record.getRecord", app=ASSETS, id=1)["code"] == "GAIA_RE01"


def test_batches_of_any_size_go_through_bulk_requests(make_client: MakeClient, kintone: tuple[Emulator, str]) -> None:
    client, store = make_client(), kintone[0].store
    added = client("record.addAllRecords", app=ASSETS, records=assets(2150))
    assert len(added["records"]) == 2150
    updates = [{"id": at, "record": {"label": {"value": "new"}}} for at in range(1, 2151)]
    updated = client("record.updateAllRecords", app=ASSETS, records=updates)
    assert {record["revision"] for record in updated["records"]} == {"2"}
    mixed = [{"updateKey": {"field": "serial", "value": f"S{at:05d}"}, "record": {}} for at in range(2148, 2152)]
    told = client("record.updateAllRecords", app=ASSETS, records=mixed, upsert=True)["records"]
    assert [record["operation"] for record in told] == ["UPDATE", "UPDATE", "INSERT", "INSERT"]
    client("record.deleteAllRecords", app=ASSETS, records=[{"id": at} for at in range(1, 2149)])
    assert [record["$id"] for record in store.records(ASSETS)] == ["2149", "2150", "2151", "2152"]


def test_every_way_of_reading_all_records_gives_all_of_them(make_client: MakeClient) -> None:
    client = make_client()
    client("record.addAllRecords", app=ASSETS, records=assets(1201))
    for ways in ({}, {"orderBy": "cost desc"}, {"withCursor": False, "orderBy": "cost desc"}):
        found = client("record.getAllRecords", app=ASSETS, fields=["serial", "cost"], condition="cost >= 1", **ways)
        assert sorted(record["serial"]["value"] for record in found) == [f"S{at:05d}" for at in range(1, 1201)]
    by_id = client("record.getAllRecordsWithId", app=ASSETS, fields=["serial"])
    assert [int(record["$id"]["value"]) for record in by_id] == list(range(1, 1202))
    page = client("record.getRecords", app=ASSETS, query="cost < 3 order by cost asc limit 2", totalCount=True)
    assert (len(page["records"]), page["totalCount"]) == (2, "3")


def test_a_query_too_long_for_a_url_is_sent_as_a_body(make_client: MakeClient) -> None:
    client = make_client()
    client("record.addRecords", app=ASSETS, records=assets(3))
    codes = ", ".join(f'"S{at:05d}"' for at in range(1000))
    assert len(client("record.getRecords", app=ASSETS, query=f"serial in ({codes})")["records"]) == 3


def test_a_cursor_is_read_to_its_end_and_is_gone(make_client: MakeClient) -> None:
    client = make_client()
    made = client("record.createCursor", app=IDEAS, fields=["idea_no"], query="order by idea_no asc", size=6)
    assert made["totalCount"] == "10"
    assert client("record.getRecordsByCursor", id=made["id"])["next"] is True
    assert client("record.getRecordsByCursor", id=made["id"])["next"] is False
    assert client.error("record.getRecordsByCursor", id=made["id"])["code"] == "GAIA_CN01"
    opened = client("record.createCursor", app=IDEAS)["id"]
    assert client("record.deleteCursor", id=opened) == {}


def test_comments_come_and_go(make_client: MakeClient) -> None:
    ann = make_client("ann")
    comment = {"text": "hello", "mentions": [{"code": "bob", "type": "USER"}]}
    assert ann("record.addRecordComment", app=SINK, record=1, comment=comment) == {"id": "1"}
    told = ann("record.getRecordComments", app=SINK, record=1, order="asc", limit=5)
    assert told["comments"][0]["text"] == "hello "
    assert told["comments"][0]["mentions"] == [{"code": "bob", "type": "USER"}]
    assert (told["older"], told["newer"]) == (False, False)
    assert make_client().error("record.deleteRecordComment", app=SINK, record=1, comment=1)["code"] == "GAIA_RE03"
    assert ann("record.deleteRecordComment", app=SINK, record=1, comment=1) == {}


def test_status_and_assignees_move_on(make_client: MakeClient) -> None:
    client = make_client()
    assert client("record.updateRecordStatus", app=SINK, id=1, action="Start", assignee="ann")["revision"] == "3"
    assert client("record.updateRecordAssignees", app=SINK, id=1, assignees=["bob"], revision=3)["revision"] == "4"
    moves = [{"id": 1, "action": "Finish"}, {"id": 2, "action": "Start", "assignee": "bob"}]
    assert client("record.updateRecordsStatus", app=SINK, records=moves)["records"] == [
        {"id": "1", "revision": "6"},
        {"id": "2", "revision": "3"},
    ]
    assert client("record.getRecord", app=SINK, id=2)["record"]["Assignee"]["value"][0]["code"] == "bob"
    assert client.error("record.updateRecordStatus", app=SINK, id=1, action="Start")["code"] == "GAIA_IL03"


def test_permissions_are_told_by_password_only(make_client: MakeClient) -> None:
    told = make_client("Administrator")("app.evaluateRecordsAcl", app=SINK, ids=[2, 1])
    assert [right["id"] for right in told["rights"]] == ["2", "1"]
    assert told["rights"][0]["record"] == {"viewable": True, "editable": True, "deletable": True}
    assert make_client().error("app.evaluateRecordsAcl", app=SINK, ids=[1])["code"] == "GAIA_NO01"
    assert make_client().error("app.getApps")["code"] == "GAIA_NO01"
    assert len(make_client("ann")("app.getApps", name="KITCHEN")["apps"]) == 1


def test_a_bulk_request_is_all_or_nothing_and_names_the_culprit(
    make_client: MakeClient, kintone: tuple[Emulator, str]
) -> None:
    client, store = make_client(), kintone[0].store
    error = client.error("record.addAllRecords", app=ASSETS, records=[*assets(150), *assets(1)])
    assert (error["name"], error["errorIndex"]) == ("KintoneAllRecordsError", 150)
    assert error["inner"]["errors"] == {
        "records[50].serial.value": {"messages": ["This value already exists in another record."]}
    }
    assert store.records(ASSETS) == []
    payload = {"app": ASSETS, "record": {"serial": {"value": "A"}}}
    parts = [
        {"method": "POST", "api": "/k/v1/record.json", "payload": payload},
        _part("PUT", "record", {"app": ASSETS, "id": 1, "record": {}, "revision": 1}),
        _part("PUT", "record/status", {"app": SINK, "id": 1, "action": "Start", "assignee": "ann"}),
        _part("DELETE", "records", {"app": ASSETS, "ids": [1], "revisions": [2]}),
    ]
    results = client("bulkRequest", requests=parts)["results"]
    assert results == [{"id": "1", "revision": "1"}, {"revision": "2"}, {"revision": "3"}, {}]


def _part(method: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "endpointName": name, "payload": payload}


def test_files_go_up_into_a_record_and_down_again(make_client: MakeClient) -> None:
    client = make_client()
    content = bytes(range(256)) * 50
    sent = {"name": "図面.bin", "base64": base64.b64encode(content).decode()}
    key = client("file.uploadFile", **sent)["fileKey"]
    assert client.error("file.downloadFile", fileKey=key)["status"] == 404
    client("record.updateRecord", app=SINK, id=2, record={"files": {"value": [{"fileKey": key}]}})
    shown = client("record.getRecord", app=SINK, id=2)["record"]["files"]["value"][0]
    assert (shown["name"], shown["size"]) == ("図面.bin", str(len(content)))
    assert base64.b64decode(client("file.downloadFile", fileKey=shown["fileKey"])) == content


def test_a_form_is_changed_deployed_and_read_back(make_client: MakeClient) -> None:
    client = make_client()
    fields = {"colour": {"type": "RADIO_BUTTON", "code": "colour", "label": "Colour", "options": {
        "red": {"label": "red", "index": "1"}, "blue": {"label": "blue", "index": "0"}}}}  # fmt: skip
    assert client("app.addFormFields", app=ASSETS, properties=fields) == {"revision": "2"}
    assert "colour" not in client("app.getFormFields", app=ASSETS)["properties"]
    assert client("app.deployApp", apps=[{"app": ASSETS, "revision": "2"}]) == {}
    statuses = [client("app.getDeployStatus", apps=[ASSETS])["apps"][0]["status"] for _ in range(2)]
    assert statuses == ["PROCESSING", "SUCCESS"]
    colour = client("app.getFormFields", app=ASSETS)["properties"]["colour"]
    assert (colour["required"], colour["defaultValue"]) == (True, "blue")
    kinds = {entry["type"] for entry in client("app.getFormLayout", app=SINK)["layout"]}
    assert {"ROW", "SUBTABLE", "GROUP"} <= kinds
    client("app.updateFormFields", app=ASSETS, properties={"colour": {"type": "RADIO_BUTTON", "label": "Farbe"}})
    client("app.deleteFormFields", app=ASSETS, fields=["location"])
    client("app.deployApp", apps=[{"app": ASSETS}])
    properties = client("app.getFormFields", app=ASSETS)["properties"]
    assert properties["colour"]["label"] == "Farbe"
    assert "location" not in properties
    assert client.error("app.deployApp", apps=[{"app": ASSETS, "revision": "1"}])["code"] == "GAIA_CO03"


def test_settings_and_process_are_told(make_client: MakeClient) -> None:
    client = make_client()
    assert client("app.getApp", id=SINK)["name"] == "kitchen-sink"
    assert client("app.getAppSettings", app=SINK)["numberPrecision"]["decimalPlaces"] == "4"
    process = client("app.getProcessManagement", app=SINK)
    assert process["enable"] is True
    assert [action["to"] for action in process["actions"]] == ["In progress", "Done", "Not started"]
    assert client("app.getProcessManagement", app=ASSETS)["states"] is None


def test_a_guest_space_has_paths_of_its_own(make_client: MakeClient, kintone: tuple[Emulator, str]) -> None:
    app = kintone[0].store.add_app("guests", {"text": "SINGLE_LINE_TEXT"}, space=Space(7, guest=True))
    assert make_client(guestSpaceId=7)("record.addRecord", app=app.id, record={})["id"] == "1"
    assert make_client().error("record.addRecord", app=app.id, record={})["code"] == "GAIA_IL23"
    assert make_client(guestSpaceId=7).error("record.addRecord", app=ASSETS, record={})["code"] == "CB_NO02"


def test_a_wrong_login_is_refused_in_the_vendors_words(make_client: MakeClient) -> None:
    wrong = make_client(auth={"apiToken": "x" * 40}).error("record.getRecords", app=1)
    assert (wrong["status"], wrong["code"]) == (400, "GAIA_IA02")
    wrong = make_client(auth={"username": "ann", "password": "no"}).error("record.getRecords", app=1)
    assert (wrong["status"], wrong["code"]) == (401, "CB_WA01")
