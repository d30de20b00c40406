"""The docs cannot rot: their commands run, their links lead somewhere, their playbooks are valid."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def program_path(tmp_path: Path) -> str:
    """A folder with this very program under its name, first on the path."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "migrator"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m migrator "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.timeout(120)
def test_the_tutorial_runs_as_it_stands(tmp_path: Path) -> None:
    """Every command of the tutorial, in order, in an empty folder, does what the text says."""
    work = tmp_path / "work"
    work.mkdir()
    script = "set -eu\n" + "\n".join(blocks(ROOT / "docs/tutorial.md", "sh"))
    env = {**os.environ, "PATH": program_path(tmp_path), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(["bash", "-c", script], cwd=work, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "稼働中" in done.stdout
    assert "A-4" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file of the repository."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_playbooks_in_the_docs_are_valid(tmp_path: Path) -> None:
    """Every yaml block that begins a playbook passes `validate`."""
    from migrator import pipeline

    checked = 0
    for page in PAGES:
        for block in blocks(page, "yaml"):
            if not re.search(r"^playbook:", block, re.MULTILINE):
                continue
            file = tmp_path / f"{checked}.yaml"
            file.write_text(block, "utf-8")
            pipeline.read(file)
            checked += 1
    assert checked >= 2


def test_the_readme_has_its_two_commands() -> None:
    """The first two fenced blocks of the README are the demo and the tests, and CI runs the second."""
    demo, tests = re.findall(r"^```\w*\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)[:2]
    assert demo.rstrip().endswith("migrator demo")
    assert "pytest" in tests.rstrip().splitlines()[-1]
    assert "README.md" in (ROOT / ".ci/run").read_text("utf-8")


def test_every_problem_code_is_told() -> None:
    """The codes that the program can show and those of docs/reference/problems.md are the same."""
    told = re.findall(
        r"^\| ([A-Z]{2}\d{3}) \|", (ROOT / "docs/reference/problems.md").read_text("utf-8"), re.MULTILINE
    )
    used = {
        code
        for path in (ROOT / "migrator").rglob("*.py")
        if "emulators" not in path.parts
        for code in re.findall(r'"((?:PB|TR|PL|RN|SY|ST|FI)\d{3})"', path.read_text("utf-8"))
    }
    assert len(told) == len(set(told))
    assert set(told) == used


def test_the_connectors_page_is_up_to_date(request: pytest.FixtureRequest) -> None:
    """docs/reference/connectors.md is made from the options classes; `--update-golden` writes it."""
    from migrator.codec.page import reference
    from migrator.connectors import CONNECTORS, connector

    page, text = (
        ROOT / "docs/reference/connectors.md",
        reference({name: connector(name) for name in sorted(CONNECTORS)}),
    )
    if request.config.getoption("--update-golden", default=False):
        page.write_text(text, "utf-8")
    assert page.read_text("utf-8") == text
