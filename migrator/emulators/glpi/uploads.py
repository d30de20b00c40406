"""Files: what an upload is told, and the download of a document. [observed]"""

import hashlib
import secrets
from typing import Any
from urllib.parse import quote

from migrator.emulators.glpi.kinds.document import allowed
from migrator.emulators.glpi.store import Store
from migrator.emulators.glpi.tables import Row
from migrator.emulators.glpi.values import http_date
from migrator.emulators.glpi.wire import Call

_UNITS = ("B", "KiB", "MiB", "GiB")


def keep(store: Store, call: Call) -> dict[str, Any]:
    """The `upload_result` of a multipart body, by the name of the field. A forbidden extension has `error`."""
    told: dict[str, list[Any]] = {}
    for upload in call.uploads:
        field = upload.field.partition("[")[0]
        prefix = f"{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}"
        name = prefix + upload.name
        about: dict[str, Any] = {"name": name, "size": len(upload.content), "type": upload.mime}
        if allowed(store, upload.name):
            about["url"] = f"{store.options.url_base}/files/{name}"
            about["deleteUrl"] = f"{store.options.url_base_api}?{field[:-1]}={name}"  # one letter short [observed]
            about["deleteType"] = "DELETE"
        else:
            about["error"] = "Filetype not allowed"
        about.update(prefix=prefix, display=upload.name, filesize=_size(len(upload.content)))
        about["id"] = f"doc{field}{secrets.randbelow(2**31)}"
        told.setdefault(field, []).append(about)
    return told


def _size(count: float) -> str:
    """Bytes for people: `10 B`."""
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{round(count, 2):g} {_UNITS[unit]}"


def download(store: Store, row: Row) -> tuple[bytes, dict[str, str]] | None:
    """A document's content and headers; None where it has no file."""
    content = store.files.get(row["id"])
    if content is None:
        return None
    name = row["filename"]
    return content, {
        "last-modified": http_date(row["date_mod"], store.zone),
        "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "content-disposition": f"attachment; filename=\"{name}\"; filename*=utf-8''{quote(name)}",
        "cache-control": "private",
        "content-type": f"{row['mime']};charset=UTF-8",
    }
