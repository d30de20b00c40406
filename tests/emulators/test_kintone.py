"""What the Kintone emulator does over time, with files, under load and under scripted faults."""

import io
import threading
from typing import Any

import pytest
import requests
from werkzeug.test import Client

from migrator.emulators.kintone import assumptions, sample
from migrator.emulators.server import create_emulator, serve
from tests.emulators.kintone_calls import Kintone, values

SINK, ASSETS, IDEAS = 1, 3, 4


@pytest.fixture
def kintone() -> Kintone:
    return Kintone()


def test_a_cursor_shows_the_records_as_they_were(kintone: Kintone) -> None:
    cursor = kintone.ok("POST", "records/cursor.json", app=IDEAS, query="order by $id asc", size=2)["id"]
    kintone.ok("PUT", "record.json", app=IDEAS, id=1, record=values(title="changed"))
    kintone.ok("DELETE", "records.json", app=IDEAS, ids=[2])
    read = kintone.ok("GET", "records/cursor.json", id=cursor)["records"]
    assert [record["title"]["value"] for record in read] == ["Label the cables", "Shared tool wall"]


def test_a_cursor_lives_ten_minutes_from_its_last_reading(kintone: Kintone) -> None:
    cursor = kintone.ok("POST", "records/cursor.json", app=IDEAS, size=1)["id"]
    for _ in range(3):
        kintone.clock.advance(599)
        kintone.ok("GET", "records/cursor.json", id=cursor)
    kintone.clock.advance(600)
    status, answer = kintone.call("GET", "records/cursor.json", id=cursor)
    assert (status, answer["code"]) == (404, "GAIA_CN01")


def test_closing_one_of_ten_cursors_makes_room(kintone: Kintone) -> None:
    cursors = [kintone.ok("POST", "records/cursor.json", app=IDEAS)["id"] for _ in range(10)]
    assert kintone.call("POST", "records/cursor.json", app=IDEAS)[0] == 429
    kintone.ok("DELETE", "records/cursor.json", id=cursors[4])
    kintone.ok("POST", "records/cursor.json", app=IDEAS)


def test_a_file_goes_up_is_kept_by_its_record_key_and_is_lost_when_left_out(kintone: Kintone) -> None:
    client, headers = Client(kintone.emulator.app), {"X-Cybozu-API-Token": kintone.token}
    sent = {"file": (io.BytesIO(b"\x00plan"), "plan.pdf", "application/pdf")}
    upload = client.post("/k/v1/file.json", data=sent, headers=headers).get_json()["fileKey"]
    kept = kintone.store.records(SINK)[0]["files"][0]["fileKey"]
    both = [{"fileKey": kept, "name": "ignored"}, {"fileKey": upload}]
    kintone.ok("PUT", "record.json", app=SINK, id=1, record=values(files=both))
    entries = kintone.store.records(SINK)[0]["files"]
    assert [(entry["name"], entry["size"]) for entry in entries] == [("note.txt", "12"), ("plan.pdf", "5")]
    assert entries[0]["fileKey"] == kept
    answer = client.get("/k/v1/file.json", query_string={"fileKey": entries[1]["fileKey"]}, headers=headers)
    assert (answer.data, answer.mimetype) == (b"\x00plan", "application/pdf")
    status, told = kintone.call("PUT", "record.json", app=SINK, id=2, record=values(files=[{"fileKey": kept}]))
    assert (status, told["code"]) == (404, "GAIA_BL01")


def test_an_upload_that_no_record_names_is_gone_after_three_days(kintone: Kintone) -> None:
    key = kintone.store.files.upload("a.txt", "text/plain", b"a")
    kintone.clock.advance(assumptions.UPLOAD_LIVES_SECONDS + 1)
    assert kintone.call("PUT", "record.json", app=SINK, id=1, record=values(files=[{"fileKey": key}]))[0] == 404


