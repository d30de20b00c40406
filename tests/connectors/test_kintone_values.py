"""Kintone's pure parts: forms to Fields, values both ways, what is stored, table rows, query text."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.connectors.kintone.form import DEFAULT_PRECISION, Precision, fields_of
from migrator.connectors.kintone.query import any_of, parsed, quoted
from migrator.connectors.kintone.rows import columns_of, completed
from migrator.connectors.kintone.stored import cell_stored, number_text, stored
from migrator.connectors.kintone.values import Payloads, to_record
from migrator.errors import Refused
from migrator.model.values import Field, File, Kind, Ref, Value, WritableOn

OPTIONS = {label: {"label": label, "index": str(index)} for index, label in ((1, "two"), (0, "one"), (2, "三"))}
TABLE = {
    "type": "SUBTABLE",
    "code": "lines",
    "label": "Lines",
    "fields": {
        "item": {"type": "SINGLE_LINE_TEXT", "code": "item", "label": "Item"},
        "count": {"type": "NUMBER", "code": "count", "label": "Count"},
        "kind": {"type": "DROP_DOWN", "code": "kind", "label": "Kind", "options": OPTIONS, "defaultValue": "one"},
        "sum": {"type": "CALC", "code": "sum", "label": "Sum", "expression": "count * 2", "format": "NUMBER"},
    },
}
LOOKUP = {
    "relatedApp": {"app": "9", "code": ""},
    "relatedKeyField": "no",
    "fieldMappings": [{"field": "copied", "relatedField": "name"}],
}


def told(type_: str, code: str = "f", **more: Any) -> dict[str, Any]:
    """A field as app/form/fields.json tells it."""
    return {"type": type_, "code": code, "label": code.upper(), **more}


def field(type_: str, precision: Precision = DEFAULT_PRECISION, **more: Any) -> Field:
    """The Field that follows."""
    return fields_of({"f": told(type_, **more)}, precision)["f"]


def lines() -> Field:
    """The table above."""
    return fields_of({"lines": TABLE}, DEFAULT_PRECISION)["lines"]


# ---------------------------------------------------------------- forms


def test_a_form_becomes_fields() -> None:
    """Kinds, limits, order of choices, and what takes no value: calculated, copied, numbered, unknown."""
    form = {
        "no": told("RECORD_NUMBER", "no"),
        "name": told("SINGLE_LINE_TEXT", "name", required=True, unique=True, minLength="2", maxLength="64"),
        "auto": told("SINGLE_LINE_TEXT", "auto", expression="name & 1"),
        "n": told("NUMBER", "n", minValue="0", maxValue="", defaultValue="1"),
        "day": told("DATE", "day", defaultNowValue=True),
        "pick": told("DROP_DOWN", "pick", options=OPTIONS),
        "who": told("CREATOR", "who"),
        "key": told("SINGLE_LINE_TEXT", "key", lookup=LOOKUP),
        "copied": told("SINGLE_LINE_TEXT", "copied"),
        "hours": told("CALC", "hours", format="HOUR_MINUTE"),
        "Status": told("STATUS", "Status", enabled=False),
        "box": told("GROUP", "box", openGroup=True),
        "rel": told("REFERENCE_TABLE", "rel"),
        "new": told("FROM_THE_FUTURE", "new"),
        "lines": TABLE,
    }
    fields = fields_of(form, (2, "UP", 16))
    assert set(form) - set(fields) == {"Status", "box", "rel"}
    never = {name for name, each in fields.items() if each.writable_on is WritableOn.NEVER}
    assert never == {"no", "auto", "copied", "hours", "new"}
    assert fields["who"].writable_on is WritableOn.CREATE
    name = fields["name"]
    assert (name.required, name.unique, name.min_length, name.max_length) == (True, True, 2, 64)
    assert (fields["n"].minimum, fields["n"].maximum, fields["n"].has_default) == ("0", None, True)
    assert fields["n"].extra["precision"] == [2, "UP", 16]
    assert fields["day"].has_default and not name.has_default
    assert fields["pick"].choices == ("one", "two", "三")
    assert (fields["hours"].kind, fields["key"].extra["lookup"]) == (Kind.TEXT, "9")
    assert [(cell.name, cell.writable_on) for cell in fields["lines"].fields][-1] == ("sum", WritableOn.NEVER)


# ---------------------------------------------------------------- both ways

PAYLOAD: dict[str, dict[str, Any]] = {
    "$id": {"type": "__ID__", "value": "12"},
    "$revision": {"type": "__REVISION__", "value": "3"},
    "no": {"type": "RECORD_NUMBER", "value": "APP-12"},
    "text": {"type": "SINGLE_LINE_TEXT", "value": ""},
    "n": {"type": "NUMBER", "value": "007.50"},
    "gone": {"type": "NUMBER", "value": None},
    "pick": {"type": "DROP_DOWN", "value": None},
    "tags": {"type": "CHECK_BOX", "value": ["two", "one"]},
    "none": {"type": "MULTI_SELECT", "value": []},
    "who": {"type": "CREATOR", "value": {"code": "ann", "name": "Ann"}},
    "people": {"type": "USER_SELECT", "value": [{"code": "bob", "name": "Bob"}]},
    "files": {
        "type": "FILE",
        "value": [{"fileKey": "K", "name": "a.txt", "contentType": "text/plain", "size": "8"}],
    },
    "lines": {
        "type": "SUBTABLE",
        "value": [{"id": "7", "value": {"item": {"type": "SINGLE_LINE_TEXT", "value": "bolt"}}}],
    },
    "new": {"type": "FROM_THE_FUTURE", "value": {"a": [1, ""]}},
}


def test_a_record_is_read() -> None:
    """Texts as they came, empty scalars None, empty lists (), people by code, tables without row ids."""
    record = to_record(PAYLOAD, "kintone:acme.example")
    assert (record.id, record.version) == ("12", "3")
    file = File(name="a.txt", size=8, media_type="text/plain", where="K", system="kintone:acme.example")
    assert record.fields == {
        "no": "APP-12", "text": None, "n": "007.50", "gone": None, "pick": None, "tags": ("two", "one"), "none": (),
        "who": "ann", "people": ("bob",), "files": (file,), "lines": ({"item": "bolt"},), "new": {"a": (1, None)},
    }  # fmt: skip
    files: Any = record.fields["files"]
    (found,) = files
    assert (found.where, found.system) == ("K", "kintone:acme.example")


def test_values_are_written_in_their_fields_form() -> None:
    """Numbers as text, people and files as objects, rows with cells inside, what is empty as "" or []."""
    form = {
        "n": told("NUMBER", "n"),
        "text": told("SINGLE_LINE_TEXT", "text"),
        "people": told("USER_SELECT", "people"),
        "files": told("FILE", "files"),
        "tags": told("CHECK_BOX", "tags", options=OPTIONS),
        "day": told("DATE", "day"),
        "who": told("CREATOR", "who"),
        "lines": TABLE,
    }
    file = File(name="a", size=1, media_type="x/y", where="K")
    wanted: Mapping[str, Value] = {
        "n": 5, "text": True, "people": ("ann", 7), "files": (file,), "tags": None, "day": None, "who": "ann",
        "lines": ({"item": "bolt", "count": 2.0},),
    }  # fmt: skip
    payload = Payloads(fields_of(form, DEFAULT_PRECISION)).made(wanted)
    assert {name: value["value"] for name, value in payload.items()} == {
        "n": "5", "text": "true", "people": [{"code": "ann"}, {"code": "7"}], "files": [{"fileKey": "K"}], "tags": [],
        "day": "", "who": {"code": "ann"}, "lines": [{"value": {"item": {"value": "bolt"}, "count": {"value": "2"}}}],
    }  # fmt: skip


# ---------------------------------------------------------------- what is stored


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False),
    st.integers(0, 10),
    st.sampled_from(("{}", "{:E}", " {} ", "{:f}")),
)
def test_a_number_is_the_same_rounded_decimal_in_plain_notation(number: Decimal, places: int, form: str) -> None:
    """However written, the stored text is the rounded value, without exponent or needless zeros; once is enough."""
    text = number_text(form.format(number), places, "HALF_EVEN")
    assert Decimal(text) == number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    assert "E" not in text and text != "-0" and not ("." in text and text.endswith("0"))
    assert number_text(text, places, "HALF_EVEN") == text


@pytest.mark.parametrize(
    ("type_", "value", "seen"),
    [
        ("NUMBER", "12.34567", "12.3457"),  # observed
        ("NUMBER", "1.5e1", "15"),  # observed
        ("NUMBER", 0.00005, "0"),
        ("NUMBER", "-0.00001", "0"),
        ("NUMBER", "1,000", "1,000"),
        ("NUMBER", "１２", "１２"),
        ("NUMBER", "1e999", "1e999"),
        ("NUMBER", "  ", None),
        ("DATE", "2015", "2015-01-01"),  # vendor docs
        ("DATE", "2015-7-5", "2015-07-05"),  # vendor docs
        ("DATE", "soon", "soon"),
        ("TIME", "9:5", "09:05"),
        ("TIME", "09:05:59", "09:05"),
        ("DATETIME", "2024-03-01T09:30:59+09:00", "2024-03-01T00:30:00Z"),
        ("DATETIME", "2024-03-01T00:30:59.999Z", "2024-03-01T00:30:00Z"),
        ("DATETIME", "2024-3-1", "2024-03-01T00:00:00Z"),
        ("DATETIME", "2024-03-01T00:30", "2024-03-01T00:30"),
        ("DATETIME", "0001-01-01T00:00:00+09:00", "0001-01-01T00:00:00+09:00"),
        ("MULTI_LINE_TEXT", "a\r\nb", "a\nb"),
        ("SINGLE_LINE_TEXT", "", None),
        ("SINGLE_LINE_TEXT", 7, "7"),
        ("CHECK_BOX", ("三", "one", "one"), ("one", "三")),
        ("CHECK_BOX", "one", ("one",)),
        ("USER_SELECT", ("bob", "ann"), ("ann", "bob")),
        ("DROP_DOWN", "", None),
        ("FILE", None, ()),
    ],
)
def test_values_have_one_form(type_: str, value: Value, seen: Value) -> None:
    """What reading back shows, by the docs and by what was observed; that form stays as it is."""
    one = field(type_, options=OPTIONS) if type_ == "CHECK_BOX" else field(type_)
    assert stored(one, value) == seen
    assert stored(one, seen) == seen


def test_rounding_is_the_apps() -> None:
    """Decimal places and direction come from the app's settings."""
    assert stored(field("NUMBER", (0, "UP", 16)), "1.2") == "2"
    assert stored(field("NUMBER", (1, "DOWN", 16)), "1.29") == "1.2"
    assert stored(field("NUMBER", (1, "HALF_EVEN", 16)), "0.25") == "0.2"


