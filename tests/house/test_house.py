"""The house rules hold: layers, imports, style, types."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "migrator"

HOMES = {
    "yaml": ("playbook/parse.py", "playbook/"),
    "jinja2": ("transform/", "views/"),
    "sqlite3": ("state/", "planner/snapshot.py", "planner/lines.py", "planner/standing.py"),
    "requests": ("transport/",),
    "vcr": ("transport/",),
    "click": ("cli/",),
    "rich": ("views/",),
}
"""External package -> where alone it may be imported."""


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_code_is_formatted() -> None:
    """ruff format finds nothing to change."""
    run("-m", "ruff", "format", "--check", "--quiet", ".")


def test_code_is_linted() -> None:
    """ruff check finds nothing."""
    run("-m", "ruff", "check", "--quiet", ".")


@pytest.mark.timeout(300)
def test_types_hold() -> None:
    """mypy --strict finds nothing."""
    run("-m", "mypy")


def test_imports_keep_the_contracts() -> None:
    """Layers, independence and prohibitions of pyproject.toml hold."""
    run("-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())")


@pytest.mark.parametrize("package", HOMES)
def test_a_library_stays_at_home(package: str) -> None:
    """A library that one part of the house is for is imported there and nowhere else."""
    strays = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if package in imports_of(path) and not str(path.relative_to(PACKAGE)).startswith(HOMES[package])
    ]
    assert strays == []


def test_no_file_outgrows_its_noun() -> None:
    """No module of the program is longer than 400 lines."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in PACKAGE.rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


def test_no_function_outgrows_a_screen() -> None:
    """No function of the program is longer than 50 lines."""
    long = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and (size := (node.end_lineno or 0) - node.lineno + 1) > 50:
                long[f"{path.relative_to(ROOT)}:{node.name}"] = size
    assert long == {}


def test_names_are_nouns_of_the_field() -> None:
    """No module is called manager, helper, util, common, base, service, handler, processor, engine, factory, data."""
    banned = {"manager", "helper", "util", "utils", "common", "base", "service", "handler", "processor", "engine"}
    banned |= {"factory", "data", "mock", "stub"}
    found = [str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py") if path.stem in banned]
    assert found == []


def test_no_decision_by_a_systems_name() -> None:
    """Outside connectors and emulators no code compares with a system's name."""
    names = {"kintone", "kainexus", "ketryx", "glpi", "kitemaker"}
    found = []
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in {"connectors", "emulators", "rehearsal"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Compare) and any(
                isinstance(side, ast.Constant) and side.value in names for side in (node.left, *node.comparators)
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")  # noqa: PERF401  reads better than a comprehension of four lines
    assert found == []
