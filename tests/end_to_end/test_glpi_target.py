"""A load into GLPI through the whole program: answers get lost, sessions end, items go, and none is made twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from migrator import pipeline
from migrator.emulators.server import Emulator, create_emulator
from migrator.model.run import Cause, RunEnded, Status
from migrator.pipeline import ApplyOptions, Planned, Surroundings
from migrator.transport.secrets import Scrubber
from tests.end_to_end.test_worked_playbooks import OneClock
from tests.wsgi import WsgiAdapter

BOOK = """
playbook: computers
systems:
  sheet: {connector: csv, path: "."}
  cmdb:
    connector: glpi
    url: "{{ env.GLPI_URL }}"
    app_token: "{{ env.GLPI_APP_TOKEN }}"
    user_token: "{{ env.GLPI_USER_TOKEN }}"
    zone: Europe/Paris
limits: {update_percent: 100}
steps:
  - step: computers
    source: {system: sheet, collection: rows.csv, query: {id: serial}}
    fields:
      serial: "{{ record.serial }}"
      name: "{{ record.name }}"
      comment: "{{ record.comment | none_if_empty }}"
      last_boot: "{{ record.boot | datetime }}"
      ticket_tco: "{{ record.cost | number }}"
      locations_id: "{{ record.place }}"
    target: {system: cmdb, collection: Computer, key: serial, options: {batch: 10}}
"""
SIZE = 90


class Bench:
    """A folder with the playbook, a GLPI in Paris, one clock for both."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, OneClock()
        self.emulator: Emulator = create_emulator("glpi", seed="empty", pace="off", clock=self.clock)
        self.emulator.store.options.zone = "Europe/Paris"
        self.app = self.emulator.app
        (folder / "book.yaml").write_text(BOOK, "utf-8")

    def rows(self, word: str) -> None:
        """The spreadsheet, with texts, moments and numbers that GLPI shows in other forms than they are sent."""
        lines = [
            f"SN-{number:03},{word} {number},a <b> &amp; {word} & {number},2024-07-{number % 28 + 1:02}T12:00:00Z,"
            f"{number}.5,{number % 3}"
            for number in range(SIZE)
        ]
        (self.folder / "rows.csv").write_text(
            "\n".join(["serial,name,comment,boot,cost,place", *lines]) + "\n", "utf-8"
        )

    def around(self) -> Surroundings:
        env = self.emulator.env("http://glpi.localhost")
        adapters: dict[str, Any] = {"cmdb": WsgiAdapter(self.app)}
        return Surroundings(env=env, clock=self.clock, scrubber=Scrubber(), adapters=adapters)

    def plan(self) -> Planned:
        making = pipeline.plan(self.folder / "book.yaml", self.folder / "the.plan", self.around())
        while True:
            try:
                next(making)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # what the generator returns

    def apply(self) -> RunEnded:
        *_, last = pipeline.apply(self.folder / "the.plan", self.around(), options=ApplyOptions())
        assert isinstance(last, RunEnded)
        return last

    def serials(self) -> Counter[str]:
        """How often each stands there, trashed ones too."""
        return Counter(row["serial"] for row in self.emulator.store.rows("Computer"))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


@pytest.mark.parametrize("kind", ["after_commit_status", "empty", "truncate_json", "status"])
def test_a_create_whose_answer_is_lost_is_made_once(bench: Bench, kind: Any) -> None:
    """Committed or not, an accident's empty page included: looked up by key after a while; a second plan is empty."""
    bench.rows("pc")
    assert bench.plan().changes == SIZE
    bench.emulator.faults.add(
        match="POST /apirest.php/Computer", kind=kind, times=2, status=502 if kind == "status" else None
    )
    ended = bench.apply()
    assert ended.exit_code == 0, ended.report
    assert bench.serials() == Counter({f"SN-{number:03}": 1 for number in range(SIZE)})
    assert bench.plan().changes == 0


@pytest.mark.parametrize("kind", [None, "empty"])
def test_a_record_whose_key_only_looks_alike_is_another(bench: Bench, kind: Any) -> None:
    """The server's search is blind to case and blanks: none of its hits is taken for ours."""
    for serial in ("sn-005", "SN-5", "SN-0050", " SN-006", "5"):
        bench.emulator.store.add("Computer", serial=serial, name="theirs")
    bench.rows("pc")
    assert bench.plan().changes == SIZE
    if kind is not None:
        bench.emulator.faults.add(match="POST /apirest.php/Computer", kind=kind)
    assert bench.apply().exit_code == 0
    assert [row["name"] for row in bench.emulator.store.rows("Computer")].count("theirs") == 5
    assert all(bench.serials()[f"SN-{number:03}"] == 1 for number in range(SIZE))
    assert bench.plan().changes == 0


def test_b18_b20_a_session_that_ends_under_an_apply_is_opened_again(bench: Bench) -> None:
    """Before the third write somebody ends all sessions, under others in flight: all is written, once."""
    bench.rows("pc")
    bench.plan()
    app, writes = bench.app, 0

    def ending(environ: Any, start: Any) -> Any:
        nonlocal writes
        writes += environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/Computer")
        if writes == 3:
            writes += 1
            bench.emulator.store.sessions.clear()
        return app(environ, start)

    bench.app = ending
    ended = bench.apply()
    assert ended.exit_code == 0, ended.report
    assert bench.serials() == Counter({f"SN-{number:03}": 1 for number in range(SIZE)})


def test_items_that_went_or_moved_are_left_alone(bench: Bench) -> None:
    """Of ninety updates two meet no item, one an item that somebody changed: conflicts; the others are done."""
    bench.rows("pc")
    bench.plan()
    bench.apply()
    bench.rows("new")
    assert bench.plan().changes == SIZE
    store = bench.emulator.store
    table = store.table("Computer")
    table.remove(5)
    store.row("Computer", 6)["is_deleted"] = 1
    store.row("Computer", 7)["name"] = "theirs"
    ended = bench.apply()
    told = {change.outcome.target_id: change.outcome for change in ended.report.changes}
    assert [one.status for one in told.values()] == [Status.CONFLICT] * 3
    assert sorted(str(one.cause) for one in told.values()) == [Cause.GONE, Cause.GONE, Cause.MOVED]
    assert store.row("Computer", 7)["name"] == "theirs"
    assert sum(str(row["name"]).startswith("new ") for row in store.rows("Computer")) == SIZE - 3
