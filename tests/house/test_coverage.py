"""docs/coverage: each fact about a system is a whole row, said once, with a test that exists."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS = ("kintone", "kainexus", "ketryx", "glpi", "kitemaker")
PAGES = {name: ROOT / "docs" / "coverage" / f"{name}.md" for name in SYSTEMS}
UNCONNECTED: set[str] = set()
"""Systems without a connector: what it will need is `later`, and nothing shows it yet."""
HEAD = ["what", "source", "connector", "emulator", "test"]
SOURCES = {"seed", "docs", "client source", "e2e", "observed", "inferred", "assumption"}
CONNECTOR = {"yes", "no", "refused", "later"}
EMULATOR = {"yes", "no", "refused"}
CODE = re.compile(r"\b(?:CB|GA|GAIA)_[A-Z]{2}\d{2}\b")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a page: where it stands, and its cells."""

    place: str
    cells: list[str]

    @property
    def what(self) -> str:
        """The fact."""
        return self.cells[0]

    @property
    def words(self) -> set[str]:
        """What stands in backticks in the fact, as a whole and without what follows a blank."""
        return set(re.findall(r"`([^`]+)`", self.what))

    @property
    def tests(self) -> list[str]:
        """Names of tests and of examples."""
        return re.findall(r"`([^`]+)`", self.cells[4])


@cache
def rows(page: str) -> list[Row]:
    """The rows of all tables of a page; a table is headed by HEAD."""
    found = []
    for number, line in enumerate(PAGES[page].read_text("utf-8").splitlines(), 1):
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells != HEAD and not set(line) <= set("| -"):
                found.append(Row(place=f"{page}.md:{number}", cells=cells))
    return found


def words(page: str) -> set[str]:
    """Everything that stands in backticks in the facts of a page."""
    return set().union(*(row.words for row in rows(page)))


@cache
def named_in(path: Path) -> frozenset[str]:
    """Functions of a test module that pytest collects there, those that it takes in with `import *` too."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            names.add(node.name)
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and node.module:
            names |= named_in(ROOT / (node.module.replace(".", "/") + ".py"))
    return frozenset(names)


@cache
def examples_in(path: Path) -> frozenset[str]:
    """Names of the exchanges of a file of examples, numbers of those of a recording."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return frozenset(line["name"] if "name" in line else str(line["n"]) for line in lines)


def exists(name: str) -> bool:
    """Whether pytest would run `tests/PATH.py::NAME`, or `tests/PATH.jsonl#NAME` is an exchange that is run."""
    path, colons, test = name.partition("::")
    if colons:
        return Path(path).name.startswith("test_") and (ROOT / path).is_file() and test in named_in(ROOT / path)
    path, _, example = name.partition("#")
    return (ROOT / path).is_file() and path.endswith(".jsonl") and example in examples_in(ROOT / path)


@pytest.mark.parametrize("page", PAGES)
def test_every_row_is_whole_and_speaks_the_words_agreed(page: str) -> None:
    """Five cells, none empty; sources and answers are of the closed lists."""
    wrong = []
    for row in rows(page):
        if len(row.cells) != len(HEAD) or not all(row.cells):
            wrong.append(f"{row.place}: {len(row.cells)} cells, or an empty one")
        elif not {source.strip() for source in row.cells[1].split(",")} <= SOURCES:
            wrong.append(f"{row.place}: unknown source in {row.cells[1]!r}")
        elif row.cells[2] not in CONNECTOR or row.cells[3] not in EMULATOR:
            wrong.append(f"{row.place}: unknown answer in {row.cells[2:4]}")
    assert wrong == []
    assert len(rows(page)) > 100


@pytest.mark.parametrize("page", PAGES)
def test_every_row_has_a_test_that_exists(page: str) -> None:
    """By the name under which pytest runs it, or by the name of an exchange."""
    wrong = [f"{row.place}: {row.what!r} has no test" for row in rows(page) if not row.tests]
    wrong += [f"{row.place}: no {name}" for row in rows(page) for name in row.tests if not exists(name)]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES)
def test_an_answer_is_shown_by_a_test_of_its_side(page: str) -> None:
    """What the connector does by a test that is not of the emulator alone; a test of units shows nothing of it."""
    wrong = []
    for row in rows(page):
        # a recording of a real server is walked by a test of the emulator
        folders = {"emulators" if name.startswith("cassettes/") else name.split("/")[1] for name in row.tests}
        shown_later = page in UNCONNECTED and row.cells[2] == "later"
        if row.cells[2] != "no" and not shown_later and folders <= {"emulators", "vendor"}:
            wrong.append(f"{row.place}: {row.what!r}, connector")
        if row.cells[3] != "no" and not folders & {"emulators", "vendor", "connectors"}:
            wrong.append(f"{row.place}: {row.what!r}, emulator")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES)