def test_today_is_a_day_of_the_callers_zone(kintone: Kintone) -> None:
    kintone.clock.advance(8 * 3600)  # 2027-01-15T16:00Z is the 16th in Tokyo
    kintone.ok("POST", "record.json", app=ASSETS, record=values(serial="A", bought="2027-01-16"))
    assert kintone.ids(ASSETS, "bought = TODAY()") == [1]
    assert kintone.ids(ASSETS, "bought = YESTERDAY()") == []
    assert kintone.ids(ASSETS, "Created_datetime = TODAY()") == [1]
    kintone.clock.advance(23 * 3600)
    assert kintone.ids(ASSETS, "Created_datetime = TODAY()") == []
    assert kintone.ids(ASSETS, "Created_datetime = YESTERDAY()") == [1]


def test_tokens_have_rights_per_app_and_a_lookup_wants_the_other_apps_token(kintone: Kintone) -> None:
    kintone.store.add_token("r" * 40, {ASSETS: ["view"]})
    kintone.store.add_token("w" * 40, {SINK: ["view", "add"]})
    kintone.store.add_token("c" * 40, {2: ["view"]})
    record = values(serial="A")
    assert kintone.call("POST", "record.json", token="r" * 40, app=ASSETS, record=record)[1]["code"] == "GAIA_NO01"
    assert kintone.call("GET", "records.json", token="r" * 40, app=ASSETS)[0] == 200
    assert kintone.call("GET", "records.json", token="r" * 40, app=IDEAS)[1]["code"] == "GAIA_NO01"
    looked_up = values(customer="C-001")
    assert kintone.call("POST", "record.json", token="w" * 40, app=SINK, record=looked_up)[0] == 403
    pair = f"{'w' * 40}, {'c' * 40}"
    assert kintone.call("POST", "record.json", token=pair, app=SINK, record=looked_up)[0] == 200
    upsert = [{"updateKey": {"field": "serial", "value": "A"}}]
    kintone.store.add_token("e" * 40, {ASSETS: ["view", "edit"]})
    body: dict[str, Any] = {"app": ASSETS, "upsert": True, "records": upsert}
    assert kintone.call("PUT", "records.json", token="e" * 40, **body)[1]["code"] == "GAIA_NO01"


def test_a_user_without_the_right_has_no_privilege(kintone: Kintone) -> None:
    kintone.store.app(ASSETS).rights["dora"] = frozenset({"view"})
    dora = next(user for user in sample.PEOPLE if user.code == "dora")
    client = Client(kintone.emulator.app)
    sent = {"app": ASSETS, "record": values(serial="A")}
    answer = client.post("/k/v1/record.json", json=sent, headers=sample.password_header(dora))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "CB_NO02")