def test_an_emptied_radio_button_falls_back() -> None:
    """To its default, else its first option; a drop-down stays empty."""
    assert stored(field("RADIO_BUTTON", options=OPTIONS, defaultValue="two"), None) == "two"
    assert stored(field("RADIO_BUTTON", options=OPTIONS), "") == "one"


def test_a_reference_stays_as_it_is() -> None:
    """As a field, in a list, in a cell: what is known after apply is not judged."""
    ref = Ref(target="t", collection="1", source="s", source_collection="c", source_id="9")
    assert stored(field("SINGLE_LINE_TEXT"), ref) is ref
    assert stored(field("USER_SELECT"), (ref, "bob", "ann")) == ("ann", "bob", ref)
    rows: Any = stored(lines(), ({"item": ref, "count": "1.0"},))
    (row,) = rows
    assert row == {"item": ref, "count": "1", "kind": "one"}


# ---------------------------------------------------------------- tables


def test_a_row_keeps_the_cells_that_the_playbook_does_not_name() -> None:
    """Found by its named cells wherever it stands now; a row put in front steals nothing."""
    before = ({"item": "a", "count": "1", "kind": "two", "sum": "2"}, {"item": "b", "count": "2", "kind": "三"})
    wanted = ({"item": "new", "count": "9"}, {"item": "a", "count": "1.0"}, {"item": "b", "count": "2"})
    seen: Any = stored(lines(), wanted, before)
    assert [row["kind"] for row in seen] == ["one", "two", "三"]


