"""A system of records in memory, its connector, and a wire that can lose answers: for tests of the executor.

Requests and answers are JSON, so that encode and decode have real work. `effects` counts what each plan line did.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from migrator.contract import (
    Answer,
    Batch,
    Budget,
    Call,
    Capabilities,
    Creates,
    Done,
    Failed,
    Page,
    Query,
    Recheck,
    Result,
    Target,
    Transfer,
    Unknown,
    Wait,
    Writing,
)
from migrator.errors import Conflict, Culprit, Denied, LoginRefused, Refused, Throttled
from migrator.model.plan import Action, Change
from migrator.model.run import Cause
from migrator.model.values import Collection, Field, File, Key, Kind, Record, Value


@dataclass(kw_only=True)
class Shelf:
    """The server: collections of records by id."""

    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Collection -> id -> fields, "$version" among them."""
    unique: str | None = "no"
    """A field that no two records of a collection may share."""
    versions: bool = True
    """Updates and deletes check and raise a version."""
    atomic: bool = True
    """All of a request or nothing; else each item has its own result."""
    bad: set[str] = field(default_factory=set)
    """Values of `name` that the server does not take."""
    names_culprits: bool = True
    """A refusal says which records are bad."""
    denied: set[str] = field(default_factory=set)
    """Values of `name` that our login may not write."""
    effects: Counter[str] = field(default_factory=Counter)
    """Line of the plan -> how often it took effect."""
    writes: int = 0
    """Write requests that arrived."""
    _last: int = 100

    def put(self, collection: str, **fields: Any) -> str:
        """A record behind everybody's back; its id."""
        self._last += 1
        self.records.setdefault(collection, {})[str(self._last)] = {**fields, "$version": 1}
        return str(self._last)

    def plain(self, collection: str) -> list[dict[str, Any]]:
        """All records without ids and versions, sorted: what the world looks like."""
        found = [
            {name: value for name, value in record.items() if name != "$version"}
            for record in self.records.get(collection, {}).values()
        ]
        return sorted(found, key=lambda record: json.dumps(record, sort_keys=True))

    def write(self, call: Call) -> Answer:
        """One request: its operations one by one, or all or none."""
        assert isinstance(call.body, bytes)
        self.writes += 1
        operations = json.loads(call.body)
        if not self.atomic:
            return _answer(200, [self._one(operation) for operation in operations])
        faults = [(place, self._fault(operation)) for place, operation in enumerate(operations)]
        faults = [(place, fault) for place, fault in faults if fault is not None]
        if faults:
            named = faults if self.names_culprits else []
            return _answer(400, {"code": faults[0][1], "culprits": named})
        return _answer(200, [self._one(operation) for operation in operations])

    def _one(self, operation: dict[str, Any]) -> dict[str, Any]:
        fault = self._fault(operation)
        if fault is not None:
            return {"id": operation.get("id"), "error": fault}
        self.effects[operation["line"]] += 1
        records = self.records.setdefault(operation["collection"], {})
        if operation["do"] == "create":
            name = self.put(operation["collection"], **operation["fields"])
            return {"id": name, "version": 1}
        if operation["do"] == "delete":
            del records[operation["id"]]
            return {"id": operation["id"]}
        record = records[operation["id"]]
        record.update(operation["fields"])
        record["$version"] += 1
        return {"id": operation["id"], "version": record["$version"]}

    def _fault(self, operation: dict[str, Any]) -> str | None:
        records = self.records.get(operation["collection"], {})
        if operation["do"] != "create":
            if operation["id"] not in records:
                return "gone"
            if self.versions and operation["version"] not in (None, str(records[operation["id"]]["$version"])):
                return "moved"
        fields = operation.get("fields", {})
        if fields.get("name") in self.bad:
            return "bad"
        if fields.get("name") in self.denied:
            return "denied"
        if operation["do"] == "create" and self.unique is not None:
            value = fields.get(self.unique)
            if value is not None and any(record.get(self.unique) == value for record in records.values()):
                return "taken"
        return None


