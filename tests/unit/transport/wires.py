"""Wires for tests: a connector that is nothing but an address, and calls."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, ClassVar

from migrator.contract import Answer, Auth, Bounds, Budget, Call, Capabilities, Rate, Source, Transfer, Wait
from migrator.errors import MigratorError
from migrator.state.budget import Budgets, Limits
from migrator.transport.pace import ManualClock
from migrator.transport.retry import Patience
from migrator.transport.secrets import Scrubber
from migrator.transport.stack import OpenWire, open_wire


class Plain(Source):
    """Its options are its address."""

    login: ClassVar[Auth | None] = None

    @classmethod
    def address(cls, options: Any) -> str:
        return str(options)

    @classmethod
    def auth(cls, options: Any) -> Auth | None:
        return cls.login


def opened(
    url: str,
    *,
    connector: type[Source] = Plain,
    transfer: Transfer | None = None,
    rates: tuple[Rate, ...] = (),
    quota: int | None = None,
    clock: ManualClock | None = None,
    budget: Budget | None = None,
    scrubber: Scrubber | None = None,
    adapter: Any = None,
    in_flight: int = 4,
    tries: int = 6,
    chance: float = 1.0,
    bounds: Bounds | None = None,
    waits: Callable[[Wait], None] = lambda wait: None,
    **more: Any,
) -> OpenWire:
    clock = clock or ManualClock()
    return open_wire(
        connector,
        url,
        transfer or Transfer(),
        Capabilities(page_max=1, in_flight=in_flight),
        budget=budget or Budgets(None, clock).of("plain", Limits(rates=rates, quota=quota, in_flight=in_flight)),
        clock=clock,
        scrubber=scrubber or Scrubber(),
        adapter=adapter,
        patience=Patience(tries=tries, **{"seconds": (bounds or Bounds()).max_wait, **more}),
        chance=lambda: chance,
        bounds=bounds,
        waits=waits,
    )


def get(path: str = "/records?token=query-secret", kind: str = "read") -> Call:
    return Call(method="GET", path=path, kind=kind, repeatable=True)


def post(body: Any = b"{}", path: str = "/record?token=query-secret") -> Call:
    return Call(method="POST", path=path, kind="write", repeatable=False, body=body)


def say(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status=status, headers=headers, body=body)


QUICK = Transfer(timeout=0.1)
"""Silence 0.1 s; a whole call 0.5 s."""


def told(error: MigratorError) -> str:
    problem = error.problems[0]
    return f"{problem.summary}\n{problem.detail}\n{problem.hint}"


def outcome(url: str, **more: Any) -> MigratorError:
    """What a write comes to."""
    with opened(url, **more) as wire:
        error = wire.send(post()).exception()
    assert isinstance(error, MigratorError), error
    return error


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def failure(act: Callable[[], object]) -> BaseException | None:
    try:
        act()
    except MigratorError as error:
        return error
    return None
