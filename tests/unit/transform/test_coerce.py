"""A result fits the target field's kind or is a Problem; the short cuts agree with the long way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.model.playbook import Read, Step, Write
from migrator.model.values import Field, File, Kind, Value, WritableOn
from migrator.transform.coerce import check_targets, coerce
from migrator.transform.fits import fitter
from migrator.transform.refusal import Refusal
from migrator.transform.results import clean
from tests.unit.transform.building import ref, render

FILE = File(name="a.txt", size=1, media_type="text/plain")
TABLE = Field(
    name="rows",
    kind=Kind.TABLE,
    fields=(Field(name="n", kind=Kind.NUMBER), Field(name="t", kind=Kind.TEXT, max_length=3)),
)


def field(kind: Kind, **more: Any) -> Field:
    return Field(name="f", kind=kind, **more)


@pytest.mark.parametrize(
    ("kind", "value", "gives"),
    [
        (Kind.TEXT, 7, "7"),
        (Kind.TEXT, 1.5, "1.5"),
        (Kind.TEXT, "é", "é"),
        (Kind.NUMBER, "007.50", "7.50"),
        (Kind.NUMBER, "1e3", "1000"),
        (Kind.NUMBER, 1.5, 1.5),
        (Kind.NUMBER, "123456789012345678901234567890.5", "123456789012345678901234567890.5"),
        (Kind.BOOLEAN, False, False),
        (Kind.DATE, "2024-03-01", "2024-03-01"),
        (Kind.TIME, "9:30".rjust(5, "0"), "09:30:00"),
        (Kind.DATETIME, "2024-03-01T09:30:00+09:00", "2024-03-01T00:30:00Z"),
        (Kind.DATETIME, "2024-03-01 09:30", "2024-03-01T00:30:00Z"),
        (Kind.DATETIME, "2024-03-01T00:30:00.999Z", "2024-03-01T00:30:00Z"),
        (Kind.DATETIME, "0900-03-01T09:30:00+00:00", "0900-03-01T09:30:00Z"),
        (Kind.CHOICES, "a", ("a",)),
        (Kind.CHOICES, "", ()),
        (Kind.USERS, ("ito", 7), ("ito", "7")),
        (Kind.USER, "ito", "ito"),
        (Kind.REFERENCE, 57, "57"),
        (Kind.REFERENCES, ("1", 2), ("1", "2")),
        (Kind.REFERENCES, ref("p", 1), (ref("p", 1),)),
        (Kind.REFERENCE, ref("p", 1), ref("p", 1)),
        (Kind.TEXT, ref("p", 1), ref("p", 1)),
        (Kind.FILES, FILE, (FILE,)),
        (Kind.FILE, (FILE,), FILE),
        (Kind.JSON, {"a": (1,)}, {"a": (1,)}),
        (Kind.NUMBER, None, None),
    ],
)
def test_a_value_that_fits_is_brought_to_the_fields_form(kind: Kind, value: Any, gives: Any) -> None:
    """Local times are of the zone (Asia/Tokyo here)."""
    made = coerce(field(kind), value, "Asia/Tokyo")
    assert made == gives
    assert type(made) is type(gives)


@pytest.mark.parametrize(
    ("kind", "value", "code", "more"),
    [
        (Kind.TEXT, True, "TR020", {}),
        (Kind.TEXT, ("a",), "TR020", {}),
        (Kind.TEXT, "abcd", "TR021", {"max_length": 3}),
        (Kind.TEXT, "ab", "TR022", {"min_length": 3}),
        (Kind.NUMBER, "", "TR020", {}),
        (Kind.NUMBER, "1,5", "TR020", {}),
        (Kind.NUMBER, "１２", "TR020", {}),
        (Kind.NUMBER, "NaN", "TR020", {}),
        (Kind.NUMBER, True, "TR020", {}),
        (Kind.NUMBER, 4, "TR023", {"minimum": "5"}),
        (Kind.NUMBER, "5.01", "TR023", {"maximum": "5"}),
        (Kind.BOOLEAN, 1, "TR020", {}),
        (Kind.BOOLEAN, "true", "TR020", {}),
        (Kind.DATE, "2024-03-01T00:00:00Z", "TR020", {}),
        (Kind.DATE, "0000-00-00", "TR028", {}),
        (Kind.DATE, "2024-W01-1", "TR028", {}),
        (Kind.TIME, "25:00", "TR028", {}),
        (Kind.DATETIME, "2024-03-01", "TR020", {}),
        (Kind.DATETIME, "2024-02-30T00:00:00Z", "TR028", {}),
        (Kind.DATETIME, "0001-01-01T00:00:00+09:00", "TR028", {}),
        (Kind.CHOICE, "c", "TR024", {"choices": ("a", "b")}),
        (Kind.CHOICE, "", "TR020", {"choices": ("a", "b")}),
        (Kind.CHOICES, ("a", "c"), "TR024", {"choices": ("a", "b")}),
        (Kind.USER, ("ito",), "TR020", {}),
        (Kind.FILE, "a.txt", "TR020", {}),
        (Kind.DATE, ref("p", 1), "TR020", {}),
        (Kind.TABLE, ({"n": "x"},), "TR020", {"fields": TABLE.fields}),
        (Kind.TABLE, ({"m": 1},), "TR026", {"fields": TABLE.fields}),
        (Kind.TABLE, ({"t": "abcd"},), "TR021", {"fields": TABLE.fields}),
        (Kind.TABLE, ("x",), "TR020", {"fields": TABLE.fields}),
        (Kind.TEXT, "", "TR025", {"required": True}),
        (Kind.CHOICES, (), "TR025", {"required": True}),
        (Kind.NUMBER, None, "TR025", {"required": True}),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(kind: Kind, value: Any, code: str, more: Any) -> None:
    """The code says which rule; a sentence names the field."""
    with pytest.raises(Refusal) as caught:
        coerce(field(kind, **more), value)
    assert caught.value.code == code
    if kind is not Kind.DATE and kind is not Kind.TIME and kind is not Kind.DATETIME:
        assert '"f"' in caught.value.summary


def test_a_wrong_choice_gets_a_likely_one() -> None:
    """A slip of the pen is told."""
    rendered = render("In uze", target={"f": field(Kind.CHOICE, choices=("In use", "Lost"))})
    assert rendered.problems[0].hint == 'did you mean "In use"?'


def test_the_row_of_a_bad_cell_is_told() -> None:
    """Row, column and reason."""
    rendered = render("{{ record.r }}", {"r": ({"n": 1}, {"n": "x"})}, target={"f": TABLE})
    assert rendered.problems[0].summary == 'row 2 of "rows": "n" takes number, not "x"'


def test_unknown_and_read_only_targets_are_found_once_a_step() -> None:
    """Before any record is read; nothing where the target does not tell its fields."""
    step = Step(
        step="s",
        source=Read(system="a", collection="b"),
        fields={"nmae": 1, "name": 1, "made": 1},
        target=Write(system="t", collection="12"),
    )
    fields = {
        "name": field(Kind.TEXT),
        "made": field(Kind.DATETIME, writable_on=WritableOn.NEVER),
    }
    found = check_targets(step, fields)
    assert [(p.code, p.hint) for p in found] == [
        ("TR026", 'did you mean "name"?'),
        ("TR027", "leave it out of `fields:`"),
    ]
    assert check_targets(step, None) == []


_FIELDS = [
    field(Kind.TEXT, max_length=3),
    field(Kind.TEXT, min_length=2),
    field(Kind.NUMBER),
    field(Kind.NUMBER, maximum="5"),
    field(Kind.DATE),
    field(Kind.DATETIME),
    field(Kind.CHOICE, choices=("a", "b")),
    field(Kind.CHOICE),
    field(Kind.CHOICES, choices=("a", "b"), required=True),
    field(Kind.USERS),
    field(Kind.REFERENCE),
    TABLE,
]
_CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(
        ["a", "b", "2024-03-01", "2024-13-01", "2024-03-01T00:30:00Z", "2024-03-01T24:30:00Z", "007", "7"]
    ),
)
_ROWS = st.dictionaries(st.sampled_from(["n", "t", "m"]), _CELLS)
_RESULTS = st.one_of(_CELLS, st.lists(_CELLS, max_size=3).map(tuple), st.lists(_ROWS, max_size=3).map(tuple))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_FIELDS), _RESULTS)
def test_the_short_cuts_agree_with_the_long_way(target: Field, result: Any) -> None:
    """Whatever a short cut takes is what `clean` and `coerce` give, and what they refuse it refuses."""

    def long_way() -> Value | str:
        try:
            return coerce(target, clean(result), "UTC")  # type: ignore[arg-type]  # no OMIT is drawn
        except Refusal as refusal:
            return f"{refusal.code} {refusal.summary}"

    def short_cut() -> Any:
        try:
            return fitter(target)(result)
        except Refusal as refusal:
            return f"{refusal.code} {refusal.summary}"

    assert repr(short_cut()) == repr(long_way())
