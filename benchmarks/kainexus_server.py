"""A fast stand-in for the part of KaiNexus' API that a copy into it calls. For benchmarks only.

    python benchmarks/kainexus_server.py --records 100000 [--port 8702] [--core 0]

Offers `networkLocationList`, `userList`, GET `itemList` (a list card, by offset and limit), PUT `itemList` and PUT
`item`. It takes as many calls a minute as come: the vendor's pace of five a minute would measure the pace. One card,
one template; items are kept as they are read, and at the end it knows whether each is what its source record must
become. `Ticket` tells which that is.
"""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from benchmarks.records import SHAPES, key_of, mapped, source
from benchmarks.wire import Api, arguments, serve

KEY = "benchmark-key"
LOGIN = b"Basic " + b64encode(f"api:{KEY}".encode())
TEMPLATE = {"templateId": 7, "templateName": "Ticket", "customStatus": "New", "attributes": [], "milestones": []}
_LOGIN = re.compile(rb"\r\nauthorization: *([^\r\n]+)", re.IGNORECASE)
FIELDS = {
    "Ticket": "ticket", "Site": "site", "Reporter": "reporter", "Phone": "phone", "Hours": "hours",
    "Planned": "planned", "State": "state", "Skills": "skills", "Findings": "findings",
}  # fmt: skip
"""Custom field -> the source's field."""
_KEYS = ("value", "numericValue", "dateValue")


def wanted(number: int) -> dict[str, Any]:
    """What an item must hold: its title under `summary`, custom fields by name."""
    values = mapped(source(number, SHAPES["default"]))
    values |= {"hours": int(values["hours"]), "skills": ", ".join(values["skills"])}
    return {"summary": values["machine"], **{name: values[code] for name, code in FIELDS.items()}}


def held(item: dict[str, Any]) -> dict[str, Any]:
    """What an item holds, in the same form; dates without their time."""
    told = {"summary": item["summary"]}
    for entry in item["fields"]:
        value = next((entry[key] for key in _KEYS if key in entry), None)
        told[entry["name"]] = value
    if told.get("Planned"):
        told["Planned"] = datetime.fromisoformat(told["Planned"]).date().isoformat()
    return told


class KaiNexus(Api):
    """One list card."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.fill("empty")

    def fill(self, target: str) -> None:
        """No items, or one for each record; `changed` is not offered."""
        self.items: list[bytes] = []
        self.right = bytearray(self.count + 1)
        self.wrong: dict[int, dict[str, Any]] = {}
        self.written = 0
        self.needed = self.count if target == "empty" else 0
        for number in range(1, self.count + 1) if target != "empty" else ():
            self._keep(len(self.items), _item(wanted(number)))
        self.written = 0

    def settle(self, *, change: bool) -> None:
        """Counts writes from here on."""
        self.written = self.needed = 0

    def told(self) -> dict[str, Any]:
        """Whether there is one right item for each record and no other."""
        missing = self.count - sum(self.right)
        verdict = {"missing": missing, "wrong": len(self.wrong), "extra": len(self.items) - self.count + missing}
        right, exact = not any(verdict.values()), self.written == self.needed
        samples = dict(list(self.wrong.items())[:2])
        told = {**verdict, "samples": samples, "right": right, "exact": exact}
        return {"written": self.written, "needed": self.needed, "verdict": told}

    def busy(self) -> bytes:
        """As for a sixth call within a minute."""
        return b'{"success":false,"errorCode":"RATE_LIMIT","errorMessage":"Too many requests."}'

    def reply(self, method: str, target: str, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Status and JSON."""
        login = _LOGIN.search(head)
        if login is None or login[1] != LOGIN:
            return 401, b'{"success":false,"errorCode":"ACCESS_DENIED","errorMessage":"wrong API key"}'
        url = urlsplit(target)
        call = (method, url.path.removeprefix("/api/public/v1/json/"))
        if call == ("GET", "itemList"):
            return 200, self._page({name: int(each[0]) for name, each in parse_qs(url.query).items()})
        if call in (("PUT", "itemList"), ("PUT", "item")):
            self.seen["writes"] += 1
            sent = orjson.loads(body)
            return 200, orjson.dumps({"results": [self._put(item) for item in sent.get("items") or [sent["item"]]]})
        if call == ("GET", "networkLocationList"):
            return 200, b'{"items":[],"totalCount":0}'
        if call == ("GET", "userList"):
            return 200, b'{"users":[{"id":1,"username":"ann"}],"totalCount":1}'
        return 501, b'{"success":false,"errorCode":"NOT_VALID","errorMessage":"not offered by this stand-in"}'

    def _page(self, asked: dict[str, int]) -> bytes:
        offset, limit = asked.get("offset", 0), asked.get("limit", 100)
        page = self.items[offset : offset + limit]
        head = {"count": len(page), "totalCount": len(self.items), "offset": offset, "limit": limit}
        return orjson.dumps(head)[:-1] + b',"items":[%s]}' % b",".join(page)

    def _put(self, item: dict[str, Any]) -> dict[str, Any]:
        self.written += 1
        created = "id" not in item
        place = len(self.items) if created else item.pop("id") - 1
        self._keep(place, item if created else self._merged(place, item))
        return {"id": place + 1, "operation": "CREATE" if created else "UPDATE"}

    def _merged(self, place: int, item: dict[str, Any]) -> dict[str, Any]:
        stood = orjson.loads(self.items[place])
        names = {entry["name"] for entry in item.get("fields", ())}
        kept = [entry for entry in stood["fields"] if entry["name"] not in names]
        return {**stood, **item, "fields": [*kept, *item.get("fields", ())]}

    def _keep(self, place: int, item: dict[str, Any]) -> None:
        item.pop("suppressNotifications", None)
        told = held(item)
        ticket = str(told.get("Ticket"))
        number = int(ticket[3:]) if ticket[3:].isdecimal() else 0
        right = 0 < number <= self.count and told.items() >= wanted(number).items() and key_of(number) == ticket
        if right:
            self.right[number] = 1
            self.wrong.pop(place, None)
        else:
            self.wrong[place] = told
        encoded = orjson.dumps({**TEMPLATE, **item, "id": place + 1})
        self.items[place : place + 1] = [encoded]


def _item(values: dict[str, Any]) -> dict[str, Any]:
    """As a write sends it."""
    fields = []
    for name in FIELDS:
        key = {"Hours": "numericValue", "Planned": "dateValue"}.get(name, "value")
        value = values[name] if key != "dateValue" else f"{values[name]}T00:00:00.000+0000"
        fields.append({"name": name, key: value})
    return {
        "summary": values["summary"],
        "status": "NEW",
        "authors": [{"id": 1, "username": "ann"}],
        "fields": fields,
    }


def main() -> None:
    """Read the options and serve."""
    wanted = arguments(__doc__).parse_args()
    serve(KaiNexus(wanted.records), wanted, KEY)


if __name__ == "__main__":
    main()
