"""A long run on bad ground: 100,000 records, 1 % of all requests broken, the program killed again and again.

    python benchmarks/soak.py                              # two minutes or so; prints what came out
    python benchmarks/soak.py --draw docs/soak.svg         # and draws memory and open files over time
    python benchmarks/soak.py --records 2000 --rate 0.05 --kills 3

All records are made, then all are edited; both times planned, applied, killed at random moments and resumed by the
real command line, against the Kintone emulator behind a proxy that resets, cuts, delays and stalls. At the end each
record must stand once, as wanted, with exactly one effect of each run; a second plan must have no changes; memory and
open files of the program must not have grown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from migrator.emulators.proxy import Proxy, WireFaultKind
from migrator.emulators.server import Emulator, create_emulator, serve

ROOT = Path(__file__).resolve().parents[1]
WIRE: tuple[WireFaultKind, ...] = ("reset_before", "reset_after", "cut", "stall", "late")
SERVER: tuple[Mapping[str, Any], ...] = (
    {"kind": "status", "status": 503},
    {"kind": "after_commit_status", "status": 502},
    {"kind": "truncate_json"},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
)
LONG = 50_000
"""Records from which on memory and open files are judged: in a short run starting up is all there is."""
EVERY = 0.2
"""Seconds between two looks at the process."""
PLAYBOOK = """
playbook: soak
systems:
  sheet: {connector: jsonl, path: "."}
  there: {connector: kintone, url: "{{ env.KINTONE_URL }}", api_token: "{{ env.KINTONE_API_TOKEN }}", timeout: 5}
limits: {update_percent: 100}
steps:
  - step: rows
    source: {system: sheet, collection: rows.jsonl, query: {id: serial}}
    fields: {serial: "{{ record.serial }}", label: "{{ record.label }}", notes: "{{ record.notes }}"}
    target: {system: there, collection: 3, key: serial}
