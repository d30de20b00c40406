"""The same work as a playbook's, written by hand with requests and orjson: the floors to compare with.

    python benchmarks/floors.py sequential copy  URL TOKEN      # one thread
    python benchmarks/floors.py threads16 copy   URL TOKEN      # 16 threads, each reads a range, maps, writes
    python benchmarks/floors.py sequential align URL TOKEN      # reads both sides, compares, writes what differs
    python benchmarks/floors.py sequential compare URL TOKEN    # the same, but writes nothing (a plan)

No journal, no plan file, no retries, no types: what is left when everything is left out. Reads by ranges of `$id`,
500 a page; writes 100 a request.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import requests

PAGE, BATCH = 500, 100
STATES = {"new": "New", "busy": "In work", "done": "Closed", "parked": "Parked"}
HAND = {
    "ticket", "machine", "site", "reporter", "phone", "hours",
    "planned", "started", "state", "skills", "findings", "parts",
}  # fmt: skip

Record = dict[str, Any]


class Api:
    """The calls of one thread, over its own session."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/k/v1/"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"X-Cybozu-API-Token": token, "Content-Type": "application/json"})

    def fields(self) -> list[str]:
        """Field codes of the source."""
        answer = self._session.get(self._url + "app/form/fields.json", params={"app": 1})
        answer.raise_for_status()
        return list(orjson.loads(answer.content)["properties"])

    def read(self, app: int, query: str, fields: list[str]) -> list[Record]:
        """One page."""
        body = orjson.dumps({"app": app, "query": query, "fields": fields})
        return list(self._send("POST", "records.json", body, {"X-HTTP-Method-Override": "GET"})["records"])

    def write(self, method: str, records: list[Record]) -> None:
        """One batch."""
        self._send(method, "records.json", orjson.dumps({"app": 2, "records": records}), None)

    def _send(self, method: str, api: str, body: bytes, headers: dict[str, str] | None) -> Any:
        answer = self._session.request(method, self._url + api, data=body, headers=headers)
        answer.raise_for_status()
        return orjson.loads(answer.content)


def mapped(record: Record) -> Record:
    """The twelve transforms; other fields as they are."""
    reporter, state = record["reporter"]["value"], record["state"]["value"]
    payload = {
        "ticket": {"value": record["ticket"]["value"]},
        "machine": {"value": f"{record['machine']['value'].strip()} ({state})"},
        "site": {"value": record["site"]["value"].upper()},
        "reporter": {"value": reporter.lower()},
        "phone": {"value": record["phone"]["value"].replace("-", "")},
        "hours": {"value": str(int(record["hours"]["value"]) + 1)},
        "planned": {"value": record["planned"]["value"]},
        "started": {"value": record["started"]["value"]},
        "state": {"value": STATES[state]},
        "skills": {"value": sorted(record["skills"]["value"])},
        "findings": {"value": f"{record['findings']['value']}\n-- {reporter}"},
        "parts": {"value": rows(record["parts"]["value"])},
    }
    if len(record) > len(payload) + 2:
        payload.update(
            (code, {"value": told["value"]}) for code, told in record.items() if code not in HAND and code[0] != "$"
        )
    return payload


def rows(table: list[Record]) -> list[Record]:
    """A table without ids and types."""
    return [{"value": {code: {"value": cell["value"]} for code, cell in row["value"].items()}} for row in table]


def ranges(api: Api) -> Iterator[str]:
    """A query a page."""
    top = int(api.read(1, "order by $id desc limit 1", ["$id"])[0]["$id"]["value"])
    for low in range(0, top, PAGE):
        yield f"$id > {low} and $id <= {low + PAGE} order by $id asc limit {PAGE}"


def copy(api: Api, query: str, fields: list[str]) -> None:
    """A page: read, map, write."""
    page = [mapped(record) for record in api.read(1, query, fields)]
    for start in range(0, len(page), BATCH):
        api.write("POST", page[start : start + BATCH])


def differences(api: Api, query: str, fields: list[str]) -> list[Record]:
    """Updates that bring the target's records of one source page to what they must be."""
    page = [mapped(record) for record in api.read(1, query, fields)]
    keys = ", ".join(f'"{record["ticket"]["value"]}"' for record in page)
    found = api.read(2, f"ticket in ({keys}) limit {PAGE}", fields)
    there = {record["ticket"]["value"]: record for record in found}
    updates = []
    for wanted in page:
        stands = there[wanted["ticket"]["value"]]
        changed = {code: told for code, told in wanted.items() if _value(code, stands[code]) != told["value"]}
        if changed:
            updates.append(
                {"id": stands["$id"]["value"], "revision": stands["$revision"]["value"], "record": changed}
            )
    return updates


def _value(code: str, told: Record) -> Any:
    if code == "parts":
        return rows(told["value"])
    return sorted(told["value"]) if code == "skills" else told["value"]


class Updates:
    """Collects over pages, sends when a batch is full; for one thread at a time."""

    def __init__(self, *, send: bool) -> None:
        self._send = send
        self._waiting: list[Record] = []
        self._lock = threading.Lock()

    def add(self, api: Api, updates: list[Record], *, last: bool = False) -> None:
        """More of them; `last`: send what is left."""
        with self._lock:
            self._waiting += updates
            full = [self._waiting[at : at + BATCH] for at in range(0, len(self._waiting), BATCH)]
            self._waiting = full.pop() if full and not last and len(full[-1]) < BATCH else []
        for batch in full if self._send else ():
            api.write("PUT", batch)


def main() -> None:
    """Read the words and do the work."""
    how, work, url, token = sys.argv[1:]
    first = Api(url, token)
    fields = ["$id", "$revision", *sorted(first.fields())]
    updates = Updates(send=work == "align")
    threads = threading.local()

    def own() -> Api:
        if not hasattr(threads, "api"):
            threads.api = Api(url, token)
        return threads.api  # type: ignore[no-any-return]  # a threading.local has no types

    def page(query: str) -> None:
        if work == "copy":
            copy(own(), query, fields)
        else:
            updates.add(own(), differences(own(), query, fields))

    if how == "sequential":
        threads.api = first
        for query in ranges(first):
            page(query)
    else:
        with ThreadPoolExecutor(int(how.removeprefix("threads"))) as pool:
            for done in [pool.submit(page, query) for query in ranges(first)]:
                done.result()
    updates.add(first, [], last=True)


if __name__ == "__main__":
    main()
