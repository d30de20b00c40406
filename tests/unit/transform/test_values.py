"""What playbook.md says of values holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import PlaybookInvalid
from migrator.model.playbook import Unknown
from migrator.model.problem import Problem
from migrator.model.values import File, Record
from tests.unit.transform.building import ORIGIN, came_to, code_of, mapping, ref, render, table


@pytest.mark.parametrize(
    ("value", "record", "gives"),
    [
        ("{{ record.x }}", {"x": 7}, 7),
        ("{{ record.x }}", {"x": "00123"}, "00123"),
        ("{{ record.x }}", {"x": None}, None),
        ("{{ record.x }}", {"x": ("a", {"b": 1})}, ("a", {"b": 1})),
        ("{{ record.x }}\n", {"x": 7}, 7),
        (" {{ record.x }}", {"x": 7}, " 7"),
        ("{{ record.x }}{{ record.x }}", {"x": 7}, "77"),
        ("{{ record.x }}-", {"x": None}, "-"),
        ("{{ record.x }}-", {"x": True}, "true-"),
        ("{{ 7 }}", {}, 7),
        ("{{ none }}", {}, None),
        ("{{ true }}", {}, True),
        ("{{ '}}' }} {{ {'a': {'b': 1}}.a.b }}", {}, "}} 1"),
        ("no template: }} 00123", {}, "no template: }} 00123"),
        ({"a": ["{{ record.x }}", 1.5, None]}, {"x": 2}, {"a": (2, 1.5, None)}),
        ("{{ record.x ~ 1 ~ none }}", {"x": "a"}, "a1"),
        ("{{ record.tags == ['a'] }}", {"tags": ("a",)}, True),
        ("{{ record['日本 語'] }}{{ record.部署 }}", {"日本 語": "a", "部署": "b"}, "ab"),
        ("{{ 2 ** 70 }}", {}, str(2**70)),
        ("{{ record.x * 1.1 }}", {"x": 3}, 3 * 1.1),
        ("{{ record.x | number * 1.1 }}", {"x": "12.50"}, "13.750"),
        ("{{ record.x[1:3] }}", {"x": "abcd"}, "bc"),
        ("{{ record.x[-1].y }}", {"x": ({"y": 1}, {"y": 2})}, 2),
        ("{{ origin.id }}/{{ origin.collection }}", {}, "E-17/people.csv"),
        ("{{ record.doc.name }}", {"doc": File(name="a.txt", size=1, media_type="text/plain")}, "a.txt"),
        ("{{ 'x' if record.x is empty else 'y' }}", {"x": " "}, "x"),
        ("{{ record.a.b.c | default('far') }}", {"a": {"b": {}}}, "far"),
    ],
)
def test_an_expression_keeps_its_type_and_any_other_text_is_text(value: Any, record: Any, gives: Any) -> None:
    """A string that is one expression keeps its type, others render to text, at any depth."""
    made = came_to(value, record)
    assert made == gives
    assert type(made) is type(gives)


@pytest.mark.parametrize(
    "name",
    [
        "items",
        "keys",
        "values",
        "get",
        "copy",
        "pop",
        "class",
        "self",
        "loop",
        "count",
        "if",
        "not",
        "true",
        "caller",
    ],
)
def test_a_field_is_the_field_whatever_its_name(name: str) -> None:
    """Names of Python's and Jinja's own are fields like any other."""
    assert came_to("{{ record." + name + " }}", {name: "mine"}) == "mine"
    assert came_to("{{ record." + name + " | default('-') }}", {name: "mine"}) == "mine"
    assert code_of("{{ record." + name + " }}") == "TR010"


def test_omit_leaves_a_field_a_maps_value_and_a_lists_item_out() -> None:
    """`omit` is left out wherever it is a whole value, and refused anywhere else."""
    rendered = mapping({"f": "{{ omit }}", "g": ["{{ omit }}", 1], "h": {"a": "{{ omit }}", "b": 2}}).render(
        Record(id="1", fields={}), ORIGIN
    )
    assert rendered.fields == {"g": (1,), "h": {"b": 2}}
    assert came_to("{{ [1, omit] }}") == (1,)
    assert code_of("a{{ omit }}") == "TR011"
    assert code_of("{{ omit | trim }}") == "TR011"


def test_a_ref_is_opaque() -> None:
    """A ref may be a whole field or an item; in text, comparisons, conditions and filters it is a Problem."""
    made = ref("people", 4)
    assert came_to("{{ ref('people', 4) }}") == made
    assert came_to("{{ [ref('people', 4)] }}") == (made,)
    assert came_to({"a": "{{ ref('people', 4) | default('-') }}"}) == {"a": made}
    uses = [
        "x{{ R }}",
        "{{ R == 4 }}",
        "{{ R | trim }}",
        "{{ 1 if R else 2 }}",
        "{{ R.id }}",
        "{{ R in [1] }}",
        "{{ [R] | sort }}",
    ]
    codes = [code_of(use.replace("R", "ref('people', 4)")) for use in uses]
    assert set(codes) <= {"TR014", "TR010"}
    assert code_of("{{ [ref('people', 4)] | join }}") == "TR014"
    assert code_of("{{ {'a': 1}[ref('people', 4)] }}") == "TR014"


def test_ref_tells_what_it_lacks() -> None:
    """Without a look-up `ref` is a Problem of the record; a look-up's Problem gets the record's place."""
    assert code_of("{{ ref('people', 4) }}", ref=None) == "TR009"
    told = Problem(code="PL007", summary="no record 4")
    rendered = render("{{ ref('people', 4) }}", ref=lambda *_, **__: told)
    place = rendered.problems[0].place
    assert rendered.problems[0].code == "PL007"
    assert place is not None
    assert (place.step, place.record, place.field) == ("people", "E-17", "f")
    assert came_to("{{ ref('people', 4, missing=none) }}", ref=lambda *_, missing: missing) is None


def test_all_bad_fields_of_a_record_are_told_and_the_good_ones_are_made() -> None:
    """Every problem names step, record and field; fields without one are there."""
    fields = {
        "a": "{{ record.nmae }}",
        "b": "{{ record.name | date }}",
        "c": "{{ record.name }}",
        "d": "{{ 1 < 'a' }}",
    }
    rendered = mapping(fields).render(Record(id="1", fields={"name": "Ito"}), ORIGIN)
    assert rendered.fields == {"c": "Ito"}
    assert [(p.code, p.place.field, p.place.record) for p in rendered.problems if p.place] == [
        ("TR010", "a", "E-17"),
        ("TR028", "b", "E-17"),
        ("TR011", "d", "E-17"),
    ]
    assert rendered.problems[0].hint == 'did you mean "name"?'


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "TR013"),
        (float("inf"), "TR013"),
        ({1, 2}, "TR013"),
        (b"x", "TR013"),
        (len, "TR013"),
        ("\ud800", "TR013"),
        ((i for i in ()), "TR013"),
    ],
)
def test_what_is_no_data_is_refused(value: Any, code: str) -> None:
    """Nothing but JSON's kinds gets out of a template, at any depth."""
    assert code_of("{{ record.x }}", {"x": value}) == code
    assert code_of("{{ [record.x] }}", {"x": value}) == code


