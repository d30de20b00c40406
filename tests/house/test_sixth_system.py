"""docs/how-to/add-a-system.md says what a sixth system takes; each of the five that are there took just that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from migrator.connectors import CONNECTORS
from migrator.contract import Source, Target
from migrator.emulators import EMULATORS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/add-a-system.md").read_text("utf-8")
NAMES = re.compile("|".join(EMULATORS), re.IGNORECASE)

HOMES = ("connectors/*", "emulators/*", "rehearsal/*")
"""Of the package: where a system is called by its name. The rehearsal shows the program on one of them."""

EXAMPLES = {"model/playbook.py", "codec/page.py"}
"""Names in texts for people: examples of keys, and the head of the reference."""


def files() -> list[str]:
    """What the first table of the page names."""
    return re.findall(r"^\| `([^`]+)` \|", PAGE.partition("## Order of work")[0], re.MULTILINE)


def methods() -> dict[str, tuple[str, str]]:
    """Method -> (side, what the page says of it)."""
    rows = re.findall(r"^\| `(\w+)` \| (source|target) \| (.+) \|$", PAGE.partition("## Methods")[2], re.MULTILINE)
    return {name: (side, says) for name, side, says in rows}


def public(protocol: type) -> set[str]:
    """Methods that a protocol itself declares."""
    found = {name: getattr(member, "__func__", member) for name, member in vars(protocol).items()}
    methods = {name for name, member in found.items() if callable(member) and not name.startswith("_")}
    return methods - set(protocol.__annotations__)


@pytest.mark.parametrize("system", EMULATORS)
def test_each_file_of_the_page_is_there_for_each_system(system: str) -> None:
    """A file that is a system's own exists; one that they share names it."""
    assert len(files()) >= 10
    for name in files():
        if "acme" in name:
            assert list(ROOT.glob(name.replace("acme", system))), name
        else:
            assert system in (ROOT / name).read_text("utf-8"), name
    examples = ROOT / "tests/emulators/examples" / f"{system}.jsonl"
    assert examples.is_file() or list((ROOT / "cassettes" / system).glob("*.jsonl"))


def test_the_tables_know_the_same_systems() -> None:
    """Every emulator stands in for a connector; what has none is a kind of file."""
    assert set(EMULATORS) < set(CONNECTORS)
    assert set(CONNECTORS) - set(EMULATORS) == {"csv", "jsonl"}


def test_the_methods_of_the_page_are_those_of_the_contract() -> None:
    """Each is named, on its side; those that must be written are those that raise or say nothing by themselves."""
    told = methods()
    assert {name for name, (side, _) in told.items() if side == "source"} == public(Source)
    assert {name for name, (side, _) in told.items() if side == "target"} == public(Target)
    for name, (_, says) in told.items():
        assert all(name in vars(connector) or says.startswith("default") for connector in _connectors()), name


def _connectors() -> Iterator[type]:
    from migrator.connectors import connector

    return (connector(name) for name in EMULATORS)


def test_the_order_of_work_names_methods_that_there_are() -> None:
    """And nothing that must be written is forgotten in it."""
    order = PAGE.partition("## Order of work")[2].partition("## Methods")[0]
    named = set(re.findall(r"`(\w+)`", order)) - {"Options"}
    told = methods()
    assert named <= set(told)
    assert {name for name, (_, says) in told.items() if not says.startswith("default")} <= named


def test_no_system_is_named_outside_its_homes() -> None:
    """Neither in a comparison nor in a table nor in an import: docstrings and comments may give examples."""
    package = ROOT / "migrator"
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if not any(fnmatch(str(path.relative_to(package)), home) for home in HOMES)
        for word in _words(ast.parse(path.read_text("utf-8")))
        if NAMES.search(word)
    }
    assert found <= EXAMPLES


def _words(tree: ast.Module) -> Iterator[str]:
    """Names, attributes, imports and texts of a module; docstrings are left out."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_page_is_one_page() -> None:
    """What needs more than that to be told is not simple enough."""
    assert len(PAGE.splitlines()) < 90
