"""The exchanges of examples/kainexus.jsonl, transcribed from the manual and other public sources, hold one by one.

A line: name, source, options (switches), steps. A step: call, body or raw, auth ("KEY" is the sample key), and the
status and part of the answer that must come. In a part of an answer lists must be of equal length, and "-" names
keys that must not be there.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from migrator.emulators.kainexus import create
from migrator.emulators.server import Emulator, ManualClock

PREFIX = "/api/public/v1"
EXAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parent / "examples" / "kainexus.jsonl").read_text("utf-8").splitlines()
]


def run(emulator: Emulator, step: dict[str, Any]) -> TestResponse:
    method, path = step["call"].split(" ")
    key = emulator.variables["KAINEXUS_API_KEY"]
    auth = step.get("auth", ["api", "KEY"])
    raw = step.get("raw", json.dumps(step["body"]) if "body" in step else "")
    return Client(emulator.app).open(
        PREFIX + path,
        method=method,
        auth=tuple(key if word == "KEY" else word for word in auth) if auth else None,
        data=raw.encode(step.get("encoding", "utf-8")),
        content_type=step.get("content_type", "application/json"),
    )


def differences(part: Any, whole: Any, where: str = "answer") -> list[str]:
    if isinstance(part, dict) and isinstance(whole, dict):
        unwanted = [f"{where}.{key} is there" for key in part.get("-", []) if key in whole]
        return unwanted + [
            line
            for key, value in part.items()
            if key != "-"
            for line in differences(value, whole.get(key, "(absent)"), f"{where}.{key}")
        ]
    if isinstance(part, list) and isinstance(whole, list) and len(part) == len(whole):
        pairs = enumerate(zip(part, whole, strict=True))
        return [line for at, (one, other) in pairs for line in differences(one, other, f"{where}[{at}]")]
    return [] if part == whole and type(part) is type(whole) else [f"{where}: {part!r} expected, {whole!r} came"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_example(example: dict[str, Any]) -> None:
    emulator = create(pace="off", clock=ManualClock())
    for switch, value in example.get("options", {}).items():
        assert hasattr(emulator.store.options, switch)
        setattr(emulator.store.options, switch, value)
    for step in example["steps"]:
        response = run(emulator, step)
        assert response.status_code == step["status"], response.text
        assert differences(step.get("answer", {}), response.get_json()) == [], step["call"]


def test_every_error_code_of_the_manual_occurs_in_an_example() -> None:
    text = json.dumps(EXAMPLES)
    codes = ("NOT_FOUND", "NOT_VALID", "EMPTY", "SIZE", "INVALID_CHANGE", "ACCESS_DENIED")
    assert [code for code in codes if f'"errorCode": "{code}"' not in text] == []