def test_a_maps_names_are_texts() -> None:
    """A map made in a template with other names is no data."""
    assert code_of("{{ {1: record.x} }}", {"x": 1}) == "TR013"
    assert code_of("{{ [record.x] }}", {"x": {1: 2}}) == "TR013"


def test_numbers_stay_exact() -> None:
    """Thirty digits, integers over 64 bit and decimals travel as text without losing any."""
    thirty = "123456789012345678901234567890.5"
    assert came_to("{{ record.x | number }}", {"x": thirty}) == thirty
    assert came_to("{{ record.x }}", {"x": 2**53 + 1}) == 2**53 + 1
    assert came_to("{{ record.x }}", {"x": 2**63}) == str(2**63)
    assert came_to("{{ record.x }}", {"x": Decimal("1E+3")}) == "1000"
    assert came_to("{{ '0.1' | number + '0.2' | number }}") == "0.3"
    assert came_to("{{ ['0.1', 0.2, 1] | sum }}") == "1.3"


def test_map_follows_its_table() -> None:
    """Unknown values fail with a likely entry, stay, or become null, as the table says."""
    values = {"In use": "稼働中", "4": "four"}
    tables = {
        "state": table(values),
        "kept": table(values, unknown=Unknown.KEEP),
        "null": table(values, unknown=Unknown.NULL),
    }
    assert came_to("{{ record.s | map('state') }}", {"s": "In use"}, mappings=tables) == "稼働中"
    assert came_to("{{ record.s | map('state') }}", {"s": (4, "In use")}, mappings=tables) == ("four", "稼働中")
    assert came_to("{{ record.s | map('kept') }}", {"s": "Lost"}, mappings=tables) == "Lost"
    assert came_to("{{ record.s | map('null') }}", {"s": "Lost"}, mappings=tables) is None
    rendered = render("{{ record.s | map('state') }}", {"s": "In uze"}, mappings=tables)
    assert (rendered.problems[0].code, rendered.problems[0].hint) == ("TR015", 'did you mean "In use"?')
    with pytest.raises(PlaybookInvalid) as caught:
        mapping({"f": "{{ record.s | map('stat') }}"}, mappings=tables)
    assert caught.value.problems[0].hint == 'did you mean "state"?'


