"""A Document and its file in one request: a form with a manifest. Pure.

GLPI takes the file with the create alone, so there is no upload that a failure could leave behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from migrator.codec.multipart import form as form_of
from migrator.codec.multipart import plain_name, unfit_name
from migrator.connectors.glpi.calls import DECODED, WRITE, of_type
from migrator.connectors.glpi.form import DOCUMENT, FILE, Form
from migrator.contract import Batch, Call
from migrator.model.values import File, Value


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
