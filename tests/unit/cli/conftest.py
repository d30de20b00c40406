from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrator.cli.main import cli


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without our variables."""
    for name in list(os.environ):
        if name.startswith("MIGRATOR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(here: Path) -> Run:
    """Runs a command line in the working folder, in this process."""

    def invoke(*words: object, answer: str | None = None, env: dict[str, str] | None = None) -> Ran:
        done = CliRunner().invoke(cli, [str(word) for word in words], input=answer, env=env)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    return invoke


@pytest.fixture
def project(run: Run, here: Path) -> Path:
    """A working folder with a first playbook."""
    assert run("init").code == 0
    return here
