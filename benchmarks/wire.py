"""What the stand-in servers share: HTTP/1.1 on one thread, a latency, a bound of requests at a time, and control.

An answer is made as soon as its request is whole and sent after the latency; nothing else is done meanwhile that
would take the processor from who is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import time
from abc import ABC, abstractmethod
from typing import Any

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Api(ABC):
    """A system's API over its contents."""

    def __init__(self) -> None:
        self.latency = 0.0
        """Seconds."""
        self.most = 0
        """Requests at a time; 0: any number."""
        self.clear()

    def clear(self) -> None:
        """Figures from here on."""
        self.in_flight = 0
        self.seen = {"requests": 0, "writes": 0, "refused": 0, "in_flight": 0, "bytes_in": 0, "bytes_out": 0}
        self.since = time.process_time()

    @abstractmethod
    def reply(self, method: str, target: str, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Status and JSON of a request; `head` begins with the request line and ends with a line end."""

    @abstractmethod
    def busy(self) -> bytes:
        """JSON of an answer with status 429."""

    @abstractmethod
    def fill(self, target: str) -> None:
        """The target anew: `empty`, `equal`, or `changed`."""

    @abstractmethod
    def settle(self, *, change: bool) -> None:
        """Counts writes from here on; `change`: 1 % of the target is made different before."""

    @abstractmethod
    def told(self) -> dict[str, Any]:
        """`written`, `needed` and `verdict`."""

    def control(self, path: str, body: bytes) -> bytes:
        """Set up, change 1 %, or tell."""
        asked = orjson.loads(body) if body else {}
        if path.endswith("/figures"):
            figures = {**self.seen, "server_cpu": time.process_time() - self.since, **self.told()}
            return orjson.dumps(figures, option=orjson.OPT_NON_STR_KEYS)
        if path.endswith("/setup"):
            self.latency = asked.get("latency_ms", 0) / 1000
            self.most = asked.get("most_in_flight", 0)
            if asked.get("target"):
                self.fill(asked["target"])
        else:
            self.settle(change=path.endswith("/change"))
        self.clear()
        return b"{}"


class Connection(asyncio.Protocol):
    """Requests of one kept-alive connection, one at a time."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._got = bytearray()
        self._wanted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, chunk: bytes) -> None:
        """Collect until a request is whole."""
        got = self._got
        got += chunk
        while got and len(got) >= self._wanted:
            end = got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(got[: end + 2])
            told = _LENGTH.search(head)
            self._wanted = end + 4 + (int(told[1]) if told else 0)
            if len(got) < self._wanted:
                return
            body = bytes(got[end + 4 : self._wanted])
            del got[: self._wanted]
            self._wanted = 0
            self._asked(head, body)

    def _asked(self, head: bytes, body: bytes) -> None:
        method, target, _ = head[: head.index(b"\r\n")].decode("ascii").split(" ", 2)
        api = self._api
        if target.startswith("/control/"):
            self._send(200, api.control(target, body))
            return
        seen = api.seen
        seen["requests"] += 1
        seen["bytes_in"] += len(head) + len(body)
        if api.most and api.in_flight >= api.most:
            seen["refused"] += 1
            self._send(429, api.busy())
            return
        api.in_flight += 1
        seen["in_flight"] = max(seen["in_flight"], api.in_flight)
        status, answer = api.reply(method, target, head, body)
        if api.latency:
            asyncio.get_running_loop().call_later(api.latency, self._end, status, answer)
        else:
            self._end(status, answer)

    def _end(self, status: int, answer: bytes) -> None:
        self._api.in_flight -= 1
        self._api.seen["bytes_out"] += len(answer)
        self._send(status, answer)

    def _send(self, status: int, answer: bytes) -> None:
        head = b"HTTP/1.1 %d X\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(b"".join((head % (status, len(answer)), answer)))


def arguments(about: str | None) -> argparse.ArgumentParser:
    """Options of every stand-in."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--core", type=int, help="run on this core alone")
    return parser


def serve(api: Api, wanted: argparse.Namespace, token: str) -> None:
    """Print the address and listen until the process is ended."""
    if wanted.core is not None:
        os.sched_setaffinity(0, {wanted.core})

    async def listen() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Connection(api), "127.0.0.1", wanted.port)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        print(json.dumps({"url": url, "token": token}), flush=True)
        await server.serve_forever()

    asyncio.run(listen())
