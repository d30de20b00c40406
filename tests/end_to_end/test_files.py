"""Files of records go along, over real sockets: each once, unchanged ones never, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.attachments import Archive, archive


@pytest.fixture
def contracts(here: Path) -> Iterator[Archive]:
    """Two contracts with scans, one without."""
    with archive(here) as made:
        made.attach("C-1", {"scan.pdf": b"%PDF one", "empty.txt": b""})
        made.attach("C-2", {"写真.png": b"\x89PNG" * 50_000}, {"sheet a": b"aa", "sheet b": b"b"})
        made.attach("C-3", {})
        yield made


WHOLE = {
    "C-1": [("scan.pdf", b"%PDF one"), ("empty.txt", b"")],
    "C-2": [("写真.png", b"\x89PNG" * 50_000), ("sheet a", b"aa"), ("sheet b", b"b")],
    "C-3": [],
}


def test_files_go_along_and_the_second_plan_is_empty(contracts: Archive) -> None:
    """Each file is a line before its record's, its bytes stream from source to target, and nothing is left to do."""
    run = contracts.stage.run
    planned = run("plan", "book.yaml", "-o", "a.plan")
    assert planned.code == 0, planned.text
    assert planned.out.count("\n  ^ ") == 5, planned.out
    applied = run("apply", "a.plan")
    assert applied.code == 0, applied.text
    assert contracts.stands() == WHOLE
    assert contracts.uploads == 5
    assert run("verify", "book.yaml").code == 0
