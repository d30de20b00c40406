"""What every end-to-end test starts from: an empty working folder and an environment without our variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.end_to_end.stage import OURS


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