def test_an_edited_row_keeps_its_place() -> None:
    """Where no row came or went, one with another value is the row that stood there."""
    before = ({"item": "a", "count": "1", "kind": "two"}, {"item": "b", "count": "2", "kind": "三"})
    seen = stored(lines(), ({"item": "a", "count": "1"}, {"item": "b", "count": "7"}), before)
    assert seen == ({"item": "a", "count": "1", "kind": "two"}, {"item": "b", "count": "7", "kind": "三"})


def test_a_cell_that_is_no_number_is_stored_empty() -> None:
    """In a table it is not refused but lost (observed): the plan must show that."""
    rows: Any = stored(lines(), ({"count": "many"},))
    (row,) = rows
    assert row["count"] is None


_CELLS = {"item": st.sampled_from("abc"), "count": st.sampled_from("123"), "kind": st.sampled_from(("one", "two"))}


@given(
    st.lists(st.fixed_dictionaries(_CELLS), max_size=5),
    st.lists(st.fixed_dictionaries({}, optional=_CELLS), max_size=5),
)
def test_completing_rows_only_adds(before: list[dict[str, str]], wanted: list[dict[str, str]]) -> None:
    """Named cells stay as wanted; a cell that was added comes from one old row; each old row is used at most once."""
    whole = completed(columns_of(lines()), wanted, tuple(before), cell_stored)
    assert len(whole) == len(wanted)
    for row, want in zip(whole, wanted, strict=True):
        assert {name: row[name] for name in want} == want
        assert row == want or any({**old, **want} == row for old in before)
    kept = [row for row, want in zip(whole, wanted, strict=True) if row.keys() != want.keys()]
    assert len(kept) <= len(before)


