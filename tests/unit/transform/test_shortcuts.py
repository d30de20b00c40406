"""What generated code does at once is what the filters, operators and checks do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.model.playbook import Unknown
from migrator.model.values import Field, File, Kind, Record
from migrator.transform.filters import FILTERS
from tests.unit.transform.building import ORIGIN, came_to, code_of, mapping, render, table

_TABLES = {"state": table({"a": "A", "b": None}, unknown=Unknown.KEEP), "strict": table({"a": "A"})}
_ARGUMENTS = {
    "replace": "('a', 'bc')",
    "remove_prefix": "('a')",
    "remove_suffix": "('a')",
    "truncate": "(3)",
    "left": "(2)",
    "right": "(2)",
    "pad_left": "(3, '0')",
    "pad_right": "(3)",
    "decimals": "(1)",
    "to_zone": "('Asia/Tokyo')",
    "add_days": "(1)",
    "format_date": "('%d.%m.%Y')",
    "pluck": "('c')",
    "select_by": "('c', 1)",
    "reject_by": "('c', 1)",
    "default": "('d')",
    "map": "('state')",
}
_TEXTS = [
    *["{{ record.a }}"] * 20,
    *[f"{{{{ record.a | {name}{_ARGUMENTS.get(name, '')} }}}}" for name in FILTERS],
    *[f"{{{{ record.a {sign} record.b }}}}" for sign in ("+", "-", "*", "~", "==", "in")],
    "{{ record.a.upper() }}{{ record.b.strip() }}",
    "{{ record.a.replace('a', '') }}",
    "{{ record.a.removeprefix('a') }}",
    "{{ record.a.startswith('a') }}",
    "{{ record.a | trim('a') }}",
    "{{ record.a | replace('', 'ab', 1) }}",
    "{{ record.a | replace(record.b, '-') }}",
    "{{ record.a | default('d', true) }}",
    "{{ record.a | default(record.b) }}",
    "{{ record.a | map('strict') }}",
    "{{ record.a | int + 1 }}",
    "{{ 3 * record.a - 7 }}",
    "{{ {'a': 1, 'b': 'x', '7': none}[record.a] }}",
    "{{ {'a': record.b}[record.a] }}",
    "{{ {1: 'a'}[record.a] }}",
    "{{ record.a }}{x}\n\\N{{ record.b }}'\"",
    "{{ record.a ~ '{' ~ 7 ~ none ~ record.b ~ '}' }}",
    "{{ record.b.c }}{{ record.b.c.d }}",
    "{{ vars.v }}-{{ vars.w | default('w') }}",
    "{{ omit if record.a == 'a' else record.a }}",
    "{{ [record.a, omit] }}",
    "{{ record.a" + " | trim | replace('a', 'b')" * 7 + " }}",
    "{{ record }}",
]
_COLUMNS = (Field(name="n", kind=Kind.NUMBER), Field(name="t", kind=Kind.TEXT, max_length=3, required=True))
_FIELDS = [
    None,
    *[Field(name="f", kind=kind, required=required) for kind in Kind for required in (False, True)],
    Field(name="f", kind=Kind.TEXT, min_length=2, max_length=4),
    Field(name="f", kind=Kind.NUMBER, maximum="5"),
    Field(name="f", kind=Kind.CHOICE, choices=("a", "A", " ")),
    Field(name="f", kind=Kind.CHOICES, choices=("a", "b", "")),
    Field(name="f", kind=Kind.TABLE, fields=_COLUMNS),
]
_CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-9, 9),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["a", "b", "ab", " a ", "\ud800", "東京", "x" * 2_001]),
    st.sampled_from(["７", "007", "-3", "1.50", "0", "-0", "1e3"]),
    st.sampled_from(["2024-03-01", "2024-02-30", "0000-01-01", "2024-W01-1", "09:30:00", "24:00:00", "09:30"]),
    st.sampled_from(["2024-03-01T00:30:00Z", "2024-03-01T24:00:00Z", "2024-03-01T09:30:00+09:00"]),
    st.just(File(name="a.txt", size=1, media_type="text/plain")),
)
_ROWS = st.dictionaries(st.sampled_from(["n", "t", "c"]), _CELLS, max_size=3)
_VALUES = st.one_of(_CELLS, _ROWS, st.lists(_CELLS, max_size=3).map(tuple), st.lists(_ROWS, max_size=2).map(tuple))


_RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), _VALUES), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_TEXTS), st.sampled_from(_FIELDS), _RECORDS)
def test_the_fast_function_gives_what_the_authority_gives(
    text: str, target: Field | None, records: list[Any]
) -> None:
    """Every filter, operator and kind of field, with values that fit and values that do not; problems included."""
    fields = None if target is None else {"f": target}
    compiled = mapping({"f": text}, fields, vars={"v": "v"}, mappings=_TABLES)
    for data in records:
        record = Record(id="1", fields=data)
        fast = compiled.render(record, ORIGIN)
        assert repr(fast) == repr(compiled._one_by_one(compiled._scope_of(record, ORIGIN), ORIGIN))


@pytest.mark.parametrize(
    ("text", "record", "target"),
    [
        ("{{ record.a | trim }} ({{ record.b }})", {"a": " 東京 ", "b": "x"}, Field(name="f", kind=Kind.TEXT)),
        ("{{ record.a | int + 1 }}", {"a": "41"}, Field(name="f", kind=Kind.NUMBER)),
        ("{{ {'o': 'Open'}[record.a] }}", {"a": "o"}, Field(name="f", kind=Kind.CHOICE, choices=("Open",))),
        ("{{ record.a | sort }}", {"a": ("b", "a")}, Field(name="f", kind=Kind.CHOICES, choices=("a", "b"))),
        ("{{ record.a }}", {"a": "2024-03-01T00:30:00Z"}, Field(name="f", kind=Kind.DATETIME)),
        ("{{ record.a }}", {"a": ({"n": "7", "t": "x"},)}, Field(name="f", kind=Kind.TABLE, fields=_COLUMNS)),
        ("{{ record.a | default('x') }}", {}, None),
        ("{{ vars.v }}", {}, None),
        ("{{ omit }}", {}, None),
    ],
)
def test_ordinary_records_never_ask_the_authority(
    text: str, record: Any, target: Field | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of good records goes the fast way alone: no function of a single field is made."""
    compiled = mapping({"f": text}, None if target is None else {"f": target}, vars={"v": 1})
    monkeypatch.setattr(compiled, "_one_by_one", None)
    assert compiled.render(Record(id="1", fields=record), ORIGIN).problems == ()


def test_growth_is_bounded_where_a_text_grows_inline() -> None:
    """A short text and a long replacement go the way that counts first."""
    record = {"a": "a" * 2_000, "b": "b" * 600}
    assert code_of("{{ record.a | replace('a', '" + "x" * 9_000 + "') }}", record) == "TR012"
    assert len(came_to("{{ record.a | replace('', '" + "x" * 100 + "') }}", record)) == 2_000 + 2_001 * 100
    assert code_of("{{ record.a ~ record.b }}" * 400, record) == "TR012"


def test_large_values_are_metered_inline_too() -> None:
    """Work on a large value is counted, whatever way it goes."""
    assert code_of("{{ record.a" + " | upper | lower" * 10 + " }}", {"a": "é" * 1_000_000}) == "TR012"
    assert render("{{ record.a | upper }}", {"a": "é" * 1_000_000}).problems == ()