def test_where_must_come_to_true_or_false() -> None:
    """A text is no condition: "0" from a CSV would else let everything in."""
    record = Record(id="1", fields={"active": "0", "n": 0})
    assert mapping({}, where="record.n == 0").where(record, ORIGIN) is True
    assert mapping({}, where="{{ record.n }}").where(record, ORIGIN) is False
    told = mapping({}, where="{{ record.active }}").where(record, ORIGIN)
    assert isinstance(told, Problem)
    assert "record.active == '1'" in told.hint
    assert isinstance(mapping({}, where="record.actve == '1'").where(record, ORIGIN), Problem)


@pytest.mark.parametrize(
    ("fields", "where", "read"),
    [
        ({"a": "{{ record.x }} {{ record['y z'] | trim }}"}, None, {"x", "y z"}),
        ({"a": ["{{ record.x.y }}", {"b": "{{ record.z is defined }}"}]}, "record.w == 1", {"x", "z", "w"}),
        ({"a": "{{ record | to_json }}"}, None, None),
        ({"a": "{{ record[vars.f] }}"}, None, None),
        ({"a": "constant"}, None, set()),
    ],
)
def test_references_are_the_fields_that_templates_read(fields: Any, where: Any, read: Any) -> None:
    """The source can be asked for these only; None where that cannot be told."""
    assert mapping(fields, where=where).references == read


_EXPRESSIONS = st.sampled_from(
    [
        "{{ record.a }}",
        "{{ record.a | default('d') }}",
        "{{ record.a ~ record.b }}",
        "x{{ record.b }}",
        "{{ record.a | coalesce(record.b) }}",
        "{{ record.a if record.b else none }}",
        "{{ record.a is defined and record.b == 1 }}",
        "{{ record.a | default(record.b) }}",
        "{{ record.b.c | default(omit) }}",
        "{{ [record.a, record.b] }}",
        "{{ record.a + record.b }}",
        "{{ record.b | trim | upper }}",
        "{{ record.a | list | join(',') }}",
        "{{ record.a[0] }}",
        "{{ record.b or record.a }}",
        "{{ record.a in record.b }}",
    ]
)
_DATA = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just(("a", "b")),
    st.just({"c": 1}),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_EXPRESSIONS, min_size=1, max_size=6), st.dictionaries(st.sampled_from(["a", "b"]), _DATA))
def test_one_function_for_all_fields_gives_what_one_function_a_field_gives(texts: list[str], data: Any) -> None:
    """The fast function agrees with the functions that are the authority, problems included."""
    compiled = mapping({f"f{place}": text for place, text in enumerate(texts)})
    record = Record(id="1", fields=data)
    together = compiled.render(record, ORIGIN)
    assert repr(together) == repr(compiled._one_by_one(compiled._scope_of(record, ORIGIN), ORIGIN))