"""


@dataclass(frozen=True)
class Look:
    """The program at one moment."""

    at: float
    """Seconds since the beginning."""
    what: str
    """plan, apply or resume."""
    process: int
    memory: float
    """MB resident."""
    files: int
    """Open files."""


@dataclass
class Soak:
    """What is measured on the way."""

    folder: Path
    env: Mapping[str, str]
    chance: random.Random
    kills_left: int
    begun: float = field(default_factory=time.monotonic)
    looks: list[Look] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    commands: int = 0

    def run(self, *words: str, until: float | None = None) -> int:
        """The command line, looked at while it runs; killed after `until` seconds. Its exit code."""
        self.commands += 1
        command = [sys.executable, "-m", "migrator", *words]
        env = {**os.environ, **self.env, "PYTHONPATH": str(ROOT)}
        started = time.monotonic()
        with (self.folder / "out.txt").open("ab") as out:
            process = subprocess.Popen(command, cwd=self.folder, env=env, stdout=out, stderr=out)
            while process.poll() is None:
                self._look(words[0], process.pid)
                if until is not None and time.monotonic() - started > until:
                    process.kill()
                    self.kills.append(time.monotonic() - self.begun)
                time.sleep(EVERY)
        return process.wait()

    def _look(self, what: str, pid: int) -> None:
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        except (OSError, IndexError):  # it is just over
            return
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        self.looks.append(Look(time.monotonic() - self.begun, what, self.commands, memory, files))

    def carry_out(self) -> None:
        """Plan, apply, and resume until it is done."""
        for _ in range(20):  # a plan reads only: what breaks it for good is planned again
            if self.run("plan", "soak.yaml", "-o", "a.plan") == 0:
                break
        words: tuple[str, ...] = ("apply", "a.plan")
        for _ in range(200):
            kill = self.kills_left > 0
            code = self.run(*words, until=self.chance.uniform(0.3, 3.0) if kill else None)
            if code == 0:
                return
            if code == 4 and "applied already" in (self.folder / "out.txt").read_text("utf-8")[-400:]:
                return  # killed when it was over
            self.kills_left -= kill
            words = ("resume",) if (self.folder / ".migrator" / "state.db").exists() else words
            if code == 3:  # killed before it had begun, or when it was over: there is nothing to resume
                words = ("apply", "a.plan")
        raise SystemExit(f"it never ended; see {self.folder / 'out.txt'}")


def broken(emulator: Emulator, proxy: Proxy, rate: float, chance: random.Random) -> Callable[[], tuple[int, int]]:
    """Break this share of all requests, in every way by turns; gives how many were, of how many."""
    total, faults = [0], []
    share = rate / (len(WIRE) + len(SERVER))

    def strikes(counting: bool) -> Callable[[str, bytes], bool]:
        def when(line: str, _: bytes) -> bool:
            total[0] += counting
            return chance.random() < share

        return when

    for number, kind in enumerate(WIRE):
        seconds = {"stall": 6.0, "late": 0.5}.get(kind, 0.0)
        faults.append(proxy.add(kind=kind, times=None, at_byte=20, seconds=seconds, when=strikes(number == 0)))
    faults += [emulator.faults.add(times=None, when=strikes(False), **words) for words in SERVER]
    return lambda: (sum(fault.fired for fault in faults), total[0])


def rows(folder: Path, count: int, word: str) -> None:
    """The source: a label that tells the round, and a text."""
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            row = {"serial": f"S-{number:06}", "label": f"{word} {number}", "notes": f"row {number} " * 8}
            file.write(json.dumps(row) + "\n")


def violations(emulator: Emulator, count: int, word: str, revision: int) -> list[str]:
    """Records that do not stand as they must: once, as wanted, written as often as there were runs."""
    found: dict[str, int] = {}
    wrong = []
    for record in emulator.store.records(3):
        serial = record["serial"]
        found[serial] = found.get(serial, 0) + 1
        if record["label"] != f"{word} {int(serial[2:])}" or int(record["$revision"]) != revision:
            wrong.append(f"{serial} says {record['label']!r} in revision {record['$revision']}")
    wrong += [f"{serial} stands {times} times" for serial, times in found.items() if times != 1]
    return wrong + ([] if len(found) == count else [f"{len(found)} of {count} stand"])


def grown(looks: list[Look]) -> tuple[float, float, int, int]:
    """Highest memory and most open files of the applies: in their first third, and in their last."""
    applies = [look for look in looks if look.what != "plan"]
    third = max(1, len(applies) // 3)
    first, last = applies[:third], applies[-third:]
    return (
        max(look.memory for look in first), max(look.memory for look in last),
        max(look.files for look in first), max(look.files for look in last),
    )  # fmt: skip


def draw(path: Path, soak: Soak) -> None:
    """Memory (MB) and open files over time; a mark for each kill."""
    width, height, left = 900, 260, 44
    end = soak.looks[-1].at
    top = max(look.memory for look in soak.looks) * 1.2
    across = (width - left) / end
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 30}" font-family="sans-serif" '
        f'font-size="11"><rect width="{width}" height="{height + 30}" fill="white"/>'
    ]
    parts += [
        f'<line x1="{left + at * across:.1f}" x2="{left + at * across:.1f}" y1="0" y2="{height}" stroke="#e0b0b0"/>'
        for at in soak.kills
    ]
    for name, colour, value in (("memory", "#205080", lambda look: look.memory), ("files", "#508020", _files)):
        for process in dict.fromkeys(look.process for look in soak.looks):
            points = " ".join(
                f"{left + look.at * across:.1f},{height - value(look) / top * height:.1f}"
                for look in soak.looks
                if look.process == process
            )
            parts.append(f'<polyline class="{name}" points="{points}" fill="none" stroke="{colour}"/>')
    for mark in range(0, int(top) + 1, 20):
        y = height - mark / top * height
        parts.append(f'<text x="4" y="{y + 4:.1f}">{mark}</text>')
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eee"/>')
    told = f"blue: MB resident; green: open files; red: killed ({len(soak.kills)}); {end:.0f} s"
    parts.append(f'<text x="{left}" y="{height + 20}">{told}</text></svg>')
    path.write_text("\n".join(parts) + "\n", "utf-8")


def _files(look: Look) -> float:
    return float(look.files)


def main() -> int:
    """Runs it; 1 where something does not hold."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    asked.add_argument("--records", type=int, default=100_000)
    asked.add_argument("--rate", type=float, default=0.01)
    asked.add_argument("--kills", type=int, default=24)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--draw", type=Path)
    said = asked.parse_args()
    chance = random.Random(said.seed)
    emulator = create_emulator("kintone", seed="empty", pace="off")
    with (
        tempfile.TemporaryDirectory(prefix="migrator-soak-") as name,
        serve(emulator.app) as server,
        Proxy(server.port) as proxy,
    ):
        folder = Path(name)
        (folder / "soak.yaml").write_text(PLAYBOOK, "utf-8")
        count = broken(emulator, proxy, said.rate, chance)
        soak = Soak(folder, emulator.env(proxy.url), chance, said.kills // 2)
        wrong: list[str] = []
        for revision, word in enumerate(("made", "edited"), 1):
            rows(folder, said.records, word)
            soak.carry_out()
            wrong += violations(emulator, said.records, word, revision)
            soak.kills_left = said.kills - len(soak.kills)
        while (code := soak.run("plan", "soak.yaml", "--detailed-exitcode")) not in (0, 2):
            pass
        wrong += [] if code == 0 else ["a second plan has changes"]
        struck, requests = count()
        before, after, files, files_after = grown(soak.looks)
        print(f"{said.records:,} records made and edited; {requests:,} requests, {struck} of them broken")
        print(f"{len(soak.kills)} times killed; {soak.commands} commands; {soak.looks[-1].at:.0f} s")
        print(f"memory of the applies: {before:.0f} MB at most in their first third, {after:.0f} MB in their last")
        print(f"open files of the applies: {files} at most in their first third, {files_after} in their last")
        if said.records >= LONG and (after > before * 1.15 or files_after > files + 2):
            wrong.append("memory or open files have grown")
        print(f"{len(wrong)} violations")
        print("\n".join(wrong[:10]))
        if said.draw is not None:
            draw(said.draw, soak)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
