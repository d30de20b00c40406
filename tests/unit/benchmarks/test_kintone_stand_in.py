"""The benchmarks' Kintone finds every fault of a copy, so a figure that it lets through is of a right copy."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from benchmarks.floors import mapped
from benchmarks.kintone_server import TOKEN, Kintone
from benchmarks.records import SHAPES, source

COUNT = 7
HEAD = f"\r\nX-Cybozu-API-Token: {TOKEN}\r\n".encode()


@pytest.fixture
def api() -> Kintone:
    return Kintone(COUNT, SHAPES["default"])


def ask(api: Kintone, method: str, call: str, **params: Any) -> tuple[int, Any]:
    status, body = api.reply(method, f"/k/v1/{call}.json", HEAD, orjson.dumps(params))
    return status, orjson.loads(body)


def read(api: Kintone, app: int, query: str, **more: Any) -> list[dict[str, Any]]:
    status, told = ask(api, "GET", "records", app=app, query=query, **more)
    assert status == 200, told
    return list(told["records"])


def right_records(api: Kintone) -> list[dict[str, Any]]:
    return [mapped(record) for record in read(api, 1, "order by $id asc limit 500")]


def verdict(api: Kintone) -> dict[str, Any]:
    found: dict[str, Any] = api.told()["verdict"]
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_a_copy_by_hand_is_right_in_every_shape(name: str) -> None:
    """What the floors write is what the server wants, whatever records look like."""
    api = Kintone(COUNT, SHAPES[name])
    assert ask(api, "POST", "records", app=2, records=right_records(api))[0] == 200
    assert verdict(api)["right"]
    assert verdict(api)["exact"]
    for stands, wanted in zip(read(api, 2, "order by $id asc limit 500"), right_records(api), strict=True):
        assert stands["findings"]["value"] == wanted["findings"]["value"]


def test_shapes_are_as_large_as_they_say() -> None:
    """100 fields, a text of 20 kB, 50 rows."""
    assert len(source(1, SHAPES["wide"])) == 100
    assert len(source(1, SHAPES["long"])["findings"].encode()) == pytest.approx(20_000, rel=0.1)
    assert len(source(1, SHAPES["rows"])["parts"]) == 50
    assert source(3, SHAPES["default"]) == source(3, SHAPES["default"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("hours", "0"), ("machine", "x"), ("skills", []), ("findings", ""), ("parts", []), ("planned", "1999-01-01")],
)
def test_one_wrong_value_is_found(api: Kintone, field: str, value: Any) -> None:
    records = right_records(api)
    records[3][field] = {"value": value}
    ask(api, "POST", "records", app=2, records=records)
    assert (verdict(api)["wrong"], verdict(api)["right"]) == (1, False)
    assert read(api, 2, 'ticket in ("MT-0000004")', fields=[field, "$id"])[0][field]["value"] == value


def test_a_missing_and_an_extra_record_are_found(api: Kintone) -> None:
    records = right_records(api)
    records[0]["ticket"] = {"value": "MT-0000999"}
    ask(api, "POST", "records", app=2, records=records)
    assert (verdict(api)["missing"], verdict(api)["extra"], verdict(api)["right"]) == (1, 1, False)


def test_numbers_and_choices_may_be_spelled_otherwise(api: Kintone) -> None:
    """The real system would not tell them apart."""
    records = right_records(api)
    for record in records:
        record["hours"]["value"] = float(record["hours"]["value"])
        record["skills"]["value"].reverse()
    ask(api, "POST", "records", app=2, records=records)
    assert verdict(api)["right"]


def test_a_write_that_was_not_needed_is_found(api: Kintone) -> None:
    api.fill("equal")
    ask(api, "PUT", "records", app=2, records=[{"id": "1", "record": {"state": right_records(api)[0]["state"]}}])
    assert (verdict(api)["right"], verdict(api)["exact"]) == (True, False)


def test_what_somebody_changed_is_wrong_until_it_is_mended() -> None:
    api = Kintone(100, SHAPES["default"])
    api.fill("changed")
    assert (verdict(api)["wrong"], api.told()["needed"]) == (1, 1)
    stands = read(api, 2, 'ticket in ("MT-0000037")')[0]
    wanted = right_records(api)[37 - 1]
    fields = {code: wanted[code] for code in ("hours", "machine")}
    update = {"id": stands["$id"]["value"], "revision": "1", "record": fields}
    assert ask(api, "PUT", "records", app=2, records=[update])[1]["code"] == "GAIA_CO02"
    assert ask(api, "PUT", "records", app=2, records=[{**update, "revision": "2"}])[0] == 200
    assert verdict(api)["right"]
    assert verdict(api)["exact"]


def test_a_bulk_request_is_done_whole_or_not_at_all(api: Kintone) -> None:
    records = right_records(api)
    parts = [{"method": "POST", "api": "/k/v1/records.json", "payload": {"app": 2, "records": [records[0]]}}] * 2
    status, told = ask(api, "POST", "bulkRequest", requests=parts)
    assert (status, told["code"]) == (400, "CB_VA01")
    assert api.told()["written"] == 0


def test_pages_are_cut_as_asked(api: Kintone) -> None:
    """Ranges, limits, order and totals."""
    ids = [record["$id"]["value"] for record in read(api, 1, "$id > 2 and $id <= 6 order by $id asc limit 3")]
    assert ids == ["3", "4", "5"]
    assert read(api, 1, "order by $id desc limit 1", fields=["$id"]) == [{"$id": {"type": "__ID__", "value": "7"}}]
    assert ask(api, "GET", "records", app=1, query="$id > 2 limit 1", totalCount=True)[1]["totalCount"] == "5"
    assert ask(api, "GET", "records", app=1, query='state = "new"')[0] == 501
