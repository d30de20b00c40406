"""A form with one file in it (multipart/form-data), as what goes before and after the file's bytes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from migrator.model.values import File

NAME_LENGTH = 255
"""Characters that a file's name may have; file systems and most databases stop there."""

_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""How browsers write these into a name, so that it cannot end its header (WHATWG HTML, multipart/form-data)."""


def form(
    seed: str, file: File, field: str, parts: Sequence[tuple[str, str, bytes]] = ()
) -> tuple[dict[str, str], bytes, bytes]:
    """Headers of the request, head and tail. `parts`: (name, media type, content) before the file.

    The boundary is a hash of `seed` and of the file's handle: the same for the same upload, and nothing that who
    wrote the file could know.
    """
    boundary = "migrator" + blake2b("\0".join((seed, file.system, file.where)).encode(), digest_size=24).hexdigest()
    pieces = [_head(boundary, f'name="{name}"', media) + content + b"\r\n" for name, media, content in parts]
    disposition = f'name="{field}"; filename="{plain_name(file.name).translate(_QUOTED)}"'
    head = b"".join(pieces) + _head(boundary, disposition, _media(file))
    tail = f"\r\n--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, head, tail


def plain_name(name: str) -> str:
    """A name without the folders that somebody put before it: servers cut them off too (RFC 7578, section 4.2)."""
    return name.replace("\\", "/").rpartition("/")[2]


def unfit_name(name: str) -> str | None:
    """Why a file cannot be sent under this name; None: it can."""
    plain = plain_name(name)
    if plain in ("", ".", ".."):
        return f"a file needs a name, and {name!r} is none"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in plain):
        return f"the file's name has control characters: {name!r}"
    if len(plain) > NAME_LENGTH:
        return f"the file's name has {len(plain):,} characters, and {NAME_LENGTH} are sent at most"
    try:
        plain.encode()
    except UnicodeEncodeError:
        return "the file's name is no Unicode that can be sent"
    return None


def _head(boundary: str, disposition: str, media: str) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {media}\r\n\r\n".encode()


def _media(file: File) -> str:
    """The media type as its system told it, if it can stand in a header."""
    told = file.media_type
    return told if told and told.isascii() and told.isprintable() else "application/octet-stream"
