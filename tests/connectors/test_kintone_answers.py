"""What Kintone's answers to writes mean: done, in doubt, or certainly nothing written, and who is to blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from migrator.connectors.kintone import Kintone
from migrator.connectors.kintone.form import DEFAULT_PRECISION, fields_of
from migrator.contract import Answer, Batch, Done, Item, Unknown, Writing
from migrator.errors import Conflict, Denied, LoginRefused, Refused, SystemFailed, Throttled
from migrator.model.plan import Action, Change, Phase
from migrator.model.playbook import OnTaken, Write
from migrator.model.run import Cause
from migrator.model.values import Collection, File

TOKEN = "a-token-that-nobody-may-see"
FORM: Mapping[str, Mapping[str, Any]] = {
    "no": {"type": "SINGLE_LINE_TEXT", "code": "no", "label": "No", "unique": True},
    "name": {"type": "SINGLE_LINE_TEXT", "code": "name", "label": "Name"},
    "mail": {"type": "LINK", "code": "mail", "label": "Mail", "unique": True},
    "price": {"type": "NUMBER", "code": "price", "label": "Price"},
    "files": {"type": "FILE", "code": "files", "label": "Files"},
    "lines": {
        "type": "SUBTABLE",
        "code": "lines",
        "label": "Lines",
        "fields": {
            "item": {"type": "SINGLE_LINE_TEXT", "code": "item", "label": "Item"},
            "kind": {"type": "SINGLE_LINE_TEXT", "code": "kind", "label": "Kind"},
        },
    },
}


def target(**options: Any) -> Kintone:
    """A connector; its wire is not used by what is pure."""
    plain = {"url": "https://acme.kintone.example", "api_token": TOKEN}
    return Kintone(Kintone.Options(**{**plain, **options}), wire=None)  # type: ignore[arg-type]  # nothing is asked


def writing(on_taken: OnTaken = OnTaken.CONFLICT, key: tuple[str, ...] = ("no",)) -> Writing:
    """A step that writes to app 12."""
    collection = Collection(id="12", name="Assets", fields=fields_of(FORM, DEFAULT_PRECISION))
    return Writing(
        write=Write(system="kt", collection="12", key=key, on_taken=on_taken),
        options=Kintone.WriteOptions(),
        collection=collection,
    )


def change(action: Action, number: int = 0, **more: Any) -> Change:
    """One line of the plan."""
    given: dict[str, Any] = {"key": (f"E{number}",), "after": {"no": f"E{number}", "name": "Ito"}}
    if action is not Action.CREATE:
        given |= {"target_id": str(100 + number), "version": "4"}
    return Change(id=f"{number:032x}", step="s", phase=Phase.WRITE, action=action, **{**given, **more})


def batch(action: Action, size: int = 3, step: Writing | None = None, **more: Any) -> Batch:
    """Changes 0 to size-1."""
    step, connector = step or writing(), target()
    changes = [change(action, number, **more) for number in range(size)]
    items = tuple(
        Item(change_id=each.id, key=each.key, target_id=each.target_id, part=connector.encode_change(step, each))
        for each in changes
    )
    return Batch(writing=step, phase=Phase.WRITE, action=action, items=items)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """JSON, or bytes as they are."""
    return Answer(status=status, headers=headers or {}, body=body if isinstance(body, bytes) else orjson.dumps(body))


def error(code: str, errors: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Kintone's error body."""
    told: dict[str, Any] = {"code": code, "id": "abc", "message": "words in anybody's language"}
    if errors:
        told["errors"] = {key: {"messages": list(messages)} for key, messages in errors.items()}
    return told


# ---------------------------------------------------------------- requests


def test_creates_updates_and_deletes_have_the_vendors_form() -> None:
    """POST, PUT and DELETE of records.json, each change's part in its place, the app's quota told."""
    call = target().encode((batch(Action.CREATE, 1),))
    assert (call.method, call.path, call.quota) == ("POST", "/k/v1/records.json", "12")
    record = {"no": {"value": "E0"}, "name": {"value": "Ito"}}
    assert orjson.loads(_bytes(call.body)) == {"app": "12", "records": [record]}
    call = target().encode((batch(Action.UPDATE, 1),))
    assert call.method == "PUT"
    assert orjson.loads(_bytes(call.body))["records"] == [{"id": "100", "revision": "4", "record": record}]
    call = target().encode((batch(Action.DELETE, 2),))
    assert call.method == "DELETE"
    assert orjson.loads(_bytes(call.body)) == {"app": "12", "ids": ["100", "101"], "revisions": ["4", "4"]}


