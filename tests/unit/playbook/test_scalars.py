"""Plain scalars mean what the core schema of YAML 1.2.2 (section 10.3.2) says."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.playbook.scalars import NoNumber, other_reading, resolve

CORE: list[tuple[str, Any]] = [
    *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
    *[(text, True) for text in ("true", "True", "TRUE")],
    *[(text, False) for text in ("false", "False", "FALSE")],
    *[(text, text) for text in ("nULL", "tRUE", "yes", "No", "NO", "on", "OFF", "y", "n", "none", "None")],
    ("0", 0), ("12", 12), ("-12", -12), ("+12", 12), ("012", 12), ("00123", 123), ("-0", 0), ("0o14", 12),
    ("0o7", 7), ("0x3A", 58), ("0xff", 255), ("18446744073709551615", 2**64 - 1),
    *[(text, text) for text in ("0o8", "0x", "0xG", "-0o7", "0b101", "1_000", "1,000", "1 000", "--1", "+", "-")],
    *[(text, text) for text in ("18446744073709551616", "-9223372036854775809", "0x10000000000000000")],
    ("1.5", 1.5), ("-1.5", -1.5), ("+.5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("1E-3", 0.001), ("1.0", 1.0),
    ("3.10", 3.1), ("0.1", 0.1), ("-0.0", -0.0),
    *[(text, text) for text in (".", "1.2.3", "e3", "1e", ".e3", "1e999", "0.10000000000000000000000001")],
    *[(text, text) for text in ("1:30", "12:30:45", "2024-01-01", "2024-01-01T00:00:00Z", "=", "<<", "190.20.30")],
]  # fmt: skip  # a table


@pytest.mark.parametrize(("text", "value"), CORE, ids=[repr(text) for text, _ in CORE])
def test_a_plain_scalar_has_the_core_schemas_meaning(text: str, value: Any) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN"])
def test_nan_and_infinity_are_no_values(text: str) -> None:
    with pytest.raises(NoNumber):
        resolve(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("NO", '"NO" is text here; YAML 1.1 readers take it for false'),
        ("012", "012 is the number 12; YAML 1.1 readers may take it for an octal one"),
        ("00198", "00198 is the number 198; YAML 1.1 readers may take it for an octal one"),
        ("0o14", "0o14 is a number here; YAML 1.1 readers take it for text"),
        ("1:30", "1:30 is text here; YAML 1.1 readers take it for a number to the base of 60"),
        ("1_000", "1_000 is text here; YAML 1.1 readers take it for a number"),
        ("0b11", "0b11 is text here; YAML 1.1 readers take it for a number"),
        ("2024-01-01", "2024-01-01 is text here; YAML 1.1 readers take it for a date"),
        ("1e3", "1e3 is a number here; YAML 1.1 readers take it for text"),
        ("3.10", "3.10 is the number 3.1: the last zero is lost"),
    ],
)
def test_a_hint_tells_where_other_readers_differ(text: str, sentence: str) -> None:
    reading = other_reading(text)
    assert reading is not None
    assert reading[1] == sentence


@pytest.mark.parametrize("text", ["", "true", "12", "0", "1.5", "1.0", "-3", "text", "0x1F", "10.0.0.1", "v1.10"])
def test_plain_things_get_no_hint(text: str) -> None:
    assert other_reading(text) is None