@pytest.mark.parametrize(("pace", "status"), [("documented", 429), ("off", 200)])
def test_the_hundred_and_first_request_at_once_is_refused_at_the_documented_pace(pace: str, status: int) -> None:
    kintone = Kintone(pace=pace)
    statuses: list[int] = []
    entered = threading.Semaphore(0)
    body = {"app": IDEAS, "query": "limit 1"}

    class Slow(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            entered.release()
            gate.wait(30)
            return super().readinto(buffer)

    def send(stream: io.BytesIO | None = None) -> int:
        more: dict[str, Any] = {"input_stream": stream, "content_length": 2} if stream else {"json": body}
        headers = {"X-Cybozu-API-Token": kintone.token, "Content-Type": "application/json"}
        answer = Client(kintone.emulator.app).get("/k/v1/records.json", headers=headers, **more)
        return answer.status_code

    gate = threading.Event()
    threads = [threading.Thread(target=lambda: statuses.append(send(Slow(b"{}")))) for _ in range(100)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=30)
    found = send()
    gate.set()
    for thread in threads:
        thread.join()
    assert found == status
    assert statuses == [400] * 100  # their body names no app
    assert send() == 200


def test_a_scripted_fault_after_the_commit_loses_the_answer_not_the_write(kintone: Kintone) -> None:
    kintone.emulator.faults.add("POST /k/v1/record.json", kind="after_commit_status", status=502, error_code="GAIA_X")
    status, answer = kintone.call("POST", "record.json", app=ASSETS, record=values(serial="A"))
    assert (status, answer["code"]) == (502, "GAIA_X")
    assert [record["serial"] for record in kintone.store.records(ASSETS)] == ["A"]
    assert kintone.call("POST", "record.json", app=ASSETS, record=values(serial="B"))[0] == 200


def test_sixty_thousand_records_are_carried_and_found(kintone: Kintone) -> None:
    packages = kintone.store.app(5)
    for start in range(0, 60_000, 10_000):
        kintone.store.add_records(packages, ({"package": f"p{at}"} for at in range(start, start + 10_000)))
    assert kintone.ids(5, 'package in ("p0", "p59999", "none") order by $id asc') == [1, 60_000]
    assert kintone.ids(5, "$id > 59998 order by $id asc limit 500") == [59_999, 60_000]


CALLS = """
GET record.json · GET records.json · POST record.json · POST records.json · PUT record.json · PUT records.json ·
DELETE records.json · POST records/cursor.json · GET records/cursor.json · DELETE records/cursor.json ·
GET record/comments.json · POST record/comment.json · DELETE record/comment.json · PUT record/status.json ·
PUT records/status.json · PUT record/assignees.json · GET records/acl/evaluate.json · POST bulkRequest.json ·
POST file.json · GET file.json · GET app.json · GET apps.json · GET app/form/fields.json · GET app/form/layout.json ·
GET app/status.json · GET app/settings.json · POST preview/app/form/fields.json · PUT preview/app/form/fields.json ·
DELETE preview/app/form/fields.json · POST preview/app/deploy.json · GET preview/app/deploy.json
"""


@pytest.mark.parametrize("call", [call.strip() for call in CALLS.split("·")])
@pytest.mark.parametrize("base", ["/k/v1/", "/k/guest/7/v1/"])
def test_every_call_of_the_manual_is_there_on_both_paths(kintone: Kintone, base: str, call: str) -> None:
    method, name = call.split(" ")
    client, headers = Client(kintone.emulator.app), sample.password_header()
    answer = client.open(base + name, method=method, json={}, headers=headers)
    assert answer.get_json(silent=True) is None or answer.get_json().get("code") in (None, "CB_VA01"), answer.text


@pytest.mark.parametrize("seed", ["sample", "empty"])
def test_the_samples_are_the_same_apps_with_and_without_records(seed: str) -> None:
    emulator = create_emulator("kintone", seed=seed)
    names = ["kitchen-sink", "customers", "assets", "ideas", "packages", "improvements", "staff", "places"]
    assert list(emulator.collections.items()) == [(name, at) for at, name in enumerate(names, 1)]
    counts = [len(emulator.store.records(name)) for name in names]
    assert counts == ([4, 4, 0, 10, 0, 0, 0, 0] if seed == "sample" else [0] * 8)


def test_the_kitchen_sink_has_every_type_there_is() -> None:
    from migrator.emulators.kintone.form import COMPLETIONS

    fields = create_emulator("kintone").store.app(SINK).fields
    assert {one.type for one in fields.values()} == set(COMPLETIONS)


def test_requests_over_sockets_answer_as_in_process() -> None:
    emulator = create_emulator("kintone")
    with serve(emulator.app) as server, requests.Session() as session:
        env = emulator.env(server.url)
        session.headers["X-Cybozu-API-Token"] = env["KINTONE_API_TOKEN"]
        url = f"{env['KINTONE_URL']}/k/v1/records.json"
        added = session.post(url, json={"app": ASSETS, "records": [values(serial="A")] * 1}, timeout=10).json()
        assert added == {"ids": ["1"], "revisions": ["1"]}
        read = session.get(url, params={"app": ASSETS, "fields[0]": "serial"}, timeout=10)
        assert read.json()["records"] == [{"serial": {"type": "SINGLE_LINE_TEXT", "value": "A"}}]


def test_every_assumption_is_used_somewhere() -> None:
    from pathlib import Path

    folder = Path(assumptions.__file__).parent
    texts = "".join(path.read_text("utf-8") for path in folder.rglob("*.py") if path.name != "assumptions.py")
    names = [name for name in vars(assumptions) if name.isupper()]
    assert [name for name in names if f"assumptions.{name}" not in texts] == []
