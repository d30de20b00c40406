"""Where the state folder lies: may we write to it, may others look into it, is its disk one that SQLite can trust?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from migrator.errors import LocalFault
from migrator.state.folder import PLANS, RUNS

MOUNTS = Path("/proc/mounts")
"""Linux: a line a mount: what, where, type of file system, options."""
NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs"),
        *("gpfs", "ocfs2", "gfs2", "orangefs", "vboxsf", "prl_fs", "drvfs", "davfs", "sshfs", "s3fs", "rclone"),
    }
)
"""Types of file systems whose locks other machines may not heed; with or without `fuse.` before them."""
_DATABASE = "state.db"


def may_write(folder: Path) -> None:
    """Ask nothing of a system where nothing could be recorded. Changes nothing. Raises LocalFault.

    A disk that was mounted read-only is told too: the kernel answers for it.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    inside = [folder / name for name in (PLANS, RUNS, _DATABASE)]
    for place in (nearest, *(place for place in inside if place.exists())):
        if not os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0)):
            raise LocalFault(
                f"the state cannot be written: {place} is read-only for us",
                detail=f"State: {folder}. Nothing was sent.",
                hint="mend the rights or the mount, or name another place with --state",
            )


def loose(folder: Path) -> Iterator[tuple[Path, str]]:
    """(file or folder of a state that others may look into or that is another's, what is wrong). POSIX only."""
    if os.name != "posix":
        return
    for place in (folder, folder / _DATABASE, *folder.glob("*.backup-v*"), folder / PLANS, folder / RUNS):
        if place.exists():
            stat = place.stat()
            if stat.st_mode & 0o077:
                yield place, f"mode {stat.st_mode & 0o777:04o}: others may look into it"
            elif stat.st_uid != os.geteuid() != 0:
                yield place, f"belongs to user {stat.st_uid}, not to us"


def network(folder: Path) -> str | None:
    """Type of the network file system that a folder lies on; None: a local one, or nobody tells."""
    try:
        lines = MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    place, best, kind = folder.resolve(), -1, ""
    for line in lines:
        words = line.split()
        if len(words) < 3:
            continue
        where = Path(words[1].encode().decode("unicode_escape") if "\\" in words[1] else words[1])
        if place.is_relative_to(where) and len(where.parts) >= best:
            best, kind = len(where.parts), words[2]
    return kind if kind.removeprefix("fuse.") in NETWORK else None