def test_a_create_that_may_meet_its_key_is_a_native_upsert() -> None:
    """Under `on_taken: update` and a unique key of a type that serves; by a link, it stays a plain create."""
    upsert = writing(OnTaken.UPDATE)
    call = target().encode((batch(Action.CREATE, 1, upsert),))
    assert call.method == "PUT"
    assert orjson.loads(_bytes(call.body)) == {
        "app": "12",
        "upsert": True,
        "records": [{"updateKey": {"field": "no", "value": "E0"}, "record": {"name": {"value": "Ito"}}}],
    }
    assert target().encode((batch(Action.CREATE, 1, writing(OnTaken.UPDATE, ("mail",))),)).method == "POST"
    told = [
        {"id": "7", "revision": "1", "operation": "INSERT"},
        {"id": "8", "revision": "5", "operation": "UPDATE"},
    ]
    assert target().decode((batch(Action.CREATE, 2, upsert),), answer({"records": told})) == (
        Done(target_id="7", version="1", created=True),
        Done(target_id="8", version="5", created=False),
    )


def test_batches_travel_in_one_bulk_request() -> None:
    """Each is a sub-request under the path of its space; results come back part by part."""
    batches = (batch(Action.CREATE, 2), batch(Action.UPDATE, 1))
    call = target(guest_space=7).encode(batches)
    assert call.path == "/k/guest/7/v1/bulkRequest.json"
    requests = orjson.loads(_bytes(call.body))["requests"]
    assert [(each["method"], each["api"]) for each in requests] == [
        ("POST", "/k/guest/7/v1/records.json"),
        ("PUT", "/k/guest/7/v1/records.json"),
    ]
    assert requests[1]["payload"] == orjson.loads(_bytes(target().encode(batches[1:]).body))
    told = {"results": [{"ids": ["1", "2"], "revisions": ["1", "1"]}, {"records": [{"id": "100", "revision": "5"}]}]}
    results = target().decode(batches, answer(told))
    assert [result.target_id for result in results if isinstance(result, Done)] == ["1", "2", "100"]


def test_no_write_is_sent_again_unseen() -> None:
    """Again it would overwrite or be refused: the program looks first."""
    kinds = [batch(Action.CREATE), batch(Action.UPDATE), batch(Action.DELETE), batch(Action.UPDATE, version=None)]
    assert not any(target().encode((each,)).repeatable for each in kinds)


def test_an_update_sends_rows_with_the_cells_it_does_not_name() -> None:
    """What people keep in other columns of a table goes along, out of the rows that were found."""
    before = {"lines": ({"item": "a", "kind": "theirs"},)}
    part = target().encode_change(
        writing(), change(Action.UPDATE, after={"lines": ({"item": "a"}, {"item": "b"})}, before=before)
    )
    rows = [{name: cell["value"] for name, cell in row["value"].items()} for row in _rows(part)]
    assert rows == [{"item": "a", "kind": "theirs"}, {"item": "b"}]


OTHER = File(name="a", size=1, media_type="x/y", where="K", system="kintone:other.example")


@pytest.mark.parametrize(
    ("after", "field", "word"),
    [
        ({"no": "x" * 65}, "no", "64"),
        ({"lines": ({"item": "a"}, {"prize": "1"})}, "lines", "no column prize"),
        ({"price": "1234567890123.5"}, "price", "12 digits"),
        ({"price": "-1e12"}, "price", "12 digits"),
    ],
)
def test_what_would_be_refused_is_told_while_planning(after: dict[str, Any], field: str, word: str) -> None:
    """With the field; encoding says the same. What just fits passes both."""
    upsert, wanted = writing(OnTaken.UPDATE), change(Action.CREATE, after={"no": "E1", **after})
    for step in (target().check_change, target().encode_change):
        with pytest.raises(Refused, match=word) as caught:
            step(upsert, wanted)
        place = caught.value.problems[0].place
        assert place is not None and (place.field, place.record) == (field, "E0")
    fits = change(Action.CREATE, after={"no": "x" * 64, "price": "-123456789012.34567", "lines": ({"item": "a"},)})
    target().check_change(upsert, fits)
    assert target().encode_change(upsert, fits)


