"""A spreadsheet, a Kintone that answers on loopback, the program in this process or in one that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from werkzeug.test import Client

from migrator.emulators.kintone.app import App
from migrator.emulators.proxy import Proxy
from migrator.emulators.server import Emulator, create_emulator, serve
from migrator.executor.report import report
from migrator.model.run import Report, RunEnded
from migrator.pipeline import ApplyOptions, Planned, apply, plan
from migrator.state.state import State
from migrator.systems import Surroundings
from migrator.transport.pace import SystemClock
from migrator.transport.secrets import Scrubber

ROOT = Path(__file__).parents[2]

BOOK = """
playbook: assets
systems:
  sheet: {connector: csv, path: "."}
  kt: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}", timeout: 5}
limits: {update_percent: 100}
steps:
  - step: assets
    source: {system: sheet, collection: rows.csv, query: {id: serial}}
    fields: {serial: "{{ record.serial }}", label: "{{ record.label }}"}
    target: {system: kt, collection: 3, key: serial}
"""


@dataclass(kw_only=True)
class Bench:
    """A folder with a playbook, and the system it is for."""

    folder: Path
    emulator: Emulator
    proxy: Proxy
    env: Mapping[str, str]

    @property
    def app(self) -> App:
        """The app that is written to, behind everybody's back."""
        app: App = self.emulator.store.find("assets")
        return app

    def rows(self, count: int, label: str) -> None:
        """The spreadsheet."""
        lines = [f"S-{number:05},{label} {number}" for number in range(count)]
        (self.folder / "rows.csv").write_text("\n".join(["serial,label", *lines]) + "\n")

    def seen(self) -> dict[str, tuple[str, int]]:
        """Serial -> (label, revision) of every record; two with one serial would be told by the count."""
        rows = [row.values for row in self.app.table]
        found = {row["serial"]: (row["label"], int(row["$revision"])) for row in rows}
        assert len(found) == len(rows)
        return found

    def write(self, method: str, path: str, body: object) -> int:
        """Somebody else's request; its status."""
        token = self.env["KINTONE_API_TOKEN"]
        with Client(self.emulator.app).open(
            path, method=method, json=body, headers={"X-Cybozu-API-Token": token}
        ) as answer:
            return answer.status_code

    def killed(self, file: str, failpoint: str) -> int:
        """Apply in a process of its own that ends itself with SIGKILL at this point; its exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "migrator", "apply", file, "--state", ".migrator"],
            cwd=self.folder,
            env={**os.environ, **self.env, "MIGRATOR_FAILPOINT": failpoint, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode

    def plan(self, name: str) -> Planned:
        """A plan file."""
        making = plan(self.folder / "assets.yaml", self.folder / name, self._around, state=self.state)
        try:
            while True:
                next(making)
        except StopIteration as end:
            made: Planned = end.value
            return made

    def apply(self, name: str) -> RunEnded:
        """Carry it out in this process, as the command does; the last event."""
        *_, last = apply(self.folder / name, self._around, options=ApplyOptions(), state=self.state)
        assert isinstance(last, RunEnded)
        return last

    def report(self, number: int) -> Report:
        """What a run did."""
        with State.open(self.state, write=False) as state:
            return report(state, number)

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / ".migrator"

    @property
    def _around(self) -> Surroundings:
        return Surroundings(env=self.env, clock=SystemClock(), scrubber=Scrubber())


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Everything ready, the app empty."""
    (folder / "assets.yaml").write_text(BOOK)
    emulator = create_emulator("kintone", seed="empty", pace="off")
    with serve(emulator.app) as server, Proxy(server.port) as proxy:
        yield Bench(folder=folder, emulator=emulator, proxy=proxy, env=emulator.env(proxy.url))