def test_no_row_stands_twice(page: str) -> None:
    """Neither the sentence nor what it begins with in backticks and a colon."""
    facts = [row.what.casefold() for row in rows(page)]
    assert [fact for fact in set(facts) if facts.count(fact) > 1] == []


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"glpi"}))
def test_every_exchange_of_the_examples_is_named(page: str) -> None:
    """An exchange that was transcribed from a source is of some row."""
    path = f"tests/emulators/examples/{page}.jsonl"
    named = {name.partition("#")[2] for row in rows(page) for name in row.tests if name.startswith(path)}
    assert examples_in(ROOT / path) - named == set()


# ---------------------------------------------------------------- Kintone


def test_every_call_of_kintone_stands_in_a_row() -> None:
    """The emulator's route table; the connector's answer is yes for exactly the calls that it is seen to make."""
    from migrator.emulators.kintone import api
    from tests.connectors.test_coverage_gaps import KINTONE_CALLS

    calls = {f"{method} {path}" for method, path in api.CALLS}
    assert calls - words("kintone") == set()
    used = {word for row in rows("kintone") if row.cells[2] == "yes" for word in row.words & calls}
    assert used == KINTONE_CALLS


def test_every_type_operator_and_function_of_kintone_stands_in_a_row() -> None:
    """The emulator's tables of types, operators and functions, and the connector's kinds."""
    from migrator.connectors.kintone import form as connector
    from migrator.emulators.kintone import conditions, form, moments

    types = {*form.COMPLETIONS, *connector._KINDS, "__ID__", "__REVISION__"}
    operators = set().union(*conditions.OPERATORS.values())
    functions = {*moments.FUNCTIONS, "NOW", "LOGINUSER", "PRIMARY_ORGANIZATION"}
    assert (types | operators | functions) - words("kintone") == set()


def test_every_error_code_of_kintone_stands_in_a_row() -> None:
    """All that the sources of connector and emulator mention."""
    folders = [ROOT / "migrator" / part / "kintone" for part in ("connectors", "emulators")]
    codes = {code for folder in folders for path in folder.rglob("*.py") for code in CODE.findall(path.read_text())}
    assert codes - words("kintone") == set()


def test_every_assumption_about_kintone_stands_in_a_row() -> None:
    """What nobody has established is owned to, constant by constant."""
    from migrator.emulators.kintone import assumptions

    rows_of = {word for row in rows("kintone") if "assumption" in row.cells[1] for word in row.words}
    assert {name for name in vars(assumptions) if name.isupper()} - rows_of == set()


# ---------------------------------------------------------------- KaiNexus


def test_every_call_of_kainexus_stands_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the emulator adds to its router; the connector's answer is yes for exactly the calls that it makes."""
    from migrator.emulators.kainexus import create, options, routes
    from migrator.emulators.server import Router
    from tests.connectors.test_coverage_gaps import KAINEXUS_CALLS

    calls: set[str] = set()

    class Noted(Router):
        def add(self, method: str, rule: str, view: object) -> None:
            calls.add(f"{method} {rule.removeprefix(options.PREFIX)}")

    monkeypatch.setattr(routes, "Router", Noted)
    create()
    assert len(calls) > 10
    assert calls - words("kainexus") == set()
    used = {word for row in rows("kainexus") if row.cells[2] == "yes" for word in row.words & calls}
    assert used == KAINEXUS_CALLS


def test_every_code_status_and_key_of_kainexus_stands_in_a_row() -> None:
    """The seven codes, the status types, and all keys of an item that connector or emulator know."""
    from migrator.connectors.kainexus import learning, slots
    from migrator.emulators.kainexus import create, item, refusal, statuses

    lists = {*item.PEOPLE_LISTS, *item.ONE_PERSON, *item.LOCATION_LISTS, *item.DATES, *item.RESOLUTIONS, *item.COUNTS}
    keys = {*slots.FIXED, *slots.LISTS.values(), *lists, *create().store.read(6141), "suppressNotifications"}
    known = {*get_args(refusal.Code), *statuses.TYPES, *learning.STATUS_TYPES, *learning.VALUE_KEYS}
    assert (keys | known) - words("kainexus") == set()


def test_every_switch_of_kainexus_stands_in_a_row() -> None:
    """What no public source settles is owned to, switch by switch."""
    from migrator.emulators.kainexus.options import Options

    rows_of = {word for row in rows("kainexus") if "assumption" in row.cells[1] for word in row.words}
    assert {each.name for each in dataclasses.fields(Options)} - rows_of == set()


# ---------------------------------------------------------------- Ketryx


