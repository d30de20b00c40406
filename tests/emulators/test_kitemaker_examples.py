"""The exchanges of examples/kitemaker.jsonl, transcribed from the manual and other public sources, hold one by one.

A line: name, source, switches, steps. A step: call, body or raw, token (sample, application, none or a wrong one),
header (which way it is sent), after (seconds that pass first), the status and the part of the answer that must come,
and what to keep of it. `<item:ACM-1>` and the like stand for ids of the sample. In a part of an answer lists must be
of equal length, "-" names keys that must not be there, and {"?": …} stands for a text or a list.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from migrator.emulators.kitemaker import create, sample
from migrator.emulators.kitemaker.organization import Organization
from migrator.emulators.server import Emulator, ManualClock

EXAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parent / "examples" / "kitemaker.jsonl").read_text("utf-8").splitlines()
]


def names(org: Organization) -> dict[str, str]:
    """What a placeholder stands for -> id."""
    found = {f"space:{space.key}": space.id for space in org.spaces.values()}
    for space in org.spaces.values():
        found |= {f"status:{space.key}/{each.name}": each.id for each in space.statuses}
        found |= {f"label:{space.key}/{each.name}": each.id for each in space.labels}
        found |= {f"item:{space.key}-{number}": item.id for number, item in org.numbered[space.id].items()}
    found |= {f"user:{each.username}": each.id for each in org.users.values()}
    found |= {f"level:{each.name}": each.id for each in org.levels.values()}
    found |= {f"column:{each.name}": each.id for each in org.columns.values()}
    found |= {f"initiative:{each.number}": each.id for each in org.initiatives.values()}
    return found | {f"feedback:{each.number}": each.id for each in org.feedback.values()}


def run(emulator: Emulator, step: dict[str, Any]) -> TestResponse:
    method, path = step["call"].split(" ", 1)
    token = step.get("token", "sample")
    secret = {"sample": sample.TOKEN, "application": sample.APPLICATION_TOKEN}.get(token, token)
    by = step.get("header", "bearer" if path.endswith("/graphql") else "key")
    login = {"Authorization": f"Bearer {secret}"} if by == "bearer" else {"X-API-KEY": secret}
    return Client(emulator.app).open(
        path,
        method=method,
        headers={} if secret is None else login,
        data=step.get("raw", json.dumps(step["body"]) if "body" in step else ""),
        content_type=step.get("content_type", "application/json"),
    )


def differences(part: Any, whole: Any, where: str = "answer") -> list[str]:
    if isinstance(part, dict) and "?" in part:
        return [] if _is(part["?"], whole) else [f"{where}: {part['?']} expected, {whole!r} came"]
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


def _is(what: str, whole: Any) -> bool:
    match what:
        case "text":
            return isinstance(whole, str) and whole != ""
        case "no text with delete":
            return isinstance(whole, list) and "delete" not in json.dumps(whole).lower()
        case _:
            return isinstance(whole, list) and whole != []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_example(example: dict[str, Any]) -> None:
    """What the source shows is what the emulator does."""
    clock = ManualClock()
    emulator = create(pace="off", clock=clock)
    for switch, value in example.get("switches", {}).items():
        assert hasattr(emulator.store.switches, switch)
        setattr(emulator.store.switches, switch, value)
    known = names(emulator.store)
    for raw in example["steps"]:
        text = re.sub(r"<(\w+:[^<>]+)>", lambda found: known[found[1]], json.dumps(raw, ensure_ascii=False))
        step = json.loads(text)
        clock.advance(step.get("after", 0))
        response = run(emulator, step)
        assert response.status_code == step["status"], response.text
        assert differences(step.get("answer", {}) or {}, response.get_json()) == [], step["call"]
        for name, way in step.get("keep", {}).items():
            found = response.get_json()
            for part in way:
                found = found[part]
            known[f"kept:{name}"] = found


def test_every_code_of_the_manual_occurs_in_an_example() -> None:
    """The documented codes, by the answers above."""
    text = json.dumps(EXAMPLES)
    codes = ("UNAUTHORIZED", "ISSUE_NOT_FOUND", "SPACE_NOT_FOUND", "INITIATIVE_NOT_FOUND", "FEEDBACK_NOT_FOUND")
    assert [code for code in codes if f'"code": "{code}"' not in text] == []
