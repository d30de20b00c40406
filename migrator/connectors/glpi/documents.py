"""A Document and its file in one request: a form with a manifest. Pure.

GLPI takes the file with the create alone, so there is no upload that a failure could leave behind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from migrator.codec.multipart import form as form_of
from migrator.codec.multipart import plain_name, unfit_name
from migrator.connectors.glpi.calls import DECODED, WRITE, of_type
from migrator.connectors.glpi.form import DOCUMENT, FILE, Form
from migrator.contract import Batch, Call
from migrator.errors import FileUnread
from migrator.model.values import File, Value

_SHA1 = re.compile(r"[0-9a-f]{40}")


def place_of(number: object, sha1sum: object) -> str:
    """Where a document's file is: its id, and the digest of the content that GLPI keeps with it. [observed]"""
    digest = sha1sum if isinstance(sha1sum, str) and _SHA1.fullmatch(sha1sum) else ""
    return f"{number} {digest}".rstrip()


def number_and_digest(where: str) -> tuple[str, str]:
    """The parts of such a place; the digest is "" where GLPI told none."""
    number, _, digest = where.partition(" ")
    return number, digest


def whole(file: File, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same, to their end. A download has no length [observed]: what is cut on its way looks whole but for this.

    Raises FileUnread at the end.
    """
    digest, found = number_and_digest(file.where)[1], hashlib.sha1(usedforsecurity=False)
    for piece in pieces:
        found.update(piece)
        yield piece
    if digest and found.hexdigest() != digest:
        raise FileUnread(
            f'the file "{file.name}" is not what GLPI told while planning: cut on its way, or changed since'
        )


def unfit(form: Form, after: Mapping[str, Value]) -> str | None:
    """Why GLPI would not keep the file: it answers 201 and makes an empty document. [observed] None: it would."""
    file = after.get(FILE)
    if form.itemtype != DOCUMENT or not isinstance(file, File):
        return None
    ending = plain_name(file.name).rpartition(".")[2].lower() if "." in file.name else ""
    if form.extensions is not None and ending not in form.extensions:
        said = f"files that end in .{ending}" if ending else "files without an extension"
        return f'GLPI\'s document types do not allow {said}, and "{file.name}" is one'
    return unfit_name(file.name)


def stored_file(value: Value) -> Value:
    """A name without the folders before it: PHP cuts them off. [vendor docs]"""
    if not isinstance(value, File):
        return value
    return File(
        name=plain_name(value.name),
        size=value.size,
        media_type=value.media_type,
        sha256=value.sha256,
        where=value.where,
        system=value.system,
    )


def create_of(batch: Batch) -> Call:
    """One document with its file. Never repeatable: a repeat makes a second one."""
    (item,) = batch.items
    if item.file is None:
        raise ValueError("a document's file is missing")
    told = {**orjson.loads(item.part), "_filename": [plain_name(item.file.name)]}
    manifest = ("uploadManifest", "application/json", orjson.dumps({"input": told}))
    headers, head, tail = form_of(item.change_id, item.file, "filename[0]", (manifest,))
    return Call(
        method="POST",
        path=of_type(DOCUMENT),
        kind=WRITE,
        repeatable=False,
        body=(head, item.file, tail),
        headers={**headers, **DECODED},
    )


def refusal(entry: Mapping[str, Any]) -> str | None:
    """What GLPI says against the file of a document that it made; None: nothing."""
    told = entry.get("upload_result")
    files = told.get("filename") if isinstance(told, dict) else None
    for file in files if isinstance(files, list) else ():
        if isinstance(file, dict) and file.get("error"):
            return str(file["error"])
    return None
