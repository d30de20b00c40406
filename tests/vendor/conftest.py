"""The vendor's own programs, installed outside the tree from the committed lockfile, and the emulator they reach."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrator.emulators.server import Emulator, create_emulator, serve

HERE = Path(__file__).parent
INSTALL_SECONDS = 300


def _cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    base = Path(root) if root else Path(tempfile.gettempdir())
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    return base / "migrator-vendor" / lock


def _install(folder: Path) -> None:
    """`npm ci` beside the place and move it there whole, so that two runs at once cannot see half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        npm = shutil.which("npm") or "npm"
        arguments = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(arguments, cwd=place, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip(f"vendor's clients: npm ci took over {INSTALL_SECONDS} s; is the npm registry reachable?")
        if done.returncode:
            pytest.skip(f"vendor's clients: npm ci failed, is the npm registry reachable? {done.stderr[-400:]}")
        try:
            Path(place).rename(folder)
        except OSError:
            assert (folder / "node_modules").is_dir()  # another run was first
        else:
            Path(place).mkdir()  # for the context manager to take away


@pytest.fixture(scope="session")
def vendor() -> Path:
    """The folder with the vendor's programs in node_modules. Skips, with the reason, where they cannot be had."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"vendor's clients: {' and '.join(missing)} not installed")
    folder = _cache_folder()
    if not (folder / "node_modules").is_dir():
        _install(folder)
    return folder


@pytest.fixture
def kintone() -> Iterator[tuple[Emulator, str]]:
    """A fresh Kintone with samples, served on loopback: the emulator and its address."""
    emulator = create_emulator("kintone")
    with serve(emulator.app) as server:
        yield emulator, server.url


def environment(**more: str) -> dict[str, str]:
    """An environment without proxies and without anybody's Kintone settings."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    return kept | more


class Client:
    """The vendor's JavaScript client in a process of its own."""

    def __init__(self, vendor: Path, options: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            ["node", str(HERE / "client.mjs"), str(vendor), json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment(),
        )  # fmt: skip

    def _told(self, call: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"call": call, "params": params}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the client ended without an answer"
        told: dict[str, Any] = json.loads(line)
        return told

    def __call__(self, call: str, **params: Any) -> Any:
        """What `client.GROUP.NAME(params)` resolves to; a rejection fails the test."""
        told = self._told(call, params)
        assert "error" not in told, told
        return told["result"]

    def error(self, call: str, **params: Any) -> dict[str, Any]:
        """The error that the call is rejected with."""
        told = self._told(call, params)
        assert "error" in told, told
        error: dict[str, Any] = told["error"]
        return error

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


MakeClient = Callable[..., Client]


@pytest.fixture
def make_client(vendor: Path, kintone: tuple[Emulator, str]) -> Iterator[MakeClient]:
    """Clients of the emulator: `make_client()` by token, `make_client("ann")` by that user's password."""
    made: list[Client] = []

    def make(user: str = "", **options: Any) -> Client:
        emulator, url = kintone
        auth: dict[str, str] = {"apiToken": emulator.env(url)["KINTONE_API_TOKEN"]}
        if user:
            auth = {"username": user, "password": emulator.store.users[user].password}
        made.append(Client(vendor, {"baseUrl": url, "auth": auth, **options}))
        return made[-1]

    yield make
    for client in made:
        client.close()