def test_a_file_that_stands_here_goes_by_its_key() -> None:
    """Its handle is sent, one that was not uploaded is not; text that no JSON can hold is refused in words."""
    with pytest.raises(Refused, match="was not uploaded"):
        target().encode_change(writing(), change(Action.CREATE, after={"no": "E1", "files": (OTHER,)}))
    ours = File(name="a", size=1, media_type="x/y", where="K", system="kintone:acme.kintone.example")
    part = target().encode_change(writing(), change(Action.CREATE, after={"no": "E1", "files": (ours,)}))
    assert orjson.loads(part)["files"] == {"value": [{"fileKey": "K"}]}
    with pytest.raises(Refused, match="cannot be sent"):
        target().encode_change(writing(), change(Action.CREATE, after={"no": "E1", "name": "\ud800"}))


# ---------------------------------------------------------------- success, and doubt


def test_updates_are_matched_by_id() -> None:
    """In whatever order the answer stands; one that it leaves out is in doubt."""
    told = {"records": [{"id": "102", "revision": "9"}, {"id": "100", "revision": "5"}]}
    first, second, third = target().decode((batch(Action.UPDATE),), answer(told))
    assert (first, third) == (Done(target_id="100", version="5"), Done(target_id="102", version="9"))
    assert isinstance(second, Unknown)


@pytest.mark.parametrize(
    "body",
    [
        {"ids": ["1", "2"], "revisions": ["1", "1"]},
        {"ids": ["1", "2", "3"], "revisions": ["1", "1"]},
        {"ids": [1, None, {}], "revisions": ["1", "1", "1"]},
        {"records": [{"id": "1", "revision": "1"}]},
        {},
        [],
        b"",
        b'{"ids":["1",',
        b"<html>fine</html>",
        error("GAIA_RE01"),
    ],
)
def test_a_success_that_does_not_fit_the_request_is_doubt(body: Any) -> None:
    """Status 200 alone makes nothing done."""
    results = target().decode((batch(Action.CREATE),), answer(body))
    assert [type(result) for result in results] == [Unknown] * 3


def test_a_delete_is_done_by_an_empty_object_only() -> None:
    """Anything else under status 200 is doubt."""
    one = (batch(Action.DELETE, 2),)
    assert target().decode(one, answer({})) == (Done(target_id="100"), Done(target_id="101"))
    for body in ({"deleted": 2}, [], b""):
        assert all(isinstance(result, Unknown) for result in target().decode(one, answer(body)))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, error("CB_IS01")),
        (503, b"Service Unavailable"),
        (502, b"<html></html>"),
        (520, error("GAIA_XX99")),
        (404, b"<html>no such page</html>"),
        (400, b""),
        (302, b""),
    ],
)
def test_an_error_that_does_not_tell_is_doubt(status: int, body: Any) -> None:
    """A gateway, maintenance, a code nobody knows under 5xx: the write may have happened."""
    results = target().decode((batch(Action.UPDATE),), answer(body, status))
    assert [type(result) for result in results] == [Unknown] * 3


# ---------------------------------------------------------------- nothing written


@pytest.mark.parametrize(
    ("status", "code", "condition"),
    [
        (409, "GAIA_CO02", Conflict),
        (404, "GAIA_RE01", Conflict),
        (404, "GAIA_RE20", Conflict),
        (400, "GAIA_RE18", Conflict),
        (400, "GAIA_DA02", Conflict),
        (429, "GAIA_TO04", Throttled),
        (429, "GAIA_TM12", Throttled),
        (403, "GAIA_NO01", Denied),
        (520, "GAIA_NO01", Denied),
        (403, "CB_NO02", Denied),
        (400, "GAIA_FU01", Denied),
        (400, "GAIA_BF02", Denied),
        (401, "CB_AU01", LoginRefused),
        (401, "CB_WA01", LoginRefused),
        (400, "GAIA_IA02", LoginRefused),
        (400, "GAIA_LO04", Refused),
        (400, "GAIA_UN10", Refused),
        (400, "CB_IJ01", Refused),
        (400, "GAIA_FROM_THE_FUTURE", Refused),
    ],
)
def test_every_code_has_its_condition(status: int, code: str, condition: type[SystemFailed]) -> None:
    """By code, whatever the language of the message; the text for people holds code and message, never the token."""
    with pytest.raises(condition) as caught:
        target().decode((batch(Action.UPDATE),), answer(error(code), status))
    assert type(caught.value) is condition
    problem = caught.value.problems[0]
    assert code in problem.detail and TOKEN not in repr(problem)


