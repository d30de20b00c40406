"""A request as PHP takes it in: bracketed queries, JSON, forms, uploads, headers."""

import base64
import binascii
import mimetypes
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_plus

import orjson

from migrator.emulators.glpi.refusal import Accident, refusal
from migrator.emulators.server import Request

_BRACKET = re.compile(r"\[([^\]]*)\]")


class Brackets(dict[str, Any]):
    """A PHP array that came in brackets; a plain dict is an object of JSON, which is not the same to GLPI."""


@dataclass
class Upload:
    """One file of a multipart body."""

    field: str
    name: str
    mime: str
    content: bytes


@dataclass
class Call:
    """A request, read. parts: the path behind the entry script. raw: no decoding of stored text."""

    method: str
    parts: list[str]
    parameters: dict[str, Any]
    sanitized: bool = True
    accept: str = ""
    address: str = ""
    uploads: list[Upload] = field(default_factory=list)

    def part(self, index: int) -> str:
        """A part of the path, "" where there is none."""
        return self.parts[index] if index < len(self.parts) else ""

    def flag(self, name: str, default: bool = False) -> bool:
        """A switch: PHP's truth of the parameter. [observed]"""
        return truth(self.parameters[name]) if name in self.parameters else default


def truth(value: Any) -> bool:
    """PHP's truth of a value: "", "0", 0, false, null and empty arrays are false."""
    return value not in (None, "", "0", 0, 0.0) and value is not False and value != [] and value != {}


def intval(value: Any) -> int:
    """PHP's intval of a text or a scalar: the leading digits, else 0."""
    match = re.match(r"\s*([+-]?\d+)", str(int(value)) if isinstance(value, bool) else str(value))
    return int(match.group(1)) if match else 0


def parse_query(text: str) -> dict[str, Any]:
    """`a[0][b]=c&d=e` -> {"a": {"0": {"b": "c"}}, "d": "e"}, with Brackets for arrays."""
    found: dict[str, Any] = {}
    for pair in text.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        _put(found, unquote_plus(name), unquote_plus(value))
    return found


def _put(found: dict[str, Any], name: str, value: str) -> None:
    head, bracket, _ = name.partition("[")
    keys = _BRACKET.findall(name[len(head) :]) if bracket else []
    place, last = found, head
    for key in keys:
        below = place.get(last)
        if not isinstance(below, Brackets):
            below = place[last] = Brackets()
        place, last = below, key or str(len(below))
    place[last] = value


def read(request: Request, parts: list[str], base: str) -> Call:
    """Take a request in. Raises Refusal for a body that cannot be read, before anything else is looked at."""
    parameters = parse_query(request.query_string.decode("latin-1"))
    call = Call(request.method, parts, parameters, address=request.remote_addr or "")
    kind = request.headers.get("Content-Type", "application/json")
    if "multipart/form-data" in kind:
        _read_multipart(request, call, base)
    else:
        _read_body(request, call, kind, base)
    _read_headers(request, call)
    for name, value in call.parameters.items():
        if value in ("true", "false"):
            call.parameters[name] = value == "true"
    return call


def _read_body(request: Request, call: Call, kind: str, base: str) -> None:
    body = request.get_data().strip()
    if body and request.method == "GET":
        raise refusal("ERROR_JSON_PAYLOAD_FORBIDDEN", "", early=True)
    if "application/json" in kind:
        if not body:
            return
        told = _json(body, base)
        if isinstance(told, dict):
            call.parameters.update(told)
        elif isinstance(told, list):
            call.parameters.update({str(index): value for index, value in enumerate(told)})
    elif "application/x-www-form-urlencoded" in kind:
        form = parse_query(body.decode("utf-8", "replace"))
        if isinstance(form.get("input"), Brackets):
            form["input"] = dict(form["input"])
        call.parameters.update(form)


def _json(body: bytes, base: str) -> Any:
    """The body's JSON; what PHP takes for false is refused too. [observed]"""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refusal("ERROR_JSON_PAYLOAD_INVALID", base, early=True) from None
    if not truth(told) and told != {}:
        raise refusal("ERROR_JSON_PAYLOAD_INVALID", base, early=True)
    return told


def _read_multipart(request: Request, call: Call, base: str) -> None:
    for name, file in request.files.items(multi=True):
        told = PurePosixPath(file.filename or "").name  # PHP takes the last part of a path
        mime = file.mimetype or mimetypes.guess_type(told)[0] or "application/octet-stream"
        call.uploads.append(Upload(name, told, mime, file.read()))
        file.close()
    if not call.uploads:
        raise refusal("ERROR_UPLOAD_FILE_TOO_BIG_POST_MAX_SIZE", base, early=True)
    told = _json(request.form.get("uploadManifest", "").encode() or b"null", base)
    if isinstance(told, dict):
        call.parameters.update(told)


def _read_headers(request: Request, call: Call) -> None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            login, _, password = base64.b64decode(secret).decode("utf-8", "replace").partition(":")
        except binascii.Error:
            login = password = ""
        call.parameters.update(login=login, password=password)
    elif scheme == "user_token" and secret:
        call.parameters["user_token"] = secret
    for header, name in (("Session-Token", "session_token"), ("App-Token", "app_token")):
        if header in request.headers:
            call.parameters[name] = request.headers[header]
    call.sanitized = request.headers.get("X-GLPI-Sanitized-Content", "true").lower() not in (
        "false",
        "0",
        "no",
        "off",
    )
    call.accept = request.headers.get("Accept", "")


def need_list(value: Any) -> Any:
    """A PHP array or JSON list as it is. Raises Accident for a scalar, on which PHP stumbles."""
    if isinstance(value, list | dict):
        return value
    raise Accident
