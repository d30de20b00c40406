"""Documents: rows that may have a file."""

import hashlib
import secrets
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from migrator.emulators.glpi.kinds.kind import Kind
from migrator.emulators.glpi.schema import Itemtype
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.wire import Upload

if TYPE_CHECKING:
    from migrator.emulators.glpi.items import Items
    from migrator.emulators.glpi.store import Store

UPLOAD = "_upload"
"""The key under which a write hands the uploaded file to this kind."""


def allowed(store: "Store", name: str) -> bool:
    """Whether a file's extension is among the document types that may be uploaded."""
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    return any(row["is_uploadable"] for row in store.table("DocumentType").where(ext=extension))


class Document(Kind):
    """Document: the user owns it; a file fills name, path and hash."""

    def before_add(self, items: "Items", itemtype: Itemtype, values: dict[str, Any]) -> dict[str, Any]:
        """Fills in the file's columns."""
        told = {"users_id": items.session.user, "tag": _tag(), **values}
        upload = values.get(UPLOAD)
        if not isinstance(upload, Upload):
            return told
        digest = hashlib.sha1(upload.content, usedforsecurity=False).hexdigest()
        extension = PurePosixPath(upload.name).suffix.lstrip(".").upper()
        told.setdefault("name", upload.name)
        told.update(filename=upload.name, mime=upload.mime, sha1sum=digest)
        told["filepath"] = f"{extension}/{digest[:2]}/{digest[2:]}.{extension}"
        return told

    def after_add(self, items: "Items", itemtype: Itemtype, row: Row, values: dict[str, Any]) -> None:
        """Keeps the content."""
        if isinstance(values.get(UPLOAD), Upload):
            items.store.files[row["id"]] = values[UPLOAD].content


def _tag() -> str:
    token = secrets.token_hex(8)
    return f"{token[:8]}-{token[8:]}-{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}"
