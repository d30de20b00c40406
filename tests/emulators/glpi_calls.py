"""A client of the GLPI emulator, mounted in the process."""

import json
from typing import Any

from werkzeug.test import Client, TestResponse

from migrator.emulators.glpi import create
from migrator.emulators.glpi.options import USER_TOKENS, Options
from migrator.emulators.server import Emulator, ManualClock


class Calls:
    """Calls of one logged-in user. Parameters go to the query."""

    def __init__(self, emulator: Emulator, login: str = "glpi") -> None:
        self.emulator = emulator
        self.client = Client(emulator.app)
        self.headers = {"App-Token": emulator.variables["GLPI_APP_TOKEN"]}
        token = {"Authorization": f"user_token {USER_TOKENS[login]}"}
        answer = self.client.get("/apirest.php/initSession", headers={**self.headers, **token})
        self.headers["Session-Token"] = answer.get_json()["session_token"]

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
    ) -> TestResponse:
        """Any call; `body` goes as JSON."""
        return self.client.open(
            "/apirest.php/" + path,
            method=method,
            query_string=query,
            headers={**self.headers, **(headers or {})},
            data=None if body is None else json.dumps(body),
            content_type="application/json" if body is not None else None,
        )

    def add(self, itemtype: str, /, **values: Any) -> Any:
        """The id of a new item."""
        answer = self.ask("POST", itemtype, {"input": values})
        assert answer.status_code == 201, answer.text
        return answer.get_json()["id"]

    def put(self, path: str, /, **values: Any) -> TestResponse:
        """An update of one item."""
        return self.ask("PUT", path, {"input": values})

    def read(self, path: str, **query: Any) -> Any:
        """The body of a read, decoded and without links."""
        headers = {"X-GLPI-Sanitized-Content": "false"}
        return self.ask("GET", path, headers=headers, get_hateoas="false", **query).get_json()


def fresh(login: str = "glpi", **options: Any) -> Calls:
    """Calls to a server without samples whose clock stands still."""
    return Calls(create(seed="empty", clock=ManualClock(), options=Options(**options)), login)
