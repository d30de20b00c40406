"""How fast the Kintone emulator answers over a kept-alive connection: writes of 100 records, reads of 500.

    python benchmarks/emulator_kintone.py

The server runs in a process of its own. Printed beside each number: the same bytes through a WSGI app that does
nothing, the floor of this machine right now. Compare the ratio, the seconds say little.
"""

import http.client
import json
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout, installed or not

from migrator.emulators.server import create_emulator, serve

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RECORDS = 60_000
BATCH = 100
PAGE = 500
PACKAGES = 5


def _echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The floor: reads the body, answers as many bytes as the path says."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = b"x" * int(environ["PATH_INFO"].strip("/"))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _served(ready: Connection, floor: bool) -> None:
    emulator = create_emulator("kintone", seed="empty")
    with serve(_echo if floor else emulator.app) as server:
        ready.send((server.port, emulator.env(server.url)["KINTONE_API_TOKEN"]))
        ready.recv()


class Served:
    """A server in a process of its own, and one kept-alive connection to it."""

    def __init__(self, *, floor: bool = False) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_served, args=(theirs, floor))
        self._process.start()
        port, token = self._pipe.recv()
        self._connection = http.client.HTTPConnection("localhost", port)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"X-Cybozu-API-Token": token, "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: bytes) -> bytes:
        """One exchange; anything but 200 ends the benchmark."""
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *failure: object) -> None:
        self._connection.close()
        self._pipe.send("stop")
        self._process.join()


def bodies() -> Iterator[bytes]:
    """Requests that add all records, nine text fields each."""
    for start in range(0, RECORDS, BATCH):
        records = [record(at) for at in range(start, start + BATCH)]
        yield json.dumps({"app": PACKAGES, "records": records}).encode()


def record(at: int) -> dict[str, dict[str, str]]:
    """The size of a package's description in a Linux archive."""
    values = {
        "package": f"lib-sample-{at:06d}", "version": f"1.{at % 90}.{at % 7}-1", "section": "libs",
        "priority": "optional", "installed_size": str(at * 3), "maintainer": f"Team {at % 40} <team@example.org>",
        "homepage": f"https://example.org/{at}", "description": "A library of samples. " * 6,
        "tags": "role::shared-lib, implemented-in::c",
    }  # fmt: skip
    return {code: {"value": value} for code, value in values.items()}


def timed(name: str, count: int, run: Callable[[], None]) -> float:
    """Run and say how many requests a second it made."""
    start = time.perf_counter()
    run()
    rate = count / (time.perf_counter() - start)
    print(f"{name:<46}{rate:>9.0f} requests/s", flush=True)
    return rate


def main() -> None:
    """Write everything, read everything by id three ways, and the same against the floor."""
    requests = list(bodies())
    with Served() as kintone:
        write = timed("write 100 records", len(requests), lambda: _write(kintone, requests))
        fields = ", ".join(f'"{code}"' for code in record(0))
        _read(kintone, fields)  # the first reading encodes, as it would in a server that was just filled
        read = timed("read 500 records, nine fields", RECORDS // PAGE, lambda: _read(kintone, fields))
        timed("read 500 records, all fields, first time", RECORDS // PAGE, lambda: _read(kintone, ""))
        keys = ", ".join(f'"lib-sample-{at:06d}"' for at in range(0, RECORDS, RECORDS // BATCH))
        timed("find 100 records by unique key", 200, lambda: _find(kintone, keys))
        page = len(
            kintone.send("GET", "/k/v1/records.json", _query(f"$id > 0 order by $id asc limit {PAGE}", fields))
        )
    with Served(floor=True) as floor:
        floor_write = timed("floor: the same bytes up", len(requests), lambda: _floor(floor, requests, 2000))
        floor_read = timed("floor: the same bytes down", 300, lambda: _floor(floor, [b""] * 300, page))
    print(f"ratio to the floor: write {write / floor_write:.2f}, read {read / floor_read:.2f}")


def _write(kintone: Served, requests: list[bytes]) -> None:
    for body in requests:
        kintone.send("POST", "/k/v1/records.json", body)


def _query(query: str, fields: str) -> bytes:
    wanted = {"fields": json.loads(f"[{fields}]")} if fields else {}
    return json.dumps({"app": PACKAGES, "query": query, **wanted}).encode()


def _read(kintone: Served, fields: str) -> None:
    for last in range(0, RECORDS, PAGE):
        query = f"$id > {last} order by $id asc limit {PAGE}"
        kintone.send("GET", "/k/v1/records.json", _query(query, fields))


def _find(kintone: Served, keys: str) -> None:
    for _ in range(200):
        kintone.send("GET", "/k/v1/records.json", _query(f"package in ({keys}) limit {PAGE}", ""))


def _floor(floor: Served, requests: list[bytes], answer: int) -> None:
    for body in requests:
        floor.send("POST", f"/{answer}", body)


if __name__ == "__main__":
    main()
