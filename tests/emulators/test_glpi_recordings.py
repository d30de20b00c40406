"""The emulator answers as a real GLPI did: every exchange of cassettes/glpi, in the order of recording.

One emulator is walked through all files, seeded with a fresh installation only: whatever a later answer shows, the
earlier requests made. Compared are status, all recorded headers, and the body with the order of its keys. Set aside
are times of the day of recording, what is random (tokens, upload names, uuids, tags, hashes of items), the numbers
of history lines (the installation had written some hundred before), and delays that follow from times. Of answers
that were cut down when they were recorded, the part that is there is compared.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from migrator.emulators.glpi import create
from migrator.emulators.glpi.options import USER_TOKENS, Options
from migrator.emulators.server import Emulator, ManualClock

FOLDER = Path(__file__).parents[2] / "cassettes" / "glpi"
ORDER = (
    "session", "app-token", "create", "update", "reading-ranges", "reading-options", "searchtext", "tree-dropdowns",
    "search", "search-options", "text-unicode-html", "delete", "tickets", "users-entities", "software-links",
    "documents", "rights", "errors",
)  # fmt: skip
START = 1_795_319_865.0
"""2026-11-22T03:57:45Z, when the first line was recorded."""

APP_TOKEN = "app-token-of-the-test"
SETTINGS: dict[tuple[str, int], dict[str, Any]] = {
    ("app-token", 1): {"app_token": APP_TOKEN},
    ("app-token", 10): {"app_token": None},
    ("app-token", 11): {"client_allowed": False},
    ("app-token", 12): {"client_allowed": True, "credentials": False},
    ("app-token", 13): {"enable_api": False},
    ("create", 1): {"enable_api": True, "credentials": True},
}
"""What the people who recorded changed before a line, by its note."""

WRONG_PASSWORD = {("session", 3), ("session", 4)}

EXCEPTIONS: dict[tuple[str, int], str] = {}
"""Exchanges that come out differently, and why."""

MASKS = (
    (re.compile(r"2026-11-2\d \d\d:\d\d:\d\d"), "{{TIME}}"),
    (re.compile(r"[A-Z][a-z]{2}, 2\d Nov 2026 \d\d:\d\d:\d\d GMT"), "{{TIME}}"),
    (re.compile(r"\b[0-9a-f]{14}\.\d{8}"), "{{UPLOAD}}"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{8}-\{\{UPLOAD\}\}"), "{{TAG}}"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "{{UUID}}"),
    (re.compile(r"docfilename\d+"), "docfilename{{NUMBER}}"),
)
DELAYS = {"close_delay_stat", "solve_delay_stat", "takeintoaccount_delay_stat"}


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]


class Walk:
    """A client that plays requests of one file and fills in what the placeholders stand for."""

    def __init__(self, emulator: Emulator, clock: ManualClock, file: str) -> None:
        self._client = Client(emulator.app)
        self._emulator, self._clock, self._file = emulator, clock, file
        options = emulator.store.options
        self._words = {
            "{{BASE}}": options.url_base_api,
            "http://{{HOST}}": options.url_base,
            "{{CLIENT_IP}}": "127.0.0.1",
            "{{APP_TOKEN}}": APP_TOKEN,
            **{f"{{{{USER_TOKEN:{login}}}}}": token for login, token in USER_TOKENS.items()},
        }

    def _filled(self, text: str, line: dict[str, Any]) -> str:
        def basic(match: re.Match[str]) -> str:
            login = match.group(1)
            password = "wrong" if (self._file, line["n"]) in WRONG_PASSWORD else login
            return base64.b64encode(f"{login}:{password}".encode()).decode()

        text = re.sub(r"\{\{BASIC:([\w-]+)\}\}", basic, text)
        for word, value in self._words.items():
            text = text.replace(word, value)
        return text

    def play(self, line: dict[str, Any]) -> tuple[TestResponse, str]:
        """Send the request; the response, and its text with placeholders put back."""
        for name, value in SETTINGS.get((self._file, line["n"]), {}).items():
            setattr(self._emulator.store.options, name, value)
        self._clock.advance(1)
        asked = line["request"]
        body = json.dumps(asked["body"]).encode() if asked["body"] is not None else None
        if "body_text" in asked:
            body = asked["body_text"].encode()
        if "body_base64" in asked:
            body = base64.b64decode(asked["body_base64"])
        response = self._client.open(
            "/apirest.php" + asked["path"],
            method=asked["method"],
            query_string=[(key, self._filled(value, line)) for key, value in asked["query"]],
            headers=[(key, self._filled(value, line)) for key, value in asked["headers"].items()],
            data=body,
            environ_overrides={"REMOTE_ADDR": "127.0.0.1"},
        )
        self._learn(line, response)
        text = response.get_data().decode("utf-8", "replace")
        return response, self._emptied(text)

    def _learn(self, line: dict[str, Any], response: TestResponse) -> None:
        told = line["response"].get("body")
        if isinstance(told, dict) and "session_token" in told and response.is_json and response.status_code == 200:
            self._words[told["session_token"]] = response.get_json()["session_token"]

    def _emptied(self, text: str) -> str:
        for word, value in self._words.items():
            if not word.startswith("{{USER") and word != "{{CLIENT_IP}}":
                text = text.replace(value, word)
        return text.replace("127.0.0.1", "{{CLIENT_IP}}")


def masked(value: Any) -> Any:
    """The value without what is set aside."""
    if isinstance(value, dict):
        if "linked_action" in value:
            value = {**value, "id": 0}
        if "_logs" in value and isinstance(value["_logs"], dict):
            value = {**value, "_logs": list(value["_logs"].values())}
        return {key: "{{SECONDS}}" if key in DELAYS and part else masked(part) for key, part in value.items()}
    if isinstance(value, list):
        return [masked(part) for part in value]
    if isinstance(value, str):
        for pattern, word in MASKS:
            value = pattern.sub(word, value)
    return value


def part_of(part: Any, whole: Any) -> bool:
    """Whether a cut-down answer is in the whole one."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and part_of(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(part_of, part, whole))
    return bool(part == whole and type(part) is type(whole))