# ---------------------------------------------------------------- queries


@pytest.mark.parametrize(
    ("text", "condition", "order"),
    [
        ("", "", ""),
        ('a = "x"', 'a = "x"', ""),
        ("order by a desc", "", "a desc"),
        ('a = "order by b"', 'a = "order by b"', ""),
        ('a in ("x")order by b asc, c desc', 'a in ("x")', "b asc, c desc"),
        ("a > 1 ORDER  BY $id asc", "a > 1", ""),
        ("a > 1 order by $id", "a > 1", ""),
        ("a > 1 order by $id desc", "a > 1", "$id desc"),
        ('a = "\\" order by b"\u3000order by c asc', 'a = "\\" order by b"', "c asc"),
        ('reorder by = "1"', 'reorder by = "1"', ""),
        ("limit = 5", "limit = 5", ""),
    ],
)
def test_a_query_is_split(text: str, condition: str, order: str) -> None:
    """Where the condition ends and the order begins; what stands in quotes is neither."""
    wanted = parsed(text)
    assert (wanted.condition, wanted.order) == (condition, order)


@pytest.mark.parametrize("text", ["limit 10", 'a = "x" limit 500 offset 0', "order by a asc LIMIT 5", "offset 10"])
def test_a_part_of_the_records_is_refused(text: str) -> None:
    """`limit` and `offset` would make a migration that silently leaves records out."""
    with pytest.raises(Refused, match="limit"):
        parsed(text)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_d05_values_are_quoted_so_that_nothing_ends_early(values: list[str]) -> None:
    """No raw line break or tab, no quote that is not escaped: a reader of the quoted text gets the values back."""
    text = any_of("f", values)
    assert "\n" not in text and "\t" not in text
    assert text == f"f in ({', '.join(map(quoted, values))})"
    assert [_unquoted(quoted(value)) for value in values] == values


def _unquoted(text: str) -> str:
    assert text[0] == text[-1] == '"'
    found, rest = "", text[1:-1]
    while rest:
        if rest[0] == "\\":
            found, rest = found + {"n": "\n", "t": "\t"}.get(rest[1], rest[1]), rest[2:]
        else:
            assert rest[0] != '"'
            found, rest = found + rest[0], rest[1:]
    return found
