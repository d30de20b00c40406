"""Calls of the Kintone emulator in process, as short as a test wants them."""

from typing import Any

from werkzeug.test import Client

from migrator.emulators.kintone import create
from migrator.emulators.kintone.tenant import Tenant
from migrator.emulators.server import ManualClock


class Kintone:
    """An emulator with a clock that stands still; `call` answers (status, JSON)."""

    def __init__(self, seed: str = "sample", pace: str = "documented") -> None:
        self.clock = ManualClock(1_800_000_000.0)
        self.emulator = create(seed=seed, pace=pace, clock=self.clock)
        self.store: Tenant = self.emulator.store
        self.token = self.emulator.variables["KINTONE_API_TOKEN"]

    def call(self, method: str, path: str, /, *, token: str = "", **body: Any) -> tuple[int, Any]:
        headers = {"X-Cybozu-API-Token": token or self.token}
        answer = Client(self.emulator.app).open(f"/k/v1/{path}", method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(silent=True)

    def ok(self, method: str, path: str, /, **body: Any) -> Any:
        status, answer = self.call(method, path, **body)
        assert status == 200, answer
        return answer

    def ids(self, app: int, query: str) -> list[int]:
        records = self.ok("GET", "records.json", app=app, query=query, fields=["$id"])["records"]
        return [int(record["$id"]["value"]) for record in records]


def values(**fields: Any) -> dict[str, dict[str, Any]]:
    return {code: {"value": value} for code, value in fields.items()}
