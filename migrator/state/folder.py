"""Where the state is, and how its folder is made: 0700, files 0600."""

from __future__ import annotations

import os
from pathlib import Path

from migrator.errors import LocalFault

NAME = ".migrator"
"""Name of the state folder."""
PLANS = "plans"
"""Folder of the copies of plans, one a hash."""
RUNS = "runs"
"""Folder of the logs, one a run."""
QUARANTINE = "quarantine"
"""Folder of what did not come about, named `run-NUMBER`."""


def find(playbook: Path | None, plan: Path | None, cwd: Path, explicit: Path | None) -> Path:
    """The state folder that belongs to a playbook or plan; it need not exist yet. Changes nothing.

    `explicit` wins. Else it is looked for upwards from the playbook's folder (where the playbook is not there, from
    the plan's), then upwards from the working folder; where there is none, its place is beside the playbook, or in
    the working folder. Paths are taken from `cwd`.
    """
    if explicit is not None:
        return cwd / explicit
    beside = _folder_of(playbook, cwd)
    start = beside if beside is not None else _folder_of(plan, cwd)
    for place in (start, cwd):
        found = None if place is None else _upwards(place)
        if found is not None:
            return found
    return (beside or cwd) / NAME


def make(folder: Path) -> None:
    """Create what is missing of the folder. Raises LocalFault."""
    try:
        for place in (folder, folder / PLANS, folder / RUNS):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LocalFault(
            f"cannot make the state folder {folder}: {error.strerror}",
            hint="free space, mend the rights, or name another place with --state",
        ) from error


def _folder_of(file: Path | None, cwd: Path) -> Path | None:
    if file is None or not (cwd / file).exists():
        return None
    return (cwd / file).resolve().parent


def _upwards(place: Path) -> Path | None:
    for folder in (place, *place.parents):
        if (folder / NAME).is_dir():
            return folder / NAME
    return None


def home_of(folder: Path, plan_hash: str) -> Path | None:
    """The folder that the file systems of a kept plan start from; None: nothing is kept of this plan."""
    try:
        return Path((folder / PLANS / f"{plan_hash}.home").read_text("utf-8"))
    except OSError:
        return None


def keep_home(folder: Path, plan_hash: str, home: Path) -> None:
    """Remember it, absolute, whole or not at all. Raises OSError."""
    place = folder / PLANS / f"{plan_hash}.home"
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(str(home.resolve()).encode())
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
