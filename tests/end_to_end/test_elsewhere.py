"""A run is taken up from any folder: its files stay where the playbook put them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator import pipeline
from migrator.errors import Paused
from migrator.model.run import RunEnded
from migrator.pipeline import ApplyOptions, Surroundings
from migrator.transport.pace import ManualClock
from migrator.transport.secrets import Scrubber

BOOK = """
playbook: copy
systems:
  here: {connector: csv, path: "."}
steps:
  - step: rows
    source: {system: here, collection: in.csv, query: {id: number}}
    fields: {number: "{{ record.number }}", name: "{{ record.name | upper }}"}
    target: {system: here, collection: out.csv, key: number}
"""


def test_a_run_goes_on_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused after the first record, taken up elsewhere: the file beside the playbook is whole, no other is made."""
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    (home / "book.yaml").write_text(BOOK)
    (home / "in.csv").write_text("number,name\n1,ann\n2,bob\n3,chie\n")
    around = Surroundings(env={}, clock=ManualClock(), scrubber=Scrubber())
    monkeypatch.chdir(home)
    for _ in pipeline.plan(Path("book.yaml"), Path("a.plan"), around):
        pass
    with pytest.raises(Paused):
        list(pipeline.apply(Path("a.plan"), around, options=ApplyOptions(first=1)))
    monkeypatch.chdir(other)
    *_, ended = pipeline.resume(None, around, options=ApplyOptions(), state=home / ".migrator")
    assert isinstance(ended, RunEnded)
    assert ended.exit_code == 0
    assert (home / "out.csv").read_text() == "number,name\n1,ANN\n2,BOB\n3,CHIE\n"
    assert sorted(path.name for path in tmp_path.rglob("*.csv")) == ["in.csv", "out.csv"]
