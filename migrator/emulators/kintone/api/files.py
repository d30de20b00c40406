"""Files: up under a temporary key, down by the key that a record shows."""

from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Response

from migrator.emulators.kintone.wire import Call, Calls


def upload(call: Call) -> dict[str, Any]:
    """POST file.json: multipart, one part `file` with a file name."""
    sent = call.request.files.get("file") if call.request else None
    if sent is None or not sent.filename:
        call.parameters.wrong("file", "Required field.")
        call.parameters.done()
        return {}
    content_type = sent.mimetype or "application/octet-stream"
    return {"fileKey": call.tenant.files.upload(sent.filename, content_type, sent.read())}


def download(call: Call) -> Response:
    """GET file.json"""
    key = call.parameters.text("fileKey")
    call.parameters.done()
    blob = call.tenant.files.download(key)
    disposition = f"attachment; filename*=UTF-8''{quote(blob.name)}"
    return Response(blob.content, headers={"Content-Disposition": disposition}, content_type=blob.content_type)


CALLS: Calls = {("POST", "file.json"): upload, ("GET", "file.json"): download}