@dataclass(kw_only=True)
class ShelfWire:
    """A wire to the shelf. `fault(kind, number, call)` may answer before or raise; see `Faults` in the tests."""

    shelf: Shelf
    around: Callable[[str, Call, Callable[[], Answer]], Answer] = lambda kind, call, move: move()
    """Is given every exchange: "send" or "ask"."""
    origin: str = "shelf://"
    transfer: Transfer = field(default_factory=Transfer)
    sent: list[Call] = field(default_factory=list)
    renewed: int = 0

    def send(self, call: Call, open_file: Callable[[File], Iterator[bytes]] | None = None) -> Future[Answer]:
        """Done before it returns."""
        self.sent.append(call)
        future: Future[Answer] = Future()
        try:
            future.set_result(self.around("send", call, lambda: self.shelf.write(call)))
        except Exception as error:
            future.set_exception(error)
        return future

    def ask(self, call: Call) -> Answer:
        """A read."""
        return self.around("ask", call, lambda: _answer(200, self.shelf.records.get(call.path, {})))

    def stream(self, calls: Iterable[Call]) -> Iterator[Answer]:
        """One after the other."""
        for call in calls:
            yield self.ask(call)

    def renew(self) -> None:
        """Log in afresh."""
        self.renewed += 1

    def download(self, call: Call) -> Iterator[bytes]:
        """Nothing."""
        yield b""


class Free(Budget):
    """A budget without limits; `rests` keeps what servers asked for."""

    def __init__(self) -> None:
        self.rests: list[float] = []
        self.waits: list[float] = []
        self.under_way = 0

    def take(self, kind: str, quota: str = "") -> Wait | None:
        """Always a place, unless `waits` says otherwise."""
        return Wait(seconds=self.waits.pop(0), why="the pace") if self.waits else None

    def enter(self) -> Wait | None:
        """One more."""
        self.under_way += 1
        return None

    def leave(self) -> None:
        """One less."""
        self.under_way -= 1

    def told(self, seconds: float) -> None:
        """A rest."""
        self.rests.append(seconds)


FIELDS = {
    "no": Field(name="no", kind=Kind.TEXT, unique=True),
    "name": Field(name="name", kind=Kind.TEXT),
    "boss": Field(name="boss", kind=Kind.TEXT),
    "owner": Field(name="owner", kind=Kind.TEXT),
    "mark": Field(name="mark", kind=Kind.TEXT),
}


