"""Answers decoded by shape give the Records, and the errors, of those taken record by record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson
from hypothesis import given
from hypothesis import strategies as st

from migrator.connectors.kintone import sheets
from migrator.connectors.kintone.sheets import Cut, Shaped, Sheets
from migrator.connectors.kintone.values import SCALARS
from migrator.errors import BadAnswer
from migrator.model.values import Record

SYSTEM = "kintone:acme.example"
texts = st.sampled_from(["", "a", "007.50", "鍵", 'a"b\\', "line\nline", "{0}", "0"])
coded = st.fixed_dictionaries({"code": texts, "name": texts})
attached = st.fixed_dictionaries({"fileKey": texts, "name": texts, "contentType": texts, "size": st.just("12")})
plain: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(sorted(SCALARS), texts | st.none()),
    **dict.fromkeys(("CREATOR", "MODIFIER"), coded | st.none()),
    **dict.fromkeys(("USER_SELECT", "STATUS_ASSIGNEE"), st.lists(coded, max_size=2)),
    **dict.fromkeys(("CHECK_BOX", "CATEGORY"), st.lists(texts, max_size=2)),
    "FILE": st.lists(attached, max_size=2),
}
ODD: tuple[Any, ...] = (
    *(
        None,
        "",
        "x",
        7,
        1.5,
        True,
        [],
        ["x"],
        [None],
        {},
        {"code": "x"},
        {"code": 1},
        [{"code": "x"}],
        [{"value": {}}],
    ),
    [{"value": {"c": {"type": "LINK", "value": "x"}}}],
    [{"fileKey": "K", "name": "n", "contentType": "c", "size": "many"}],
)
odd: st.SearchStrategy[Any] = st.sampled_from(ODD)
codes = st.sampled_from(["a", "b'", "{c}", "d.e", "f\\", "鍵", "$x", "records"])


def told(type_: str, value: Any) -> dict[str, Any]:
    """A value as an answer tells it."""
    return {"type": type_, "value": value}


@st.composite
def pages(draw: st.DrawFn, wrong: bool) -> bytes:
    """An answer of records of one form; some of them `wrong`: other types, other values, fields more or fewer."""
    form = draw(
        st.dictionaries(codes, st.sampled_from([*plain, "SUBTABLE", *(["NEW"] if wrong else [])]), max_size=5)
    )
    columns = draw(st.dictionaries(st.sampled_from("xyz"), st.sampled_from(list(plain)), min_size=1, max_size=3))

    def cells() -> dict[str, Any]:
        return {code: told(type_, draw(plain[type_])) for code, type_ in columns.items()}

    def field(type_: str) -> Any:
        if type_ != "SUBTABLE":
            return told(type_, draw(plain.get(type_, odd)))
        return told(type_, [{"id": "9", "value": cells()} for _ in range(draw(st.integers(0, 2)))])

    records = []
    for id_ in draw(st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=not wrong)):
        record = {"$id": told("__ID__", str(id_)), "$revision": told("__REVISION__", "3")}
        record |= {code: field(type_) for code, type_ in form.items()}
        if wrong and draw(st.booleans()):
            spoil(draw, record)
        records.append(record)
    return orjson.dumps({"records": records, "totalCount": "5"})


def spoil(draw: st.DrawFn, record: dict[str, Any]) -> None:
    """One thing about a record is other than in the records beside it."""
    code = draw(st.sampled_from([*record, "more"]))
    what = draw(st.sampled_from(["value", "type", "gone", "bare", "order"]))
    if what == "gone":
        record.pop(code, None)
    elif what == "order":
        record[code] = record.pop(code, told("LINK", "x"))
    elif what == "bare":
        record[code] = draw(odd)
    elif what == "type":
        record[code] = {
            **record.get(code, told("", "")),
            "type": draw(st.sampled_from([*plain, "NEW", "SUBTABLE", 7])),
        }
    else:
        record[code] = {**record.get(code, told("LINK", "")), "value": draw(odd)}


def taken(records: Iterator[Record]) -> list[Any]:
    """The records, all of their files too, and the error that ended them."""
    got: list[Any] = []
    try:
        got.extend((record, sorted(map(repr, record.fields.items()))) for record in records)
    except BadAnswer as error:
        got.append(error.problems)
    return got


def both(body: bytes) -> tuple[list[Any], list[Any]]:
    """What an answer brings by `Sheets`, and record by record."""
    cut = Cut(msgspec.json.decode(body, type=sheets._Found).records, "1", SYSTEM)
    sheet = Sheets("1", SYSTEM, worth=1).sheet(body)
    return [taken(sheet.records.records()), taken(sheet.records.rising(2))], [
        taken(cut.records()),
        taken(cut.rising(2)),
    ]


@given(pages(wrong=False))
def test_a_page_of_one_form_has_a_shape_and_gives_the_same_records(body: bytes) -> None:
    """All types, tables included; fields in the order of the answer; ids that do not rise are told."""
    fast, slow = both(body)
    assert fast == slow and repr(fast) == repr(slow)
    strange = {"$x", "f\\"}  # codes that no app has; the decoder takes no names with a backslash
    known = strange.isdisjoint(orjson.loads(body)["records"][0])
    assert isinstance(Sheets("1", SYSTEM, worth=1).sheet(body).records, Shaped if known else Cut)


@given(pages(wrong=True))
def test_a_page_with_something_wrong_gives_the_same_records_and_the_same_error(body: bytes) -> None:
    """Every record before the wrong one, then the same words."""
    fast, slow = both(body)
    assert fast == slow


@given(st.lists(pages(wrong=False) | pages(wrong=True), max_size=6))
def test_a_shape_of_one_page_changes_nothing_of_the_next(bodies: list[bytes]) -> None:
    """What was learned from other pages only decides how a page is decoded."""
    reading = Sheets("1", SYSTEM, worth=1)
    for body in bodies:
        cut = Cut(msgspec.json.decode(body, type=sheets._Found).records, "1", SYSTEM)
        assert taken(reading.sheet(body).records.records()) == taken(cut.records())


def test_text_that_is_none_is_told_of_its_record() -> None:
    """Broken UTF-8: the records before it come."""
    ids = [{"$id": told("__ID__", str(at)), "$revision": told("__REVISION__", "1")} for at in (1, 2, 3)]
    body = orjson.dumps({"records": [each | {"a": told("LINK", f"x{at}")} for at, each in enumerate(ids)]})
    records = Sheets("1", SYSTEM, worth=1).sheet(body.replace(b"x1", b"\xff")).records
    got = taken(records.records())
    assert got[0][0].id == "1" and len(got) == 2 and "not what the docs tell" in got[1][0].summary


def test_an_app_whose_records_differ_is_read_one_by_one_in_the_end() -> None:
    """A reading learns a few times, then leaves it."""
    reading = Sheets("1", SYSTEM, worth=1)
    for at in range(20):
        record = {"$id": told("__ID__", "1"), "$revision": told("__REVISION__", "1"), f"f{at}": told("LINK", "x")}
        records = reading.sheet(orjson.dumps({"records": [record]})).records
        assert isinstance(records, Shaped if at < 8 else Cut)
        assert [record.fields for record in records.records()] == [{f"f{at}": "x"}]
