"""The same copy by tools that people use today, side by side with the program.

    python benchmarks/peers/run.py                                  # 100,000 records, 50 ms, the vendor's client
    python benchmarks/peers/run.py --peer all --records 20000 --latency 0

The vendor's client and command line tool come from the lockfile under tests/vendor (needs node and npm), Python's
libraries from requirements.txt beside this file, both installed outside the tree on first use. Each does the twelve
transforms in its own way; the stand-in checks each result. The exit status is 0 only if all were right.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the checkout, installed or not

from benchmarks.figures import Row, keep, ratios
from benchmarks.measure import Stand, run
from benchmarks.run import Bench
from benchmarks.workloads import Workload

HERE = Path(__file__).resolve().parent
LOCKS = HERE.parents[1] / "tests" / "vendor"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir())
GOALS = {"vendor-client": {"wall": 0.6, "peak": 0.2}}
ELSE = {"cpu": 0.5}


def vendor() -> str:
    """The folder with the vendor's programs in node_modules, installed from the lockfile."""
    lock = hashlib.sha256((LOCKS / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = CACHE / "migrator-vendor" / lock
    if not (folder / "node_modules").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKS / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return str(folder)


def python() -> str:
    """A Python that has the libraries."""
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()[:16]
    program = CACHE / "migrator-peers" / wanted / "bin" / "python"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(program.parents[1])], check=True)
        words = ["-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements.txt")]
        subprocess.run([str(program), *words], check=True)
    return str(program)


PEERS: dict[str, Callable[[], list[str]]] = {
    "vendor-client": lambda: ["node", str(HERE / "vendor_client.mjs"), vendor()],
    "vendor-cli": lambda: [sys.executable, str(HERE / "vendor_cli.py"), vendor()],
    "petl": lambda: [python(), str(HERE / "with_petl.py")],
    "pandas": lambda: [python(), str(HERE / "with_pandas.py")],
    "dlt": lambda: [python(), str(HERE / "with_dlt.py")],
}


class Peers(Bench):
    """A copy by the program and by each peer."""

    def floors(self, stand: Stand, count: int) -> Iterator[Row]:
        """In the place of floors: the peers."""
        for name in self.wanted.peer:
            self.set_up(stand, "empty")
            # the vendor's programs take plain http of this name alone
            words = [*PEERS[name](), stand.url.replace("127.0.0.1", "localhost"), stand.token]
            with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
                env = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "WARNING"}
                yield self.lane(name, run(words, Path(folder), env), stand, count)


def main() -> int:
    """Run, print, say whether all was right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", choices=[*PEERS, "all"], help="may be repeated")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=50, help="milliseconds a request (default 50)")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.set_defaults(shape="default", prime=False, most=0, in_flight=None)
    wanted = parser.parse_args()
    wanted.peer = list(PEERS) if "all" in (wanted.peer or ()) else wanted.peer or ["vendor-client"]
    rounds = []
    for rows in Peers(Workload("copy"), wanted).rounds():
        rounds.append(rows)
        print("\n".join(row.line() for row in rows), flush=True)
    told = [line for name in wanted.peer for line in ratios(rounds, name, {"both": GOALS.get(name, ELSE)})]
    told = [line for line in told if line.startswith("plan and apply")]
    print("\n".join(told))
    if wanted.json:
        keep(wanted.json, "peers", rounds, told)
    return 0 if all(row.right for rows in rounds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
