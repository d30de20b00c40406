"""What people write around a library of tables: pages by `requests` and its `json()`, batches of 100.

Not as fast as it could be, but as it is written: no orjson, no threads, one session.
"""

from collections.abc import Iterator
from typing import Any

import requests

STATES = {"new": "New", "busy": "In work", "done": "Closed", "parked": "Parked"}


class Api:
    """One session."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/k/v1/records.json"
        self._session = requests.Session()
        self._session.headers["X-Cybozu-API-Token"] = token

    def pages(self, app: int) -> Iterator[list[dict[str, Any]]]:
        """500 records each, by id."""
        last = 0
        while True:
            params: dict[str, str | int] = {"app": app, "query": f"$id > {last} order by $id asc limit 500"}
            answer = self._session.get(self._url, params=params)
            answer.raise_for_status()
            page = answer.json()["records"]
            if not page:
                return
            yield page
            last = int(page[-1]["$id"]["value"])

    def add(self, records: list[dict[str, Any]]) -> None:
        """In batches."""
        for start in range(0, len(records), 100):
            body = {"app": 2, "records": records[start : start + 100]}
            self._session.post(self._url, json=body).raise_for_status()


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """Plain values; the table as rows without ids."""
    values = {code: told["value"] for code, told in record.items() if code[0] != "$"}
    values["parts"] = [
        {"value": {code: {"value": cell["value"]} for code, cell in row["value"].items()}} for row in values["parts"]
    ]
    return values


def payload(values: dict[str, Any]) -> dict[str, Any]:
    """As a request takes them."""
    return {code: {"value": value} for code, value in values.items()}
