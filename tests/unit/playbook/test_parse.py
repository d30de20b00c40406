"""Text -> tree and places: YAML and JSON by one door, any bytes end in a Document or PlaybookInvalid."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import PlaybookInvalid
from migrator.playbook import parse as door
from migrator.playbook.document import Document
from migrator.playbook.parse import PARSER, _PureParser, parse

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(-1e9, 1e9, allow_nan=False) | TEXT
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=15
)


@given(st.dictionaries(TEXT, TREES, max_size=4), st.sampled_from([None, 2]))
def test_json_and_the_same_text_as_yaml_are_one_tree_with_the_same_places(tree: Any, indent: int | None) -> None:
    text = json.dumps(tree, ensure_ascii=False, indent=indent).encode()
    as_json, as_yaml = parse(text, "x.json"), parse(text, "x.yaml")
    assert as_json.tree == as_yaml.tree == tree
    for path in _paths(tree):
        assert as_json.place(path).line == as_yaml.place(path).line
        assert as_json.place(path, of_key=True).column == as_yaml.place(path, of_key=True).column


WORDS = st.text(st.sampled_from(list("aNOyes~=: #-_!&*'\"\n\t{}[]|>%@\u3042")), max_size=8)


@given(
    st.dictionaries(WORDS, st.lists(WORDS | st.integers(-99, 99) | st.none() | st.booleans(), max_size=3), max_size=4)
)
def test_what_pyyaml_writes_is_read_back(tree: Any) -> None:
    """It quotes whatever could be misread; digits are left out of the texts, since 1.1 and 1.2 differ there."""
    text = yaml.safe_dump(tree, allow_unicode=True)
    assert parse(text.encode(), "x.yaml").tree == tree


PIECES = ["a", "b: ", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ", ", "'", '"', "#", "&a ", "*a", "!t ", "|\n",
          "> ", "\t", "\\", "---\n", "...\n", "? ", "<<: ", "1", "~", "\u3042", "\r\n", "null", "-", ":", "@", "%",
          "\x85", "\ufeff", "`", "\x00", "%YAML 1.2\n", "\U0001f600", "\u2028"]  # fmt: skip  # a table


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join).map(str.encode) | st.binary(max_size=60))
def test_any_bytes_end_in_a_document_or_in_problems_with_places(data: bytes) -> None:
    for name in ("x.yaml", "x.json", "x"):
        try:
            document = parse(data, name)
        except PlaybookInvalid as refused:
            for problem in refused.problems:
                assert problem.place
                assert problem.place.line is not None
                assert problem.place.line >= 1
                assert problem.code.startswith("PB0")
        else:
            for path in _paths(document.tree):
                assert (document.place(path).line or 0) >= 1


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES[:-7]), max_size=20).map("".join))
def test_the_pure_parser_reads_whatever_libyaml_reads_alike(text: str) -> None:
    """Where both accept a text, tree and places are one. (Each refuses a few oddities that the other lets pass.)"""
    if PARSER is _PureParser:
        pytest.skip("PyYAML was built without libyaml: there is one parser only")
    quick, pure = _parsed(text, PARSER), _parsed(text, _PureParser)
    if quick and pure:
        assert quick.tree == pure.tree
        assert [quick.place(path).line for path in _paths(quick.tree)] == [
            pure.place(path).line for path in _paths(pure.tree)
        ]


def test_places_are_those_of_values_and_of_keys() -> None:
    text = "steps:\n  - step: a\n    fields: {x: 1,\n      \u3042\u3044: [2, 3]}\n"
    document = parse(text.encode(), "p.yaml")
    assert _where(document, ("steps", 0, "step")) == (2, 11, "steps[0].step")
    assert _where(document, ("steps", 0, "fields", "x")) == (3, 17, "steps[0].fields.x")
    assert _where(document, ("steps", 0, "fields", "\u3042\u3044", 1)) == (4, 15, "steps[0].fields.\u3042\u3044[1]")
    place = document.place(("steps", 0, "fields", "x"), of_key=True)
    assert (place.column, place.excerpt, place.file) == (14, "    fields: {x: 1,", "p.yaml")


def test_a_path_that_is_not_there_has_the_place_of_what_it_would_stand_in() -> None:
    document = parse(b"a:\n  b: 1\n", "p.yaml")
    assert document.place(("a", "c", "d")).line == 1
    assert document.place(("a", "b", "d")).line == 2
    assert document.place(("a", "c"), of_key=True).line == 1


def test_an_alias_is_the_same_value_again() -> None:
    document = parse(b"a: &x {k: [1, 2]}\nb: *x\nc: &x 3\nd: *x\n", "p.yaml")
    assert document.tree == {"a": {"k": [1, 2]}, "b": {"k": [1, 2]}, "c": 3, "d": 3}


def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing() -> None:
    document = parse(b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n  y]\r\n", "p.yaml")
    assert document.tree == {"a": 1, "b": ["x", "y"]}
    assert _where(document, ("b", 1)) == (3, 3, "b[1]")
    assert document.place(("a",)).excerpt == "a: 1"


@pytest.mark.parametrize(("name", "is_json"), [("a.json", True), ("-", True), ("a.yaml", False), ("a.yml", False)])
def test_the_name_or_else_the_first_brace_tells_json_from_yaml(name: str, is_json: bool) -> None:
    text = b"{a: 1}"
    if is_json:
        with pytest.raises(PlaybookInvalid, match="key in double quotes"):
            parse(text, name)
    else:
        assert parse(text, name).tree == {"a": 1}


def test_excerpts_show_no_secret_and_no_control_character() -> None:
    text = 'token: hunter2 # x\nurl: https://me:hunter2@host/x\nname: "a\tb"\n' + f"long: {'x' * 500}\n"
    document = parse(text.encode(), "p.yaml")
    lines = [document.excerpt(number) for number in range(1, 5)]
    assert lines[0] == "token: *** # x"
    assert lines[1] == "url: https://***@host/x"
    assert lines[2] == 'name: "a b"'
    assert len(lines[3]) == 160
    document.hide(("name",))
    assert document.excerpt(3) == "name: ***"


def _parsed(text: str, parser: Any) -> Document | None:
    before, door.PARSER = door.PARSER, parser
    try:
        return parse(text.encode(), "x.yaml")
    except PlaybookInvalid:
        return None
    finally:
        door.PARSER = before


def _paths(tree: Any, base: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: Any = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [base, *(path for key, item in items for path in _paths(item, (*base, key)))]


def _where(document: Document, path: tuple[str | int, ...]) -> tuple[int | None, int | None, str | None]:
    place = document.place(path)
    return place.line, place.column, place.path
