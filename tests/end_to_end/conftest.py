"""What every end-to-end test starts from: an empty working folder and an environment without our variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.assets import Served, furnished
from tests.end_to_end.stage import OURS, Stage, served


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty."""
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def quiet() -> Iterator[Served]:
    """A Kintone for all tests that must not write: each looks that it did not."""
    with served(["kintone"]) as kintone:
        yield kintone


@pytest.fixture
def stage(here: Path, quiet: Served) -> Stage:
    """The playbook, its sheet, and the system that nobody may touch."""
    return furnished(here, quiet)


@pytest.fixture
def own(here: Path) -> Iterator[Stage]:
    """The same with a system of the test's own, for what is written on purpose."""
    with served(["kintone"]) as kintone:
        yield furnished(here, kintone)
