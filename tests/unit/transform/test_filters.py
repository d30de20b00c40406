"""The table of filters: its examples hold, its page is up to date, dates and numbers follow their rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrator.transform.filters import FILTERS
from migrator.transform.page import reference
from migrator.transform.refusal import CODES
from tests.unit.transform.building import came_to, code_of, table

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", FILTERS)
def test_the_example_of_each_filter_holds(name: str) -> None:
    """What the page promises is what comes out."""
    expression, gives = FILTERS[name].example
    made = came_to("{{ " + expression + " }}", mappings={"state": table({"In use": "稼働中"})})
    assert made == gives
    assert type(made) is type(gives)


def test_the_page_of_filters_is_up_to_date() -> None:
    """`python -c "from migrator.transform.page import reference; print(reference(), end='')"` writes it."""
    assert (ROOT / "docs/reference/filters.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("name", [name for name, filter_ in FILTERS.items() if filter_.null_stays])
def test_null_stays_null(name: str) -> None:
    """Whatever the arguments, null goes through."""
    expression, _ = FILTERS[name].example
    chain = expression[expression.index("|") :].split(" | ")[0] if expression.startswith("'") else None
    call = chain or "| " + expression.split("| ", 1)[1].split(" | ")[0]
    assert came_to("{{ none " + call + " }}", mappings={"state": table({})}) is None


def test_every_code_used_is_in_the_table() -> None:
    """No Problem has a code that the table does not explain."""
    source = "".join(path.read_text("utf-8") for path in (ROOT / "migrator/transform").glob("*.py"))
    import re

    assert set(re.findall(r'"(TR\d{3})"', source)) == set(CODES)


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        ("'2024-03-01' | date", "2024-03-01"),
        ("'2024-03-01 23:30' | date", "2024-03-01"),
        ("'2024-03-01T23:30:00Z' | date", "2024-03-02"),
        ("'2024-03-01T23:30:00Z' | date(in_zone='UTC')", "2024-03-01"),
        ("'3/1/24' | date('%m/%d/%y')", "2024-03-01"),
        ("'01 Mar 2024' | date('%d %b %Y')", "2024-03-01"),
        ("'09:30' | time", "09:30:00"),
        ("'2024-03-01T00:30:00+00:00' | time", "09:30:00"),
        ("'2024-03-01' | datetime", "2024-03-01T00:00:00+09:00"),
        ("'2024-03-01T09:30:00.5' | datetime", "2024-03-01T09:30:00.500000+09:00"),
        ("'2024-03-01 09:30 +0530' | datetime", "2024-03-01T09:30:00+05:30"),
        ("'2024-03-01 09:30' | to_zone('UTC')", "2024-03-01T00:30:00Z"),
        ("'2024-03-01T09:30:00+09:00' | add_days(-1)", "2024-02-29T09:30:00+09:00"),
        ("'0099-03-01' | format_date('%Y/%m')", "0099/03"),
        ("1709253000000 | from_epoch('ms')", "2024-03-01T00:30:00Z"),
        ("'-1.5' | from_epoch", "1969-12-31T23:59:58.500000Z"),
    ],
)
def test_dates_are_read_and_written_by_named_rules(expression: str, gives: str) -> None:
    """Local times are of the system's zone (Asia/Tokyo here)."""
    assert came_to("{{ " + expression + " }}", zone="Asia/Tokyo") == gives


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("'0000-00-00' | date", "TR028"),
        ("'' | date", "TR028"),
        ("'2024-02-30' | date", "TR028"),
        ("'10000-01-01' | date", "TR028"),
        ("'2024-03-01T10:00:60Z' | datetime", "TR028"),
        ("'01.03.2024' | date", "TR028"),
        ("'２０２４-03-01' | date", "TR028"),
        ("20240301 | date", "TR028"),
        ("'03-01' | date('%m-%d')", "TR028"),
        ("'1' | date('%Y%Y')", "TR028"),
        ("'1' | date('%c')", "TR028"),
        ("'9999-12-31' | add_days(1)", "TR028"),
        ("'2024-03-31 02:30' | datetime(in_zone='Europe/Berlin')", "TR029"),
        ("'2024-10-27 02:30' | datetime(in_zone='Europe/Berlin')", "TR029"),
        ("'2024-10-27 02:30' | datetime(in_zone='Europe/Berln')", "TR032"),
        ("'2024-10-27 02:30' | datetime(in_zone='../../etc/passwd')", "TR032"),
        ("1e15 | from_epoch", "TR028"),
    ],
)
def test_what_is_no_date_is_told_and_never_becomes_1970(expression: str, code: str) -> None:
    """Every doubtful date is a Problem: an hour that clocks skipped or showed twice too."""
    assert code_of("{{ " + expression + " }}") == code


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        ("'1,234.5' | number('.', ',') | string", "1234.5"),
        ("' 7 ' | number", 7),
        ("'1e3' | number | string", "1000"),
        ("2.5 | round", 2),
        ("'2.675' | round(2) | string", "2.68"),
        ("2.675 | round(2, 'half-up') | string", "2.68"),
        ("-1.5 | round(mode='down')", -1),
        ("1234 | round(-2)", 1200),
        ("7 // 2", 3),
        ("7 / 2", 3.5),
        ("'7' | int", 7),
        ("'7.0' | int", 7),
        ("['b', none, 'a'] | sort", ("a", "b", None)),
        ("[1, true, 1.0] | unique", (1, True, 1.0)),
        ("[{'n': 2}, {'n': 1}] | sort('n') | pluck('n')", (1, 2)),
        ("[] | first | default('x')", "x"),
        ("'' | default('x', true)", "x"),
        ("0 | default('x', true)", 0),
        ("'<ul><li>a<li>b</ul>1 < 2 <!-- x --><script>if (a<b) x</SCRIPT>c' | html_to_text", "- a\n- b\n1 < 2 c"),
        ("'Şİ<b>x</b>' | html_to_text", "Şİx"),
        ('\'{"a": 0.1, "b": 1e400}\' | from_json', None),
        ("'[0.1, 12345678901234567890.123]' | from_json", (0.1, "12345678901234567890.123")),
        ("' a '.strip().upper()", "A"),
    ],
)
def test_filters_follow_their_rules(expression: str, gives: Any) -> None:
    """A row a rule; None here means: refused."""
    if gives is None:
        assert code_of("{{ " + expression + " }}") == "TR012"
    else:
        assert came_to("{{ " + expression + " }}") == gives


@pytest.mark.parametrize(
    "expression",
    [
        "'abc' | number",
        "'' | number",
        "'1.234,5' | number(',')",
        "'1.5' | int",
        "'1.255' | decimals(2)",
        "true + 1",
        "'a' + 1",
        "'%d' % 1",
        "1 / 0",
        "(-8) ** 0.5",
        "['a', 1] | sort",
        "{'a': 1} | trim",
        '\'{"a": 1, "a": 2}\' | from_json',
        "'[NaN]' | from_json",
        "'a' | split('')",
        "record.x | join(record.missing)",
    ],
)
def test_what_does_not_fit_is_refused_rather_than_guessed(expression: str) -> None:
    """No zero for "abc", no rounding unasked, no last duplicate wins."""
    assert code_of("{{ " + expression + " }}", {"x": ("a", "b")}) in {"TR010", "TR011", "TR013"}