def differences(line: dict[str, Any], response: TestResponse, text: str) -> list[str]:
    """What is not as recorded."""
    told, found = line["response"], []
    if response.status_code != told["status"]:
        found.append(f"status {told['status']} expected, {response.status_code} came: {text[:300]}")
    headers = {name.lower(): value for name, value in response.headers.items() if name.lower() != "content-length"}
    came = {name: masked(value) for name, value in headers.items()}
    for name in sorted({*told["headers"], *came}):
        want = masked(told["headers"].get(name))
        have = came.get(name)
        if name in ("location", "link") and have:
            have = have.replace(line["base"], "{{BASE}}")
        if want != have:
            found.append(f"header {name}: {want!r} expected, {have!r} came")
    if told.get("body") is None:
        if masked(told.get("body_text", "")) != masked(text):
            found.append(f"text {told.get('body_text')!r} expected, {text!r} came")
        return found
    try:
        body = json.loads(text)
    except ValueError:
        return [*found, f"JSON expected, {text[:200]!r} came"]
    want, have = masked(told["body"]), masked(body)
    if isinstance(want, str) and re.fullmatch("[0-9a-f]{40}", want) and re.fullmatch("[0-9a-f]{40}", str(have)):
        return found
    if told.get("trimmed"):
        return found if part_of(want, have) else [*found, *shown(want, have)]
    return found if json.dumps(want) == json.dumps(have) else [*found, *shown(want, have)]


def shown(want: Any, have: Any, where: str = "body") -> list[str]:
    """Where two answers part."""
    if isinstance(want, dict) and isinstance(have, dict):
        found = [f"{where}: without {key!r} ({want[key]!r})" for key in want if key not in have]
        found += [f"{where}: has {key!r} ({have[key]!r})" for key in have if key not in want]
        common = [key for key in want if key in have]
        if not found and list(want) != list(have):
            found.append(f"{where}: keys in the order {list(have)}")
        return found + [part for key in common for part in shown(want[key], have[key], f"{where}.{key}")]
    if isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        pairs = enumerate(zip(want, have, strict=True))
        return [part for at, (one, other) in pairs for part in shown(one, other, f"{where}[{at}]")]
    same = json.dumps(want) == json.dumps(have)
    return [] if same else [f"{where}: {str(want)[:300]!r} expected, {str(have)[:300]!r} came"]


@pytest.fixture(scope="module")
def walked() -> dict[tuple[str, int], list[str]]:
    """Every exchange, by file and number, with what is not as recorded."""
    clock = ManualClock(START)
    emulator = create(seed="empty", clock=clock, options=Options(app_token=None))
    found = {}
    for file in ORDER:
        walk = Walk(emulator, clock, file)
        for line in lines(file):
            line["base"] = emulator.store.options.url_base_api
            found[file, line["n"]] = differences(line, *walk.play(line))
    return found


@pytest.mark.parametrize("file", ORDER)
def test_every_exchange_comes_out_as_recorded(file: str, walked: dict[tuple[str, int], list[str]]) -> None:
    """Save for the exceptions of the table, which must still be exceptions."""
    notes = {line["n"]: line["note"] for line in lines(file)}
    wrong = []
    for number, note in notes.items():
        parts = walked[file, number]
        if bool(parts) != ((file, number) in EXCEPTIONS):
            wrong.append(f"{file} {number} ({note}): " + ("; ".join(parts) or "agrees, though it is an exception"))
    assert wrong == [], "\n".join(wrong)


def test_the_share_that_agrees_is_told(
    walked: dict[tuple[str, int], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """All files are walked, and the share of agreement is shown."""
    agreed = sum(not parts for parts in walked.values())
    with capsys.disabled():
        print(f"\nGLPI recordings: {agreed} of {len(walked)} exchanges agree ({agreed / len(walked):.1%})")
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(ORDER)
    assert len(walked) - agreed == len(EXCEPTIONS)
