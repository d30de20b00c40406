"""The Python clients of GLPI on PyPI, unmodified, find in the emulator the server that they were written for."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrator.emulators.server import Emulator, create_emulator, serve
from tests.vendor.conftest import environment

pytestmark = pytest.mark.vendor
HERE = Path(__file__).parent / "glpi"
INSTALL_SECONDS = 300
STORY_SECONDS = 60


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder that the clients are installed in. Skips, with the reason, where they cannot be had."""
    root = os.environ.get("XDG_CACHE_HOME")
    asked = HERE / "requirements.txt"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = hashlib.sha256(asked.read_bytes() + version.encode()).hexdigest()[:16]
    folder = (Path(root) if root else Path(tempfile.gettempdir())) / "migrator-vendor" / f"glpi-{name}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=folder.parent))
    words = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), "-r", str(asked)]
    try:
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"GLPI's clients: pip took over {INSTALL_SECONDS} s; is the package index reachable?")
    if done.returncode:
        pytest.skip(f"GLPI's clients: pip failed, is the package index reachable? {done.stderr[-400:]}")
    try:
        place.rename(folder)
    except OSError:
        assert folder.is_dir()  # another run was first
    return folder


@pytest.fixture
def glpi() -> Iterator[tuple[Emulator, str]]:
    """A fresh GLPI with samples, served on loopback: the emulator and its address."""
    emulator = create_emulator("glpi")
    with serve(emulator.app) as server:
        yield emulator, server.url


Story = Callable[..., dict[str, Any]]


@pytest.fixture
def story(clients: Path, glpi: tuple[Emulator, str], tmp_path: Path) -> Story:
    """Runs a client's story in a process of its own; what it tells."""

    def run(name: str, *words: str) -> dict[str, Any]:
        emulator, url = glpi
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(HERE / f"story_{name}.py"), str(tmp_path), *words],
            env=environment(PYTHONPATH=str(clients), **emulator.env(url)),
            capture_output=True, text=True, encoding="utf-8", timeout=STORY_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    return run


def test_glpi_api_reads_searches_writes_and_carries_files(story: Story, glpi: tuple[Emulator, str]) -> None:
    told = story("glpi_api")
    assert (told["profile"], told["profiles"], told["session"]) == ("Super-Admin", ["Super-Admin"], "glpi")
    assert (told["item"], told["missing"], told["gone"]) == ("Paris &#62; Floor 1", None, None)
    assert (told["all"], told["search"][:2], told["field"]) == (
        ["pc-003"],
        [{"1": "pc-001", "5": "SN-001", "2": 1}, {"1": "pc-002", "5": "SN-002", "2": 2}],
        "5",
    )
    assert told["several"] == ["pc-002", "glpi"]
    assert told["partial"][1] is False
    assert (told["download"], told["unknown"]) == ("hello", "(ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM)")
    assert "Filetype not allowed" in told["forbidden"]
    first, second = told["made"]
    row = glpi[0].store.row("Computer", second)
    assert (row["comment"], row["states_id"], glpi[0].store.row("Computer", first)) == ("a &#60; b", 1, None)


def test_glpi_utils_pages_searches_and_writes(story: Story) -> None:
    told = story("glpi_utils")
    assert len(told["pages"]) == len(set(told["pages"])) == 12
    assert told["iterated"] == [5, 5, 2]
    assert told["search"] == [{"1": "pc-003", "2": 3, "5": "SN-003"}]
    assert (told["read"], told["gone"], told["sub"]) == ("U-2", True, 1)
    assert (told["profile"], told["document"]) == ("Super-Admin", "Item successfully added: a note")


@pytest.mark.parametrize("name", ["py_glpi", "glpi_python_sdk"])
def test_py_glpi_and_the_sdk_find_users_and_write(name: str, story: Story) -> None:
    told = story("py_glpi", name)
    assert told["users"] == ["glpi", "post-only", "tech", "normal", "glpi-system", "ann", "greg", "sato"]
    assert told["emails"] == ["ann@example.com"]
    if name == "py_glpi":
        assert (told["search"], told["several"]) == (["ann"], ["glpi", "tech"])
    else:
        assert told["dropped"] == "ERROR_BAD_ARRAY"
    assert told["missing"] and told["unknown"] and told["refused"]
    assert told["deleted"] == [{str(told["made"]): True, "message": ""}]
    assert told["tickets"] == 4
