"""The demo, as a user meets it: from the clone, and from a wheel that was installed somewhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.end_to_end.stage import OURS, ROOT

LAST = "A second plan finds no changes: the target stands as the playbook wants it."


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Ours without our variables; temporary files go to a folder of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*OURS, "PYTHON"))}
    (folder / "tmp").mkdir(exist_ok=True)
    return {**kept, "TMPDIR": str(folder / "tmp"), **more}


def ran(command: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """In a session of its own, in which nothing may live on."""
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        out, err = process.communicate(timeout=100)  # returns when the last heir of the pipes is gone
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def leftovers(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_the_demo_ends_well_and_leaves_nothing(tmp_path: Path) -> None:
    """Exit 0, the promised last line, no traceback; no file, folder or process is left."""
    (tmp_path / "work").mkdir()
    env = environment(tmp_path, PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1")
    done = ran([sys.executable, "-m", "migrator", "demo"], tmp_path / "work", env)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert done.stdout.splitlines()[-1] == LAST
    assert done.stdout.count("$ migrator plan csv-to-kintone.yaml") == 2
    assert '"Laser printer, 3rd floor" -> "Laser printer, 4th floor"' in done.stdout
    assert "Traceback" not in done.stderr and "Warning" not in done.stderr
    assert leftovers(tmp_path) == ["tmp", "work"]


@pytest.mark.timeout(300)
def test_a_wheel_holds_all_that_the_demo_needs(tmp_path: Path) -> None:
    """Built, installed elsewhere and run outside the clone: playbooks and schemas come from the wheel."""
    env = environment(tmp_path)
    python = installed(wheel_of(tmp_path, env), tmp_path, env)
    work = tmp_path / "work"
    work.mkdir()
    where = ran([str(python), "-c", "import migrator; print(migrator.__file__)"], work, env).stdout
    assert Path(where.strip()).is_relative_to(tmp_path)
    done = ran([str(python.with_name("migrator")), "demo"], work, env)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert done.stdout.splitlines()[-1] == LAST
    assert leftovers(work) == []
    shipped = Path(where.strip()).parent / "_shipped"
    for kind in ("playbooks", "schemas"):
        ours = {path.name: path.read_bytes() for path in (ROOT / kind).iterdir() if path.is_file()}
        assert {path.name: path.read_bytes() for path in (shipped / kind).iterdir()} == ours
    assert ran([str(python.with_name("migrator")), "init"], work, env).returncode == 0
    assert ran([str(python.with_name("migrator")), "validate", "playbook.yaml"], work, env).returncode == 0


def wheel_of(folder: Path, env: dict[str, str]) -> Path:
    """Made of a copy, so that the clone stays as it is; needs no network."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("migrator", "schemas", "playbooks"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    built = ran([*command, "-w", str(folder / "wheels"), str(source)], folder, env)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (folder / "wheels").glob("migrator-*.whl")
    return wheel


def installed(wheel: Path, folder: Path, env: dict[str, str]) -> Path:
    """The Python of a fresh environment with the wheel in it; what it depends on is looked up in ours."""
    venv.create(folder / "fresh", with_pip=False, symlinks=True)
    python = folder / "fresh" / "bin" / "python"
    site = next((folder / "fresh").glob("lib/python*/site-packages"))
    (site / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    done = ran([*command, "--force-reinstall", "--ignore-installed", str(wheel)], folder, env)
    assert done.returncode == 0, done.stdout + done.stderr
    return python
