"""The program's own wire over an emulator in the same process: no socket, time passes only when somebody waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from migrator.contract import Capabilities, Source, Transfer, Unlimited
from migrator.transport.pace import ManualClock
from migrator.transport.retry import Patience
from migrator.transport.secrets import Scrubber
from migrator.transport.stack import OpenWire, open_wire
from tests.wsgi import WsgiAdapter


@contextmanager
def emulated(connector: type[Source], options: Any, app: Any) -> Iterator[OpenWire]:
    """A wire for these options, closed at the end; unpaced."""
    clock = ManualClock()
    with open_wire(
        connector,
        options,
        Transfer(),
        Capabilities(page_max=1, in_flight=4),
        budget=Unlimited(),
        clock=clock,
        scrubber=Scrubber(),
        adapter=WsgiAdapter(app),
        patience=Patience(tries=2),
        chance=lambda: 1.0,
    ) as wire:
        yield wire
