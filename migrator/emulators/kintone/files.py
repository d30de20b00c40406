"""Uploaded files: a temporary key until a record names it, then another, longer key for good."""

import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.emulators.kintone import assumptions, problems

if TYPE_CHECKING:
    from migrator.emulators.server import Clock


@dataclass(frozen=True)
class Blob:
    """A file's bytes and what was said about it when it was sent; `at` in epoch seconds."""

    name: str
    content_type: str
    content: bytes = field(repr=False)
    at: float


class Files:
    """All files of the domain, by both kinds of key."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self.uploads: dict[str, Blob] = {}
        self.attached: dict[str, Blob] = {}

    def upload(self, name: str, content_type: str, content: bytes) -> str:
        """Keep a file and return its temporary key."""
        key = str(uuid.uuid4())
        self.uploads[key] = Blob(name, content_type, content, self._clock.now())
        return key

    def attach(self, key: str, now: float) -> dict[str, str]:
        """The entry that a record shows for an upload. Raises GAIA_BL01 for an unknown or expired key."""
        blob = self.uploads.get(key)
        if blob is None or now - blob.at > assumptions.UPLOAD_LIVES_SECONDS:
            raise _not_found(key)
        return self.keep(blob)

    def keep(self, blob: Blob) -> dict[str, str]:
        """Give `blob` a key of its own for one place in one record."""
        key = f"{secrets.token_hex(24)}{len(self.attached) + 1:08d}"
        self.attached[key] = blob
        return {
            "fileKey": key,
            "name": blob.name,
            "contentType": blob.content_type,
            "size": str(len(blob.content)),
        }

    def download(self, key: str) -> Blob:
        """The file behind a record's key; an upload key does not download. Raises GAIA_BL01."""
        if key not in self.attached:
            raise _not_found(key)
        return self.attached[key]


def _not_found(key: str) -> problems.KintoneError:
    return problems.KintoneError(404, "GAIA_BL01", f"The specified file (id: {key}) is not found.")
