"""A working folder with the real command line in it, and emulators that answer on real loopback sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from migrator.cli.main import cli
from migrator.emulators.server import Clock, Emulator, create_emulator, serve

ROOT = Path(__file__).resolve().parents[2]
OURS = ("MIGRATOR_", "KINTONE_", "KAINEXUS_", "KETRYX_", "GLPI_", "KITEMAKER_")
"""How variables begin that would reach into a test from outside."""


@dataclass(frozen=True)
class Ran:
    """What became of one command line."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that people saw."""
        return self.out + self.err

    def lines(self) -> list[dict[str, Any]]:
        """stdout of a --json command."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Stage:
    """Where a test plays. `env` holds what reaches the systems, nothing else of ours."""

    folder: Path
    emulators: Mapping[str, Emulator] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *words: object, env: Mapping[str, str | None] | None = None, answer: str | None = None) -> Ran:
        """The command line in this process; the working folder must be the stage's. A None takes a variable away."""
        done = CliRunner().invoke(cli, [str(word) for word in words], input=answer, env={**self.env, **(env or {})})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.stdout + done.stderr
        assert "a fault of migrator" not in done.stderr, done.stderr
        return Ran(done.exit_code, done.stdout, done.stderr)

    def start(self, *words: object, env: Mapping[str, str] | None = None, **more: Any) -> subprocess.Popen[str]:
        """The command line as a process of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        kept |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **self.env, **(env or {})}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-m", "migrator", *map(str, words)]
        return subprocess.Popen(
            command, cwd=self.folder, env=kept, text=True, encoding="utf-8", **{**streams, **more}
        )

    def spawn(self, *words: object, **more: Any) -> Ran:
        """The same, waited for."""
        with self.start(*words, **more) as process:
            out, err = process.communicate(timeout=60)
        return Ran(process.returncode, out or "", err or "")

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the working folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def files(self) -> dict[str, bytes]:
        """Everything in the working folder, the state included: path -> content."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else b"<folder>"
            for path in sorted(self.folder.rglob("*"))
        }

    def truth(self) -> dict[str, Any]:
        """What stands behind the emulators, revisions and stamps included, without asking over HTTP."""
        return {system: TRUTHS[system](emulator.store) for system, emulator in self.emulators.items()}


def _kintone(store: Any) -> dict[int, list[dict[str, Any]]]:
    return {app: [dict(record) for record in store.records(app)] for app in store.apps}


def _kainexus(store: Any) -> dict[int, Any]:
    with store.lock:
        return {number: store.read(number) for number, item in sorted(store.items.items()) if not item.deleted}


def _ketryx(store: Any) -> dict[str, Any]:
    with store.lock:
        return {number: item.current for number, item in store.items.items()}


def _kitemaker(store: Any) -> dict[str, Any]:
    from migrator.emulators.kitemaker.forms import work_item

    with store.lock:
        shown = {id_: work_item(item) for id_, item in store.work_items.items()}
        return {id_: {**form, "space": store.work_items[id_].space.key} for id_, form in shown.items()}


def _glpi(store: Any) -> dict[str, list[dict[str, Any]]]:
    return {itemtype: store.rows(itemtype) for itemtype in ("Computer", "Location", "Ticket")}


TRUTHS: Mapping[str, Callable[[Any], Any]] = {
    "kintone": _kintone,
    "kainexus": _kainexus,
    "ketryx": _ketryx,
    "glpi": _glpi,
    "kitemaker": _kitemaker,
}
"""Emulator -> how its store is read whole."""


@contextmanager
def served(
    systems: Sequence[str], *, seed: str = "sample", clock: Clock | None = None
) -> Iterator[tuple[dict[str, Emulator], dict[str, str]]]:
    """Fresh emulators without pace, on loopback until left, and the variables that reach them."""
    with ExitStack() as serving:
        emulators = {name: create_emulator(name, seed=seed, pace="off", clock=clock) for name in systems}
        env: dict[str, str] = {}
        for emulator in emulators.values():
            env |= emulator.env(serving.enter_context(serve(emulator.app)).url)
        yield emulators, env