class ShelfTarget(Target):
    """The connector."""

    Options = dict
    ReadOptions = dict
    WriteOptions = dict

    def __init__(
        self, wire: ShelfWire, capabilities: Capabilities, fields: Mapping[str, Field] | None = None
    ) -> None:
        self.wire = wire
        self._capabilities = capabilities
        self.fields = dict(FIELDS if fields is None else fields)
        self.named = "shelf:one"
        self.completed: list[str] = []

    def capabilities(self, options: Any, collection: Collection | None = None) -> Capabilities:
        return self._capabilities

    def identity(self) -> str:
        return self.named

    def describe(self, collection: str, options: Any) -> Collection:
        return Collection(id=collection, name=collection, fields=self.fields)

    def count(self, query: Query) -> int | None:
        return len(self._all(query.collection))

    def read(self, query: Query) -> Iterator[Page]:
        found = [self._record(name, fields) for name, fields in self._all(query.collection).items()]
        yield Page(records=found, size=len(found), total=len(found))

    def fetch(
        self, collection: Collection, pages: Iterable[Sequence[str]], fields: tuple[str, ...] | None
    ) -> Iterator[Page]:
        for ids in pages:
            stands = self._all(collection)
            found = [self._record(name, stands[name]) for name in ids if name in stands]
            yield Page(records=found, size=len(found))

    def find(
        self,
        collection: Collection,
        key: tuple[str, ...],
        pages: Iterable[Sequence[Key]],
        fields: tuple[str, ...] | None,
    ) -> Iterator[Page]:
        for keys in pages:
            found = [
                self._record(name, stands)
                for name, stands in self._all(collection).items()
                if tuple(stands.get(part) for part in key) in keys
            ]
            yield Page(records=found, size=len(found))

    def encode_change(self, writing: Writing, change: Change) -> bytes:
        fields = dict(change.after or {})
        operation = {
            "do": change.action.value,
            "collection": writing.collection.id,
            "line": change.id,
            "id": change.target_id,
            "version": change.version,
            "fields": fields,
        }
        return json.dumps(operation).encode()

    def encode(self, batches: tuple[Batch, ...]) -> Call:
        body = b"[" + b",".join(item.part for batch in batches for item in batch.items) + b"]"
        return Call(method="POST", path="write", kind="write", repeatable=False, body=body)

    def decode(self, batches: tuple[Batch, ...], answer: Answer) -> tuple[Result, ...]:
        items = [item for batch in batches for item in batch.items]
        if answer.status >= 500:
            return tuple(Unknown(reason=f"status {answer.status}") for _ in items)
        if answer.status == 429:
            raise Throttled("slow down", seconds=None)
        if answer.status == 401:
            raise LoginRefused("who are you?")
        said = json.loads(answer.body)
        if answer.status == 400:
            self._refuse(said)
        return tuple(self._result(one) for one in said)

    def complete(self, writings: tuple[Writing, ...], stamp: str | None) -> str | None:
        self.completed.append(writings[0].collection.id)
        return stamp

    def _refuse(self, said: dict[str, Any]) -> None:
        culprits = said["culprits"]
        if said["code"] in ("moved", "gone", "taken"):
            cause = Cause(said["code"])
            raise Conflict(
                said["code"], culprits=[place for place, code in culprits if code == said["code"]], cause=cause
            )
        if said["code"] == "denied":
            raise Denied("a right is missing")
        raise Refused(
            "not taken",
            culprits=[Culprit(index=place, code=code, reason=f"it is {code}") for place, code in culprits],
        )

    def _result(self, one: dict[str, Any]) -> Result:
        if "error" not in one:
            return Done(target_id=one["id"], version=str(one["version"]) if "version" in one else None)
        causes = {"moved": Cause.MOVED, "gone": Cause.GONE, "taken": Cause.TAKEN, "denied": Cause.DENIED}
        return Failed(
            code=one["error"], reason=f"it is {one['error']}", cause=causes.get(one["error"], Cause.REFUSED)
        )

    def _all(self, collection: Collection) -> dict[str, dict[str, Any]]:
        answer = self.wire.ask(Call(method="GET", path=collection.id, kind="read", repeatable=True))
        return dict(json.loads(answer.body))

    def _record(self, name: str, fields: dict[str, Any]) -> Record:
        values: dict[str, Value] = {field: value for field, value in fields.items() if field != "$version"}
        return Record(id=name, fields=values, version=str(fields["$version"]) if self.wire.shelf.versions else None)


def capabilities(**wanted: Any) -> Capabilities:
    """Like Kintone, with small batches."""
    known: dict[str, Any] = {
        "page_max": 500,
        "ordered": True,
        "find": 100,
        "find_kinds": frozenset({Kind.TEXT}),
        "fetch_max": 100,
        "batch_max": {Action.CREATE: 3, Action.UPDATE: 3, Action.DELETE: 3},
        "batch_atomic": True,
        "creates": Creates.GUARDED,
        "recheck": Recheck.VERSION,
        "settle": 60,
        "in_flight": 2,
    }
    return Capabilities(**{**known, **wanted})


def _answer(status: int, body: Any) -> Answer:
    return Answer(status=status, headers={}, body=json.dumps(body).encode())
