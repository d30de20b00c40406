"""Templates cannot escape, and cannot work without end: in `validate` as in rendering."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.transform.template import check_template
from tests.unit.transform.building import render

ROOT = Path(__file__).resolve().parents[3]
MEMORY = 200 * 2**20
"""Bytes that all attacks together may take at their peak."""

ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()",  # the oldest
    "'%s'.format(record.__class__)",
    "'{0.__class__.__init__.__globals__}'.format(record)",  # CVE-2016-10745
    "'{x.__class__}'.format_map({'x': record})",  # CVE-2019-10906
    "record.x | attr('__class__')",
    "(record.x | attr('format'))('{0.__class__}')",  # CVE-2025-27516
    "{'f': record.x.format}.f('{0.__class__}', 1)",  # CVE-2024-56326: a stored method, called later
    "[record.x.format] | map('call')",
    "record.x.format",
    "record['__class__']",
    "record.x['__class__']['__mro__']",
    "cycler.__init__.__globals__.os",
    "joiner()",
    "namespace(x=1)",
    "lipsum.__globals__",
    "self._TemplateReference__context",
    "record.items()",
    "record.update({'x': 1})",
    "vars.pop('a')",
    "ref.__globals__",
    "omit.__class__",
    "origin.__class__",
    "env.HOME",
    "config",
    "request",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_way_leads_out_of_the_sandbox(text: str) -> None:
    """Each known escape ends in a Problem: at the check, or at the latest for the record."""
    template = "{{ " + text + " }}"
    if check_template(template, mappings=frozenset()):
        return
    rendered = render(template, {"x": "text"})
    assert rendered.problems
    assert not rendered.fields


BOMBS = [
    "'a' * 10**10",
    "[0] * 10**9",
    "9 ** 9 ** 9",
    "2 ** 10000000",
    "10 ** 1000 ** 2",
    "'1e999999999' | number",
    "'1e99' | number ** 99 | string",
    "(1 | float) * 1e308 * 10",
    "'%1000000000d' % 1",
    "'x'.ljust(10**10)",
    "'x'.zfill(10**10)",
    "'x' | center(10**10)",
    "'x' | pad_left(10**10)",
    "'{:>10000000000}'.format(1)",
    "range(10**9) | list",
    "('aaaaaaaaaa' | pad_left(1000000, 'a')).replace('a', 'aaaaaaaaaa')",
    "('a' | pad_left(1000000)) ~ ('a' | pad_left(1000000))",
    "('a' | pad_left(1000000)) + 'b'",
    "('a,' | pad_left(1000000, ',')).split(',')",
    "('a' | pad_left(1000000, '\\n')) | lines",
    "[" + "'a' | pad_left(1000000)," * 50 + "] | join",
    "[" + "'a' | pad_left(1000000)," * 50 + "]",
    "[" + "'a' | pad_left(1000000)," * 50 + "] | to_json",
    "'a' | pad_left(1000000)" + " | upper | lower" * 22,
    "('a b' | pad_left(1000000, '<b>'[0])) | html_to_text" + " | html_to_text" * 40,
    "('<b>' | pad_left(1000000, '<')) | html_to_text",
    "('&#9' | pad_right(1000000, '9')) | unescape_html",
    "('x' | pad_left(99999, ',')).split(',')" + " | unique | reverse" * 22,
    "('x' | pad_left(19999, ',')).split(',')" + " | sort" * 44,
    "('[' | pad_right(900000, '[')) | from_json",
    "('1' | pad_right(900000, '1')) | from_json",
    "('x' | pad_left(99999, 'ﷺ')) | nfkc",
    "[[[[[1, 2] | list] | flatten] | flatten] | flatten] | flatten" + " | list | flatten" * 500,
    "(" * 500 + "1" + ")" * 500,
    "[" * 500 + "]" * 500,
    "not " * 1500 + "1",
    "-" * 3000 + "1",
    "1" + " + 1" * 2000,
    "1" + " if 1 else 1" * 500,
    "'a'" + " ~ 'a'" * 2000,
    "record" + ".a" * 2000,
    "'2024-01-01' | date('" + "%d" * 5000 + "')",
    "'" + " " * 5000 + "x' | date('%Y" + " " * 40 + "%m')",
    "'2024-01-01' | add_days(10**12)",
    "1e300 | from_epoch",
    "1" * 5000,
    "'a' | sha256" + " | sha256" * 700,
    "('é' | pad_left(1000000, 'é'))" + " | upper | lower" * 22,
    "('&amp;' | pad_right(1000000, '&')) | unescape_html",
    "('<a ' | pad_left(1000000, '<a <a <a ')) | html_to_text",
    "('1' | pad_left(99999, ' ')).split(' ')" + " | compact | list" * 20,
    "('[' ~ ('1,' | pad_left(700000, '1') | replace('1', '1,')) ~ '1]') | from_json | sum",
]

_PROGRAM = """
import re
from tests.unit.transform.building import render
from tests.unit.transform.test_attacks import BOMBS
from migrator.errors import PlaybookInvalid
from migrator.transform.template import check_template
for bomb in BOMBS:
    template = "{{ " + bomb + " }}"
    found = check_template(template)
    try:
        made = render(template, {"a": {}})
        told = made.problems[0].code if made.problems else "done"
    except PlaybookInvalid as error:
        assert found or error.problems[0].code == "TR007", bomb[:60]
        told = error.problems[0].code
    print(told, bomb[:60].replace("\\n", " "), flush=True)
with open("/proc/self/status") as status:  # getrusage would tell the peak of the process that started this one
    print("peak", int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) * 1024)
"""


def test_no_template_takes_the_machine() -> None:
    """Each bomb ends, in a Problem or small, within bounds of processor time and memory for them all."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY, 2 * MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (len(BOMBS), len(BOMBS)))

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    *rows, peak = done.stdout.splitlines()
    assert len(rows) == len(BOMBS)
    assert int(peak.split()[1]) < MEMORY
    harmless = {row for row in rows if row.startswith("done")}
    assert len(harmless) < 12, harmless


def test_checking_a_bomb_costs_nothing() -> None:
    """A constant that would take gigabytes costs nothing to check."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert check_template("{{ ('a' | pad_left(1000000)) ~ ('b' | pad_left(1000000)) * 10**10 }}") != []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5_000
