"""No power cut in here: what was committed need not be on the disk, which is half of the time."""

from __future__ import annotations

import pytest

from migrator.state import database


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
