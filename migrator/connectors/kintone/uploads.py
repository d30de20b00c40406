"""Files on their way to Kintone: up one by one, then named by the key that came back. Pure."""

from __future__ import annotations

from migrator.codec.multipart import form, unfit_name
from migrator.contract import Batch, Call
from migrator.model.values import File

FILE_BYTES = 1_073_741_824
"""Bytes of one file at most: 1 GB by the vendor's help pages. [inferred: that it is told so exactly]"""


def unfit(file: File) -> str | None:
    """Why Kintone would not take the file; None: it would."""
    if file.size is not None and file.size > FILE_BYTES:
        return f'the file "{file.name}" has {file.size:,} bytes, and Kintone takes {FILE_BYTES:,}'
    return unfit_name(file.name)


def upload_of(root: str, batch: Batch) -> Call:
    """One file; sent twice, the other one expires unseen."""
    (item,) = batch.items
    if item.file is None:
        raise ValueError("an upload without a file")
    headers, head, tail = form(item.change_id, item.file, "file")
    return Call(
        method="POST",
        path=f"{root}/file.json",
        kind="write",
        repeatable=True,
        body=(head, item.file, tail),
        headers=headers,
        quota=batch.writing.collection.id,
    )
