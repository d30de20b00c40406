"""What generated code does at once is what the filters, operators and checks do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.model.playbook import Unknown
from migrator.model.values import Field, File, Kind, Record
from migrator.transform.coerce import coerce
from migrator.transform.filters import FILTERS
from migrator.transform.fits import fitter
from migrator.transform.refusal import Refusal
from migrator.transform.results import clean
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
    "{{ record.a }}",
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
    *[Field(name="f", kind=kind, required=required) for kind in Kind for required in (False, True)],
    Field(name="f", kind=Kind.TEXT, min_length=2, max_length=4),
    Field(name="f", kind=Kind.NUMBER, maximum="5"),
    Field(name="f", kind=Kind.CHOICE, choices=("a", "A", " ")),
    Field(name="f", kind=Kind.CHOICES, choices=("a", "b", "")),
    Field(name="f", kind=Kind.TABLE, fields=_COLUMNS),
]
_SINGLE = [
    *(None, True, False, 0, 7, -3, 2**62, 2**63, -(2**63), 2**70, 1.5, 0.0, math.nan, math.inf),
    *("", " ", "a", "b", "ab", " a b ", "aAa", "x" * 5, "x" * 2_001, "東京", "\ud800", "a\ud800"),
    *("0", "7", "007", "-3", "-0", "1.50", "1.", "1e3", "７", "²", "1" * 29, "1" * 101, "9223372036854775808"),
    *("2024-03-01", "2024-02-30", "0000-01-01", "2024-W01-1", "09:30:00", "24:00:00", "09:30", "09-30-00"),
    *("2024-03-01T00:30:00Z", "2024-03-01T24:00:00Z", "2024-03-01T09:30:00+09:00", "2024-03-01t00:30:00Z"),
    *(Decimal("1.5"), File(name="a.txt", size=1, media_type="text/plain")),
]
_ROWS = [
    *({}, {"c": 1}, {"n": 7, "t": "x"}, {"t": "x", "n": "1.50"}, {"n": "7"}, {"t": None, "n": None}),
    *(
        {"n": 7, "t": "long"},
        {"n": "x", "t": "x"},
        {"n": 7, "t": "x", "c": 1},
        {"n": 7, "c": 1},
        {"n": None, "t": "é"},
    ),
]
_VALUES = [
    *_SINGLE,
    *_ROWS,
    *[(value,) for value in (*_SINGLE, *_ROWS)],
    *[(), ("b", "a"), ("a", 1), (2, 1), ("a", None), (None, "a"), ("a", ("b",)), ("c", "b", "a"), ("x",) * 2_001],
    *[(row, {"n": 1, "t": "y"}) for row in _ROWS],
]
_RECORDS = [
    {},
    {"b": "a"},
    *[{"a": value} for value in _VALUES],
    *[{"a": value, "b": other} for value in _VALUES for other in ("a", 7, None, {"c": 1})],
]


def _check(text: str, target: Field | None, records: Iterable[Mapping[str, Any]]) -> None:
    """Holds the function of the step against the functions of its field."""
    fields = None if target is None else {"f": target}
    compiled = mapping({"f": text}, fields, vars={"v": "v"}, mappings=_TABLES)
    for data in records:
        record = Record(id="1", fields=data)
        fast = compiled.render(record, ORIGIN)
        assert repr(fast) == repr(compiled._one_by_one(compiled._scope_of(record, ORIGIN), ORIGIN)), data


@pytest.mark.parametrize("text", _TEXTS)
def test_a_shortcut_gives_what_its_filter_or_operator_gives(text: str) -> None:
    """With values that the shortcut takes and values that it must not take; problems included."""
    _check(text, None, _RECORDS)


@pytest.mark.parametrize("target", _FIELDS, ids=lambda field: str(field.kind))
def test_what_is_taken_as_it_stands_is_what_the_long_way_gives(target: Field) -> None:
    """Every kind of field, with values that fit and values that do not."""
    _check("{{ record.a }}", target, [{"a": value} for value in _VALUES])
    for value in _VALUES:
        assert repr(_outcome(fitter(target), value)) == repr(
            _outcome(lambda result: coerce(target, clean(result)), value)
        )  # type: ignore[arg-type]  # no OMIT among them


def _outcome(fit: Callable[[Any], Any], value: Any) -> Any:
    try:
        return fit(value)
    except Refusal as refusal:
        return f"{refusal.code} {refusal.summary}"


_CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.sampled_from(_SINGLE)
)
_DRAWN = st.one_of(_CELLS, st.lists(_CELLS, max_size=3).map(tuple), st.sampled_from(_VALUES))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(_TEXTS),
    st.sampled_from([None, *_FIELDS]),
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), _DRAWN), min_size=1, max_size=12),
)
def test_the_fast_function_gives_what_the_authority_gives(
    text: str, target: Field | None, records: list[Any]
) -> None:
    """Any filter or operator into any kind of field."""
    _check(text, target, records)


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