def test_every_call_of_ketryx_stands_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the emulator adds to its router; the connector's answer is yes for exactly the calls that it makes."""
    from migrator.emulators.ketryx import create, routes
    from migrator.emulators.server import Router
    from tests.connectors.test_ketryx_calls import KETRYX_CALLS

    calls: set[str] = set()

    class Noted(Router):
        def add(self, method: str, rule: str, view: object) -> None:
            path = rule.removeprefix(routes.PREFIX)
            calls.add(f"{method} {path.replace('<project_id>', '{projectId}').replace('<item_id>', '{itemId}')}")

    monkeypatch.setattr(routes, "Router", Noted)
    create()
    assert len(calls) > 8
    assert calls - words("ketryx") == set()
    used = {word for row in rows("ketryx") if row.cells[2] == "yes" for word in row.words & calls}
    assert used == KETRYX_CALLS


def test_every_key_type_and_relation_of_ketryx_stands_in_a_row() -> None:
    """All keys of items and records, types of the sample, JSON types, relations."""
    from migrator.connectors.ketryx import layout, options
    from migrator.emulators.ketryx import create, sample, wire

    store = create().store
    item = next(iter(store.items.values()))
    record = wire.show_record(store, item, item.current, sorted(wire.EXTRAS))
    keys = {*wire.show_item(store, item), *record}
    types = {each.name for each in sample.TYPES} | {each.short for each in sample.TYPES if each.short}
    relations = {f"relation:{name}" for name in layout.RELATIONS}
    assert (keys | types | relations | {form.value for form in options.Form}) - words("ketryx") == set()


def test_every_assumption_about_ketryx_stands_in_a_row() -> None:
    """What no public source settles is owned to, constant by constant and switch by switch."""
    from migrator.emulators.ketryx import assumptions

    rows_of = {word for row in rows("ketryx") if "assumption" in row.cells[1] for word in row.words}
    constants = {name for name in vars(assumptions) if name.isupper()}
    switches = {each.name for each in dataclasses.fields(assumptions.Switches)}
    assert (constants | switches) - rows_of == set()


# ---------------------------------------------------------------- Kitemaker


def test_every_call_of_kitemaker_stands_in_a_row() -> None:
    """What the emulator serves by either interface; of REST the connector says yes to exactly the calls it makes."""
    from migrator.emulators.kitemaker import rest, schema
    from tests.connectors.test_kitemaker_oddities import CALLS

    calls = {f"{method} {path}" for method, path in rest.CALLS}
    calls |= {f"query {name}" for name in schema.QUERIES} | {f"mutation {name}" for name in schema.MUTATIONS}
    assert calls - words("kitemaker") == set()
    used = {word for row in rows("kitemaker") if row.cells[2] == "yes" for word in row.words & calls}
    assert {call for call in used if call.partition(" ")[2].startswith("/")} == CALLS


def test_every_key_and_code_of_kitemaker_stands_in_a_row() -> None:
    """Keys that REST reads, words of statuses, and codes of errors."""
    from migrator.emulators.kitemaker import problems, rest, schema

    read = (rest._ITEM, rest._INITIATIVE, rest._FEEDBACK, rest._COMMENT, rest._LABEL)
    keys = set().union(*read) | {code for code, _ in problems.MISSING.values()} | {"UNAUTHORIZED"}
    assert (keys | set(schema.ENUMS["StatusType"].split())) - words("kitemaker") == set()


def test_every_assumption_about_kitemaker_stands_in_a_row() -> None:
    """What no public source settles is owned to, constant by constant and switch by switch."""
    from migrator.emulators.kitemaker import assumptions

    rows_of = {word for row in rows("kitemaker") if "assumption" in row.cells[1] for word in row.words}
    constants = {name for name in vars(assumptions) if name.isupper()}
    switches = {each.name for each in dataclasses.fields(assumptions.Switches)}
    assert (constants | switches) - rows_of == set()


# ---------------------------------------------------------------- GLPI


def test_every_function_code_block_and_switch_of_glpi_stands_in_a_row() -> None:
    """The emulator's tables, and the connector's codes."""
    from migrator.connectors.glpi import answers
    from migrator.emulators.glpi import api, blocks, options, refusal

    known = {answers.SESSION_GONE, answers.NO_ITEM, answers.NO_RIGHT, answers.BEYOND, *answers._LOGIN}
    known |= {*api.RESOURCES, *refusal.CODES, *(f"with_{name}" for name in blocks.BLOCKS)}
    known |= {each.name for each in dataclasses.fields(options.Options)}
    assert known - words("glpi") == set()


def test_every_recording_of_glpi_is_named_in_a_row() -> None:
    """Each file of exchanges with a real server is of some row."""
    named = {name.partition("#")[0] for row in rows("glpi") for name in row.tests}
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "cassettes/glpi").glob("*.jsonl")} - named == set()
