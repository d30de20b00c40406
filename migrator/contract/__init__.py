"""The contract between the program and its connectors, and what is handed in instead of imported.

The program owns every send; a connector turns meaning into bytes and back. So one thread does all the work,
other threads only move bytes, an intent can be written down before its bytes leave, and most of a connector is
tested without a server. A connector subclasses `Source` or `Target` by name; both carry the harmless defaults.

Everything marked *pure* MUST NOT send, read a clock or the environment, or change anything: it may be called
at any time, any number of times, in any order.
"""

from __future__ import annotations

from migrator.contract.capabilities import EVERY, Capabilities, Creates, Rate, Recheck
from migrator.contract.connector import Source, Target
from migrator.contract.content import BETWEEN, begin_of, frozen, json_of
from migrator.contract.handed import Auth, Clock, IdMap, Mapped, Pair, Transfer, Wire, pair_of_ref
from migrator.contract.messages import (
    Answer,
    Batch,
    Call,
    Done,
    Failed,
    Item,
    Page,
    Query,
    Result,
    Unknown,
    Writing,
    quick_done,
)
from migrator.contract.waiting import Bounds, Budget, Unlimited, Wait

__all__ = [
    "Capabilities",
    "Creates",
    "EVERY",
    "Rate",
    "Recheck",
    "Source",
    "Target",
    "Auth",
    "Bounds",
    "Budget",
    "Clock",
    "IdMap",
    "Mapped",
    "Pair",
    "Transfer",
    "Unlimited",
    "Wait",
    "Wire",
    "Call",
    "Answer",
    "Done",
    "Failed",
    "Unknown",
    "Result",
    "Writing",
    "Item",
    "Batch",
    "Query",
    "Page",
    "pair_of_ref",
    "quick_done",
    "BETWEEN",
    "begin_of",
    "frozen",
    "json_of",
]
