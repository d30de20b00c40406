"""The GLPI emulator on a port, met with an HTTP client as a user's program meets it."""

import threading
from typing import Any

import requests

from migrator.emulators.server import create_emulator, serve


class Session:
    """A logged-in client of a served emulator."""

    def __init__(self, env: dict[str, str]) -> None:
        self._base = env["GLPI_URL"] + "/"
        self.http = requests.Session()
        self.http.headers.update({"App-Token": env["GLPI_APP_TOKEN"], "X-GLPI-Sanitized-Content": "false"})
        token = {"Authorization": f"user_token {env['GLPI_USER_TOKEN']}"}
        answer = self.http.get(self._base + "initSession", headers=token, timeout=30)
        self.http.headers["Session-Token"] = answer.json()["session_token"]

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.http.request(method, self._base + path, timeout=30, **more)


def test_thousands_of_computers_are_written_in_bulk_and_read_in_pages() -> None:
    emulator = create_emulator("glpi", seed="empty")
    with serve(emulator.app) as server:
        session = Session(emulator.env(server.url))
        for start in range(0, 2_000, 500):
            told = [{"name": f"pc-{start + rank}", "serial": f"S{start + rank:05d}"} for rank in range(500)]
            answer = session.ask("POST", "Computer", json={"input": told})
            assert (answer.status_code, len(answer.json())) == (201, 500)
        found: list[str] = []
        for start in range(0, 2_000, 800):
            query = {"range": f"{start}-{start + 799}", "sort": "id", "get_hateoas": "false"}
            page = session.ask("GET", "Computer", params=query)
            assert page.headers["Content-Range"].endswith("/2000")
            found += [row["serial"] for row in page.json()]
        assert found == [f"S{rank:05d}" for rank in range(2_000)]
        one = session.ask("GET", "Computer", params={"searchText[serial]": "^S01234$", "get_hateoas": "false"})
        assert [row["name"] for row in one.json()] == ["pc-1234"]
        session.http.close()


def test_writers_at_once_lose_nothing() -> None:
    emulator = create_emulator("glpi", seed="empty")
    with serve(emulator.app) as server:
        env = emulator.env(server.url)

        def write(rank: int) -> None:
            session = Session(env)
            for batch in range(5):
                told = [{"name": f"{rank}-{batch}-{each}"} for each in range(20)]
                session.ask("POST", "Computer", json={"input": told})
            session.http.close()

        threads = [threading.Thread(target=write, args=(rank,)) for rank in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    names = {row["name"] for row in emulator.store.rows("Computer")}
    assert len(names) == len(emulator.store.rows("Computer")) == 400
