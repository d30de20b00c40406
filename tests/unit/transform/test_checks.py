"""What can be known of a template without evaluating it is known, with its place."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.errors import PlaybookInvalid
from migrator.transform.environment import render_environment
from migrator.transform.template import (
    check_expression,
    check_template,
    compile_expression,
)


@pytest.mark.parametrize(
    ("text", "code", "column", "hint"),
    [
        ("{{ recrod.x }}", "TR003", 4, 'did you mean "record"?'),
        ("{{ record.x | trimm }}", "TR004", 15, 'did you mean "trim"?'),
        ("{{ record.x | truncate }}", "TR004", 15, "it takes (value, length, end='…')"),
        ("{{ record.x is definde }}", "TR005", 13, 'did you mean "defined"?'),
        ("a {% if x %}", "TR002", 3, "use an expression"),
        ("a {# x #} {{ record.x }}", "TR002", 3, "use a YAML comment"),
        ("{{- record.x }}", "TR002", 1, "| trim"),
        ("{{ record.x }", "TR001", 1, "add }}"),
        ("{{ 'a }}", "TR001", 4, "add '"),
        ("{{ }}", "TR001", 3, ""),
        ("{{ record.x record.y }}", "TR001", 13, ""),
        ("{{ record.x + }}", "TR001", 13, ""),
        ("{{ record.x if record.y }}", "TR001", 4, "else none"),
        ("{{ record.items() }}", "TR006", 16, ""),
        ("{{ record.x.format(1) }}", "TR006", 19, ""),
        ("{{ record.x.__class__ }}", "TR006", 12, ""),
        ("{{ range(3) }}", "TR003", 4, ""),
        ("{{ record.x | trim(*record.y) }}", "TR006", 15, ""),
        ("{{ ref(1) }}", "TR006", 7, ""),
        ("{{ 1e999 }}", "TR001", 4, ""),
        ("{{ record.x | map('stat') }}", "TR008", 15, 'did you mean "state"?'),
        ("{{ record.x | replace('a', new='b', new='c') }}", "TR004", 15, ""),
        ("{{ record.x ! }}", "TR001", 13, ""),
    ],
)
def test_a_wrong_template_is_told_with_its_column(text: str, code: str, column: int, hint: str) -> None:
    """Code, column and hint name the mistake."""
    found = check_template(text, mappings=frozenset({"state"}))
    assert [(path, problem.code) for path, problem in found] == [((), code)]
    problem = found[0][1]
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (1, column)
    assert hint in problem.hint


def test_every_mistake_of_a_nested_value_is_told_with_its_path() -> None:
    """Lists and maps are walked to the end; lines within a text are counted."""
    value: Any = {"a": ["{{ x }}", "good", {"b": "one\n two {{ y }}"}], "c": "{{ record.z }}"}
    found = [(path, p.place.line, p.place.column) for path, p in check_template(value) if p.place]
    assert found == [(("a", 0), 1, 4), (("a", 2, "b"), 2, 9)]


def test_where_may_stand_without_braces_and_has_no_ref() -> None:
    """`where` knows record, origin and vars."""
    assert check_expression("record.x == 1") == []
    assert check_expression("{{ record.x == 1 }}") == []
    assert [p.code for p in check_expression("ref('a', 1)")] == ["TR003"]


def test_an_expression_can_be_compiled_for_any_names() -> None:
    """`systems` and `tests` use their own names."""
    assert compile_expression("a.b + 1", frozenset({"a"}))({"a": {"b": 1}}) == 2
    with pytest.raises(PlaybookInvalid):
        compile_expression("record.x", frozenset({"a"}))
    with pytest.raises(PlaybookInvalid) as caught:
        compile_expression("a.b + 1", frozenset({"a"}))({"a": {}})
    assert caught.value.problems[0].code == "TR010"


def test_systems_take_their_values_from_the_environment() -> None:
    """Only `env` is known there; other values stay as they are."""
    options = {"url": "https://{{ env.HOST }}/x", "token": "{{ env.TOKEN }}", "page": 5, "list": ["{{ env.HOST }}"]}
    made = render_environment(options, {"HOST": "h", "TOKEN": "007"})
    assert made == {"url": "https://h/x", "token": "007", "page": 5, "list": ["h"]}
    assert render_environment({"a": "{{ env.NONE | default('d') }}"}, {}) == {"a": "d"}


def test_every_variable_that_is_missing_or_empty_is_named_at_once() -> None:
    """One look is enough to set them all."""
    with pytest.raises(PlaybookInvalid) as caught:
        render_environment({"url": "{{ env.A }}{{ env.B }}", "token": "{{ env.C }}"}, {"A": "x", "C": ""})
    assert [problem.summary for problem in caught.value.problems] == [
        "the environment variable B is missing or empty",
        "the environment variable C is missing or empty",
    ]


def test_a_variables_value_is_never_told() -> None:
    """A filter that refuses a secret does not repeat it."""
    with pytest.raises(PlaybookInvalid) as caught:
        render_environment({"token": "{{ env.TOKEN | int }}"}, {"TOKEN": "s3cret-canary"})
    assert "canary" not in repr(caught.value.problems)
