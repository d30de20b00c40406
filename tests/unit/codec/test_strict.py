"""Strict JSON: what is let through is exact, what is refused is refused with its place."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.codec.strict import StrictError, loads, position, read

REFUSED = [
    ('{"a": 1,}', (1, 8), "a comma before"),
    ("[1, 2,\n]", (1, 6), "a comma before"),
    ('{"a": 1 // why\n}', (1, 9), "a comment"),
    ("# why\n1", (1, 1), "a comment"),
    ('{"a": 1,\n "a": 2}', (2, 2), 'the key "a" stands twice (first at 1:2)'),
    ('{"a": 1, "\\u0061": 2}', (1, 10), 'the key "a" stands twice (first at 1:2)'),
    ("[NaN]", (1, 2), "NaN is no JSON value"),
    ("[-Infinity]", (1, 2), "-Infinity is no JSON value"),
    ("[True]", (1, 2), "True is no JSON value"),
    ("['a']", (1, 2), "stands where a value should"),
    ("[01]", (1, 2), "01 is no JSON value"),
    ("[1.]", (1, 2), "1. is no JSON value"),
    ('{"a" 1}', (1, 6), 'stands where a ":" after the key should'),
    ("[1 2]", (1, 4), 'stands where "," or "]" should'),
    ('{"a": ', (1, 7), "the text ends"),
    ("", (1, 1), "the text ends"),
    ('["abc', (1, 2), "without its closing quote"),
    ('["a\tb"]', (1, 4), "U+0009 stands bare"),
    ('["\\x"]', (1, 3), "no such escape"),
    ('["\\ud800"]', (1, 2), "half a character"),
    ("[1] 2", (1, 5), "more text after the end"),
    ("[" * 101 + "]" * 101, (1, 101), "deeper than 100 levels"),
]


@pytest.mark.parametrize(("text", "place", "words"), REFUSED, ids=[words for _, _, words in REFUSED])
def test_what_is_no_strict_json_is_refused_with_line_and_column(
    text: str, place: tuple[int, int], words: str
) -> None:
    with pytest.raises(StrictError) as refused:
        loads(text)
    assert (refused.value.line, refused.value.column) == place
    assert words in refused.value.message


def test_bytes_that_are_no_utf_8_are_refused_with_their_offset() -> None:
    with pytest.raises(StrictError, match="byte 0xe9 at byte offset 7"):
        loads(b'["a",\n"\xe9"]')


def test_a_byte_order_mark_is_no_fault() -> None:
    assert loads(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", "18446744073709551616"),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", "-9223372036854775809"),
        ("9" * 5000, "9" * 5000),
        ("0.1", 0.1),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("3.14159265358979323846", "3.14159265358979323846"),
        ("1e999", "1e999"),
        ("1e-999", "1e-999"),
        ("0e999", 0.0),
    ],
)
def test_numbers_are_exact_or_stay_text(text: str, value: Any) -> None:
    assert loads(text) == value
    assert type(loads(text)) is type(value)
    assert read(text)[0] == value


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_is_never_another_number(text: str) -> None:
    """Whatever comes out, as number or text, is the decimal that was written."""
    value = loads(text)
    assert Decimal(repr(value) if isinstance(value, float) else value) == Decimal(text)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # half characters cannot be written as UTF-8
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(TREES, st.booleans(), st.sampled_from([None, 1]))
def test_what_json_writes_is_read_back_by_both_readers(tree: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(tree, ensure_ascii=ascii_only, indent=indent)
    if "\\ud" in text and not _whole(text):
        return
    assert loads(text) == tree
    assert read(text)[0] == tree


@given(st.text(st.sampled_from(list('{}[]",:1e.-+\\u0d8 \n\ttruefalsn/#N'))))
def test_any_text_is_read_or_refused_alike_by_both_readers(text: str) -> None:
    """The quick reader lets through what the slow one does, and both end in a value or a StrictError."""
    try:
        slow: Any = read(text)[0]
    except StrictError as refused:
        with pytest.raises(StrictError) as also:
            loads(text)
        assert (also.value.line, also.value.column) == position(text, refused.offset)
    else:
        assert loads(text) == slow


PIECES = ["a", "b", '\\"', "\\\\", ":x", '\\":', "\\u0022", "\\ud800", "é", "\ufeff", "\x7f", "\x01", ""]
VALUES = ["1", "-0", "01", "1.5", "1e5", "true", "null", "NaN", "[]", "{}", "18446744073709551616", '"', '{"a": 1}']
BLANKS = st.sampled_from(["", "", " ", "\t"])
TEXTS = st.lists(st.sampled_from(PIECES), max_size=2).map(lambda parts: f'"{"".join(parts)}"')
PAIRS = st.tuples(BLANKS, TEXTS, BLANKS, st.just(":"), BLANKS, TEXTS | st.sampled_from(VALUES), BLANKS).map("".join)


@given(st.lists(PAIRS, max_size=4).map(",".join), st.sampled_from(["", "\n", " ", "x"]))
def test_an_object_in_bytes_is_read_or_refused_alike_by_all_readers(pairs: str, rest: str) -> None:
    """No key twice, no inexact number and no half character comes by the quickest way."""
    data = f"{{{pairs}}}{rest}".encode()
    try:
        slow: Any = read(data.decode())[0]
    except StrictError:
        with pytest.raises(StrictError):
            loads(data)
    else:
        assert repr(loads(data)) == repr(slow)


def _whole(text: str) -> bool:
    try:
        json.loads(text).__repr__().encode()
    except UnicodeEncodeError:
        return False
    return True
