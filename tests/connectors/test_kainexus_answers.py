"""What KaiNexus' answers mean: only `results` is believed, by id where there is one, by place where lengths agree."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from migrator.connectors.kainexus import KaiNexus, answers
from migrator.contract import Answer, Batch, Done, Failed, Item, Result, Unknown, Writing
from migrator.errors import LoginRefused, Throttled
from migrator.model.plan import Action, Phase
from migrator.model.playbook import Write
from migrator.model.run import Cause
from migrator.model.values import Collection


def judged(action: Action, ids: list[str | None], body: Any, status: int = 200) -> list[Result]:
    collection = Collection(id="Idea", name="Idea", fields=None)
    writing = Writing(write=Write(system="t", collection="Idea"), options=None, collection=collection)
    batch = Batch(
        writing=writing,
        phase=Phase.WRITE,
        action=action,
        items=tuple(Item(change_id=str(at), key=(), target_id=id_, part=b"{}") for at, id_ in enumerate(ids)),
    )
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return list(answers.results(batch, Answer(status=status, headers={"retry-after": "7"}, body=raw)))


CREATED = {"id": 1, "operation": "CREATE"}


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ({"success": True, "results": [CREATED, {"id": 2, "operation": "CREATE"}]}, [Done, Done]),
        ({"success": True, "results": [CREATED]}, [Unknown, Unknown]),
        ({"success": True, "results": [CREATED, CREATED]}, [Unknown, Unknown]),
        ({"success": True, "results": [CREATED, {"id": 2, "operation": "UPDATE"}]}, [Done, Unknown]),
        ({"success": False, "results": [CREATED, {"errorCode": "EMPTY", "index": 1}]}, [Done, Failed]),
        ({"success": False, "results": [{"errorCode": "EMPTY", "index": 1}]}, [Unknown, Failed]),
        ({"success": False, "results": [{"errorCode": "EMPTY", "index": 9}]}, [Unknown, Unknown]),
        ({"success": False, "errorCode": "UNKNOWN"}, [Unknown, Unknown]),
        ({"success": True}, [Unknown, Unknown]),
        ({"success": True, "results": "2"}, [Unknown, Unknown]),
        (b"<html>", [Unknown, Unknown]),
        (b'{"success": tr', [Unknown, Unknown]),
    ],
)
def test_creates_are_matched_by_place_only_where_lengths_agree(body: Any, kinds: list[type]) -> None:
    assert [type(result) for result in judged(Action.CREATE, [None, None], body)] == kinds


def test_updates_are_matched_by_id_in_any_order() -> None:
    results = [
        {"id": 9, "operation": "UPDATE"},
        {"id": 7, "errorCode": "EMPTY", "errorMessage": "authors is required"},
    ]
    first, second, third = judged(Action.UPDATE, ["7", "8", "9"], {"success": False, "results": results})
    assert isinstance(first, Failed) and (first.code, first.field) == ("EMPTY", "authors")
    assert isinstance(second, Unknown) and third == Done(target_id="9")


def test_a_coded_failure_of_one_item_is_its_own() -> None:
    (result,) = judged(Action.UPDATE, ["7"], {"success": False, "errorCode": "ACCESS_DENIED"}, 403)
    assert isinstance(result, Failed) and "deleted" in result.reason


def test_a_missing_item_is_gone_and_a_missing_value_is_not() -> None:
    for words, cause in (("no item with id 7", Cause.GONE), ("no value 70 in Category", Cause.REFUSED)):
        answer = {"success": False, "errorCode": "NOT_FOUND", "errorMessage": words}
        (result,) = judged(Action.UPDATE, ["7"], answer, 404)
        assert isinstance(result, Failed) and result.cause is cause


def test_a_strange_status_is_never_done() -> None:
    assert [type(r) for r in judged(Action.CREATE, [None], {"success": True, "results": [CREATED]}, 502)] == [Unknown]


def test_refused_logins_and_full_windows_write_nothing() -> None:
    with pytest.raises(LoginRefused):
        judged(Action.CREATE, [None], {"success": False}, 401)
    with pytest.raises(Throttled) as caught:
        judged(Action.CREATE, [None], {"success": False}, 429)
    assert caught.value.seconds == 7


@pytest.mark.parametrize(
    ("url", "tenant", "wrong"),
    [
        ("https://api.kainexus.com", "acme", 0),
        ("https://api.kainexus.com/", "acme", 0),
        ("{{ env.KAINEXUS_URL }}", "acme", 0),
        ("https://api.kainexus.com/api/public/v1", "acme", 1),
        ("api.kainexus.com", " ", 2),
    ],
)
def test_options_are_checked_without_the_network(url: str, tenant: str, wrong: int) -> None:
    assert len(KaiNexus.check(KaiNexus.Options(url=url, api_key="k", tenant=tenant))) == wrong