def test_a_failed_lock_of_an_unchecked_write_is_sent_again() -> None:
    """Without a revision nobody can have overtaken us: wait and try again."""
    for action in (Action.CREATE, Action.UPDATE):
        with pytest.raises(Throttled):
            target().decode((batch(action, version=None),), answer(error("GAIA_DA02"), 400))


@pytest.mark.parametrize(
    ("status", "condition"), [(401, LoginRefused), (403, Denied), (413, Refused), (429, Throttled)]
)
def test_a_gateways_refusal_wrote_nothing(status: int, condition: type[SystemFailed]) -> None:
    """These statuses say so without a body of Kintone's; a gateway's Retry-After is heard."""
    with pytest.raises(condition) as caught:
        target().decode((batch(Action.CREATE),), answer(b"<html></html>", status, {"retry-after": "7"}))
    assert getattr(caught.value, "seconds", 7.0) == 7.0


def test_causes_of_conflicts_are_told_apart() -> None:
    """Gone, moved, key taken."""
    causes = {}
    for status, code in ((404, "GAIA_RE01"), (409, "GAIA_CO02")):
        with pytest.raises(Conflict) as caught:
            target().decode((batch(Action.UPDATE),), answer(error(code), status))
        causes[code] = caught.value.cause
    assert causes == {"GAIA_RE01": Cause.GONE, "GAIA_CO02": Cause.MOVED}


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("records[1].name.value", "name"),
        ("records[1].tags.values[2].value", "tags"),
        ("records[1].people.values.value", "people"),
        ("records[1][price].value", "price"),
        ("records[1].lines.value[0].value.item.value", "lines"),
        ("records[1].record.name.value", "name"),
        ("records[1].record[price].value", "price"),
        ("records[1].record.value", "record"),
    ],
)
def test_the_culprit_is_named(key: str, field: str) -> None:
    """Place and field, from every form of key that was observed."""
    with pytest.raises(Refused) as caught:
        target().decode((batch(Action.CREATE),), answer(error("CB_VA01", {key: ["Required."]}), 400))
    (culprit,) = caught.value.culprits
    assert (culprit.index, culprit.field, culprit.code, culprit.reason) == (1, field, "CB_VA01", "Required.")


def test_a_culprit_in_a_bundle_counts_over_all_batches() -> None:
    """Record 1 of the second batch, behind three of the first."""
    body = {"results": [{}, error("CB_VA01", {"records[1].name.value": ["Required."]}), {}]}
    batches = (batch(Action.CREATE, 3), batch(Action.UPDATE, 2), batch(Action.DELETE, 1))
    with pytest.raises(Refused) as caught:
        target().decode(batches, answer(body, 400))
    assert [culprit.index for culprit in caught.value.culprits] == [4]


TAKEN = "This value already exists in another record."


def test_a_taken_key_is_a_conflict() -> None:
    """Of a create, and of the key field alone: an update, or another unique field, is refused like any bad value."""
    for text in (TAKEN, "値がほかのレコードと重複しています。"):
        with pytest.raises(Conflict) as caught:
            target().decode((batch(Action.CREATE),), answer(error("CB_VA01", {"records[2].no.value": [text]}), 400))
        assert (caught.value.culprits, caught.value.cause) == ((2,), Cause.TAKEN)
    told = answer(error("CB_VA01", {"records[2].mail.value": [TAKEN]}), 400)
    with pytest.raises(Refused):
        target().decode((batch(Action.CREATE),), told)
    with pytest.raises(Refused):
        target().decode((batch(Action.UPDATE),), answer(error("CB_VA01", {"records[2].no.value": [TAKEN]}), 400))


def test_bad_values_are_told_before_taken_keys() -> None:
    """Both in one answer: the bad ones are named; the taken ones come again when the rest is sent."""
    errors = {"records[0].no.value": [TAKEN], "records[1].name.value": ["Enter less than 65 characters."]}
    with pytest.raises(Refused) as caught:
        target().decode((batch(Action.CREATE),), answer(error("CB_VA01", errors), 400))
    assert [culprit.index for culprit in caught.value.culprits] == [1]


def _bytes(body: Any) -> bytes:
    assert isinstance(body, bytes)
    return body


def _rows(part: bytes) -> list[Any]:
    rows = orjson.loads(part)["record"]["lines"]["value"]
    assert isinstance(rows, list)
    return rows
