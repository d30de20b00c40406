"""Faulty playbooks and exactly what people are told: line:column code summary | hint, all at once, in order."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from migrator.errors import PlaybookInvalid
from migrator.model.problem import Problem
from migrator.playbook.finding import CODES
from migrator.playbook.load import load
from tests.unit.playbook.desk import CHECKS

HEAD = """\
playbook: x
systems:
  old: {connector: shelf, url: u}
  new: {connector: desk, url: u}
"""
STEP = """\
steps:
  - step: a
    source: {system: old, collection: 1}
    fields: {k: "{{ record.k }}"}
    target: {system: new, collection: 1, key: k}
"""
"""With HEAD before it: lines 5 to 9 of a playbook that loads."""


def told(folder: Path, data: bytes, name: str = "p.yaml") -> list[str]:
    """What loading it says."""
    (folder / name).write_bytes(data)
    with pytest.raises(PlaybookInvalid) as refused:
        load(folder / name, CHECKS, name=name)
    for problem in refused.value.problems:
        assert problem.code in CODES or problem.code == "TR001"
        assert problem.place
        assert problem.place.file == name
    return [_line(problem) for problem in refused.value.problems]


def _line(problem: Problem) -> str:
    place = problem.place
    assert place
    hint = f" | {problem.hint}" if problem.hint else ""
    return f"{place.line}:{place.column} {problem.code} {problem.summary}{hint}"


FORM = {
    "a key twice": (
        "a: 1\nb: {c: 1, 'c': 2}\na: 3\n",
        [
            '2:11 PB005 the key "c" stands twice (first at 2:5) | keep one',
            '3:1 PB005 the key "a" stands twice (first at 1:1) | keep one',
        ],
    ),
    "keys that are no text": (
        "1: a\nnull: b\ntrue: c\n1.5: d\n",
        [
            '1:1 PB007 the key 1 is not text | quote it: "1"',
            '2:1 PB007 the key null is not text | quote it: "null"',
            '3:1 PB007 the key true is not text | quote it: "true"',
            '4:1 PB007 the key 1.5 is not text | quote it: "1.5"',
        ],
    ),
    "a list as a key": ("? [a]\n: b\n", ["1:3 PB007 a list or map stands where a key should | keys are text"]),
    "an expression without quotes": (
        "a: {{ record.x }}\n",
        ['1:5 PB007 a list or map stands where a key should | quote the expression: "{{ … }}"'],
    ),
    "a merge key": (
        "a: &a {b: 1}\nc:\n  <<: *a\n",
        ["3:3 PB008 a merge key (<<) | YAML 1.2 has none: write the keys out, or use an anchor for the whole value"],
    ),
    "tags": (
        "a: !!python/object:os.system x\nb: !include c.yaml\nc: !!str 1\n",
        [
            f"{place} PB006 the tag {tag} is not allowed | take it out; quote a value to make it text"
            for place, tag in (("1:4", "!!python/object:os.system"), ("2:4", "!include"), ("3:4", "!!str"))
        ],
    ),
    "an alias within itself": (
        "a: &a\n  - *a\n",
        ["2:5 PB009 the alias *a stands within what it names | write the value out"],
    ),
    "an alias of nothing": ("a: *b\n", ["1:4 PB009 the alias *b has no anchor before it | set it with &b"]),
    "an exponential alias bomb": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
        ["5:45 PB003 aliases blow the file up to more than 100,000 values | write the values out, or use vars"],
    ),
    "a quadratic alias bomb": (
        "a: &a [" + "x, " * 5000 + "x]\nb:\n" + "  - *a\n" * 5000,
        ["22:5 PB003 aliases blow the file up to more than 100,000 values | write the values out, or use vars"],
    ),
    "depth by aliases": (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)),
        ["100:12 PB003 deeper than 100 levels | lay the playbook out flatter"],
    ),
    "depth": ("[" * 200 + "]" * 200, ["1:101 PB003 deeper than 100 levels | lay the playbook out flatter"]),
    "two documents": (
        "a: 1\n---\nb: 2\n",
        ["2:1 PB011 a second document begins here | one file holds one playbook"],
    ),
    "YAML 1.1": ("%YAML 1.1\n---\na: 1\n", ["1:1 PB011 the file says that it is YAML 1.1 | playbooks are YAML 1.2"]),
    "nothing": (
        "",
        ["1:1 PB010 the file holds nothing but blanks and comments | `migrator init` writes a first playbook"],
    ),
    "comments alone": (
        "\n# a\n# b\n",
        ["1:1 PB010 the file holds nothing but blanks and comments | `migrator init` writes a first playbook"],
    ),
    "a tab": ("a:\n  b: 1\n\tc: 2\n", ["3:1 PB004 a tab in the indentation | YAML indents with spaces"]),
    "a control character": (
        "a: x\x1b[31m\n",
        ["1:5 PB004 the control character U+001B | take it out, or write it as an escape"],
    ),
    "NaN": (
        "a: .nan\nb: -.inf\n",
        [
            "1:4 PB013 .nan has no place in a record | quote it to make it text; null means no value",
            "2:4 PB013 -.inf has no place in a record | quote it to make it text; null means no value",
        ],
    ),
    "a list": ("- a\n", ["1:1 PB022 a file must be a map: keys, each with a colon and its value"]),
    "a word": ("playbook\n", ["1:1 PB022 a file must be a map: keys, each with a colon and its value"]),
}

JSON = {
    "a comment": ('{"a": 1 // x\n}', ["1:9 PB004 a comment | JSON has no comments; a YAML playbook has them"]),
    "a trailing comma": (
        '{"a": 1,\n}',
        ['1:8 PB004 a comma before "}" | JSON has no trailing commas: take it out'],
    ),
    "a key twice": ('{"a": 1,\n "a": 2}', ['2:2 PB005 the key "a" stands twice (first at 1:2) | keep one']),
    "NaN": (
        '{"a": NaN}',
        ["1:7 PB013 NaN is no JSON value | NaN and infinity have no place in a record; null means no value"],
    ),
    "nothing": (
        " \n",
        ["1:1 PB010 the file holds nothing but blanks and comments | `migrator init` writes a first playbook"],
    ),
}

BYTES = {
    "UTF-16": (
        "a: 1".encode("utf-16"),
        ["1:1 PB002 the file is UTF-16, told by its first bytes (byte offset 0) | save it as UTF-8"],
    ),
    "Latin-1": (
        b"a: 1\nb: caf\xe9\n",
        [
            "2:7 PB002 not UTF-8: byte 0xe9 at byte offset 11"
            " | save the file as UTF-8 (it looks like another encoding, such as Latin-1 or Shift_JIS)"
        ],
    ),
    "NUL": (
        b"a: 1\nb: \0\n",
        ["2:4 PB002 a NUL byte at byte offset 8 | is it UTF-16 or no text at all? Save it as UTF-8"],
    ),
    "50 MB": (
        b"#" * 10_485_761,
        ["1:1 PB003 the file is too large: 10,485,761 bytes; a playbook has at most 10 MB | split it"],
    ),
    "a million values": (
        b"[" + b"1," * 600_000 + b"]",
        ["1:1000000 PB003 more than 500,000 values in one file | split the playbook"],
    ),
}

CASES = sorted(path.stem for path in (Path(__file__).parent / "playbooks").glob("*.yaml"))
"""Playbooks of good form whose content is wrong; what is told about each stands beside it in a .expected file."""


@pytest.mark.parametrize("case", FORM)
def test_text_of_bad_form_is_told_with_its_places(case: str, tmp_path: Path) -> None:
    text, lines = FORM[case]
    assert told(tmp_path, text.encode()) == lines


@pytest.mark.parametrize("case", JSON)
def test_json_of_bad_form_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    text, lines = JSON[case]
    assert told(tmp_path, text.encode(), "p.json") == lines


@pytest.mark.parametrize("case", BYTES)
def test_bytes_that_are_no_playbook_are_told_with_offset_or_limit(case: str, tmp_path: Path) -> None:
    data, lines = BYTES[case]
    assert told(tmp_path, data) == lines


@pytest.mark.parametrize("case", CASES)
def test_everything_wrong_with_the_content_is_told_at_once(case: str) -> None:
    folder = Path(__file__).parent / "playbooks"
    with pytest.raises(PlaybookInvalid) as refused:
        load(folder / f"{case}.yaml", CHECKS)
    found = "".join(_line(problem).replace(str(folder), "FOLDER") + "\n" for problem in refused.value.problems)
    expected = (folder / f"{case}.expected").read_text("utf-8")
    assert found == expected, f"what is told now:\n{found}"


def test_a_good_playbook_is_good(tmp_path: Path) -> None:
    """The cases above differ from this one by what they are about."""
    (tmp_path / "p.yaml").write_text(HEAD + STEP, encoding="utf-8")
    assert load(tmp_path / "p.yaml", CHECKS).warnings == ()


def test_a_problem_carries_its_line_for_the_view(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(HEAD + STEP.replace("key: k", "key: kk"), encoding="utf-8")
    with pytest.raises(PlaybookInvalid) as refused:
        load(tmp_path / "p.yaml", CHECKS)
    place = refused.value.problems[0].place
    assert place
    assert (place.path, place.excerpt) == (
        "steps[0].target.key",
        textwrap.indent("target: {system: new, collection: 1, key: kk}", "    "),
    )


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(PlaybookInvalid, match="cannot be read"):
            load(path, CHECKS)
